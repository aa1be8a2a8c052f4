# SPDX-License-Identifier: GPL-2.0-or-later
#: about     a host that cannot remap interrupts: refused unless the profile accepts that
#: deadline  120
#: devices   edu
#: iommu     no-intremap
. tests/lab/lib.sh

host_state "$LAB_OUT/host.before"
write_profile plain "$(guest_cmdline edu,uio:2)" edu
"$bulkhead" run "$LAB_OUT/plain.cfg" > "$LAB_OUT/plain.log" 2>&1 < /dev/null
same "exit status" 1 $?
contains "the message says what is missing" "$LAB_OUT/plain.log" 'remap'
contains "and how to go on" "$LAB_OUT/plain.log" 'unsafe_interrupts'
host_unchanged "after the refusal"

start_bulkhead plain --set unsafe_interrupts=true
wait_line 60 'GUEST: done'
guest_said unsafe edu uio-2
guest_ends unsafe 30
host_unchanged "after an accepted run"
