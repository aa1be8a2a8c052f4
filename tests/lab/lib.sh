# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What scenario scripts are made of. They run as root in the emulated host; file descriptor 9 is the
# channel to the outside (scripts/lab.d/channel.py). LAB_OUT is where they write: a folder in memory,
# because a guest's console must not wait for the 9p share. It is copied to the share, LAB_SHARE,
# every few seconds and at the end; pictures and qemu.log are there only.
#
# A process costs tens of milliseconds in an emulated machine, so what runs often uses builtins.
set -uo pipefail

LAB_SHARE=$LAB_OUT
LAB_OUT=/run/lab
mkdir -p "$LAB_OUT" /run/lab.private
mkfifo /run/lab.private/silence
exec 7<> /run/lab.private/silence

# nap SECONDS — sleep without a process
nap() { read -rt "$1" <&7 || true; }

# Times are kept, because the clocks of the two may differ, and what is older there is to be copied.
copy_out() { cp -ru --preserve=timestamps "$LAB_OUT/." "$LAB_SHARE/"; }
(
	exec 9>&-
	while nap 10; do copy_out; done
) &
copier=$!
trap 'kill $copier; wait $copier 2> /dev/null; copy_out' EXIT

# -- reporting ---------------------------------------------------------------------------------

# ask WORDS... — one request over the channel; prints the trouble and fails if the answer is not "done"
ask() {
	local answer
	printf '%s\n' "$*" >&9
	IFS= read -r -t 60 answer <&9 || { echo "no answer to: $*"; return 1; }
	[ "$answer" = done ] || { echo "$answer"; return 1; }
}

ok() { say ok "$*"; }
fail() { say FAIL "$*"; }
note() { say note "$*"; }
say() {
	local text=${2//[$'\n\r']/ }
	ask "$1" "${text:0:400}"
}

# check NAME COMMAND... — ok if the command succeeds; its output is the reason if it does not
check() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then ok "$name"; else fail "$name: $said"; fi
}

# same NAME WANTED GOT
same() {
	if [ "$2" = "$3" ]; then ok "$1"; else fail "$1: '$3', not '$2'"; fi
}

# contains NAME FILE PATTERN — ok if a line of the file matches
contains() {
	if grep -qE -- "$3" "$2"; then ok "$1"; else fail "$1: no /$3/ in $(basename "$2")"; fi
}

# -- waiting -----------------------------------------------------------------------------------

# wait_until SECONDS COMMAND... — poll until it succeeds; seconds of an idle machine, so what a busy one
# needs is waited for as well
wait_until() {
	local end=$((SECONDS + $1 * LAB_PATIENCE))
	shift
	while ! "$@"; do
		[ $SECONDS -lt $end ] || return 1
		nap 0.3
	done
}

# -- PCI functions of the host -----------------------------------------------------------------

# address NAME — where a device of scripts/lab.d/machine.py is (vf: the first virtual function of igb)
address() {
	local id
	case $1 in
	nvme) id=0x1b36:0x0010 ;;
	igb) id=0x8086:0x10c9 ;;
	vf) id=0x8086:0x10ca ;;
	edu) id=0x1234:0x11e8 ;;
	e1000e) id=0x8086:0x10d3 ;;
	vga) id=0x1234:0x1111 ;;
	xhci) id=0x1b36:0x000d ;;
	ahci) id=0x8086:0x2922 ;;
	e1000) id=0x8086:0x100e ;;
	rtl8139) id=0x10ec:0x8139 ;;
	*) echo "address: what is '$1'?" >&2; return 1 ;;
	esac
	address_of_id "$id"
}

# The machine has an AHCI controller of its own on bus 0; the lab's devices never are there.
address_of_id() {
	local dir vendor device
	for dir in /sys/bus/pci/devices/*; do
		case $dir in */0000:00:*) continue ;; esac
		read -r vendor < "$dir/vendor"
		read -r device < "$dir/device"
		if [ "$vendor:$device" = "$1" ]; then
			echo "${dir##*/}"
			return
		fi
	done
	return 1
}

driver_of() {
	local path
	for path in /sys/bus/pci/drivers/*/"$1"; do
		[ -e "$path" ] || { echo none; return; }
		path=${path%/*}
		echo "${path##*/}"
	done
}

# give_to_vfio ADDRESS — as a person does it by hand
give_to_vfio() {
	local dir=/sys/bus/pci/devices/$1
	echo vfio-pci > "$dir/driver_override"
	[ ! -e "$dir/driver" ] || echo "$1" > "$dir/driver/unbind"
	echo "$1" > /sys/bus/pci/drivers_probe
	[ "$(driver_of "$1")" = vfio-pci ]
}

# make_vf — igb's first virtual function, bound to its own driver, and the physical function at
# 10.7.0.1/24. The order matters: interface up, function made, its MAC set, then a driver.
make_vf() {
	local pf dev
	pf=$(address igb)
	dev=$(ls "/sys/bus/pci/devices/$pf/net")
	ip link set "$dev" up
	ip addr add 10.7.0.1/24 dev "$dev"
	echo 0 > "/sys/bus/pci/devices/$pf/sriov_drivers_autoprobe"
	echo 1 > "/sys/bus/pci/devices/$pf/sriov_numvfs"
	ip link set "$dev" vf 0 mac 52:54:00:0b:01:00
	echo 1 > "/sys/bus/pci/devices/$pf/sriov_drivers_autoprobe"
	echo "$(address vf)" > /sys/bus/pci/drivers_probe
	# Without udev the driver is there only if it was loaded before.
	[ "$(driver_of "$(address vf)")" != none ]
}

# -- the host's own state ----------------------------------------------------------------------

# host_state FILE — everything of the host that assigning devices may change and must give back. It is
# taken often, so it is made by few programs.
host_state() {
	{
		drivers_and_attributes
		networks
		# A network device that was away comes back with another index, and maybe name; a link
		# takes a moment to come up.
		ip -o -batch - <<< $'link show\nroute show' |
			sed 's/^[0-9]*: [^:]*: //; s/ state .*//; s/<[^>]*>//; s/ linkdown / /'
		while read -r line; do echo "mount $line"; done < /proc/mounts
		echo /dev/vfio/* /run/bulkhead/*/
	} 2> /dev/null | sort > "$1"
}

drivers_and_attributes() {
	local path
	for path in /sys/bus/pci/drivers/*/0000:*; do echo "$path"; done
	grep -sH '' /sys/bus/pci/devices/*/{driver_override,enable,sriov_numvfs,sriov_drivers_autoprobe} \
		/sys/bus/pci/devices/*/{power/control,reset_method,d3cold_allowed} /proc/sys/vm/nr_hugepages \
		/sys/module/{vfio_iommu_type1,iommufd}/parameters/allow_unsafe_interrupts
}

# Interfaces by address: which gets which name depends on who probes first.
networks() {
	local path mac
	for path in /sys/bus/pci/devices/*/net/*; do
		[ -e "$path" ] || continue
		read -r mac < "$path/address"
		echo "${path%/*} $mac"
	done
}

# host_unchanged NAME — compares with the state that `host_state $LAB_OUT/host.before` saved. A driver
# may finish its probe a moment after the bind.
host_unchanged() {
	if wait_until 10 host_is_as_before; then
		ok "$1: the host is as it was"
	else
		fail "$1: $(diff "$LAB_OUT/host.before" "$LAB_OUT/host.after" | tr '\n' ';')"
	fi
}

host_is_as_before() {
	host_state "$LAB_OUT/host.after"
	[ "$(< "$LAB_OUT/host.before")" = "$(< "$LAB_OUT/host.after")" ]
}

# host_reads_nvme NAME — the host's own driver has the controller back, and its file system is whole
host_reads_nvme() {
	check "$1: the NVMe file system mounts" nvme_proof
}

nvme_proof() {
	local text
	wait_until 10 test -b /dev/nvme0n1p1 || { echo "no /dev/nvme0n1p1"; return 1; }
	mkdir -p /tmp/nvme
	mount -o ro /dev/nvme0n1p1 /tmp/nvme || return 1
	text=$(< /tmp/nvme/proof)
	umount /tmp/nvme
	[ "$text" = "the host's own file" ]
}

# -- guests ------------------------------------------------------------------------------------

# What a kernel can do without in an emulated machine: it starts in half the time. ACPI has told it of
# every root bus; without lastbus it looks for more on all 256 of them, by 16,000 exits to user space.
lean="mitigations=off rcupdate.rcu_expedited=1 apparmor=0 audit=0 cryptomgr.notests pci=lastbus=0"
lean+=" init_on_alloc=0 lsm=capability ipv6.disable=1 8250.nr_uarts=1"

# guest_cmdline TASKS [END] — a guest kernel's command line (tests/guest/init)
guest_cmdline() {
	echo "console=ttyS0 quiet panic=-1 $lean task=$1 end=${2:-poweroff}"
}

# start_guest NAME COMMAND... — in the background; its console goes to LAB_OUT/NAME.log, and its
# standard input stays open and silent. Sets guest_pid and guest_log.
start_guest() {
	guest_log=$LAB_OUT/$1.log
	: > "$guest_log"
	shift
	"$@" <&7 > "$guest_log" 2>&1 7>&- 9>&- &
	guest_pid=$!
}

# wait_line SECONDS PATTERN [COUNT] — until the guest's console has that many lines of it (one), or
# the guest is gone
wait_line() {
	local log
	exec {log}<> "$guest_log"
	wait_until "$1" line_or_gone "$2" "${3:-1}" "$log"
	exec {log}<&-
	[ "$(grep -cE -- "$2" "$guest_log")" -ge "${3:-1}" ]
}

# line_or_gone PATTERN COUNT DESCRIPTOR — of the console; it is searched only if something was added to it
line_or_gone() {
	local added
	if IFS= read -rd '' added <&"$3" || [ -n "$added" ]; then
		[ "$(grep -cE -- "$1" "$guest_log")" -lt "$2" ] || return 0
	fi
	guest_gone
}

guest_gone() { ! kill -0 "$guest_pid" 2>/dev/null; }

# what_hangs — what a guest that does not end is doing, beside its console; bulkhead's guests alone tell
what_hangs() {
	local name=${guest_log##*/}
	timeout 10 "$bulkhead" status "${name%.log}" --registers > "$LAB_OUT/${name%.log}.hangs" 2>&1
}

# wait_guest SECONDS — until it ends; guest_status is its exit status, 124 if it had to be killed
wait_guest() {
	if ! wait_until "$1" guest_gone; then
		what_hangs
		kill -9 "$guest_pid"
		wait "$guest_pid" 2>/dev/null
		guest_status=124
		return 1
	fi
	wait "$guest_pid"
	guest_status=$?
}

# guest_ends NAME SECONDS [STATUS] — the guest's process ends in time, with that status (0)
guest_ends() {
	if ! wait_guest "$2"; then
		fail "$1: still running after $2 s; console ends: $(tail -c 200 "$guest_log")"
	else
		same "$1: exit status" "${3:-0}" "$guest_status"
	fi
}

# guest_said NAME CHECK... — the guest reported each of these, and reported it ok; with COUNT=n, n
# times. Whatever else it reported as failed is a failure too.
guest_said() {
	local name=$1 line word check rest one
	local -A good=() last=()
	shift
	while read -r word check rest; do
		[ "$word" = GUEST: ] || continue
		line="$check ${rest%$'\r'}"
		case $rest in
		ok*) good[$check]=$((${good[$check]:-0} + 1)) last[$check]=$line ;;
		FAIL*) fail "$name: $line" ;;
		esac
	done < "$guest_log"
	for one in "$@"; do
		if [ "${good[$one]:-0}" -ge "${COUNT:-1}" ]; then
			ok "$name: ${last[$one]}"
		else
			fail "$name: $one: ok ${good[$one]:-0} times, not ${COUNT:-1}"
		fi
	done
}

# -- QEMU as the monitor, for comparison ---------------------------------------------------------

# qemu_guest KERNEL INITRD CMDLINE OPTION... — prints nothing; fills the array qemu_command
qemu_guest() {
	# shellcheck disable=SC2206 # quoted by the driver for a shell
	eval "qemu_command=($LAB_QEMU)"
	qemu_command+=(-accel kvm -cpu host -smp 2 -M q35 -nodefaults -display none -serial stdio
		-kernel "$1" -initrd "$2" -append "$3" "${@:4}")
}

# -- bulkhead ----------------------------------------------------------------------------------

bulkhead=${BULKHEAD:-$LAB_TOP/build/bulkhead}

# What a guest has unless the scenario says otherwise: all of it is filled and pinned at its start.
guest_memory=512M

# write_profile NAME CMDLINE DEVICE... — LAB_OUT/NAME.cfg: a stock guest with these devices, by the
# names that `address` knows or as text for `pci`
write_profile() {
	local name=$1 cmdline=$2 device separator=
	shift 2
	{
		printf 'name = "%s";\nvcpus = 2;\nmemory = "%s";\n' "$name" "$guest_memory"
		printf 'boot = {\n\tkernel = "%s";\n\tinitrd = "%s";\n\tcmdline = "%s";\n};\n' \
			"$LAB_STOCK_KERNEL" "$LAB_STOCK_INITRD" "$cmdline"
		printf 'devices = ('
		for device in "$@"; do
			printf '%s\n\t{ pci = "%s"; }' "$separator" "$(address "$device" 2>/dev/null ||
				echo "$device")"
			separator=,
		done
		printf '\n);\n'
	} > "$LAB_OUT/$name.cfg"
}

# start_bulkhead NAME OPTION... — run the profile NAME; its console is LAB_OUT/NAME.log
start_bulkhead() {
	local name=$1
	shift
	start_guest "$name" "$bulkhead" run "$LAB_OUT/$name.cfg" "$@"
}

# refused NAME PATTERN COMMAND... — fails with status 1, says it, and the host is as in host.before
refused() {
	local name=$1 pattern=$2 said status
	shift 2
	said=$("$@" 2>&1 < /dev/null)
	status=$?
	printf '== %s (%d)\n%s\n' "$name" $status "$said" >> "$LAB_OUT/refusals.log"
	if [ $status -ne 1 ]; then
		fail "$name: exit status $status, not 1: $said"
	elif ! grep -qE -- "$pattern" <<< "$said"; then
		fail "$name: no /$pattern/ in: $said"
	else
		host_state "$LAB_OUT/host.after"
		check "$name" cmp "$LAB_OUT/host.before" "$LAB_OUT/host.after"
	fi
}
