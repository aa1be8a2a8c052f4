# SPDX-License-Identifier: GPL-2.0-or-later
#: about     under OVMF: a display adapter draws, option ROMs run, a 16 GiB BAR beside small ones
#: kernel    small
#: deadline  420
#: devices   nvme vga-rom e1000e
#: qemu      -device pcie-root-port,id=rp9,chassis=9,slot=9,pref64-reserve=32G
#: qemu      -object memory-backend-ram,id=shared,size=16G,reserve=off
#: qemu      -device ivshmem-plain,memdev=shared,bus=rp9
. tests/lab/lib.sh
. tests/lab/uefi.sh

host_state "$LAB_OUT/host.before"
large=$(address_of_id 0x1af4:0x1110)
rom_is_good "$(address vga)" 'UEFI driver \(GOP\) for x86-64'
uefi_profile picture nvme vga "$large"
"$bulkhead" check "$LAB_OUT/picture.cfg" > "$LAB_OUT/plan" || fail "refused: $(cat "$LAB_OUT/plan")"
start_typed picture --set memory=2G
at_shell picture 100
in_shell 20 pci
in_shell 20 map
contains "firmware sees the disk's partitions" "$guest_log" 'NVMe\(0x1'

# OVMF's own driver takes an adapter that it knows before drivers of ROMs run. When the adapter is
# connected anew, the one of its ROM comes first. The screen is dark then until the console is, too, and
# the cursor below the text does not come back.
write_on_screen() {
	in_shell 10 cls
	in_shell 10 "echo One picture, two drivers"
	nap 3
}
rom_draws_the_same() { ask picture vga rom && ask compare rom firmware 143; }
write_on_screen
check "the firmware's picture is taken" ask picture vga firmware
in_shell 20 "dh -p BusSpecificDriverOverride"
in_shell 20 "reconnect $(handle_with BusSpecificDriverOverride)"
check "a picture in between is taken" ask picture vga between
if ask compare between firmware 143 > /dev/null; then fail "it is not dark in between"; fi
in_shell 20 "connect -c"
write_on_screen
check "the ROM's driver draws what the firmware's did" wait_until 10 rom_draws_the_same
in_shell 20 "drivers -sfo"
driver_has_device 'QEMU Video Driver' 'PciRoot\(0x0\)/Pci\(0x2,0x0\)/'"$(rom_range vga)"
shell_off picture

# The same with a kernel: what the firmware has dealt out, it uses, and its driver takes the display.
uefi_kernel_profile kernel efi,acpi,bar:0x1110:2:16,disk:nvme,draw,pause:5 nvme vga "$large"
start_bulkhead kernel --set memory=2G
wait_line 120 'GUEST: draw' && check "the kernel's picture is taken" ask picture vga kernel
check "the kernel's picture is the test card" ask compare kernel testcard
wait_line 60 'GUEST: done'
guest_said kernel efi acpi bar-0x1110-2-16 disk-nvme draw
guest_ends kernel 30

# This driver is in the ROM alone.
uefi_profile rom e1000e
sed -i "/^disks/d" "$LAB_OUT/rom.cfg"
start_bulkhead rom
check "the ROM's network driver starts" wait_line 100 'Start PXE over IPv4'
"$bulkhead" stop --force rom
guest_ends rom 10 1
host_unchanged "afterwards"
