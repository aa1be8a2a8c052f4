# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What scenarios with UEFI firmware share. After `. tests/lab/lib.sh`.

# Debian 13's OVMF has no shell in it, so it comes from a disk. What else is on the disk is up to the
# scenario.
shell_disk=/tmp/shell.img
truncate -s 32M $shell_disk
mkfs.vfat -F 16 $shell_disk > /dev/null
mmd -i $shell_disk ::EFI ::EFI/BOOT
mcopy -i $shell_disk "$LAB_BOOT/shell.efi" ::EFI/BOOT/BOOTX64.EFI

# uefi_profile NAME [DEVICE...] — LAB_OUT/NAME.cfg: OVMF, no kernel, these devices and the shell's disk
uefi_profile() {
	write_profile "$1" "" "${@:2}"
	sed -i '/^boot = /,/^};/d' "$LAB_OUT/$1.cfg"
	printf 'firmware = { type = "uefi"; };\ndisks = ( { path = "%s"; } );\n' $shell_disk \
		>> "$LAB_OUT/$1.cfg"
}

# uefi_kernel_profile NAME TASKS [DEVICE...] — the same with a kernel for the firmware to start
uefi_kernel_profile() {
	write_profile "$1" "$(guest_cmdline "$2")" "${@:3}"
	echo 'firmware = { type = "uefi"; };' >> "$LAB_OUT/$1.cfg"
}

mkfifo /run/lab.private/keys
exec 8<> /run/lab.private/keys

# start_typed NAME OPTION... — start_bulkhead, with a console that the functions below type at. One
# guest at a time: whoever reads first gets it.
start_typed() {
	# shellcheck disable=SC2016 # the inner shell's
	start_guest "$1" bash -c 'exec "$@" <&8 8>&-' typed "$bulkhead" run "$LAB_OUT/$1.cfg" "${@:2}"
}

# type_line TEXT — as a terminal sends it
type_line() { printf '%s\r' "$1" >&8; }

# shell_off NAME — the shell turns the machine off
shell_off() {
	type_line "reset -s"
	guest_ends "$1" 20
}

# at_shell NAME SECONDS — the UEFI shell has its prompt; it waits five seconds for startup.nsh unless
# a key is pressed
at_shell() {
	wait_line "$2" 'any other key to continue|Shell>' && printf ' ' >&8
	check "$1: the UEFI shell is there" wait_line 20 'Shell>'
}

# in_shell SECONDS COMMAND — types it at the shell, and waits for the next prompt
in_shell() {
	local prompts
	prompts=$(count_prompts)
	type_line "$2"
	wait_until "$1" more_prompts "$prompts"
}

# The shell draws its prompt anew for each, on lines that end in a carriage return or not at all.
count_prompts() { tr '\r\033' '\n\n' < "$guest_log" | grep -c 'Shell>'; }
more_prompts() { [ "$(count_prompts)" -gt "$1" ] || guest_gone; }
