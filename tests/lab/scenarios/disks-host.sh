# SPDX-License-Identifier: GPL-2.0-or-later
#: about     a whole disk of the host is a guest's AHCI disk, past the page cache
#: deadline  240
#: devices   nvme
. tests/lab/lib.sh
. tests/lab/disks.sh

host_state "$LAB_OUT/host.before"
disk_profile block disk:nvme 'path = "/dev/nvme0n1"; cache = "direct";'
start_bulkhead block
wait_line 90 'GUEST: done'
guest_said block disk-nvme
guest_ends block 20
mkdir -p /tmp/mounted && mount -o ro /dev/nvme0n1p1 /tmp/mounted
"$bulkhead" check "$LAB_OUT/block.cfg" > "$LAB_OUT/mounted" 2>&1 < /dev/null
same "a disk that the host has mounted is refused" 1 $?
contains "... with the remedy" "$LAB_OUT/mounted" 'unmount'
umount /tmp/mounted
host_unchanged "afterwards"
