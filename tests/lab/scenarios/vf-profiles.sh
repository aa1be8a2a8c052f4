# SPDX-License-Identifier: GPL-2.0-or-later
#: about     two profiles take a VF each from a pool at the same moment; settings, tags, refusals, and everything given back
#: deadline  420
#: devices   igb
#: memory    4G
. tests/lab/lib.sh

pf=$(address igb)
dir=/sys/bus/pci/devices/$pf
dev=$(ls "$dir/net")
modprobe -a 8021q vfio-pci

# The PF's own ends of the two VLANs that the guests will be in, without knowing it.
ip link set "$dev" up
for vlan in 100 200; do
	ip link add link "$dev" name "v$vlan" type vlan id $vlan
	ip addr add "10.8.$vlan.1/24" dev "v$vlan"
	ip link set "v$vlan" up
done
has_link() { [ "$(cat "/sys/class/net/$dev/carrier" 2> /dev/null)" = 1 ]; }
check "$dev has link" wait_until 20 has_link

# Everything that VFs may touch, once the PF's link is back.
vf_state() {
	wait_until 20 has_link
	ip -d link show
	cat "$dir/sriov_numvfs" "$dir/sriov_drivers_autoprobe"
	for vf in "$dir"/virtfn*; do
		[ ! -e "$vf" ] || echo "$vf $(driver_of "$(basename "$(readlink "$vf")")")" \
			"$(< "$vf/driver_override") $(< "$vf/power/control")"
	done
	ls -A /run/bulkhead 2> /dev/null | grep -v lock
}

# unchanged NAME FILE — vf_state is what it was
unchanged() {
	vf_state > "$LAB_OUT/vf.after"
	if cmp -s "$2" "$LAB_OUT/vf.after"; then
		ok "$1: ip -d link and sriov_numvfs are byte-equal"
	else
		fail "$1: $(diff "$2" "$LAB_OUT/vf.after")"
	fi
}

# profile NAME TASKS END ENTRY... — a small guest with these entries of devices. It knows no power
# button, so a stop is by force.
profile() {
	local name=$1 cmdline
	cmdline=$(guest_cmdline "$2" "$3")
	shift 3
	{
		printf 'name = "%s";\nmemory = "256M";\nstop_timeout = 1;\n' "$name"
		printf 'boot = { kernel = "%s"; initrd = "%s"; cmdline = "%s"; };\n' \
			"$LAB_SMALL_KERNEL" "$LAB_SMALL_INITRD" "$cmdline"
		printf 'devices = ( %s );\n' "$*"
	} > "$LAB_OUT/$name.cfg"
}

# refused NAME PATTERN COMMAND...
refused() {
	local name=$1 pattern=$2 said
	shift 2
	if said=$("$@" 2>&1); then
		fail "$name: it was done"
	elif grep -qE -- "$pattern" <<< "$(tr -s ' \n' ' ' <<< "$said")"; then
		ok "$name: refused"
	else
		fail "$name: no /$pattern/ in: $said"
	fi
}

# vf_of PROFILE — the index of the VF that a running profile has claimed
vf_of() {
	local link
	for link in "$dir"/virtfn*; do
		! grep -qx "$(basename "$(readlink "$link")")" "/run/bulkhead/$1/devices" ||
			echo "${link##*virtfn}"
	done
}

# line_has NAME INDEX PATTERN...
line_has() {
	local name=$1 said pattern
	said=$(ip -d link show "$dev" | grep -E "^ +vf $2 ")
	for pattern in "${@:3}"; do
		if grep -qE -- "$pattern" <<< "$said"; then
			ok "$name: $pattern"
		else
			fail "$name: no /$pattern/ in: $said"
		fi
	done
}

vf_state > "$LAB_OUT/none.before"
check "a pool of 4 VFs" "$bulkhead" vf create "$dev" 4
vf_state > "$LAB_OUT/pool.before"

# -- what a check shows
profile one "net:igbvf:10.8.100.2:10.8.100.1" stay \
	"{ vf = \"$dev\"; index = \"any\"; mac = \"52:54:00:0b:09:01\"; vlan = 100; qos = 3; trust = true; spoofchk = false; max_rate = 500; }"
profile two "net:igbvf:10.8.200.2:10.8.200.1" stay \
	"{ vf = \"$pf\"; vlan = 200; max_rate = 100; }"
"$bulkhead" check "$LAB_OUT/one.cfg" > "$LAB_OUT/check.log" 2>&1
same "check: exit status" 0 $?
contains "check lists the settings" "$LAB_OUT/check.log" \
	"settings of VF 0 of $pf mac=52:54:00:0b:09:01 vlan=100 qos=3 max_rate=500 spoofchk=off trust=on"
contains "check lists the binding" "$LAB_OUT/check.log" "bind 0000:[0-9a-f:.]+ to vfio-pci"

# -- tagged frames, as they come in at the PF: a packet socket gets the tag beside the frame
cat > /tmp/capture.py << 'PY'
import socket, struct, sys
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
sock.bind((sys.argv[1], 0))
sock.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA
print("ready", flush=True)
seen = set()
while True:
    data, control, _, _ = sock.recvmsg(2048, 256)
    for level, kind, payload in control:
        status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", payload[:20])
        line = f"from {data[6:12].hex(':')} tag {tci & 0xfff if status & 16 else 'none'} qos {tci >> 13}"
        if line not in seen:
            seen.add(line)
            print(line, flush=True)
PY
python3 /tmp/capture.py "$dev" > "$LAB_OUT/frames.log" 2>&1 9>&- &
capture=$!
check "the capture runs" wait_until 20 grep -q ready "$LAB_OUT/frames.log"

# -- two at the same moment
start_bulkhead one
one_pid=$guest_pid one_log=$guest_log
start_bulkhead two
two_pid=$guest_pid two_log=$guest_log
both_claimed() { [ -s /run/bulkhead/one/devices ] && [ -s /run/bulkhead/two/devices ]; }
check "both have claimed a VF" wait_until 60 both_claimed
for name in one two; do
	guest_log=$LAB_OUT/$name.log
	[ $name = one ] && guest_pid=$one_pid || guest_pid=$two_pid
	wait_line 120 'GUEST: done' || fail "$name: $(tail -n 3 "$guest_log")"
	guest_said "$name" "net-igbvf-10.8.$([ $name = one ] && echo 100 || echo 200).2-10.8.$([ $name = one ] && echo 100 || echo 200).1"
done
first=$(vf_of one) second=$(vf_of two)
same "they have the first two VFs" "0 1" "$(printf '%s\n' "$first" "$second" | sort | xargs)"
line_has "one" "$first" 'link/ether 52:54:00:0b:09:01' 'vlan 100, qos 3' 'max_tx_rate 500|tx rate 500' \
	'spoof checking off' 'trust on'
line_has "two" "$second" 'vlan 200' 'max_tx_rate 100|tx rate 100' 'spoof checking on' 'trust off'
second_mac=$(ip -d link show "$dev" | grep -E "^ +vf $second " | grep -oE 'link/ether [0-9a-f:]+' | cut -d ' ' -f 2)
same "two kept the stable MAC of its VF" 1 "$(grep -c "$second_mac" "$LAB_OUT/pool.before")"
contains "the PF sees one's frames tagged" "$LAB_OUT/frames.log" '^from 52:54:00:0b:09:01 tag 100 qos 3'
contains "the PF sees two's frames tagged" "$LAB_OUT/frames.log" "^from $second_mac tag 200"
kill $capture

# -- what others may not, meanwhile
refused "another number of VFs" "VF [01] .*is held.*profile '(one|two)' has it" "$bulkhead" vf create "$dev" 6
profile three "" stay "{ vf = \"$dev\"; }, { vf = \"$dev\"; }, { vf = \"$dev\"; }"
refused "a third VF of two that are free" \
	"none of its 4 VFs is free: .*profile '(one|two)' has it.*profile '(one|two)' has it" \
	"$bulkhead" run "$LAB_OUT/three.cfg"
profile four "" stay "{ vf = \"$dev\"; index = $first; }"
refused "the VF of another" "VF $first .*is held: profile 'one' has it" "$bulkhead" run "$LAB_OUT/four.cfg"
profile five "" stay "{ vf = \"$dev\"; index = 5; }"
refused "a VF that would have to be made" \
	"has 4 VFs, and 6 are needed, but a change of their number destroys all of them, and VF [01] .*is held: profile" \
	"$bulkhead" run "$LAB_OUT/five.cfg"
same "sriov_numvfs while held" 4 "$(< "$dir/sriov_numvfs")"

# -- given back, by a stop and by a kill
check "stop one" "$bulkhead" stop one
guest_pid=$one_pid guest_log=$one_log
guest_ends one 40 1
line_has "two, after one's end" "$second" 'vlan 200' 'spoof checking on'
kill -9 "$two_pid"
wait "$two_pid" 2> /dev/null
refused "a VF of a run that was killed" "VF $second .*is held: profile 'two' was killed while it had it; bulkhead recover two" \
	"$bulkhead" run "$LAB_OUT/two.cfg" --set "name=six" --set "devices[0].index=$second"
check "recover two" "$bulkhead" recover two
unchanged "after a stop and a kill" "$LAB_OUT/pool.before"

# -- the last thing a run does before it changes the host, and each step of the changes
killed=0
for step in "record vf-settings $pf" "change vf-settings $pf" "made vf-settings $pf" "machine up"; do
	BULKHEAD_STOP_AT=$step start_bulkhead one
	stopped() { grep -q '^State:.*T' "/proc/$guest_pid/status" 2> /dev/null; }
	! wait_until 30 stopped || killed=$((killed + 1))
	kill -9 "$guest_pid"
	wait "$guest_pid" 2> /dev/null
	"$bulkhead" recover > "$LAB_OUT/recover.log" 2>&1 || fail "recover after '$step': $(tail -n 1 "$LAB_OUT/recover.log")"
	unchanged "after a kill at '$step'" "$LAB_OUT/pool.before"
done
same "all were stopped where they should be" 4 $killed

# -- without a pool the run makes what it needs
check "the pool is removed" "$bulkhead" vf remove "$dev"
unchanged "without the pool" "$LAB_OUT/none.before"
profile made "net:igbvf:10.8.100.2:10.8.100.1" poweroff "{ vf = \"$dev\"; index = 1; vlan = 100; }"
"$bulkhead" check "$LAB_OUT/made.cfg" > "$LAB_OUT/check.log" 2>&1
same "check of a VF to be made: exit status" 0 $?
contains "check lists the number" "$LAB_OUT/check.log" "make 2 VFs of $pf \(before: 0\)"
contains "check lists autoprobe" "$LAB_OUT/check.log" "keep host drivers from new VFs of $pf"
unchanged "a check changes nothing" "$LAB_OUT/none.before"
start_bulkhead made
wait_line 90 'GUEST: done' || fail "made: $(tail -n 3 "$guest_log")"
guest_said made net-igbvf-10.8.100.2-10.8.100.1
guest_ends made 40
unchanged "after a run that made its VFs" "$LAB_OUT/none.before"
killed=0
for step in "made vf-count $pf" "machine up"; do
	BULKHEAD_STOP_AT=$step start_bulkhead made
	! wait_until 30 stopped || killed=$((killed + 1))
	same "sriov_numvfs at '$step'" 2 "$(< "$dir/sriov_numvfs")"
	refused "its VFs are not for others at '$step'" "profile 'made' has it" \
		"$bulkhead" check "$LAB_OUT/two.cfg"
	kill -9 "$guest_pid"
	wait "$guest_pid" 2> /dev/null
	"$bulkhead" recover > "$LAB_OUT/recover.log" 2>&1 || fail "recover after '$step': $(tail -n 1 "$LAB_OUT/recover.log")"
	unchanged "after a kill at '$step'" "$LAB_OUT/none.before"
done
same "both were stopped where they should be" 2 $killed
