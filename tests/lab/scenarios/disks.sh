# SPDX-License-Identifier: GPL-2.0-or-later
#: about     a guest has hard disks and a CD-ROM on Bulkhead's AHCI controller
#: kernel    small
#: deadline  400
. tests/lab/lib.sh
. tests/lab/disks.sh

images=/tmp/images
mkdir -p $images
cp "$LAB_DISKS"/sata.img "$LAB_DISKS"/usb.img "$LAB_DISKS"/cd.iso $images
before=$(sha256sum < $images/usb.img)
sata="path = \"$images/sata.img\";"
usb="path = \"$images/usb.img\"; readonly = true;"
cd="path = \"$images/cd.iso\"; type = \"cdrom\";"
host_state "$LAB_OUT/host.before"

disk_profile three disk:sata,cd,trim:sata,readonly:usb,msi:ahci:20,acpi,list "$sata" "$usb" "$cd"
start_bulkhead three
wait_line 90 'GUEST: disk-sata'
disk_profile other disk:sata "$sata"
"$bulkhead" check "$LAB_OUT/other.cfg" > "$LAB_OUT/busy" 2>&1 < /dev/null
same "a disk of a running machine is refused" 1 $?
contains "... with the machine's name" "$LAB_OUT/busy" "bulkhead stop three"
wait_line 60 'GUEST: done'
guest_said three disk-sata cd trim-sata readonly-usb msi-ahci-20 acpi
guest_ends three 20
same "the read-only image is as it was" "$before" "$(sha256sum < $images/usb.img)"

disk_profile line glance:sata,intx:ahci:20,boots:sata:2 "$sata cache = \"writethrough\";" "$cd"
sed -i 's/console=ttyS0/& pci=nomsi/' "$LAB_OUT/line.cfg"
start_bulkhead line
wait_line 150 'GUEST: done' 2
COUNT=2 guest_said line glance-sata intx-ahci-20 boots-sata-2
guest_ends line 20

refused "an image that is not there" 'truncate -s' \
	"$bulkhead" check "$LAB_OUT/other.cfg" --set disks[0].path=/tmp/none.img
head -c 3000000 $images/cd.iso > $images/short.iso
truncate -s 2998272 $images/short.iso
refused "an ISO image that is not whole" 'of an ISO image of' "$bulkhead" check "$LAB_OUT/other.cfg" \
	--set disks[0].path=$images/short.iso --set disks[0].type=cdrom
refused "a directory" 'is a directory' "$bulkhead" check "$LAB_OUT/other.cfg" --set disks[0].path=/tmp
refused "the same image twice" 'disks\[0\] is the same image' "$bulkhead" check "$LAB_OUT/other.cfg" \
	--set "disks[+].path=$images/sata.img"
host_unchanged "afterwards"
