# SPDX-License-Identifier: GPL-2.0-or-later
#: about     OVMF boots Debian's kernel by GRUB from an assigned NVMe controller
#: kernel    small
#: deadline  300
#: devices   nvme-boot
. tests/lab/lib.sh

host_state "$LAB_OUT/host.before"
cat > "$LAB_OUT/boot.cfg" <<-PROFILE
	name = "boot";
	vcpus = 2;
	memory = "1G";
	firmware = { type = "uefi"; };
	devices = ( { pci = "$(address nvme)"; boot_index = 1; } );
PROFILE
start_bulkhead boot
wait_line 160 'GUEST: done'
guest_said boot efi disk-boot acpi
contains "it was GRUB" "$LAB_OUT/boot.log" 'GRUB: on hd0,gpt1'
guest_ends boot 30
host_unchanged "afterwards"
