# SPDX-License-Identifier: GPL-2.0-or-later
#: about     ten boots of one guest with seven devices: all work each time, and nothing piles up
#: kernel    small
#: deadline  600
#: devices   seven
. tests/lab/lib.sh
. tests/lab/seven.sh

boots=10
tasks=glance:nvme,glance:sata,glance:usb,net:igbvf:10.7.0.2:10.7.0.1,net:e1000e:10.0.2.15:10.0.2.2
tasks+=,msix:nvme,msix:xhci_hcd,msi:ahci,edu,uio:1,draw,boots:nvme:$boots,pause:2
each=(glance-nvme glance-sata glance-usb net-igbvf-10.7.0.2-10.7.0.1 net-e1000e-10.0.2.15-10.0.2.2
	msix-nvme msix-xhci_hcd msi-ahci edu uio-1 draw "boots-nvme-$boots")

# holdings FILE — what the process has: descriptors by kind, memory mappings, DMA mappings
holdings() {
	{
		find "/proc/$guest_pid/fd" -type l -printf '%l\n' | sed 's/[0-9]\+//g' | sort | uniq -c
		echo "memory mappings: $(wc -l < "/proc/$guest_pid/maps")"
		"$bulkhead" status --json ten | grep -o '"live": *[0-9]*'
	} > "$1" 2>&1
}

check "a virtual function" make_vf
host_state "$LAB_OUT/host.before"
write_profile ten "$(guest_cmdline "$tasks")" "${seven[@]}"
start_bulkhead ten
for boot in $(seq $boots); do
	if wait_line 60 "GUEST: boots-nvme-$boots ok boot $boot of" ; then
		holdings "$LAB_OUT/holdings.$boot"
	else
		fail "boot $boot: $(tail -n 2 "$guest_log")"
		break
	fi
done
wait_line 30 'GUEST: done' $boots
COUNT=$boots guest_said "ten boots" "${each[@]}"
guest_ends "ten boots" 30

check "the first boot's holdings are known" grep -q anon_inode "$LAB_OUT/holdings.1"
if diff "$LAB_OUT/holdings.1" "$LAB_OUT/holdings.$boots" > "$LAB_OUT/holdings.diff" 2>&1; then
	ok "after ten boots it holds what it held after one"
else
	fail "after ten boots it holds more: $(tr '\n' ';' < "$LAB_OUT/holdings.diff")"
fi
host_unchanged "after ten boots"
host_reads_nvme "after ten boots"
