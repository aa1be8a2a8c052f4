# SPDX-License-Identifier: GPL-2.0-or-later
#: about     kill -9 while the firmware writes variables: the store stays good and keeps the old ones
#: kernel    small
#: deadline  600
. tests/lab/lib.sh
. tests/lab/uefi.sh

guid=11111111-2222-3333-4444-555555555555
store=/var/lib/bulkhead/kill/vars.fd

# script ROUND — what the shell runs by itself: 300 variables of 256 bytes, others each time, which fill
# the store so that firmware tidies it up now and then
script() {
	local value
	printf -v value '%02x' "$1"
	for _ in 1 2 3 4 5 6 7 8; do value+=$value; done
	{
		[ "$1" -gt 0 ] || echo "setvar Kept -nv -bs -guid $guid =0x4b657074"
		echo "setvar Kept -guid $guid"
		echo "echo LOOP $1 begins"
		[ "$1" -eq 9 ] || printf '%s\r\n' 'for %i run (1 300)' "setvar V%i -nv -bs -guid $guid =H$value" endfor
		echo "echo LOOP $1 ends"
		echo "reset -s"
	} | sed 's/\r*$/\r/' | mcopy -o -i $shell_disk - ::startup.nsh
}

begin() {
	script "$1"
	start_bulkhead kill
	check "round $1: the firmware runs its script" wait_line 100 "LOOP $1 begins"
	check "round $1: the old variable is there" wait_line 5 '74 70 65 4B'
}

store_sum() { md5sum < "$store"; }
store_has_changed() { [ "$(store_sum)" != "$1" ]; }

# Each kill comes while bytes are being written, and at another moment of it.
uefi_profile kill
for round in 0 1 2 3; do
	begin $round
	check "round $round: it writes" wait_until 30 store_has_changed "$(store_sum)"
	nap "$((round * 2)).$((RANDOM % 10))"
	before=$(store_sum)
	wait_until 10 store_has_changed "$before"
	kill -9 $guest_pid
	wait $guest_pid 2> /dev/null
	same "round $round: killed before the end" 0 "$(grep -c "LOOP $round ends" "$guest_log")"
	"$bulkhead" recover > /dev/null 2>&1
	check "round $round: the store is taken as good" "$bulkhead" check "$LAB_OUT/kill.cfg"
done
begin 9
guest_ends kill 40
