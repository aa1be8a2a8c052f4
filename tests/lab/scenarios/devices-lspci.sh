# SPDX-License-Identifier: GPL-2.0-or-later
#: about     bulkhead devices beside lspci -vvv and driverctl: the same devices, drivers, capabilities
#: deadline  180
#: devices   nvme-sriov igb edu e1000e vga xhci ahci conventional
. tests/lab/lib.sh

# Without udevd nobody else loads what the list should have.
modprobe vfio-pci 2>/dev/null
make_vf

compare() {
	local word rest n=0
	while read -r word rest; do
		case $word in
		ok) ok "$1: $rest" ;;
		note) note "$1: $rest" ;;
		*) fail "$1: $word $rest" ;;
		esac
		n=$((n + 1))
	done < <(python3 tests/lab/devices-lspci.py "$bulkhead" 2>&1)
	[ $n -gt 10 ] || fail "$1: the comparison did not come to its end"
}

compare "as it is"

# A device in VFIO's hands, and VFs that came
check "the DMA engine on vfio-pci" give_to_vfio "$(address edu)"
"$bulkhead" vf create "$(address igb)" 3 > "$LAB_OUT/vf.log" 2>&1 || fail "vf create: $(< "$LAB_OUT/vf.log")"
compare "after changes"

# What is watched is what happens
"$bulkhead" devices --watch > "$LAB_OUT/watch.log" 2>&1 &
watcher=$!
seen() { grep -qE -- "$1" "$LAB_OUT/watch.log"; }
wait_until 20 seen '^GROUP'
"$bulkhead" vf remove "$(address igb)" > /dev/null 2>&1 || fail "vf remove"
check "a VF that goes is seen" wait_until 20 seen 'removed 0000:'
echo "$(address edu)" > /sys/bus/pci/drivers/vfio-pci/unbind
check "a driver that lets go is seen" wait_until 20 seen "changed $(address edu) \(vfio-pci -> no driver\)"
kill -INT $watcher
wait $watcher
same "the watcher ends well" 0 $?

# The host in a file shows what the host shows
"$bulkhead" devices --json > "$LAB_OUT/devices.json"
check "snapshot" "$bulkhead" devices --snapshot "$LAB_OUT/host.snapshot"
"$bulkhead" devices --sysfs "$LAB_OUT/host.snapshot" --json > "$LAB_OUT/replayed.json"
check "a replayed snapshot shows the same" cmp "$LAB_OUT/devices.json" "$LAB_OUT/replayed.json"
check "no MAC address is in it" bash -c "! grep -E '52:54:00|BULKHEAD-NVME' '$LAB_OUT/host.snapshot'"
"$bulkhead" host > "$LAB_OUT/host.log" 2>&1
same "bulkhead host" 0 $?
contains "it knows the IOMMU" "$LAB_OUT/host.log" 'VT-d unit'
contains "and that interrupts are remapped" "$LAB_OUT/host.log" 'interrupt remapping *on'
