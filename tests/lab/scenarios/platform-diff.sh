# SPDX-License-Identifier: GPL-2.0-or-later
#: about     the same guest under QEMU's q35 and under bulkhead: every difference is a known one
#: kernel    small
#: deadline  420
#: memory    4G
#: devices   nvme
. tests/lab/lib.sh

# Both start Debian's kernel through the same OVMF, with the same controller behind a root port at
# 00:01.0, two processors and 1 GiB. What the guest reads of its machine is compared by platform.py;
# platform-diff.txt says of every difference why it is there.
platform() { python3 tests/lab/platform.py "$@"; }
code=/usr/share/OVMF/OVMF_CODE_4M.fd

# facts_of NAME — from the guest's console to LAB_OUT/NAME.facts
facts_of() {
	check "$1: the guest's dump unpacks" platform unpack "$guest_log" "$LAB_OUT/$1.platform"
	check "$1: its tables decompile" eval "platform facts $LAB_OUT/$1.platform > $LAB_OUT/$1.facts"
}

guest_memory=1G # as QEMU's guest
cmdline=$(guest_cmdline platform)
nvme=$(address nvme)
write_profile bulkhead "$cmdline" nvme
echo 'firmware = { type = "uefi"; };' >> "$LAB_OUT/bulkhead.cfg"
start_bulkhead bulkhead --set boot.initrd="$LAB_STOCK_MIN_INITRD"
wait_line 150 'GUEST: done'
guest_said bulkhead platform
guest_ends bulkhead 30
facts_of bulkhead

# A new variable store costs QEMU's guest a minute of writes; bulkhead's is one by now.
cp /var/lib/bulkhead/bulkhead/vars.fd /run/lab.private/vars.fd
check "the controller is given to vfio-pci" give_to_vfio "$nvme"
qemu_guest "$LAB_STOCK_KERNEL" "$LAB_STOCK_MIN_INITRD" "$cmdline" -m 1G -machine smm=off \
	-drive if=pflash,format=raw,unit=0,readonly=on,file=$code \
	-drive if=pflash,format=raw,unit=1,file=/run/lab.private/vars.fd \
	-device pcie-root-port,id=rp0,bus=pcie.0,addr=1,chassis=1,slot=1 \
	-device vfio-pci,host="$nvme",bus=rp0
start_guest qemu "${qemu_command[@]}"
wait_line 150 'GUEST: done'
guest_said qemu platform
guest_ends qemu 30
facts_of qemu
dir=/sys/bus/pci/devices/$nvme
echo > "$dir/driver_override"
echo "$nvme" > "$dir/driver/unbind"

platform compare "$LAB_OUT/qemu.facts" "$LAB_OUT/bulkhead.facts" tests/lab/platform-diff.txt \
	> "$LAB_OUT/differences" 2>&1
same "every difference is explained, every explanation is needed" \
	"0 of them not explained; 0 explanations of what is not so" \
	"$(sed -n '$s/^[0-9]* differences, //p' "$LAB_OUT/differences")"
note "$(tail -n 1 "$LAB_OUT/differences")"

# Without firmware the guest reads the same of the machine itself.
sed -i '/^firmware/d; s/"bulkhead"/"direct"/' "$LAB_OUT/bulkhead.cfg"
mv "$LAB_OUT/bulkhead.cfg" "$LAB_OUT/direct.cfg"
start_bulkhead direct --set boot.initrd="$LAB_STOCK_MIN_INITRD" \
	--set identity.smbios.uuid="$(sed -n 's/^DMI 1#0 UUID = //p' "$LAB_OUT/bulkhead.facts")"
wait_line 60 'GUEST: done'
guest_said direct platform
guest_ends direct 20
facts_of direct
own() { grep -E '^(DMI [1-9]|AML)' "$LAB_OUT/$1.facts" | grep -vE 'FWCF|KBD|MOU'; }
same "direct boot has the same SMBIOS and ACPI devices" "$(own bulkhead)" "$(own direct)"

# The test itself: one fact more, and it fails.
{ cat "$LAB_OUT/bulkhead.facts"; echo 'PCI 00:07.0 is there'; } > "$LAB_OUT/one-more.facts"
platform compare "$LAB_OUT/qemu.facts" "$LAB_OUT/one-more.facts" tests/lab/platform-diff.txt \
	> "$LAB_OUT/one-more" 2>&1
contains "a difference that nobody explained is found" "$LAB_OUT/one-more" '^new: \+ PCI 00:07.0 is there$'
