# SPDX-License-Identifier: GPL-2.0-or-later
#: about     an edit of the profile moves no device of the guest; a damaged record is refused
#: kernel    small
#: deadline  90
#: devices   nvme edu e1000e
. tests/lab/lib.sh

# edu is no PCIe device: it sits in its slot itself, the others behind the port in theirs.
# guest LOG DEVICE... — the profile `moves` with these devices, in this order, to its end
guest() {
	local log=$1
	shift
	write_profile moves "$(guest_cmdline list)" "$@"
	sed -i "s|kernel = .*|kernel = \"$LAB_SMALL_KERNEL\";|; s|initrd = .*|initrd = \"$LAB_SMALL_INITRD\";|" \
		"$LAB_OUT/moves.cfg"
	"$bulkhead" check "$LAB_OUT/moves.cfg" > "$LAB_OUT/$log.plan" 2>&1
	start_guest "$log" "$bulkhead" run "$LAB_OUT/moves.cfg"
	wait_line 40 'GUEST: done' || fail "$log: $(tail -n 2 "$guest_log")"
	guest_ends "$log" 20
}

# sits NAME ADDRESS IDS — the last guest found the function there, and so does the plan
sits() {
	contains "$1: $3 at $2" "$guest_log" "GUEST: 0000:$2 $3"
	contains "$1: $2 in the plan" "${guest_log%.log}.plan" "^ +$2 "
}

nvme='0x1b36 0x0010' edu='0x1234 0x11e8' e1000e='0x8086 0x10d3'
guest first nvme edu
sits first 01:00.0 "$nvme"
sits first 00:02.0 "$edu"
guest removed edu
sits "without the first" 00:02.0 "$edu"
guest added e1000e edu
sits "another before it" 00:02.0 "$edu"
sits "another before it" 03:00.0 "$e1000e"
guest back edu nvme e1000e
sits "the first is back, at another place" 01:00.0 "$nvme"
sits "the first is back, at another place" 00:02.0 "$edu"
sits "the first is back, at another place" 03:00.0 "$e1000e"
contains "the record is for people too" /var/lib/bulkhead/moves/slots "^1 $(address nvme)\$"

host_state "$LAB_OUT/host.before"
echo rubbish >> /var/lib/bulkhead/moves/slots
refused "a damaged record" 'moves/slots: line 6: ' "$bulkhead" run "$LAB_OUT/moves.cfg"
contains "a damaged record is left alone" /var/lib/bulkhead/moves/slots '^rubbish$'
rm /var/lib/bulkhead/moves/slots
check "without the record slots are dealt anew" "$bulkhead" check "$LAB_OUT/moves.cfg"
