# SPDX-License-Identifier: GPL-2.0-or-later
#: about     all devices and nothing to do: for `scripts/lab shell`, and the shortest check of the lab
#: deadline  60
#: devices   seven conventional
. tests/lab/lib.sh

for name in nvme igb edu e1000e vga xhci ahci e1000 rtl8139; do
	check "the host has $name" address $name
done
check "KVM" test -c /dev/kvm
check "VFIO" test -c /dev/vfio/vfio
host_reads_nvme "the host"
