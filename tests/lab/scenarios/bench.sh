# SPDX-License-Identifier: GPL-2.0-or-later
#: about     what a start costs: bulkhead beside QEMU (and kvmtool), same guest, devices and memory
#: group     bench
#: deadline  1500
#: memory    7G
#: devices   nvme igb
. tests/lab/lib.sh
. tests/lab/bench.sh

# The small kernel as guest, so that the monitor's part of the time is not lost in the guest's. For
# each monitor and memory size the median of BENCH_RUNS runs of
#   first   ms from exec to the first entry into the guest
#   start   ms from exec to where the guest's own clock starts, its kernel unpacked: what its user space
#           comes after, less the guest's own time. Seen from outside, as the kernel tells KVM where it
#           wants the time; the guest's own count loses what passes before its first tick.
#   memory  KiB the process holds (PSS) beyond the guest's RAM, all of which is pinned
sizes=${BENCH_SIZES:-1024 2048 4096}
trace=/sys/kernel/tracing/instances
cmdline="console=ttyS0 quiet panic=-1 task=pause:60"

# The kernel's own clock: of an exec, of the first entry into a guest, and of MSR_KVM_SYSTEM_TIME_NEW
# (Documentation/virt/kvm/x86/msr.rst), which Linux writes as soon as it knows that it is a guest.
system_time_msr=0x4b564d01
# One trace each, for the one of the entries ends with the first of them.
arm_trace() {
	arm entry '!traceoff:1' traceoff:1
	echo "ecx == $system_time_msr" > $trace/msr/events/kvm/kvm_msr/filter
	arm msr
}

# arm EVENT [TRIGGER...] — a trace of exec and of kvm_EVENT
arm() {
	local dir=$trace/$1 event=events/kvm/kvm_$1 trigger
	echo 0 > "$dir/tracing_on"
	echo > "$dir/trace"
	echo mono > "$dir/trace_clock"
	for trigger in "${@:2}"; do echo "$trigger" > "$dir/$event/trigger" 2> /dev/null; done
	echo 1 > "$dir/events/sched/sched_process_exec/enable"
	echo 1 > "$dir/$event/enable"
	echo 1 > "$dir/tracing_on"
}

# traced_ms PID EVENT — from its exec to the first kvm_EVENT
traced_ms() {
	awk -v pid="pid=$1" -v event="kvm_$2:" '
		{ for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]+:$/) { t = $i + 0; what = $(i + 1) } }
		what == "sched_process_exec:" { for (i = 1; i <= NF; i++) if ($i == pid) start = t }
		what == event && start { printf "%d", (t - start) * 1000; exit }' "$trace/$2/trace"
}

# The emulator makes who first writes to memory that held a guest's code pay for its translation, page by
# page: 0.3 s for a kernel. So nobody inherits such pages.
scrub() {
	fallocate -l "$((mib + 256))M" /dev/shm/scrub || note "nothing was scrubbed"
	rm /dev/shm/scrub
}

# one_run COMMAND... — appends "first start memory" to LAB_OUT/runs
one_run() {
	local pid first start
	scrub
	arm_trace
	timed_run 40 'GUEST: userspace' "$@" || return
	first=$(traced_ms "$pid" entry)
	start=$(traced_ms "$pid" msr)
	awk -v f="${first:-0}" -v s="${start:-0}" -v ram="$mib" '/^Pss:/ {
		printf "%d %d %d\n", f, s, $2 - ram * 1024 }' "/proc/$pid/smaps_rollup" >> "$LAB_OUT/runs"
	end_run "$pid"
}

# measure NAME COMMAND... — a row of the table
measure() {
	local name=$1
	shift
	repeat "$@" || { fail "$name, $mib MiB: no guest"; return; }
	row "$(printf '%-10s %5d MiB  first %5d ms  start %5d ms  memory %6d KiB' "$name" "$mib" \
		"$(median 1)" "$(median 2)" "$(median 3)")"
}

# syscalls NAME COMMAND... — how many before the guest runs for the first time
syscalls() {
	local name=$1 n
	shift
	: > /tmp/strace # of the one before, whose line would be waited for
	timeout 60 strace -f -o /tmp/strace "$@" <&7 > /dev/null 2>&1 &
	guest_pid=$!
	guest_log=/tmp/strace
	wait_line 60 KVM_RUN
	end_run "$(awk 'NR == 1 { print $1 }' /tmp/strace)"
	n=$(sed '/KVM_RUN/q' /tmp/strace | grep -cE '^[0-9]+ +[a-z_0-9]+\(')
	row "$name: $n system calls before the guest runs"
}

size_of() {
	row "$1: $(stat -L -c %s "$2") bytes of binary"
}

check "a virtual function" make_vf
mount -t tracefs trace /sys/kernel/tracing 2> /dev/null
mkdir "$trace/entry" "$trace/msr"
mount -o remount,size=90% /dev/shm
write_profile bench "$cmdline" nvme vf
sed -i "s|$LAB_STOCK_KERNEL|$LAB_SMALL_KERNEL|; s|$LAB_STOCK_INITRD|$LAB_SMALL_INITRD|" "$LAB_OUT/bench.cfg"
nvme=$(address nvme) vf=$(address vf)

# Bulkhead binds its devices itself and is measured with that; the others find them bound, so once
# more like them.
for mib in $sizes; do
	measure bulkhead "$bulkhead" run "$LAB_OUT/bench.cfg" --set "memory=${mib}M"
done
mib=1024
syscalls bulkhead "$bulkhead" run "$LAB_OUT/bench.cfg"
check "NVMe is given to vfio-pci" give_to_vfio "$nvme"
check "the VF is given to vfio-pci" give_to_vfio "$vf"
for mib in $sizes; do
	measure "(bound)" "$bulkhead" run "$LAB_OUT/bench.cfg" --set "memory=${mib}M"
done
for mib in $sizes; do
	qemu_guest "$LAB_SMALL_KERNEL" "$LAB_SMALL_INITRD" "$cmdline" -m "${mib}M" \
		-device "vfio-pci,host=$nvme" -device "vfio-pci,host=$vf"
	measure QEMU "${qemu_command[@]}"
done
syscalls QEMU "${qemu_command[@]}"
if [ -n "$KVMTOOL" ]; then
	export HOME=/tmp
	for mib in $sizes; do
		measure kvmtool "$KVMTOOL" run -k "$LAB_SMALL_KERNEL" -i "$LAB_SMALL_INITRD" -m "$mib" -c 2 \
			--console serial -p "$cmdline" --vfio-pci "$vf"
	done
	size_of kvmtool "$KVMTOOL"
fi
strip -o /tmp/bulkhead "$bulkhead" && size_of "bulkhead, stripped" /tmp/bulkhead
size_of QEMU "$LAB_QEMU_BINARY"
