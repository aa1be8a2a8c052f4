# SPDX-License-Identifier: GPL-2.0-or-later
#: about     an NVMe VF is given queues, brought online, used by a guest and taken offline; the host's namespace lives on
#: kernel    small
#: deadline  300
#: devices   nvme-sriov
. tests/lab/lib.sh

pf=$(address nvme)
dir=/sys/bus/pci/devices/$pf

# virtualization — primary controller and secondary ones, as the controller itself says: identify 14h
# and 15h. With a number, the primary keeps that many flexible queues and interrupts after its next reset.
cat > /tmp/virtualization.py << 'PY'
import ctypes, fcntl, struct, sys
page = ctypes.create_string_buffer(4096)
node = open("/dev/nvme0", "rb")
def admin(opcode, data, dword10, dword11=0):
    command = struct.pack("<BBHIIIQQIIIIIIIIII", opcode, 0, 0, 0, 0, 0, 0,
                          ctypes.addressof(page) if data else 0, 0, 4096 if data else 0,
                          dword10, dword11, 0, 0, 0, 0, 0, 0)
    status = fcntl.ioctl(node, 0xC0484E41, bytearray(command))  # NVME_IOCTL_ADMIN_CMD
    if status:
        sys.exit(f"opcode {opcode:#x} {dword10:#x}: status {status:#x}")
def identify(cns):
    admin(6, True, cns)
    return page.raw
primary = identify(0x14)
if len(sys.argv) > 1:
    me, = struct.unpack_from("<H", primary, 0)
    for kind in 0, 1:
        admin(0x1c, False, 1 | kind << 8 | me << 16, int(sys.argv[1]))
    sys.exit()
for kind, at in ("queues", 32), ("interrupts", 64):
    total, assigned, kept = struct.unpack_from("<IIH", primary, at)
    print(f"primary {kind} {total} assigned {assigned} kept {kept}")
listed = identify(0x15)
for at in range(32, 32 * (listed[0] + 1), 32):
    state, = struct.unpack_from("<B", listed, at + 4)
    vf, queues, interrupts = struct.unpack_from("<HHH", listed, at + 8)
    print(f"VF {vf - 1} {'online' if state & 1 else 'offline'} queues {queues} interrupts {interrupts}")
PY
virtualization() { python3 /tmp/virtualization.py "$@"; }

state() {
	host_state "$1"
	{ virtualization; cat "$dir/sriov_numvfs" "$dir/sriov_drivers_autoprobe"; } >> "$1"
}
unchanged() {
	state "$LAB_OUT/host.after"
	if cmp -s "$LAB_OUT/host.before" "$LAB_OUT/host.after"; then
		ok "$1: the host and the controller are as they were"
	else
		fail "$1: $(diff "$LAB_OUT/host.before" "$LAB_OUT/host.after")"
	fi
}

# profile NAME ENTRY...
profile() {
	local name=$1
	shift
	{
		printf 'name = "%s";\nmemory = "256M";\nstop_timeout = 1;\n' "$name"
		printf 'boot = { kernel = "%s"; initrd = "%s"; cmdline = "%s"; };\n' \
			"$LAB_SMALL_KERNEL" "$LAB_SMALL_INITRD" "$(guest_cmdline "$tasks" "$end")"
		printf 'devices = ( %s );\n' "$*"
	} > "$LAB_OUT/$name.cfg"
}

# The host's own use of the namespace: a file written through the PF again and again, without the page
# cache, for as long as the scenario lasts.
check "the disk" wait_until 20 test -b /dev/nvme0n1p1
mkdir -p /tmp/disk
check "the host mounts its partition" mount /dev/nvme0n1p1 /tmp/disk
(
	exec 9>&-
	n=0
	while [ ! -e /tmp/enough ]; do
		n=$((n + 1))
		printf '%-4096s' "line $n" > /tmp/wanted
		dd if=/tmp/wanted of=/tmp/disk/busy oflag=direct bs=4096 2> /dev/null &&
			dd if=/tmp/disk/busy iflag=direct bs=4096 2> /dev/null | cmp -s - /tmp/wanted ||
			echo "line $n" >> /tmp/broken
		echo $n > /tmp/count
		nap 0.2
	done
) &
busy=$!
check "the primary keeps all flexible queues for itself" virtualization 8
echo 1 > "$dir/reset"
live() { [ "$(< "$dir/nvme/nvme0/state")" = live ]; }
check "its reset" wait_until 30 live
state "$LAB_OUT/host.before"
cp "$LAB_OUT/host.before" "$LAB_OUT/first"
contains "every VF is offline by default" "$LAB_OUT/first" '^VF 3 offline queues 0 interrupts 0'
contains "no flexible queue is free" "$LAB_OUT/first" '^primary queues 8 assigned 0 kept 8'

# -- the whole way, from no VF at all
tasks=disk:nvme,msix:nvme end=stay
profile demo "{ vf = \"$pf\"; index = 1; queues = 2; }"
"$bulkhead" check "$LAB_OUT/demo.cfg" > "$LAB_OUT/check.log" 2>&1
same "check: exit status" 0 $?
contains "check lists what the controller keeps" "$LAB_OUT/check.log" \
	"leave 5 flexible queues and 5 interrupts to NVMe controller $pf, by a reset of it \(before: 8 and 8\)"
contains "check lists the number" "$LAB_OUT/check.log" "make 2 VFs of $pf"
contains "check lists what the VF gets" "$LAB_OUT/check.log" \
	"bring VF 1 of NVMe controller $pf online with 3 queues and 3 interrupts"
unchanged "after a check"
start_bulkhead demo
wait_line 90 'GUEST: done' || fail "demo: $(tail -n 3 "$guest_log")"
guest_said demo disk-nvme msix-nvme
virtualization > "$LAB_OUT/during"
contains "the VF is online" "$LAB_OUT/during" '^VF 1 online queues 3 interrupts 3'
contains "the other is not" "$LAB_OUT/during" '^VF 0 offline queues 0 interrupts 0'
contains "the primary gave of its own" "$LAB_OUT/during" '^primary queues 8 assigned 3 kept 5'
before=$(< /tmp/count)
more_lines() { [ "$(< /tmp/count)" -gt $((before + 3)) ]; }
check "the host uses its namespace meanwhile" wait_until 20 more_lines
check "stop" "$bulkhead" stop demo
guest_ends demo 40 1
unchanged "after the run"

# -- killed at steps of it, and recovered
killed=0
for step in "made nvme-primary $pf" "made vf-count $pf" "change nvme-vf $pf" "made nvme-vf $pf" "machine up"; do
	BULKHEAD_STOP_AT=$step start_bulkhead demo
	stopped() { grep -q '^State:.*T' "/proc/$guest_pid/status" 2> /dev/null; }
	! wait_until 30 stopped || killed=$((killed + 1))
	kill -9 "$guest_pid"
	wait "$guest_pid" 2> /dev/null
	"$bulkhead" recover > "$LAB_OUT/recover.log" 2>&1 || fail "recover after '$step': $(tail -n 1 "$LAB_OUT/recover.log")"
	unchanged "after a kill at '$step'"
done
same "all were stopped where they should be" 5 $killed

# -- asking for more than there is
tasks='' end=poweroff
profile greedy "{ vf = \"$pf\"; queues = 12; }"
if "$bulkhead" check "$LAB_OUT/greedy.cfg" > "$LAB_OUT/greedy.log" 2>&1; then fail "greedy: it was accepted"; fi
contains "more queues than a VF can have are refused" "$LAB_OUT/greedy.log" 'gives a VF at most [0-9]+ queues'

: > /tmp/enough
wait $busy
check "the host's namespace worked throughout" test ! -e /tmp/broken
note "the host wrote and read its file $(< /tmp/count) times"
check "and its file system is whole" umount /tmp/disk
