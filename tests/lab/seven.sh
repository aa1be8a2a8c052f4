# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Seven devices in one guest: what seven-*.sh share. After `. tests/lab/lib.sh`.

guest_memory=1G
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

# seven_run NAME IOMMU-KIND — the whole of it with bulkhead: check, run, power-off, host given back
seven_run() {
	local kind=$2
	check "$1: a virtual function" make_vf
	host_state "$LAB_OUT/host.before"
	write_profile "$1" "$(guest_cmdline "$seven_tasks,outside:0x60000000,disk:nvme")" "${seven[@]}"
	check "$1: bulkhead check agrees" "$bulkhead" check "$LAB_OUT/$1.cfg" --iommu "$kind"
	"$bulkhead" check "$LAB_OUT/$1.cfg" --iommu "$kind" > "$LAB_OUT/plan.txt" 2>&1
	host_unchanged "$1: after check"

	start_bulkhead "$1" --iommu "$kind"
	if wait_line 60 'GUEST: userspace'; then
		"$bulkhead" status --json "$1" > "$LAB_OUT/status.json" 2>&1
		contains "$1: the DMA backend is $kind" "$LAB_OUT/status.json" "\"backend\": *\"$kind\""
	else
		fail "$1: the guest does not reach its user space: $(tail -n 3 "$guest_log")"
	fi
	seven_watch "$1"
	guest_said "$1" outside-0x60000000
	guest_ends "$1" 30
	check "$1: the IOMMU stopped the DMA outside the guest" iommu_stopped 60000000
	host_unchanged "$1: after power-off"
	host_reads_nvme "$1: after power-off"
}

# iommu_stopped ADDRESS — the emulated IOMMU reports what it refuses on QEMU's standard error, the
# kernel reports it as a DMAR fault; its report is limited in rate, so either will do
iommu_stopped() {
	grep -q "iova=0x$1" "$LAB_SHARE/qemu.log" || dmesg | grep -q "DMAR.*fault addr 0x$1"
}
