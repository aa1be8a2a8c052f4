# SPDX-License-Identifier: GPL-2.0-or-later
#: about     10,000 NVMe reads and their MSI-X interrupts without one exit to user space
#: kernel    small
#: deadline  300
#: devices   nvme igb
. tests/lab/lib.sh

reads=10000
nvme=$(address nvme)

# interrupts — how often the host took an interrupt of the assigned controller
interrupts() {
	awk -v device="($nvme)" '
		NR == 1 { cpus = NF; next }
		/vfio-msix/ && index($0, device) { for (i = 2; i < 2 + cpus; i++) n += $i }
		END { print n + 0 }' /proc/interrupts
}

# exits — "pio mmio intr ... " of all vCPUs, as bulkhead counts them
exits() { "$bulkhead" status --json exits | tr ',{}' '\n' | grep -E '"(pio|mmio|intr|halt|msr|eoi|other)"' | tr -d ' \n'; }

# kvm_exits — the same as the kernel counts them: PIO and MMIO that went to user space
kvm_exits() { cat /sys/kernel/debug/kvm/*/mmio_exits /sys/kernel/debug/kvm/*/io_exits | tr '\n' ' '; }

enough() { [ "$(interrupts)" -ge $((before + reads)) ] || guest_gone; }

host_state "$LAB_OUT/host.before"
write_profile exits "$(guest_cmdline "reads:nvme:$((reads + 4000))")" nvme
start_bulkhead exits
wait_line 60 'GUEST: reads begin' || fail "the guest does not read: $(tail -n 2 "$guest_log")"
sleep 2	# the last characters of that line have left by now
before=$(interrupts) exits_before=$(exits) kvm_before=$(kvm_exits)
check "$reads interrupts" wait_until 90 enough
exits_after=$(exits) kvm_after=$(kvm_exits)
check "the guest was still reading" kill -0 "$guest_pid"
same "the samples lie within the reads" 0 "$(grep -c 'GUEST: reads-nvme' "$guest_log")"
note "$(($(interrupts) - before)) interrupts; exits $exits_before; the kernel's count $kvm_before"
contains "exits are counted" <(echo "$exits_before") '"pio":[1-9]'
same "exits to user space, as bulkhead counts" "$exits_before" "$exits_after"
same "exits to user space, as the kernel counts" "$kvm_before" "$kvm_after"
wait_line 60 'GUEST: done'
guest_said reads "reads-nvme-$((reads + 4000))"
guest_ends reads 20
host_unchanged "afterwards"
