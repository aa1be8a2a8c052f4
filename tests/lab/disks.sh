# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For scenarios whose guests have disks on Bulkhead's own controller.

# disk_profile NAME TASKS DISK... — DISK is the inside of an entry of `disks`
disk_profile() {
	local name=$1 tasks=$2 disk separator=
	shift 2
	write_profile "$name" "$(guest_cmdline "$tasks")"
	{
		printf 'disks = ('
		for disk in "$@"; do
			printf '%s\n\t{ %s }' "$separator" "$disk"
			separator=,
		done
		printf '\n);\n'
	} >> "$LAB_OUT/$name.cfg"
}
