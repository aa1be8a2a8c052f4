# SPDX-License-Identifier: GPL-2.0-or-later
#: about     Debian's kernel draws on the firmware's framebuffer; a VNC client sees it, types and points
#: kernel    small
#: deadline  240
. tests/lab/lib.sh
. tests/lab/uefi.sh

rfb() { python3 "$LAB_TOP/tests/lab/rfb.py" "$@"; }

socket=/run/lab.private/vnc
uefi_kernel_profile desk events:60
sed -i 's/console=ttyS0 quiet/console=tty0 console=ttyS0/' "$LAB_OUT/desk.cfg"
echo "display = { type = \"ramfb\"; vnc = { socket = \"$socket\"; }; };" >> "$LAB_OUT/desk.cfg"
start_bulkhead desk --set vcpus=1
check "Linux finds the PS/2 keyboard and mouse" wait_line 130 'waiting for events'
rfb $socket move 30 20
rfb $socket type 'aB'
check "the kernel's messages are on the screen" "$bulkhead" screenshot desk "$LAB_OUT/linux.png"
rfb $socket png "$LAB_OUT/linux-vnc.png" > "$LAB_OUT/picture.log"
contains "a client sees them" "$LAB_OUT/picture.log" '800x600, [0-9]{4,} pixels'
rfb $socket key 0xFFC9
wait_line 30 'GUEST: done'
guest_said desk events-60
contains "keys and movement arrive" "$guest_log" \
	'0:30 1:20 \+30 -30 \+42 \+48 -48 -42 \+88 -88 on 2 devices'
guest_ends desk 20
