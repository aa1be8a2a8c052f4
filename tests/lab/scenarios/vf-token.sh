# SPDX-License-Identifier: GPL-2.0-or-later
#: about     a PF on vfio-pci in one guest, its VF in another: with the token they share, and not without it
#: kernel    small
#: deadline  200
#: devices   igb
#: memory    4G
#: cmdline   vfio-pci.enable_sriov=1
. tests/lab/lib.sh

token=14d63f20-8445-11ea-8900-1f9ce7d5650d
other=24d63f20-8445-11ea-8900-1f9ce7d5650d
pf=$(address igb)
dir=/sys/bus/pci/devices/$pf

# profile NAME END ENTRY — a small guest with one device
profile() {
	printf 'name = "%s";\nmemory = "256M";\nstop_timeout = 1;\nboot = { kernel = "%s"; initrd = "%s"; cmdline = "%s"; };\ndevices = ( %s );\n' \
		"$1" "$LAB_SMALL_KERNEL" "$LAB_SMALL_INITRD" "$(guest_cmdline "functions" "$2")" "$3" > "$LAB_OUT/$1.cfg"
}

check "the PF is given to vfio-pci by hand" give_to_vfio "$pf"
echo 0 > "$dir/sriov_drivers_autoprobe"
echo 2 > "$dir/sriov_numvfs"
same "vfio-pci makes VFs" 2 "$(< "$dir/sriov_numvfs")"
host_state "$LAB_OUT/host.before"

profile pf stay "{ pci = \"$pf\"; vf_token = \"$token\"; }"
start_bulkhead pf
wait_line 60 'GUEST: done' || fail "pf: $(tail -n 3 "$guest_log")"
pf_pid=$guest_pid

profile vf poweroff "{ vf = \"$pf\"; index = 1; }"
"$bulkhead" check "$LAB_OUT/vf.cfg" > "$LAB_OUT/check.log" 2>&1
contains "without a token it is refused" "$LAB_OUT/check.log" "on vfio-pci itself: give the token"
profile vf poweroff "{ vf = \"$pf\"; index = 1; vf_token = \"$other\"; }"
start_bulkhead vf
guest_ends "a wrong token" 30 1
contains "it is named" "$guest_log" 'vf_token is not the one'
profile vf poweroff "{ vf = \"$pf\"; index = 1; vf_token = \"$token\"; }"
start_bulkhead vf
wait_line 60 'GUEST: done' || fail "vf: $(tail -n 3 "$guest_log")"
contains "the guest has the VF" "$guest_log" 'functions ok .*0x8086:0x10ca'
guest_ends "the right token" 30
check "stop the PF's guest" "$bulkhead" stop pf
guest_pid=$pf_pid
guest_ends "the PF's guest" 30 1
host_unchanged "afterwards"
