# SPDX-License-Identifier: GPL-2.0-or-later
#: about     kill -9 at every step of changes to VFs; recover leaves the PF byte-equal each time
#: kernel    small
#: deadline  900
#: devices   igb
. tests/lab/lib.sh

pf=$(address igb)
dir=/sys/bus/pci/devices/$pf
dev=$(ls "$dir/net")

ip link set "$dev" up
has_link() { [ "$(cat "/sys/class/net/$dev/carrier" 2> /dev/null)" = 1 ]; }
check "$dev has link" wait_until 20 has_link

# Everything that changing VFs may touch. `state UP` comes and goes while the PF is reset.
vf_state() {
	wait_until 20 has_link
	ip -d link show
	cat "$dir/sriov_numvfs" "$dir/sriov_drivers_autoprobe"
	ls "$dir" | grep virtfn
	ls -A /run/bulkhead 2> /dev/null | grep -v lock
}

stopped_or_gone() { [ ! -e "/proc/$victim" ] || grep -q '^State:.*T (stopped)\|^State:.*Z' "/proc/$victim/status"; }

# at_step STEP WORDS... — stopped there and killed; 1 if it ended before
at_step() {
	local step=$1 status
	shift
	BULKHEAD_STOP_AT=$step "$bulkhead" "$@" > /tmp/step.said 2>&1 < /dev/null 9>&- &
	victim=$!
	wait_until 60 stopped_or_gone
	kill -9 $victim 2> /dev/null
	wait $victim 2> /dev/null
	status=$?
	[ $status -eq 137 ]
}

# each_step NAME STEPS WORDS... — at least STEPS of them. A change that was complete when it was killed
# stays; what was before is put back for the next step then.
each_step() {
	local name=$1 wanted=$2 step=0 kept=0
	shift 2
	vf_state > "$LAB_OUT/vf.before"
	while step=$((step + 1)); at_step $step "$@"; do
		"$bulkhead" recover > /tmp/recover.said 2>&1 || fail "$name, step $step: $(tail -n 1 /tmp/recover.said)"
		vf_state > "$LAB_OUT/vf.after"
		if ! cmp -s "$LAB_OUT/vf.before" "$LAB_OUT/vf.after"; then
			kept=$((kept + 1))
			put_back
			vf_state > "$LAB_OUT/vf.after"
			check "$name, step $step: as before" cmp "$LAB_OUT/vf.before" "$LAB_OUT/vf.after"
		fi
		[ $step -lt 60 ] || { fail "$name: no end to the steps"; break; }
	done
	if [ $step -gt "$wanted" ]; then ok "$name: killed at each of $((step - 1)) steps"; else fail "$name: $((step - 1)) steps"; fi
	# "kept" is the only step behind which all is done.
	if [ $kept -le 1 ]; then ok "$name: whole or not at all ($kept kept)"; else fail "$name: $kept changes stayed"; fi
}

put_back() { "$bulkhead" vf remove "$dev" > /dev/null; }
each_step create 8 vf create "$dev" 2
put_back

check "two VFs" "$bulkhead" vf create "$dev" 2
put_back() { "$bulkhead" vf set "$dev" 1 vlan=0 trust=off > /dev/null; }
each_step set 4 vf set "$dev" 1 vlan=100 trust=on
put_back

put_back() { "$bulkhead" vf create "$dev" 2 > /dev/null; }
each_step remove 8 vf remove "$dev"
