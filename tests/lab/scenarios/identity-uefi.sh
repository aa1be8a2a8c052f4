# SPDX-License-Identifier: GPL-2.0-or-later
#: about     without a hypervisor, under UEFI: names of tables, of firmware's own too
#: kernel    small
#: deadline  150
#: devices   edu
. tests/lab/lib.sh

write_profile none "$(guest_cmdline detectvirt,virtwhat,names,firmwarenames)" edu
sed -i "s|initrd = .*|initrd = \"$LAB_TOOLS_INITRD\";|" "$LAB_OUT/none.cfg"
printf '%s\n' 'hypervisor = "none";' 'firmware = { type = "uefi"; };' >> "$LAB_OUT/none.cfg"
start_bulkhead none
wait_line 120 'GUEST: done' || fail "none: $(tail -n 2 "$guest_log")"
guest_said none detectvirt virtwhat names firmwarenames
contains "systemd-detect-virt" "$guest_log" 'GUEST: detectvirt ok none'
contains "virt-what" "$guest_log" 'GUEST: virtwhat ok \[\]'
contains "no name in DMI, ACPI and PCI ids" "$guest_log" 'GUEST: names ok Generic Generic PC'
# What stays, as docs/identity.md says: the firmware is EDK II's, and does not hide it.
contains "the firmware's vendor is its own" "$guest_log" 'GUEST: firmwarenames ok .*(EDK II|Debian|Ubuntu)'
guest_ends none 30
