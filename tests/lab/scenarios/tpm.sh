# SPDX-License-Identifier: GPL-2.0-or-later
#: about     a TPM 2.0: random numbers, PCRs filled by OVMF, state kept, and swtpm missing or killed
#: kernel    small
#: deadline  480
. tests/lab/lib.sh

# Debian's tools as the host has them, in a RAM disk behind the guest's own.
tools=/run/lab.private/tpm
initrd=/run/lab.private/initrd
pack_tools() {
	local file
	mkdir -p "$tools"
	# shellcheck disable=SC2046 # a list of files
	cp -L --parents -t "$tools" /usr/bin/tpm2 /usr/lib/x86_64-linux-gnu/libtss2-tcti-device.so.0 \
		$(ldd /usr/bin/tpm2 | grep -oE '/[^ ]+') || return 1
	for file in getrandom pcrread nvdefine nvwrite nvread; do
		ln -s tpm2 "$tools/usr/bin/tpm2_$file"
	done
	(cd "$tools" && find . | cpio -o -H newc --quiet -R 0:0) > "$initrd.tools"
	# Each archive begins at a multiple of four bytes.
	cat "$LAB_STOCK_MIN_INITRD" "$initrd.tools" > "$initrd"
}
check "the guest gets tpm2-tools" pack_tools

# profile NAME TASKS FIRMWARE — all have the state of the VM `tpm`
profile() {
	write_profile "$1" "$(guest_cmdline "$2")"
	sed -i "s|^name = .*|name = \"tpm\";|; s|initrd = .*|initrd = \"$initrd\";|" "$LAB_OUT/$1.cfg"
	printf 'tpm = true;\n%s\n' "${3:-}" >> "$LAB_OUT/$1.cfg"
}
no_swtpm() { [ -z "$(pidof swtpm)" ]; }

profile direct tpmrandom,tpmpcrs:empty,tpmkeep:sealed-by-the-first
start_bulkhead direct
wait_line 100 'GUEST: done'
guest_said direct tpmrandom tpmpcrs-empty tpmkeep-sealed-by-the-first
guest_ends direct 20
check "direct: swtpm ends with the guest" no_swtpm
check "direct: the state is the VM's" test -s /var/lib/bulkhead/tpm/tpm/tpm2-00.permall

profile uefi tpmrandom,tpmpcrs:filled,tpmkept:sealed-by-the-first,tpmgone \
	'firmware = { type = "uefi"; };'
start_bulkhead uefi
if wait_line 150 'GUEST: tpm waits for its end'; then
	kill -9 "$(pidof swtpm)"
fi
wait_line 60 'GUEST: done'
guest_said uefi tpmrandom tpmpcrs-filled tpmkept-sealed-by-the-first tpmgone
contains "uefi: bulkhead says so" "$LAB_OUT/uefi.log" 'TPM: swtpm has ended'
guest_ends uefi 20

profile crash tpmrandom,pause:60
start_bulkhead crash
wait_line 100 'GUEST: tpmrandom ok'
kill -9 "$guest_pid"
check "crash: swtpm ends when bulkhead is killed" wait_until 5 no_swtpm
wait_guest 10

mkdir -p /run/lab.private/bin
host_state "$LAB_OUT/host.before"
refused "without swtpm" 'install the package swtpm' env PATH=/run/lab.private/bin "$bulkhead" run "$LAB_OUT/direct.cfg"
