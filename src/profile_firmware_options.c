/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `firmware`. To add one: a field in profile.h and a row here. */
#include "profile_options.h"

#include "base/bytes.h"
#include "profile.h"

static const char *const type_names[] = {
	[FIRMWARE_NONE] = "none", [FIRMWARE_UEFI] = "uefi", NULL
};

static const struct opt rows[] = {
	{
		.key = "type",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile, firmware.type),
		.fallback = "none",
		.names = type_names,
		.brief = "Whether the guest has UEFI firmware",
		.detail = "`\"none\"` enters the kernel of `boot` directly. `\"uefi\"` runs OVMF, which "
			  "boots what is on the guest's disks, or that kernel.",
	},
	{
		.key = "code",
		.type = OPT_PATH,
		.offset = offsetof(struct profile, firmware.code),
		.fallback = "/usr/share/OVMF/OVMF_CODE_4M.fd",
		.min = 1,
		.brief = "The firmware's code image",
		.detail = "Of Debian's package `ovmf` those without `secboot` or `ms` in their name run "
			  "here; the others need SMM, which this machine does not have.",
	},
	{
		.key = "vars",
		.type = OPT_PATH,
		.offset = offsetof(struct profile, firmware.vars),
		.fallback = "",
		.none = "",
		.min = 1,
		.brief = "The file that holds the firmware's variables; empty for the VM's own",
		.detail = "Its own is `/var/lib/bulkhead/NAME/vars.fd`. It is made from the template "
			  "when it is not there, and kept as `vars.fd.old` before a start that may "
			  "change it. No two VMs can use one file at the same time.",
	},
	{
		.key = "template",
		.type = OPT_PATH,
		.offset = offsetof(struct profile, firmware.template),
		.fallback = "",
		.none = "",
		.min = 1,
		.brief = "What a new variable store is copied from; empty for the one beside the code",
		.detail = "Beside `OVMF_CODE_4M.fd` that is `OVMF_VARS_4M.fd`, or `OVMF_VARS_4M.ms.fd` "
			  "with `secure_boot`.",
	},
	{
		.key = "secure_boot",
		.type = OPT_BOOL,
		.offset = offsetof(struct profile, firmware.secure_boot),
		.fallback = "false",
		.brief = "Start with Secure Boot's keys enrolled",
		.detail = "The firmware then refuses what is not signed by Microsoft or on its behalf. "
			  "There is no SMM to guard the variables, so the guest's kernel can change "
			  "the keys: Secure Boot here satisfies what asks for it and stops an unsigned "
			  "boot loader, but does not protect the guest from its own kernel. It cannot "
			  "be combined with `boot.kernel`, which the firmware would start unsigned.",
	},
	{
		.key = "log",
		.type = OPT_PATH,
		.offset = offsetof(struct profile, firmware.log),
		.fallback = "",
		.none = "",
		.min = 1,
		.brief = "A file for the firmware's debug output; empty for none",
		.detail = "What the firmware writes to port 0x402, at most 16 MiB of a start. Debian's "
			  "OVMF is built without debug output; a DEBUG build says a lot.",
	},
};
const struct opt_table profile_firmware_options = { rows, ARRAY_LEN(rows) };
