# SPDX-License-Identifier: GPL-2.0-or-later
#: about     OVMF boots Debian's kernel by systemd-boot from a disk, and by GRUB from a CD
#: kernel    small
#: deadline  420
. tests/lab/lib.sh

images=/tmp/images
mkdir -p $images
cp "$LAB_BOOT/systemd.img" "$LAB_BOOT/cd.iso" $images
host_state "$LAB_OUT/host.before"

# boot NAME DISK CHECK... — a guest that starts from that entry of `disks`
boot() {
	local name=$1 disk=$2
	shift 2
	cat > "$LAB_OUT/$name.cfg" <<-PROFILE
		name = "$name";
		vcpus = 2;
		memory = "512M";
		firmware = { type = "uefi"; };
		disks = ( { $disk boot_index = 1; } );
	PROFILE
	start_bulkhead "$name"
	wait_line 160 'GUEST: done'
	guest_said "$name" efi acpi "$@"
	guest_ends "$name" 30
}
boot disk "path = \"$images/systemd.img\";" disk-boot
boot cd "path = \"$images/cd.iso\"; type = \"cdrom\";" cd
contains "cd: it was GRUB" "$LAB_OUT/cd.log" 'GRUB: on cd0'
host_unchanged "afterwards"
