# SPDX-License-Identifier: GPL-2.0-or-later
#: about     under OVMF: a display adapter draws, an option ROM runs, a 16 GiB BAR beside small ones
#: kernel    small
#: deadline  420
#: devices   nvme vga e1000e
#: qemu      -device pcie-root-port,id=rp9,chassis=9,slot=9,pref64-reserve=32G
#: qemu      -object memory-backend-ram,id=shared,size=16G,reserve=off
#: qemu      -device ivshmem-plain,memdev=shared,bus=rp9
. tests/lab/lib.sh
. tests/lab/uefi.sh

host_state "$LAB_OUT/host.before"
large=$(address_of_id 0x1af4:0x1110)
uefi_profile picture nvme vga "$large"
"$bulkhead" check "$LAB_OUT/picture.cfg" > "$LAB_OUT/plan" || fail "refused: $(cat "$LAB_OUT/plan")"
start_typed picture --set memory=2G
at_shell picture 100
in_shell 20 pci
in_shell 20 map
check "the firmware's picture is taken" ask picture vga firmware
contains "firmware sees the disk's partitions" "$guest_log" 'NVMe\(0x1'
shell_off picture

# The same with a kernel: what the firmware has dealt out, it uses, and its driver takes the display.
uefi_kernel_profile kernel efi,acpi,bar:0x1110:2:16,disk:nvme,draw,pause:5 nvme vga "$large"
start_bulkhead kernel --set memory=2G
wait_line 120 'GUEST: draw' && check "the kernel's picture is taken" ask picture vga kernel
check "the kernel's picture is the test card" ask compare kernel testcard
wait_line 60 'GUEST: done'
guest_said kernel efi acpi bar-0x1110-2-16 disk-nvme draw
guest_ends kernel 30

# This driver is in the adapter's ROM alone.
uefi_profile rom e1000e
sed -i "/^disks/d" "$LAB_OUT/rom.cfg"
start_bulkhead rom
check "the ROM's network driver starts" wait_line 100 'Start PXE over IPv4'
"$bulkhead" stop --force rom
guest_ends rom 10 1
host_unchanged "afterwards"
