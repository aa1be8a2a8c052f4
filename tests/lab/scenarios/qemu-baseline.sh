# SPDX-License-Identifier: GPL-2.0-or-later
#: about     QEMU as the monitor: NVMe, igb VF and edu in a stock guest; shows that the lab works
#: group     self
#: deadline  240
#: devices   nvme igb edu
. tests/lab/lib.sh

check "a virtual function" make_vf
host_state "$LAB_OUT/host.before"
for name in nvme vf edu; do
	check "$name is given to vfio-pci" give_to_vfio "$(address $name)"
done

qemu_guest "$LAB_STOCK_KERNEL" "$LAB_STOCK_INITRD" \
	"$(guest_cmdline cpus:2,disk:nvme,net:igbvf:10.7.0.2:10.7.0.1,msix:nvme,msix:igbvf,edu,uio:3,outside:0x60000000,disk:nvme)" \
	-m 1G -device vfio-pci,host="$(address nvme)" -device vfio-pci,host="$(address vf)" \
	-device vfio-pci,host="$(address edu)"
start_guest guest "${qemu_command[@]}"
wait_line 60 'GUEST: done'
guest_said guest cpus-2 disk-nvme net-igbvf-10.7.0.2-10.7.0.1 msix-nvme msix-igbvf edu uio-3 \
	outside-0x60000000
guest_ends guest 20
contains "the IOMMU stopped the DMA outside" "$LAB_SHARE/qemu.log" 'fault|iova|0x60000000'

for name in nvme vf edu; do
	dir=/sys/bus/pci/devices/$(address $name)
	echo > "$dir/driver_override"
	echo "$(address $name)" > "$dir/driver/unbind"
	echo "$(address $name)" > /sys/bus/pci/drivers_probe
done
host_unchanged "afterwards"
host_reads_nvme "afterwards"
