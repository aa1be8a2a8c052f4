# SPDX-License-Identifier: GPL-2.0-or-later
#: about     VNC clients see the firmware's picture and type into the UEFI shell
#: kernel    small
#: deadline  240
. tests/lab/lib.sh
. tests/lab/uefi.sh

rfb() { python3 "$LAB_TOP/tests/lab/rfb.py" "$@"; }

wrong_password() {
	head -c 8 /dev/zero > /run/lab.private/wrong
	! vncsnapshot -quiet -passwd /run/lab.private/wrong 127.0.0.1:7 /tmp/wrong.jpg
}

ip link set lo up
socket=/run/lab.private/vnc
(umask 077 && echo password > /run/lab.private/password)
uefi_profile vnc
cat >> "$LAB_OUT/vnc.cfg" <<-PROFILE
	display = {
		type = "ramfb";
		vnc = {
			socket = "$socket";
			address = "127.0.0.1"; port = 5907;
			password_file = "/run/lab.private/password";
		};
	};
PROFILE
start_bulkhead vnc --set vcpus=1 --set display.vnc.address= --set display.vnc.password_file=
check "the socket is there" wait_until 20 test -S $socket
same "the socket's mode" 600 "$(stat -c %a $socket)"
"$bulkhead" screenshot vnc "$LAB_OUT/early.png" > "$LAB_OUT/early.log" 2>&1
same "a picture that is not there yet is an error" 1 $?
contains "and says so" "$LAB_OUT/early.log" 'shows no picture yet'

# The shell waits for a key: the client's.
wait_line 60 'any other key to continue|Shell>' && rfb $socket key 0x20
check "the UEFI shell is there" wait_line 20 'Shell>'
check "a client sees it" rfb $socket png "$LAB_OUT/shell.png"
rfb $socket type 'echo Hello%lasterror%\n'
check "a client types into it" wait_line 20 'Hello0x0'
check "and sees the answer" rfb $socket png "$LAB_OUT/typed.png"
if rfb same "$LAB_OUT/shell.png" "$LAB_OUT/typed.png"; then fail "the picture has not changed"; fi
check "screenshot takes it" "$bulkhead" screenshot vnc "$LAB_OUT/screenshot.png"
check "the screenshot is what the client sees" \
	rfb same "$LAB_OUT/typed.png" "$LAB_OUT/screenshot.png"
rfb $socket type 'reset -s\n'
guest_ends vnc 20
same "the socket is gone" no "$(test -e $socket && echo yes || echo no)"

# Debian's client, over TCP. Its password file is the password under a key that everybody knows.
printf '\xdb\xd8\x3c\xfd\x72\x7a\x14\x58' > /run/lab.private/vncpasswd
start_bulkhead vnc --set vcpus=1 --set display.vnc.socket=
wait_line 60 'any other key to continue|Shell>'
check "a wrong password is refused" wrong_password
check "vncsnapshot takes a picture" vncsnapshot -quiet -passwd /run/lab.private/vncpasswd \
	127.0.0.1:7 "$LAB_OUT/vncsnapshot.jpg"
check "which is a JPEG file" test -s "$LAB_OUT/vncsnapshot.jpg"
"$bulkhead" check "$LAB_OUT/vnc.cfg" > "$LAB_OUT/taken.log" 2>&1
same "a port that is taken is refused" 1 $?
contains "by name" "$LAB_OUT/taken.log" 'port 5907 of 127.0.0.1 is taken'
"$bulkhead" stop vnc --force
guest_ends vnc 20 1
