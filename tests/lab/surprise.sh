# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Assigned devices are pulled out of a running host: what surprise-*.sh share. After `. tests/lab/lib.sh`.

# Of what left the host nothing is to be seen there.
has_left() { [ ! -e "/sys/bus/pci/devices/$1" ]; }

# pull DEVICE ADDRESS DRIVER NAME — pull the device out of the emulated host and see it leave host and guest.
# The slot's button comes first: the host's driver gives people five seconds to change their mind.
pull() {
	local name=$4
	check "$1 is unplugged" ask unplug "$1"
	if wait_line 40 "$2: detached"; then
		ok "$1: $(grep -E "$2: (the host takes|detached)" "$guest_log" | tr '\r\n' ' ')"
	else
		fail "$1: not detached: $(tail -n 3 "$guest_log")"
	fi
	check "$1: $2 has left the host" wait_until 20 has_left "$2"
	wait_line 30 "GUEST: gone-$3" || true
	guest_said "$name" "gone-$3-60"
}

# surprise_run NAME IOMMU-KIND
surprise_run() {
	check "a virtual function" make_vf
	local e1000e vf pf nvme nvme_driver tasks
	e1000e=$(address e1000e) vf=$(address vf) pf=$(address igb) nvme=$(address nvme)
	nvme_driver=$(driver_of "$nvme")

	tasks=disk:nvme,net:e1000e:10.0.2.15:10.0.2.2,net:igbvf:10.7.0.2:10.7.0.1,gone:e1000e:60
	tasks+=,net:igbvf:10.7.0.2:10.7.0.1,gone:igbvf:60,glance:nvme,reads:nvme:50,msix:nvme:100
	write_profile "$1" "$(guest_cmdline "$tasks")" nvme vf e1000e

	start_bulkhead "$1" --iommu "$2"
	if wait_line 90 'GUEST: waiting for e1000e to go'; then
		guest_said "$1" disk-nvme net-e1000e-10.0.2.15-10.0.2.2
		pull e1000e "$e1000e" e1000e "$1"
		"$bulkhead" status "$1" > "$LAB_OUT/status.txt" 2>&1
		contains "the back end is $2" "$LAB_OUT/status.txt" "DMA: $2"
		contains "status says so" "$LAB_OUT/status.txt" "$e1000e was .*: gone"
		contains "and of the others that they are there" "$LAB_OUT/status.txt" "$nvme as .*MSI-X"
	else
		fail "the guest does not wait for e1000e to go: $(tail -n 3 "$guest_log")"
	fi

	if wait_line 60 'GUEST: waiting for igbvf to go'; then
		pull igb "$vf" igbvf "$1"
		check "the PF has left the host" wait_until 20 has_left "$pf"
	else
		fail "the guest does not wait for igbvf to go: $(tail -n 3 "$guest_log")"
	fi

	wait_line 60 'GUEST: done'
	COUNT=2 guest_said "$1" net-igbvf-10.7.0.2-10.7.0.1
	guest_said "$1" glance-nvme reads-nvme-50 msix-nvme-100
	guest_ends "$1" 30
	same "the NVMe controller is back" "$nvme_driver" "$(driver_of "$nvme")"
	host_reads_nvme "afterwards"
	same "nothing is left to recover" "" "$(ls -d /run/bulkhead/*/ 2>/dev/null)"
	what_changed "$1" "$2" "$e1000e"
}

# what_changed NAME IOMMU-KIND ADDRESS — that start was recorded: one without the device says what is
# missing, and so does a report
what_changed() {
	"$bulkhead" run "$LAB_OUT/$1.cfg" --iommu "$2" <&7 > "$LAB_OUT/again.txt" 2>&1
	same "without its devices it does not start again" 1 $?
	contains "it says since when" "$LAB_OUT/again.txt" '^changed since the last good start \(20'
	contains "and what is missing" "$LAB_OUT/again.txt" "device $3: is not there; was 8086:10d3"
	check "a report is written" "$bulkhead" report "$LAB_OUT/$1.cfg" --iommu "$2" \
		--output "$LAB_OUT/report.tar"
	tar xOf "$LAB_OUT/report.tar" "bulkhead-report-$1/differences" > "$LAB_OUT/differences.txt"
	contains "it has the difference too" "$LAB_OUT/differences.txt" "device $3: is not there"
	tar xOf "$LAB_OUT/report.tar" "bulkhead-report-$1/kernel.log" > "$LAB_OUT/kernel.txt"
	contains "and the kernel's messages" "$LAB_OUT/kernel.txt" "vfio-pci $3"
	same "no MAC is in it" "" "$(tar xOf "$LAB_OUT/report.tar" | grep -aoE '52:54:00:0b:0[0-9:a-f]+' | head -n 1)"
}
