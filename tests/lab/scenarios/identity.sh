# SPDX-License-Identifier: GPL-2.0-or-later
#: about     Debian's tools name KVM, Hyper-V by a vendor of its own, or no hypervisor at all, as the profile says
#: kernel    small
#: deadline  300
#: devices   edu
. tests/lab/lib.sh

# What the guest's tools answered to a check: the rest of its line.
answer() { sed -n "s/^GUEST: $1 [a-zA-Z]* //p" "$guest_log" | sed 's/[ \r]*$//; q'; }

# guest NAME LINE... — a guest with the tools, one device and further lines of profile, to its end
guest() {
	local name=$1
	shift
	write_profile "$name" "$(guest_cmdline detectvirt,virtwhat,lscpu,names,cpuid:40000000,clocks${more:-})" edu
	sed -i "s|initrd = .*|initrd = \"$LAB_TOOLS_INITRD\";|" "$LAB_OUT/$name.cfg"
	printf '%s\n' "$@" >> "$LAB_OUT/$name.cfg"
	"$bulkhead" check "$LAB_OUT/$name.cfg" > "$LAB_OUT/$name.plan" 2>&1
	start_bulkhead "$name"
	wait_line 100 'GUEST: done' || fail "$name: $(tail -n 2 "$guest_log")"
	guest_ends "$name" 20
}

# What is not shown faults: KVM's clock and steal time, Hyper-V's identity and page; another register
# that KVM does not know reads as 0.
more=,nomsr:4b564d01,nomsr:4b564d03,nomsr:40000000,nomsr:40000021,nomsr:400001f0
guest none 'hypervisor = "none";'
guest_said none nomsr-4b564d01 nomsr-4b564d03 nomsr-40000000 nomsr-40000021 nomsr-400001f0
more=
contains "none: the plan says so" "$LAB_OUT/none.plan" 'hypervisor +none'
same "none: systemd-detect-virt" "none" "$(answer detectvirt)"
same "none: virt-what" "[]" "$(answer virtwhat)"
same "none: lscpu names no hypervisor" "" "$(answer lscpu)"
# What is assigned keeps its own identifiers; edu has none of the names looked for.
same "none: no name in DMI, ACPI and PCI ids" "Generic Generic PC" "$(answer names)"
same "none: no leaf 0x40000000" "00000000 00000000 00000000 00000000 ''" "$(answer cpuid-40000000)"
contains "none: no clock of a hypervisor's" "$guest_log" 'GUEST: clocks ok .*(tsc|acpi_pm)'
check "none: kvm-clock is not there" sh -c "! grep -q 'GUEST: clocks.*kvm' '$guest_log'"

guest kvm
same "kvm: systemd-detect-virt" "kvm" "$(answer detectvirt)"
contains "kvm: virt-what" "$guest_log" 'GUEST: virtwhat ok \[kvm'
contains "kvm: lscpu" "$guest_log" 'GUEST: lscpu ok .*Hypervisor vendor: +KVM'
contains "kvm: its clock is used" "$guest_log" 'GUEST: clocks ok kvm-clock '
contains "kvm: the machine says who made it" "$guest_log" 'GUEST: names ok .*Bulkhead'

# This host's KVM is built without Hyper-V: a refusal with the remedy, before anything is changed.
host_state "$LAB_OUT/host.before"
refused "hyperv without KVM's" 'CONFIG_KVM_HYPERV' "$bulkhead" run "$LAB_OUT/kvm.cfg" --set hypervisor=hyperv

guest named 'hypervisor = "none";' 'identity = { acpi_oem = "ACME"; acpi_oem_table = "ACMEPC";' \
	'smbios = { manufacturer = "Acme Ltd"; product = "Anvil"; serial = "4711"; }; };'
contains "named: DMI" "$guest_log" 'GUEST: names ok .*Acme Ltd Anvil'
same "named: systemd-detect-virt" "none" "$(answer detectvirt)"
