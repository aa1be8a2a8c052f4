# SPDX-License-Identifier: GPL-2.0-or-later
#: about     whatever speaks against a run is refused with its own message, and nothing is changed
#: kernel    small
#: deadline  400
#: devices   nvme edu
. tests/lab/lib.sh

nvme=$(address nvme) edu=$(address edu)
write_profile good "$(guest_cmdline key:116:60)" edu
good=$LAB_OUT/good.cfg
host_state "$LAB_OUT/host.before"

run_with() { "$bulkhead" run "$good" --set "$@"; }

# profile_with LINE — the good profile with one more line at its end
profile_with() {
	{ cat "$good"; echo "$1"; } > "$LAB_OUT/bad.cfg"
	"$bulkhead" run "$LAB_OUT/bad.cfg"
}
last=$(($(wc -l < "$good") + 1))

# The profile
refused "unknown key" "bad.cfg:$last: memroy: .*memory" profile_with 'memroy = "1G";'
refused "unknown key inside" 'good.cfg.*|devices\[0\]\.gruop: .*group' run_with 'devices[0].gruop=take'
refused "wrong type" "bad.cfg:$last: stop_timeout: .*number" profile_with 'stop_timeout = "soon";'
refused "out of range" "bad.cfg:$last: stop_timeout: .*3600" profile_with 'stop_timeout = 4000;'
refused "out of range on the command line" 'vcpus.*64' run_with vcpus=65
refused "not a profile" 'passwd:1:' "$bulkhead" run /etc/passwd
refused "no such profile" 'nowhere.cfg.*(No such file|not exist)' "$bulkhead" run "$LAB_OUT/nowhere.cfg"
refused "a folder as profile" "$LAB_OUT.*(directory|file)" "$bulkhead" run "$LAB_OUT"

# What it boots
head -c 300 "$LAB_STOCK_KERNEL" > /tmp/short
head -c 1000000 "$LAB_STOCK_KERNEL" > /tmp/cut
truncate -s 3G /tmp/huge
refused "kernel not there" '/tmp/nothing.*(No such file|not exist)' run_with boot.kernel=/tmp/nothing
refused "kernel is no bzImage" 'initrd.*bzImage' run_with "boot.kernel=$LAB_STOCK_INITRD"
refused "kernel cut in its header" '/tmp/short' run_with boot.kernel=/tmp/short
refused "kernel cut in its body" '/tmp/cut.*(truncated|short|bytes)' run_with boot.kernel=/tmp/cut
refused "initrd too large" 'initrd.*3072 MiB.*not fit' run_with boot.initrd=/tmp/huge
refused "initrd is a folder" '/tmp' run_with boot.initrd=/tmp

# Devices
refused "unknown device" '0000:77:00.0' run_with 'devices[0].pci=0000:77:00.0'
refused "unknown identifier" 'dead:beef' run_with 'devices[0].pci=dead:beef'
refused "identifier of several" '1b36:000c' run_with 'devices[0].pci=1b36:000c'
port=$(readlink -f "/sys/bus/pci/devices/$edu/..")
refused "a bridge" "${port##*/}.*(bridge|port)" run_with "devices[0].pci=${port##*/}"
refused "the same twice" "$edu" run_with "devices[+].pci=$edu"

mkdir -p /tmp/mounted
mount -o ro /dev/nvme0n1p1 /tmp/mounted
host_state "$LAB_OUT/host.before"
refused "a mounted disk" '/tmp/mounted' run_with "devices[+].pci=$nvme"
umount /tmp/mounted
host_state "$LAB_OUT/host.before"

# Memory
refused "memory larger than the host's" '1T|memory' run_with memory=1T
refused "memlock too small" 'memlock.*|locked' setpriv --bounding-set=-ipc_lock,-sys_resource \
	bash -c "ulimit -l 65536; exec '$bulkhead' run '$good'"

# KVM
mv /dev/kvm /dev/kvm.away
refused "no /dev/kvm" '/dev/kvm' "$bulkhead" run "$good"
ln -s null /dev/kvm
refused "a /dev/kvm that is not KVM" '/dev/kvm|KVM' "$bulkhead" run "$good"
rm /dev/kvm
mv /dev/kvm.away /dev/kvm

# All reasons at once
said=$("$bulkhead" check "$good" --set memory=1T --set 'devices[0].pci=0000:77:00.0' 2>&1)
check "two reasons are both given" grep -q 0000:77:00.0 <<< "$said"
check "and the other one" grep -qi memory <<< "$said"

# Held by another run
start_bulkhead good
wait_line 60 'GUEST: waiting for key 116' || fail "no guest: $(tail -n 2 "$guest_log")"
host_state "$LAB_OUT/host.before"
refused "held by another profile" "$edu.*good" run_with name=other
refused "the profile runs already" 'good.*running' "$bulkhead" run "$good"
kill -TERM "$guest_pid"
guest_ends "the other run" 30
