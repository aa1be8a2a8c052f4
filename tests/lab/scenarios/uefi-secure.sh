# SPDX-License-Identifier: GPL-2.0-or-later
#: about     Secure Boot: Debian's signed loaders pass and the kernel knows; unsigned ones are refused
#: kernel    small
#: deadline  300
. tests/lab/lib.sh
. tests/lab/uefi.sh

images=/tmp/images
mkdir -p $images
cp "$LAB_BOOT/secure.img" "$LAB_BOOT/grub.img" $images
host_state "$LAB_OUT/host.before"

# secure NAME IMAGE — a guest with enrolled keys that starts from a disk
secure() {
	cat > "$LAB_OUT/$1.cfg" <<-PROFILE
		name = "$1";
		memory = "512M";
		firmware = { type = "uefi"; secure_boot = true; };
		disks = ( { path = "$images/$2"; boot_index = 1; } );
	PROFILE
	start_bulkhead "$1"
}

secure signed secure.img
wait_line 160 'GUEST: done'
guest_said signed efi secureboot
guest_ends signed 30

secure unsigned grub.img
check "an unsigned GRUB is refused" wait_line 100 'Access Denied|Security Violation'
check "and nothing of it ran" test -z "$(grep -a 'GRUB' "$guest_log")"
"$bulkhead" stop --force unsigned
guest_ends unsigned 10 1
host_unchanged "afterwards"
