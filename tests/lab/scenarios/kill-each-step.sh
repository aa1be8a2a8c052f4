# SPDX-License-Identifier: GPL-2.0-or-later
#: about     kill -9 at every step of a run; recover gives every device back each time
#: deadline  600
#: devices   nvme edu
. tests/lab/lib.sh

# stopped_at STEP — run the profile up to that step and kill it there. 1 if the run ended before.
stopped_at() {
	BULKHEAD_STOP_AT=$1 start_bulkhead kill
	wait_until 60 stopped_or_gone
	if guest_gone; then
		wait "$guest_pid"
		guest_status=$?
		return 1
	fi
	kill -9 "$guest_pid"
	wait "$guest_pid" 2> /dev/null
	return 0
}

stopped_or_gone() {
	guest_gone || grep -q '^State:.*T (stopped)' "/proc/$guest_pid/status" 2> /dev/null
}

# Debian's kernel as the host's, because the small one has no power management: there are no records of
# devices kept awake then. Each of two devices is bound and kept awake, the NVMe out of D3cold too: every
# kind of record that a profile of whole devices has (vf-profiles.sh and nvme-vf.sh have those of VFs).
# As guest the small kernel, alone and in little memory, is the fastest: the steps after the guest's end
# need it to have run.
host_state "$LAB_OUT/host.before"
guest_memory=128M
write_profile kill "$(guest_cmdline "")" nvme edu
sed -i "s|$LAB_STOCK_KERNEL|$LAB_SMALL_KERNEL|; s|$LAB_STOCK_INITRD|$LAB_SMALL_INITRD|; s|^vcpus = .*|vcpus = 1;|" \
	"$LAB_OUT/kill.cfg"

step=0
while step=$((step + 1)); stopped_at $step; do
	if ! "$bulkhead" recover > "$LAB_OUT/recover.$step" 2>&1; then
		fail "step $step: recover: $(tail -n 1 "$LAB_OUT/recover.$step")"
	elif wait_until 10 host_is_as_before; then
		ok "step $step: the host is as it was"
	else
		fail "step $step: $(diff "$LAB_OUT/host.before" "$LAB_OUT/host.after" | tr '\n' ';')"
	fi
	check "step $step: the NVMe file system mounts" nvme_proof
	[ $step -lt 100 ] || { fail "there is no end to the steps"; break; }
done
same "a run that nothing stopped: exit status" 0 "$guest_status"
# Five records. Every one has three steps when it is made and two when it is undone; the machine and the
# guest are two more.
if [ $step -gt 27 ]; then ok "$((step - 1)) steps"; else fail "only $((step - 1)) steps"; fi
host_unchanged "at last"
