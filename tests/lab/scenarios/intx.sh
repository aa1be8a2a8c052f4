# SPDX-License-Identifier: GPL-2.0-or-later
#: about     INTx: two conventional NICs on one line behind a bridge; the group as a whole or not at all
#: deadline  300
#: devices   conventional
. tests/lab/lib.sh

first=$(address e1000) second=$(address rtl8139)
tasks=net:e1000:10.0.2.15:10.0.2.2,net:8139cp:10.0.3.15:10.0.3.2,intx:e1000:5,intx:8139cp:5
tasks+=,net:e1000:10.0.2.15:10.0.2.2
same "both are in one group" "$(readlink "/sys/bus/pci/devices/$first/iommu_group")" \
	"$(readlink "/sys/bus/pci/devices/$second/iommu_group")"
host_state "$LAB_OUT/host.before"

# The sibling left out: refused by name, and nothing is changed.
write_profile alone "$(guest_cmdline "$tasks")" e1000
"$bulkhead" run "$LAB_OUT/alone.cfg" > "$LAB_OUT/alone.log" 2>&1 < /dev/null
same "left out: exit status" 1 $?
contains "left out: the refusal names the sibling" "$LAB_OUT/alone.log" "$second"
contains "left out: and the one it belongs to" "$LAB_OUT/alone.log" "$first"
host_unchanged "left out"

# The profile takes the group: one name, both devices.
start_bulkhead alone --set 'devices[0].group=take'
wait_line 60 'GUEST: done'
guest_said taken net-e1000-10.0.2.15-10.0.2.2 net-8139cp-10.0.3.15-10.0.3.2 intx-e1000-5 intx-8139cp-5
guest_ends taken 30
host_unchanged "taken"

# The profile has the sibling held: the guest gets one.
start_bulkhead alone --set 'devices[0].group=hold' \
	--set "boot.cmdline=$(guest_cmdline net:e1000:10.0.2.15:10.0.2.2,absent:8139cp)"
wait_line 60 'GUEST: done'
guest_said held net-e1000-10.0.2.15-10.0.2.2 absent-8139cp
guest_ends held 30
host_unchanged "held"
