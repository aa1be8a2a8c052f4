# SPDX-License-Identifier: GPL-2.0-or-later
#: about     bind, release and reset without a VM: proved, counted, and killed at every step
#: deadline  900
#: devices   nvme edu igb conventional
. tests/lab/lib.sh

nvme=$(address nvme) edu=$(address edu) igb=$(address igb)
modprobe -a vfio-pci vfio_iommu_type1 2> /dev/null
host_state "$LAB_OUT/host.before"

# said_by NAME STATUS PATTERN COMMAND...
said_by() {
	local name=$1 wanted=$2 pattern=$3 said status
	shift 3
	said=$("$@" 2>&1 < /dev/null)
	status=$?
	printf '== %s (%d)\n%s\n' "$name" $status "$said" >> "$LAB_OUT/reset.log"
	if [ $status -ne "$wanted" ]; then
		fail "$name: exit status $status, not $wanted: $said"
	elif ! grep -qE -- "$pattern" <<< "$said"; then
		fail "$name: no /$pattern/ in: $said"
	else
		ok "$name"
	fi
}

# -- bind and release, several at once, and what is refused
said_by "two devices are bound" 0 "$edu: is now on vfio-pci" "$bulkhead" bind "$nvme" 1234:11e8
same "both are on vfio-pci" "vfio-pci vfio-pci" "$(driver_of "$nvme") $(driver_of "$edu")"
said_by "D3cold is forbidden" 0 '^0$' cat "/sys/bus/pci/devices/$nvme/d3cold_allowed"
said_by "bound already" 0 'was already on vfio-pci' "$bulkhead" bind "$nvme"
said_by "recover leaves them" 0 "bulkhead release $nvme" "$bulkhead" recover
same "they are still there" "vfio-pci vfio-pci" "$(driver_of "$nvme") $(driver_of "$edu")"
said_by "both are released" 0 "$edu: as it was before" "$bulkhead" release "$nvme" "$edu"
host_unchanged "after release"
said_by "released twice" 1 'was not bound by bulkhead bind' "$bulkhead" release "$edu"
port=$(readlink -f "/sys/bus/pci/devices/$edu/..")
said_by "all or none: a bridge among them" 1 'is a bridge' "$bulkhead" bind "$edu" "${port##*/}"
host_unchanged "after a set that was refused"

# -- reset
said_by "not while a driver has it" 1 "nvme drives it.*bulkhead bind $nvme" "$bulkhead" reset "$nvme"
check "bind" "$bulkhead" bind "$nvme"
methods=$(< "/sys/bus/pci/devices/$nvme/reset_method")
note "the kernel's methods for NVMe: $methods"
said_by "reset" 0 "$nvme: reset by ${methods%% *}, and as it was before" "$bulkhead" reset "$nvme"
same "reset_method is as it was" "$methods" "$(< "/sys/bus/pci/devices/$nvme/reset_method")"
said_by "and again" 0 "so far: ${methods%% *} 2 times, 0 failed" "$bulkhead" reset "$nvme"
check "release" "$bulkhead" release "$nvme"
host_unchanged "after resets"
host_reads_nvme "after resets"

# Every method there is brings a device back; but emulated ports lose a device whose bus is reset
# for so long that the kernel gives up, and then that is said and the device is as it was.
check "bind igb" "$bulkhead" bind "$igb"
methods=$(< "/sys/bus/pci/devices/$igb/reset_method")
for method in $methods; do
	echo "$method" > "/sys/bus/pci/devices/$igb/reset_method"
	if [ "$method" = bus ] && ! "$bulkhead" reset "$igb" > /tmp/bus.said 2>&1; then
		check "igb by bus alone: $(< /tmp/bus.said)" grep -q 'no reset brought it back as it was: bus' /tmp/bus.said
	else
		said_by "igb by $method alone" 0 "reset by $method, and" "$bulkhead" reset "$igb"
	fi
done
echo "$methods" > "/sys/bus/pci/devices/$igb/reset_method"
check "release igb" "$bulkhead" release "$igb"
host_unchanged "after igb's resets"

# Two functions behind one bridge: the kernel resets their bus for neither, VFIO for who has both.
e1000=$(address e1000) rtl=$(address rtl8139)
check "bind one of two behind a bridge" "$bulkhead" bind "$e1000"
said_by "the bus of both is not reset for one" 1 "bus: .*$rtl" "$bulkhead" reset "$e1000"
check "bind the other" "$bulkhead" bind "$rtl"
said_by "for both it is" 0 'reset by bus, and.*' "$bulkhead" reset "$e1000"
check "the other is reset along" grep -q '1 more behind the same port was reset along' "$LAB_OUT/reset.log"
check "release both" "$bulkhead" release "$e1000" "$rtl"
host_unchanged "after a reset of two"

# -- killed at every step, and recovered
stopped_or_gone() { [ ! -e "/proc/$victim" ] || grep -q '^State:.*T (stopped)\|^State:.*Z' "/proc/$victim/status"; }

# at_step STEP WORDS... — stopped there and killed; 1 if it ended before
at_step() {
	local step=$1
	shift
	BULKHEAD_STOP_AT=$step "$bulkhead" "$@" > /tmp/step.said 2>&1 < /dev/null 9>&- &
	victim=$!
	wait_until 30 stopped_or_gone
	kill -9 $victim 2> /dev/null
	wait $victim 2> /dev/null
	[ $? -eq 137 ]
}

# each_step NAME STEPS RECOVER WORDS... — RECOVER brings back what was before the command
each_step() {
	local name=$1 wanted=$2 recover=$3 step=0
	shift 3
	while step=$((step + 1)); at_step $step "$@"; do
		if ! $recover > /tmp/recover.said 2>&1; then
			fail "$name, step $step: $(tail -n 1 /tmp/recover.said)"
		elif ! wait_until 10 host_is_as_before; then
			fail "$name, step $step: $(diff "$LAB_OUT/host.before" "$LAB_OUT/host.after" | tr '\n' ';')"
		fi
		[ $step -lt 60 ] || { fail "$name: no end to the steps"; break; }
	done
	if [ $step -gt "$wanted" ]; then ok "$name: killed at each of $((step - 1)) steps"; else fail "$name: $((step - 1)) steps"; fi
}

recovered() { "$bulkhead" recover; }
# Killed when all was done it stays bound.
recovered_or_released() { "$bulkhead" recover && { [ "$(driver_of "$nvme")" = nvme ] || "$bulkhead" release "$nvme"; }; }
# Three changes of three steps each, and two to make them last.
each_step bind 11 recovered_or_released bind "$nvme"
check "the bind that nothing stopped is released" "$bulkhead" release "$nvme"
host_unchanged "after binds that were killed"
host_reads_nvme "after binds that were killed"

# A release that is killed is finished by recover; then bind again for the next step.
rebind() { "$bulkhead" recover && wait_until 10 host_is_as_before && "$bulkhead" bind "$edu"; }
released_at_each_step() {
	local step=0
	check "bind edu" "$bulkhead" bind "$edu"
	while step=$((step + 1)); at_step $step release "$edu"; do
		rebind > /tmp/recover.said 2>&1 || fail "release, step $step: $(tail -n 1 /tmp/recover.said)"
		[ $step -lt 60 ] || { fail "release: no end to the steps"; break; }
	done
	if [ $step -gt 4 ]; then ok "release: killed at each of $((step - 1)) steps"; else fail "release: $((step - 1)) steps"; fi
}
# edu has no power management, so two changes here: each is undone in two steps.
released_at_each_step
host_unchanged "after releases that were killed"

check "bind edu" "$bulkhead" bind "$edu"
host_state "$LAB_OUT/host.before"
if "$bulkhead" reset "$edu" > /tmp/step.said 2>&1; then
	each_step reset 10 recovered reset "$edu"
else
	note "edu cannot be reset here: $(< /tmp/step.said)"
fi
check "release edu" "$bulkhead" release "$edu"
