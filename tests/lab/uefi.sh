# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What scenarios with UEFI firmware share. After `. tests/lab/lib.sh`.

# uefi_profile NAME [DEVICE...] — LAB_OUT/NAME.cfg: OVMF, no kernel, these devices
uefi_profile() {
	write_profile "$1" "" "${@:2}"
	sed -i '/^boot = /,/^};/d' "$LAB_OUT/$1.cfg"
	echo 'firmware = { type = "uefi"; };' >> "$LAB_OUT/$1.cfg"
}

# uefi_kernel_profile NAME TASKS [DEVICE...] — the same with a kernel for the firmware to start
uefi_kernel_profile() {
	write_profile "$1" "$(guest_cmdline "$2")" "${@:3}"
	echo 'firmware = { type = "uefi"; };' >> "$LAB_OUT/$1.cfg"
}

# type_line TEXT — at the guest's console, as a person does: firmware looks for a key now and then, and
# may drop what comes faster. Whoever reads standard input gets it, so one guest at a time.
type_line() {
	local i
	for ((i = 0; i < ${#1}; i++)); do
		printf '%s' "${1:i:1}" >&7
		nap 0.05
	done
	printf '\r' >&7
}

# shell_off NAME — the shell turns the machine off
shell_off() {
	local try
	for try in 1 2 3; do
		type_line "reset -s"
		wait_until 8 guest_gone && break
		note "$1: typed in vain, $try"
	done
	guest_ends "$1" 5
}

# at_shell NAME SECONDS — the UEFI shell has its prompt; it waits five seconds for startup.nsh unless
# a key is pressed
at_shell() {
	wait_line "$2" 'any other key to continue|Shell>' && printf ' ' >&7
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
