# SPDX-License-Identifier: GPL-2.0-or-later
#: about     the host's keyboard and mouse reach a guest through evdev and PS/2: toggled, unplugged
#: deadline  240
. tests/lab/lib.sh

modprobe -a uinput evdev
wait_until 10 test -e /dev/uinput || fail "no /dev/uinput"
folder=/run/lab.private/by-id
mkdir -p $folder
coproc desk { exec python3 "$LAB_TOP/tests/lab/uinput.py" $folder; }

# desk LINE... — what happens on the host's desk; the last answer is in $answer
desk() {
	local line
	for line in "$@"; do
		echo "$line" >&"${desk[1]}"
		read -rt 20 answer <&"${desk[0]}" || answer="no answer"
		case $answer in failed*|no*) fail "$line: $answer" ;; esac
	done
}
both_ctrls=("key keyboard 29 1" "key keyboard 97 1" "key keyboard 29 0" "key keyboard 97 0")
lamp_is() { desk "leds keyboard"; [ "$answer" = "$1" ]; }
guests() { [ "$(grep -c "input devices: the guest's" "$guest_log")" = "$1" ]; }

desk "plug keyboard" "plug mouse" "listen keyboard"
write_profile ps2 "$(guest_cmdline events:90)"
cat >> "$LAB_OUT/ps2.cfg" <<-PROFILE
	input = {
		evdev = ( { path = "$folder/keyboard"; }, { path = "$folder/mouse"; } );
		grab_keys = "both-ctrl";
	};
PROFILE
start_bulkhead ps2 --verbose
check "the guest has a PS/2 keyboard and mouse" wait_line 60 'waiting for events'

desk "tap keyboard 30" "rel mouse 0 40" "rel mouse 1 -20" "tap mouse 272" "rel mouse 8 1" "tap mouse 275"
desk "heard keyboard"
same "the host does not hear a key of the guest's" "" "$answer"
# Caps Lock: the guest's kernel lights the lamp.
desk "tap keyboard 58"
wait_until 10 lamp_is 1
same "the lamp of Caps Lock is lit by the guest" 1 "$answer"
desk "tap keyboard 58"

desk "${both_ctrls[@]}"
check "both Ctrl keys give the devices back" wait_until 10 grep -q "input devices: the host's" "$guest_log"
desk "tap keyboard 48" "tap mouse 273"
desk "heard keyboard"
same "the host hears the next key" 48 "$answer"
desk "${both_ctrls[@]}"
check "and again to the guest" wait_until 10 guests 2
desk "tap keyboard 46"

# A key is held while the keyboard is pulled out: it does not hang.
desk "key keyboard 32 1" "unplug keyboard"
check "the keyboard is missed" wait_until 10 grep -q 'keyboard is gone' "$guest_log"
desk "plug keyboard" "listen keyboard"
check "the keyboard is taken back" wait_until 10 grep -q 'keyboard is back' "$guest_log"
desk "tap keyboard 18" "heard keyboard"
same "it is the guest's again" "" "$answer"

desk "tap keyboard 88"
wait_line 20 'GUEST: done'
guest_said ps2 events-90
contains "the guest saw what it should, and no more" "$guest_log" \
	'\+30 -30 0:40 1:-20 \+272 -272 8:1 \+275 -275 \+58 -58 \+58 -58 \+29 \+97 -29 -97 \+46 -46 \+32 -32 \+18 -18 \+88 -88 on 2 devices'
guest_ends ps2 20

# The kernel ends the grab of a process that is killed.
write_profile killed "$(guest_cmdline pause:30)"
sed -n '/^input/,/^};/p' "$LAB_OUT/ps2.cfg" >> "$LAB_OUT/killed.cfg"
desk "listen keyboard"
start_bulkhead killed --verbose
wait_line 30 "input devices: the guest's"
desk "tap keyboard 20" "heard keyboard"
same "a second guest has the keyboard" "" "$answer"
kill -9 "$guest_pid"
wait_guest 10
desk "tap keyboard 21" "heard keyboard"
same "killed, it gives the keyboard back" 21 "$answer"
"$bulkhead" recover killed
"$bulkhead" check "$LAB_OUT/ps2.cfg" --set 'input.evdev[0].path=/dev/input/by-id/none' \
	> "$LAB_OUT/none.log" 2>&1
same "a device that is not there is refused" 1 $?
contains "by name" "$LAB_OUT/none.log" 'input device /dev/input/by-id/none'
