# SPDX-License-Identifier: GPL-2.0-or-later
#: about     QEMU as the monitor of the guest with seven devices: shows that the lab's checks hold
#: group     self
#: deadline  240
#: devices   seven
. tests/lab/lib.sh
. tests/lab/seven.sh

check "a virtual function" make_vf
options=()
for name in "${seven[@]}"; do
	check "$name is given to vfio-pci" give_to_vfio "$(address "$name")"
	options+=(-device "vfio-pci,host=$(address "$name")")
done
qemu_guest "$LAB_STOCK_KERNEL" "$LAB_STOCK_INITRD" "$(guest_cmdline "$seven_tasks")" -m 1G "${options[@]}"
start_guest guest "${qemu_command[@]}"
seven_watch guest
guest_ends guest 20
