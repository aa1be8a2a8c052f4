# SPDX-License-Identifier: GPL-2.0-or-later
#: about     fwts (FWTS=PATH) finds nothing wrong with a guest's firmware that it does not find with QEMU's
#: kernel    small
#: group     bench
#: deadline  600
#: memory    4G
. tests/lab/lib.sh

# The firmware test suite is in no Debian release, so this is no part of `make check`: docs/lab.md.
if ! libraries=$(ldd "$FWTS" 2>&1); then
	fail "FWTS is to be the path of a built fwts, with its libraries: $libraries"
	exit
fi
tree=/tmp/fwts
for file in $(grep -o '/[^ )]*' <<< "$libraries"); do
	mkdir -p "$tree${file%/*}"
	cp -L "$file" "$tree$file"
done
mkdir -p $tree/usr/bin
cp "$FWTS" $tree/usr/bin/fwts
(cd $tree && find . | cpio -o -H newc --quiet) > /tmp/fwts.cpio
cat "$LAB_STOCK_MIN_INITRD" /tmp/fwts.cpio > /tmp/initrd

# findings NAME — what the guest's fwts called wrong, from its console to LAB_OUT/NAME.findings
findings() {
	guest_said "$1" fwts
	guest_ends "$1" 30
	sed -n 's/^GUEST: fwts-finding \([A-Za-z0-9_]*\).*/\1/p' "$guest_log" | sort > "$LAB_OUT/$1.findings"
	note "$1: $(tr '\n' ' ' < "$LAB_OUT/$1.findings")"
}

write_profile bulkhead "$(guest_cmdline fwts)"
echo 'firmware = { type = "uefi"; };' >> "$LAB_OUT/bulkhead.cfg"
start_bulkhead bulkhead --set boot.initrd=/tmp/initrd
wait_line 200 'GUEST: done'
findings bulkhead

# A new variable store costs QEMU's guest a minute of writes; bulkhead's is one by now.
cp /var/lib/bulkhead/bulkhead/vars.fd /run/lab.private/vars.fd
qemu_guest "$LAB_STOCK_KERNEL" /tmp/initrd "$(guest_cmdline fwts)" -m 1G -machine smm=off \
	-drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
	-drive if=pflash,format=raw,unit=1,file=/run/lab.private/vars.fd
start_guest qemu "${qemu_command[@]}"
wait_line 250 'GUEST: done'
findings qemu

# only_ours — of the findings on standard input, those that QEMU's guest does not have, each as often
only_ours() { sort | comm -23 - "$LAB_OUT/qemu.findings" | tr '\n' ' '; }
same "nothing is wrong that is not with QEMU, too" "" "$(only_ours < "$LAB_OUT/bulkhead.findings")"
same "one more would be found" "Planted " \
	"$({ cat "$LAB_OUT/bulkhead.findings"; echo Planted; } | only_ours)"
