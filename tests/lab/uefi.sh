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

# handle_with PROTOCOL — the handle that `dh -p PROTOCOL` listed last
handle_with() {
	tr -d '\r' < "$guest_log" | sed 's/\x1b\[[0-9;]*[A-Za-z]//g' |
		sed -nE "s/^([0-9A-F]+): .*\b$1\b.*/\1/p" | tail -1
}

# rom_is_good ADDRESS PATTERN — the tool finds the ROM of a function whole, with an image like this
rom_is_good() {
	local said
	said=$("$bulkhead" rom "$1" list 2>&1 && "$bulkhead" rom "$1" check 2>&1)
	printf '%s\n' "$said" >> "$LAB_OUT/rom.log"
	check "its ROM: UEFI, x86-64" grep -qE -- "$2" <<< "$said"
	check "its ROM is good" grep -q 'good: the images are whole' <<< "$said"
}

# rom_range NAME — where the image of LAB_BOOT/NAME.rom is, as a device path says it; a pattern
rom_range() {
	local units
	units=$(od -An -tu2 -j2 -N2 "$LAB_BOOT/$1.rom")
	printf 'Offset\\(0x0,0x%X\\)' $((units * 512 - 1))
}

# driver_has_device NAME IMAGE — of what `drivers -sfo` listed last, the driver from this image (a
# pattern for its device path) has one device, and made one child of it
driver_has_device() {
	local line
	line=$(tr -d '\r' < "$guest_log" | grep -aE "^DriversInfo,.*\"$1\",\"$2\"\$" | tail -1)
	case $line in
	*'"B","N","N","1","1",'*) ok "it has a device: $line" ;;
	*) fail "no device is the driver's $1 from $2: $line" ;;
	esac
}
