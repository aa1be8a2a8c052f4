# SPDX-License-Identifier: GPL-2.0-or-later
#: about     however a run ends, it gives the host back alone: SIGTERM, stop, panic, triple fault, no start
#: kernel    small
#: deadline  450
#: devices   nvme igb edu
. tests/lab/lib.sh

check "a virtual function" make_vf
host_state "$LAB_OUT/host.before"
write_profile ending "" nvme vf edu

# begin NAME TASKS [WORD] — a run whose guest has these tasks, and this word on its command line
begin() {
	start_bulkhead ending --set "boot.cmdline=$(guest_cmdline "$2") ${3:-}" "${@:4}"
	wait_line 60 'GUEST: userspace' || fail "$1: no guest: $(tail -n 2 "$guest_log")"
}

# The power button reaches the guest, which powers off by itself.
begin SIGTERM disk:nvme,key:116:60
wait_line 60 'GUEST: waiting for key 116' || fail "SIGTERM: the guest does not wait for its button"
kill -TERM "$guest_pid"
guest_ends SIGTERM 30
guest_said SIGTERM disk-nvme key-116-60
host_unchanged SIGTERM

# A guest that does not listen is stopped when its time is over.
begin "deaf guest" pause:600 "" --set stop_timeout=3
kill -TERM "$guest_pid"
guest_ends "deaf guest" 15 1
host_unchanged "deaf guest"

# By the command, from elsewhere.
begin stop key:116:60
wait_line 60 'GUEST: waiting for key 116' || fail "stop: the guest does not wait for its button"
check "stop: bulkhead stop succeeds" "$bulkhead" stop ending
guest_ends stop 30
host_unchanged stop

# A panic reboots the guest (panic=-1 on its command line); the profile wants the run to end there.
begin panic disk:nvme,panic "" --set reboot=stop
guest_ends panic 60
guest_said panic disk-nvme
host_unchanged panic

# A triple fault is reported with the registers.
begin "triple fault" disk:nvme,boots:nvme:100 reboot=t,force
guest_ends "triple fault" 150 1
contains "triple fault: it is named" "$guest_log" '[Tt]riple fault'
contains "triple fault: with registers" "$guest_log" '(rip|RIP)'
host_unchanged "triple fault"

# The start fails after the first devices are bound: somebody else has edu's group open.
edu=$(address edu)
check "edu is given to vfio-pci by hand" give_to_vfio "$edu"
host_state "$LAB_OUT/host.before"
exec 6<> "/dev/vfio/$(basename "$(readlink "/sys/bus/pci/devices/$edu/iommu_group")")"
"$bulkhead" run "$LAB_OUT/ending.cfg" --iommu type1 > "$LAB_OUT/failed.log" 2>&1 < /dev/null
same "failed start: exit status" 1 $?
contains "failed start: it says what is held" "$LAB_OUT/failed.log" "$edu|group"
exec 6>&-
host_unchanged "failed start"
host_reads_nvme "at last"
