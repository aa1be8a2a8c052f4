# SPDX-License-Identifier: GPL-2.0-or-later
#: about     OVMF boots Debian's kernel by GRUB from an assigned NVMe controller, by the driver in its ROM
#: kernel    small
#: deadline  300
#: devices   nvme-boot nvme
. tests/lab/lib.sh
. tests/lab/uefi.sh

# Two controllers of one kind, of which the first has a ROM. OVMF has a driver for both. That of a ROM
# comes first for the device that it is from, so which one has which controller tells where it is from.
host_state "$LAB_OUT/host.before"
mapfile -t nvme < <(lspci -Dn -d 1b36:0010 | cut -d' ' -f1)
rom_is_good "${nvme[0]}" '1b36:0010  UEFI, x86-64, last'
cat > "$LAB_OUT/boot.cfg" <<-PROFILE
	name = "boot";
	vcpus = 2;
	memory = "512M";
	firmware = { type = "uefi"; };
	disks = ( { path = "$shell_disk"; boot_index = 1; } );
	devices = ( { pci = "${nvme[0]}"; boot_index = 2; }, { pci = "${nvme[1]}"; boot_index = 3; } );
PROFILE
start_typed boot
at_shell boot 100
in_shell 20 "drivers -sfo"
driver_has_device 'NVM Express Driver' 'PciRoot\(0x0\)/Pci\(0x1,0x0\)/Pci\(0x0,0x0\)/'"$(rom_range nvme)"
driver_has_device 'NVM Express Driver' 'Fv\(.*\)/FvFile\(.*\)'

# With a failure the shell hands over to what comes next in the order.
type_line "exit 1"
wait_line 160 'GUEST: done'
guest_said boot efi disk-boot acpi
contains "it was GRUB" "$guest_log" 'GRUB: on hd[0-9],gpt1'
guest_ends boot 30
host_unchanged "afterwards"
