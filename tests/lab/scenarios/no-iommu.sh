# SPDX-License-Identifier: GPL-2.0-or-later
#: about     a host without an IOMMU: refused, and the reason is said
#: kernel    small
#: deadline  60
#: devices   edu
#: iommu     off
. tests/lab/lib.sh

host_state "$LAB_OUT/host.before"
write_profile plain "$(guest_cmdline edu)" edu
"$bulkhead" run "$LAB_OUT/plain.cfg" > "$LAB_OUT/plain.log" 2>&1 < /dev/null
same "exit status" 1 $?
contains "the message names the IOMMU" "$LAB_OUT/plain.log" 'IOMMU'
host_unchanged "afterwards"
