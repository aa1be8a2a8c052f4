# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Seven devices in one guest: what seven-*.sh share. After `. tests/lab/lib.sh`.

seven=(nvme vf edu e1000e vga xhci ahci)
# In the order of use; the key comes last because the picture is taken before it is pressed.
seven_tasks=cpus:2,memory:900,acpi,disk:nvme,disk:sata,disk:usb
seven_tasks+=,net:igbvf:10.7.0.2:10.7.0.1,net:e1000e:10.0.2.15:10.0.2.2
seven_tasks+=,msix:nvme:100,msix:igbvf:5,msix:e1000e:5,msix:xhci_hcd:50,msi:ahci:50
seven_tasks+=,edu,uio:3,draw,key:30

# seven_watch NAME — does the outside's part while the guest works, then reads what it said
seven_watch() {
	if wait_line 90 'GUEST: waiting for key 30'; then
		check "$1: the picture is taken" ask picture vga testcard
		check "$1: the picture is the test card" ask compare testcard testcard
		check "$1: the key A is pressed" ask key a
	else
		fail "$1: the guest did not come to wait for a key: $(tail -n 3 "$guest_log")"
	fi
	wait_line 60 'GUEST: done'
	guest_said "$1" cpus-2 memory-900 acpi disk-nvme disk-sata disk-usb \
		net-igbvf-10.7.0.2-10.7.0.1 net-e1000e-10.0.2.15-10.0.2.2 \
		msix-nvme-100 msix-igbvf-5 msix-e1000e-5 msix-xhci_hcd-50 msi-ahci-50 edu uio-3 draw key-30
}
