# SPDX-License-Identifier: GPL-2.0-or-later
#: about     option ROMs of real functions: listed, checked and dumped, asleep, on vfio-pci and driven
#: kernel    small
#: deadline  240
#: devices   e1000e igb edu
. tests/lab/lib.sh

nic=$(address e1000e) igb=$(address igb) edu=$(address edu)
dump=$LAB_OUT/e1000e.rom
host_state "$LAB_OUT/host.before"

# says NAME STATUS PATTERN COMMAND...
says() {
	local name=$1 wanted=$2 pattern=$3 said status
	shift 3
	said=$("$@" 2>&1 < /dev/null)
	status=$?
	printf '== %s (%d)\n%s\n' "$name" $status "$said" >> "$LAB_OUT/rom.log"
	if [ $status -ne "$wanted" ]; then
		fail "$name: exit status $status, not $wanted: $said"
	elif ! grep -qE -- "$pattern" <<< "$said"; then
		fail "$name: no /$pattern/ in: $said"
	else
		ok "$name"
	fi
}
command_of() { od -An -tx2 -j4 -N2 "/sys/bus/pci/devices/$1/config"; }
set_command() { printf "$2" | dd of="/sys/bus/pci/devices/$1/config" bs=1 seek=4 conv=notrunc 2> /dev/null; }

says "a driven adapter: list" 0 '8086:10d3  UEFI, x86-64' "$bulkhead" rom "$nic" list
says "check" 0 'good: the images are whole' "$bulkhead" rom "$nic" check
host_unchanged "after a driven adapter"

# Without a driver and without memory decoding, as firmware leaves what it does not need.
echo "$nic" > "/sys/bus/pci/devices/$nic/driver/unbind"
set_command "$nic" '\0\0'
before=$(command_of "$nic")
says "decoding off: dump" 0 'good:' "$bulkhead" rom "$nic" dump "$dump"
same "the command register is as it was" "$before" "$(command_of "$nic")"
says "the dump is the device's" 0 'good:' "$bulkhead" rom "$nic" check "$dump"
says "the dump as a file" 0 'UEFI driver for x86-64' "$bulkhead" rom "$dump" list
says "a file is not written over" 1 'File exists' "$bulkhead" rom "$nic" dump "$dump"
says "JSON" 0 '"good": true' "$bulkhead" rom "$dump" check --json

# Killed while all is turned on: a recovery puts it back.
BULKHEAD_STOP_AT="made rom-shown $nic" "$bulkhead" rom "$nic" check > /dev/null 2>&1 &
pid=$!
check "it stops where it is told to" wait_until 10 grep -q '^State:.*T' /proc/$pid/status
kill -9 $pid
wait $pid 2> /dev/null
says "a killed one is said" 1 'bulkhead recover' "$bulkhead" rom "$nic" check
says "recovered" 0 '' "$bulkhead" recover
same "the command register is as it was again" "$before" "$(command_of "$nic")"

says "on vfio-pci" 0 'is now on vfio-pci' "$bulkhead" bind "$nic"
says "on vfio-pci: check" 0 'good:' "$bulkhead" rom "$nic" check
says "released" 0 'as it was before' "$bulkhead" release "$nic"
echo "$nic" > /sys/bus/pci/drivers_probe

says "no ROM" 1 'has no option ROM' "$bulkhead" rom "$edu" list
says "another's ROM" 1 'it is for 8086:10d3, the device is 1234:11e8' "$bulkhead" rom "$edu" check "$dump"

# What the tool finds, the plan refuses or warns of.
head -c 60000 "$dump" > "$LAB_OUT/short.rom"
says "cut off" 1 'cut off' "$bulkhead" rom "$LAB_OUT/short.rom" check
write_profile guest "$(guest_cmdline pause:1)" "$igb"
says "a profile with a ROM that is cut off" 1 'cut off' \
	"$bulkhead" check "$LAB_OUT/guest.cfg" --set "devices[0].rom=$LAB_OUT/short.rom"
says "a profile with a ROM of a sister" 0 'it is for 8086:10d3, the device is 8086:10c9' \
	"$bulkhead" check "$LAB_OUT/guest.cfg" --set "devices[0].rom=$dump"
host_unchanged "afterwards"
