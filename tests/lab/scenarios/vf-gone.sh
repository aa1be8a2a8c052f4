# SPDX-License-Identifier: GPL-2.0-or-later
#: about     the VFs that a run made are taken away under it, then the whole PF; the guest hears, the host is cleaned up
#: deadline  240
#: kernel    small
#: devices   igb
#: qemu      -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
. tests/lab/lib.sh
. tests/lab/surprise.sh

pf=$(address igb)
dir=/sys/bus/pci/devices/$pf
dev=$(ls "$dir/net")
ip link set "$dev" up
ip addr add 10.7.0.1/24 dev "$dev"
has_link() { [ "$(cat "/sys/class/net/$dev/carrier" 2> /dev/null)" = 1 ]; }
check "$dev has link" wait_until 20 has_link
host_state "$LAB_OUT/host.before"

# profile ENTRY — a guest that goes on when its VF has gone
profile() {
	printf 'name = "gone";\nmemory = "256M";\nboot = { kernel = "%s"; initrd = "%s"; cmdline = "%s"; };\ndevices = ( %s );\n' \
		"$LAB_SMALL_KERNEL" "$LAB_SMALL_INITRD" \
		"$(guest_cmdline net:igbvf:10.7.0.2:10.7.0.1,gone:igbvf:60)" "$1" > "$LAB_OUT/gone.cfg"
}

# begin NAME — the guest has its VF; `vf` is its address
begin() {
	start_bulkhead gone
	wait_line 90 'GUEST: waiting for igbvf to go' || fail "$1: $(tail -n 3 "$guest_log")"
	guest_said "$1" net-igbvf-10.7.0.2-10.7.0.1
	vf=$(basename "$(readlink "$dir/virtfn1")")
}

profile "{ vf = \"$dev\"; index = 1; mac = \"52:54:00:0b:09:01\"; }"
begin "VFs removed"
echo 0 > "$dir/sriov_numvfs"
if wait_line 30 "$vf: detached"; then
	ok "VFs removed: $(grep -E "$vf: (the host|detached)" "$guest_log" | tr '\r\n' ' ')"
else
	fail "VFs removed: not detached: $(tail -n 3 "$guest_log")"
fi
guest_ends "VFs removed" 40
guest_said "VFs removed" gone-igbvf-60
contains "VFs removed: the run says what it does not give back" "$guest_log" "VF 1 of $pf has gone: there is nothing to give back"
host_unchanged "VFs removed"

begin "PF unplugged"
pull igb "$vf" igbvf "PF unplugged"
check "PF unplugged: it has left the host" wait_until 20 has_left "$pf"
guest_ends "PF unplugged" 40
contains "PF unplugged: the run says what it does not give back" "$guest_log" "VF 1 of $pf has gone( with it)?: there is nothing to give back"
same "nothing is left to recover" "" "$(ls -d /run/bulkhead/*/ 2> /dev/null)"
