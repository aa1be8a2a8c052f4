# SPDX-License-Identifier: GPL-2.0-or-later
#: about     who uses a device is named before it is taken; a driver that does not let go is reported
#: deadline  400
#: devices   nvme e1000e edu
. tests/lab/lib.sh

nvme=$(address nvme) nic=$(address e1000e) edu=$(address edu)
dev=$(ls "/sys/bus/pci/devices/$nic/net")
modprobe -a vfio-pci vfio_iommu_type1 2> /dev/null
for name in nvme e1000e; do
	write_profile "$name" "$(guest_cmdline key:116:60)" "$name"
done
host_state "$LAB_OUT/host.before"

# refused_all NAME PATTERN DEVICE PROFILE — by bind and by run
refused_all() {
	refused "$1: bind" "$2" "$bulkhead" bind "$3"
	refused "$1: run" "$2" "$bulkhead" run "$LAB_OUT/$4.cfg"
}

# The small kernel shows no stacks, so this needs Debian's own.
# -- a disk with a mounted file system
mkdir -p /tmp/mounted
mount -o ro /dev/nvme0n1p1 /tmp/mounted
host_state "$LAB_OUT/host.before"
refused_all "a mounted disk" "$nvme.*/dev/nvme0n1p1 on /tmp/mounted" "$nvme" nvme
umount /tmp/mounted
host_state "$LAB_OUT/host.before"

# -- a node that a process has open, or mapped only
exec 6< /dev/nvme0n1
refused_all "an open disk" "$nvme.*bash \(pid $$\) has it open \(/dev/nvme0n1\)" "$nvme" nvme
exec 6<&-
exec 6< /dev/nvme0
refused_all "an open controller" "bash \(pid $$\) has it open \(/dev/nvme0\)" "$nvme" nvme
exec 6<&-

python3 - "/sys/bus/pci/devices/$edu/resource0" > /tmp/mapped 2>&1 <<- 'PYTHON' &
	import mmap, os, sys, time
	fd = os.open(sys.argv[1], os.O_RDWR | os.O_SYNC)
	held = mmap.mmap(fd, 4096)
	os.close(fd)
	print("mapped", flush=True)
	time.sleep(600)
PYTHON
mapper=$!
check "a BAR is mapped" wait_until 30 grep -q mapped /tmp/mapped
refused "a mapped BAR" "$edu.*python3 \(pid $mapper\) has it (mapped|open) \(resource0\)" "$bulkhead" bind "$edu"
kill $mapper
wait $mapper 2> /dev/null

# -- a volume on the disk
if dmsetup create lab-held --table "0 8 linear /dev/nvme0n1p1 0" 2> /dev/null; then
	host_state "$LAB_OUT/host.before"
	refused "a disk under a device mapper volume" 'nvme0n1p1 is part of .*lab-held' "$bulkhead" bind "$nvme"
	dmsetup remove lab-held
	host_state "$LAB_OUT/host.before"
else
	note "no device mapper here: volumes are left to the unit tests"
fi

# -- an interface with an address and the default route
ip addr add 10.0.2.15/24 dev "$dev"
ip link set "$dev" up
ip route add default via 10.0.2.2 dev "$dev"
nap 2
host_state "$LAB_OUT/host.before"
refused_all "an interface with an address" "$nic.*its interface $dev has the address 10.0.2.15" "$nic" e1000e
refused_all "an interface with the default route" "$nic.*default route through $dev" "$nic" e1000e
ip route del default
ip addr flush dev "$dev"
ip link set "$dev" down
host_state "$LAB_OUT/host.before"

# -- with --force all the same, and back
exec 6< /dev/nvme0
check "an open device by force" "$bulkhead" bind --force "$nvme"
same "it is on vfio-pci" vfio-pci "$(driver_of "$nvme")"
exec 6<&-
check "and back" "$bulkhead" release "$nvme"
host_unchanged "after bind and release"
host_reads_nvme "after bind and release"

# -- a driver that does not let go: vfio-pci waits for whoever has the device open, here for ever
check "edu on vfio-pci" "$bulkhead" bind "$edu"
group=$(basename "$(readlink "/sys/bus/pci/devices/$edu/iommu_group")")
python3 - "$group" "$edu" > /tmp/holder 2>&1 <<- 'PYTHON' &
	import fcntl, os, signal, struct, sys
	container = os.open("/dev/vfio/vfio", os.O_RDWR)
	group = os.open("/dev/vfio/" + sys.argv[1], os.O_RDWR)
	fcntl.ioctl(group, 0x3b68, struct.pack("i", container)) # VFIO_GROUP_SET_CONTAINER
	fcntl.ioctl(container, 0x3b66, 1) # VFIO_SET_IOMMU, type 1
	device = fcntl.ioctl(group, 0x3b6a, sys.argv[2].encode() + b"\0") # VFIO_GROUP_GET_DEVICE_FD
	print("open", flush=True)
	os.kill(os.getpid(), signal.SIGSTOP)
PYTHON
holder=$!
check "a process has the device open" wait_until 30 grep -q open /tmp/holder
stopped() { grep -q '^State:.*T (stopped)' "/proc/$holder/status"; }
check "and is stopped" wait_until 10 stopped

said=$("$bulkhead" release "$edu" 2>&1)
same "release: exit status" 1 $?
check "release names the process" grep -qE "python3 \(pid $holder\) has it open \(/dev/vfio/$group\)" <<< "$said"
same "it is still on vfio-pci" vfio-pci "$(driver_of "$edu")"

begin=$SECONDS
said=$("$bulkhead" release --force --timeout 4 "$edu" 2>&1)
status=$?
took=$((SECONDS - begin))
echo "$said" >> "$LAB_OUT/held.log"
same "by force: exit status" 1 $status
if [ $took -ge 4 ] && [ $took -le 15 ]; then ok "it came back after $took s of 4"; else fail "it took $took s"; fi
check "it says which driver hangs" grep -q "$edu: unbinding it from vfio-pci: no answer from the kernel after 4.0 s" <<< "$said"
check "with the kernel's stack: $said" grep -qE 'vfio_unregister_group_dev|vfio_pci_core_unregister_device' <<< "$said"

begin=$SECONDS
said=$("$bulkhead" release --force --timeout 2 "$edu" 2>&1)
same "again, while it hangs: exit status" 1 $?
if [ $((SECONDS - begin)) -le 12 ]; then ok "and that came back as well"; else fail "that took long"; fi

kill -KILL $holder
wait $holder 2> /dev/null
let_go() { "$bulkhead" release --timeout 20 "$edu" > /tmp/let_go 2>&1; }
check "once the process is gone it is released" wait_until 30 let_go
host_unchanged "at last"
