# SPDX-License-Identifier: GPL-2.0-or-later
#: about     profiles/demo.cfg as a user would run it: plan, seven devices at work, give-back
#: group     demo
#: deadline  240
#: devices   seven
. tests/lab/lib.sh
. tests/lab/seven.sh

# The profile as it is; what is the lab's own comes by --set. `scripts/demo` shows what is left in
# LAB_OUT: the plan, the guest's console, the picture.
options=(--set "boot.kernel=$LAB_STOCK_KERNEL" --set "boot.initrd=$LAB_STOCK_INITRD"
	--set "boot.cmdline=$(guest_cmdline "$seven_tasks")" --set "devices[6].pci=$(address ahci)")

check "a virtual function" make_vf
host_state "$LAB_OUT/host.before"
"$bulkhead" devices > "$LAB_OUT/devices.txt" 2>&1
check "the plan" "$bulkhead" check "$LAB_TOP/profiles/demo.cfg" "${options[@]}"
"$bulkhead" check "$LAB_TOP/profiles/demo.cfg" "${options[@]}" > "$LAB_OUT/plan.txt" 2>&1
start_guest demo "$bulkhead" run "$LAB_TOP/profiles/demo.cfg" "${options[@]}"
seven_watch demo
"$bulkhead" status demo > "$LAB_OUT/status.txt" 2>&1
guest_ends demo 30
host_unchanged "after power-off"
host_reads_nvme "after power-off"

# `make demo DEVICE=…` on a machine that has what it takes, as this one does.
(cd "$LAB_TOP" && scripts/demo "$(address edu)") > "$LAB_OUT/real.log" 2>&1 < /dev/null
same "one real device: exit status" 0 $?
contains "one real device: the plan" "$LAB_OUT/real.log" 'vfio-pci'
contains "one real device: the guest lists it" "$LAB_OUT/real.log" 'GUEST: .*0x1234 0x11e8'
host_unchanged "one real device"
