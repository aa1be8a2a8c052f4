# SPDX-License-Identifier: GPL-2.0-or-later
#: about     a host that cannot remap interrupts: refused unless the profile accepts that
#: deadline  300
#: kernel    small
#: devices   edu
#: iommu     no-intremap
. tests/lab/lib.sh

host_state "$LAB_OUT/host.before"
write_profile plain "$(guest_cmdline edu,uio:2)" edu
for kind in type1 iommufd; do
	"$bulkhead" run "$LAB_OUT/plain.cfg" --iommu $kind > "$LAB_OUT/refused.$kind.log" 2>&1 <&7
	same "$kind: exit status" 1 $?
	contains "$kind: the message says what is missing" "$LAB_OUT/refused.$kind.log" 'remap'
	contains "$kind: and how to go on" "$LAB_OUT/refused.$kind.log" 'unsafe_interrupts'
	host_unchanged "$kind: after the refusal"

	start_bulkhead plain --iommu $kind --set unsafe_interrupts=true
	wait_line 60 'GUEST: done'
	guest_said "$kind, unsafe" edu uio-2
	guest_ends "$kind, unsafe" 30
	host_unchanged "$kind: after an accepted run"
done
