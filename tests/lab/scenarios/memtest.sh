# SPDX-License-Identifier: GPL-2.0-or-later
#: about     memtest86+ (UEFI) runs a pass on two processors, and its picture is taken
#: kernel    small
#: deadline  580
. tests/lab/lib.sh

cp "$LAB_BOOT/memtest.img" /tmp/memtest.img
cat > "$LAB_OUT/memtest.cfg" <<-PROFILE
	name = "memtest";
	vcpus = 2;
	memory = "256M";
	firmware = { type = "uefi"; };
	display = { type = "ramfb"; };
	disks = ( { path = "/tmp/memtest.img"; } );
PROFILE
host_state "$LAB_OUT/host.before"

# As start_guest does it, but keys can be pressed: its console's input is descriptor 6.
mkfifo /run/lab.private/keys
exec 6<> /run/lab.private/keys
guest_log=$LAB_OUT/memtest.log
"$bulkhead" run "$LAB_OUT/memtest.cfg" <&6 > "$guest_log" 2>&1 7>&- 9>&- &
guest_pid=$!
press() {
	local key
	for key in "$@"; do
		nap 0.7
		printf "%b" "$key" >&6
	done
}

check "memtest86+ is there" wait_line 200 'Memtest86'
check "it tests" wait_line 60 'Status: Testing'
contains "with two processors" "$guest_log" 'CPU: 2 Cores'
# Its menu: without test 10, which does nothing but wait; then the address range's upper limit, so that
# a pass takes a minute.
press 1 1 2 1 0 '\r' 0 2 2 1 2 m '\r' 0 0
check "the range is set" wait_line 30 'of 8MB|4MB - 12MB'
check "a pass without errors" wait_line 300 'Pass:  [1-9] +Errors: 0'
check "its picture" "$bulkhead" screenshot memtest "$LAB_OUT/pass.png"
"$bulkhead" stop --force memtest
guest_ends memtest 20 1
host_unchanged "afterwards"
