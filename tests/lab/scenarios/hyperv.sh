# SPDX-License-Identifier: GPL-2.0-or-later
#: about     a Linux guest on the Hyper-V interface: reference TSC page, synthetic timers, reboot
#: deadline  300
#: devices   nvme
. tests/lab/lib.sh

# tools NAME TASKS END LINE... — a guest with the tools, one device and further lines of profile
tools() {
	local name=$1 tasks=$2 end=$3
	shift 3
	write_profile "$name" "$(guest_cmdline "$tasks" "$end")" nvme
	sed -i "s|initrd = .*|initrd = \"$LAB_TOOLS_INITRD\";|" "$LAB_OUT/$name.cfg"
	printf '%s\n' "$@" >> "$LAB_OUT/$name.cfg"
	check "$name: the plan" "$bulkhead" check "$LAB_OUT/$name.cfg"
	"$bulkhead" check "$LAB_OUT/$name.cfg" > "$LAB_OUT/$name.plan" 2>&1
	start_bulkhead "$name"
}

all=nomsr:4b564d01,nomsr:40000003,detectvirt,lscpu,clock:hyperv_clocksource_tsc_page,hyperv,stimer,cpuid:40000000,cpuid:40000003
tools windows "$all,msix:nvme,boots:nvme:2" poweroff 'hypervisor = "hyperv";'
contains "windows: the plan names what is on" "$LAB_OUT/windows.plan" 'Hyper-V \("Microsoft Hv"\): relaxed'
wait_line 90 'GUEST: done' 2 || fail "windows: $(tail -n 2 "$guest_log")"
# Twice: at the reboot its pages are taken from KVM, and the next life gives it new ones.
# Registers of what is not in the preset (KVM's clock, the reset) fault.
COUNT=2 guest_said windows nomsr-4b564d01 nomsr-40000003 detectvirt clock-hyperv_clocksource_tsc_page hyperv stimer msix-nvme
contains "windows: systemd-detect-virt" "$guest_log" 'GUEST: detectvirt ok microsoft'
contains "windows: the vendor is Microsoft's" "$guest_log" "cpuid-40000000 ok 40000005 .*'Microsoft Hv'"
guest_ends windows 20

tools gpu "cpuid:40000000,cpuid:40000004" poweroff 'hypervisor = "hyperv";' \
	'hyperv = { preset = "windows-gpu"; vapic = false; };' 'identity = { hv_vendor_id = "0123456789ab"; };'
wait_line 60 'GUEST: done'
contains "gpu: the vendor is the profile's" "$guest_log" "cpuid-40000000 ok 40000005 .*'0123456789ab'"
contains "gpu: no spinning, no automatic end of interrupt" "$guest_log" 'cpuid-40000004 ok 00000e24 ffffffff'
guest_ends gpu 20

# Both: KVM's leaves stand beside, and Linux prefers them.
tools both "cpuid:40000000,cpuid:40000100,clocks" poweroff 'hyperv = { preset = "windows"; };'
wait_line 60 'GUEST: done'
contains "both: Hyper-V's leaves" "$guest_log" "cpuid-40000000 ok .*'Microsoft Hv'"
contains "both: KVM's leaves" "$guest_log" "cpuid-40000100 ok 40000101 .*'KVMKVMKVM'"
contains "both: Linux takes KVM's clock" "$guest_log" 'GUEST: clocks ok kvm-clock'
guest_ends both 20

# One by one: a crash is reported with its parameters and the guest goes on; then a register resets it.
crash=msr:40000100:7e,msr:40000104:c0ffee,msr:40000105:8000000000000000
tools single "$crash,msr:40000003:1" poweroff 'reboot = "stop";' 'hypervisor = "hyperv";' \
	'hyperv = { preset = "off"; vpindex = true; crash = true; reset = true; };'
wait_until 60 guest_gone
contains "single: the crash is in the log" "$guest_log" 'reports that it has crashed: 0x7e 0x0 0x0 0x0 0xc0ffee'
contains "single: the guest went on" "$guest_log" 'GUEST: msr-40000105.* ok'
guest_ends single 10
