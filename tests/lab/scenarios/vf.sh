# SPDX-License-Identifier: GPL-2.0-or-later
#: about     VFs of a real driver: made, set up, held, removed; killed half-way and recovered
#: kernel    small
#: deadline  240
#: devices   igb
. tests/lab/lib.sh

pf=$(address igb)
dir=/sys/bus/pci/devices/$pf
dev=$(ls "$dir/net")

ip link set "$dev" up
has_link() { [ "$(cat "/sys/class/net/$dev/carrier" 2>/dev/null)" = 1 ]; }
check "$dev has link" wait_until 20 has_link

# Everything that changing VFs may touch. `state UP` comes and goes while the PF is reset.
vf_state() {
	wait_until 20 has_link
	ip -d link show
	cat "$dir/sriov_numvfs" "$dir/sriov_drivers_autoprobe"
	ls "$dir" | grep virtfn
	ls -A /run/bulkhead 2>/dev/null | grep -v lock
}

# line INDEX — what iproute2 says of that VF
line() { ip -d link show "$dev" | grep -E "^ +vf $1 "; }

# line_has NAME INDEX PATTERN...
line_has() {
	local name=$1 said pattern
	said=$(line "$2")
	for pattern in "${@:3}"; do
		if grep -qE -- "$pattern" <<< "$said"; then
			ok "$name: $pattern"
		else
			fail "$name: no /$pattern/ in: $said"
		fi
	done
}

# vf WORDS... — the command, with its words and answer in vf.log
vf() {
	local status
	echo "== vf $*" >> "$LAB_OUT/vf.log"
	"$bulkhead" vf "$@" > /tmp/vf.said 2>&1
	status=$?
	cat /tmp/vf.said >> "$LAB_OUT/vf.log"
	[ $status -eq 0 ] || cat /tmp/vf.said
	return $status
}

# refused NAME PATTERN WORDS...
refused() {
	local name=$1 pattern=$2 said
	shift 2
	if said=$(vf "$@"); then
		fail "$name: it was done"
	elif grep -qE -- "$pattern" <<< "$said"; then
		ok "$name: $said"
	else
		fail "$name: no /$pattern/ in: $said"
	fi
}

vf_state > "$LAB_OUT/vf.before"

# -- create
check "create 4 VFs" vf create "$dev" 4
same "sriov_numvfs" 4 "$(< "$dir/sriov_numvfs")"
same "autoprobe is as before" 1 "$(< "$dir/sriov_drivers_autoprobe")"
same "no VF has a driver" "none none none none" \
	"$(for n in 0 1 2 3; do driver_of "$(basename "$(readlink "$dir/virtfn$n")")"; done | xargs)"
macs=$(ip -d link show "$dev" | grep -oE 'vf [0-9] .*link/ether [0-9a-f:]+' | awk '{ print $4 }')
same "four different MACs" 4 "$(sort -u <<< "$macs" | grep -cv 00:00:00:00:00:00)"

# -- set, seen by iproute2
check "set VF 1" vf set "$dev" 1 mac=52:54:00:0b:01:01 vlan=100 qos=3 trust=on spoofchk=off max_rate=500
line_has "VF 1" 1 'link/ether 52:54:00:0b:01:01' 'vlan 100, qos 3' 'tx rate 500 \(Mbps\)|max_tx_rate 500' \
	'spoof checking off' 'trust on'
check "set VF 2 by the address of its PF" vf set "$pf" 2 vlan=200 max_rate=100
line_has "VF 2" 2 'vlan 200' 'tx rate 100 \(Mbps\)|max_tx_rate 100' 'spoof checking on' 'trust off'
check "the list has it" grep -q '52:54:00:0b:01:01 *100 qos 3 *on *off .*max 500 Mb/s' <("$bulkhead" vf list)
check "and as JSON" grep -q '"mac": "52:54:00:0b:01:01"' <("$bulkhead" vf list "$dev" --json)

# -- what the driver refuses takes back what it took before
line 1 > /tmp/line1
refused "a min_rate, which igb has not" 'VF 1: min_rate=10.*igb refused it.*as it was before' \
	set "$dev" 1 vlan=101 min_rate=10
refused "802.1ad, which igb has not" 'VF 1: .*proto=802.1ad: igb.*as it was before' set "$dev" 1 proto=802.1ad
refused "a rate above the link's" 'VF 1: max_rate=200000: igb refused it.*as it was before' \
	set "$dev" 1 trust=off max_rate=200000
same "VF 1 is as it was" "$(< /tmp/line1)" "$(line 1)"

# -- held
vf1=$(basename "$(readlink "$dir/virtfn1")")
group=$(basename "$(readlink "/sys/bus/pci/devices/$vf1/iommu_group")")
modprobe vfio-pci 2>/dev/null
check "VF 1 on vfio-pci" give_to_vfio "$vf1"
exec 7<> "/dev/vfio/$group"
refused "more VFs while one is open" "VF 1 \($vf1\) is held.*bash \(pid $$\) has it open" create "$dev" 6
refused "none while one is open" "VF 1 \($vf1\) is held.*bash \(pid $$\) has it open" remove "$dev"
same "sriov_numvfs while held" 4 "$(< "$dir/sriov_numvfs")"
check "a setting of it may change" vf set "$dev" 1 vlan=102
exec 7>&-

# -- another number keeps what the VFs have
line 1 > /tmp/line1
check "6 VFs" vf create "$dev" 6
same "VF 1 kept its settings" "$(< /tmp/line1)" "$(line 1)"
same "VF 1 kept its driver" vfio-pci "$(driver_of "$(basename "$(readlink "$dir/virtfn1")")")"
same "the MACs of the first four are the same" "$(sed 2d <<< "$macs")" \
	"$(ip -d link show "$dev" | grep -oE 'vf [0234] .*link/ether [0-9a-f:]+' | awk '{ print $4 }' | head -n 3)"

# -- remove
check "remove" vf remove "$dev"
vf_state > "$LAB_OUT/vf.after"
check "ip -d link and sriov_numvfs are byte-equal" cmp "$LAB_OUT/vf.before" "$LAB_OUT/vf.after"

# -- killed in the middle, at some of its steps
killed=0
for step in "change vf-count $pf" "made vf-count $pf" "settle vf 1" keep; do
	BULKHEAD_STOP_AT=$step "$bulkhead" vf create "$dev" 2 > /tmp/vf.said 2>&1 &
	victim=$!
	stopped() { grep -q '^State:.*T' "/proc/$victim/status" 2>/dev/null; }
	if wait_until 20 stopped; then killed=$((killed + 1)); fi
	kill -9 $victim
	wait $victim 2>/dev/null
	check "recover after '$step'" "$bulkhead" recover
	vf_state > "$LAB_OUT/vf.after"
	check "byte-equal after a kill at '$step'" cmp "$LAB_OUT/vf.before" "$LAB_OUT/vf.after"
done
same "all four were stopped where they should be" 4 $killed
