/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of `hyperv` and `identity`: what the guest is told that it runs on. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "profile.h"
#include "profile_options.h"

/* --- hyperv --- */

static const char *const preset_names[] = {
	[HV_PRESET_AUTO] = "auto",
	[HV_PRESET_WINDOWS] = "windows",
	[HV_PRESET_WINDOWS_GPU] = "windows-gpu",
	[HV_PRESET_OFF] = "off",
	NULL,
};
static const char *const wish_names[] = {
	[HV_AS_PRESET] = "preset", [HV_ON] = "on", [HV_OFF] = "off", NULL
};

#define WISH(feature, word, text, more)                                                            \
	{                                                                                          \
		.key = word, .type = OPT_ENUM, .offset = offsetof(struct profile, hyperv.wish[feature]), \
		.fallback = "preset", .names = wish_names, .brief = text, .detail = more           \
	}

static const struct opt hyperv_rows[] = {
	{
		.key = "preset",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile, hyperv.preset),
		.fallback = "auto",
		.names = preset_names,
		.brief = "The enlightenments to start from",
		.detail = "`\"windows\"` is what Windows runs well with; `\"windows-gpu\"` leaves out "
			  "what stands in the way of posted interrupts and gives no processor away; "
			  "`\"auto\"` is `\"windows\"` with `hypervisor = \"hyperv\"` and `\"off\"` "
			  "otherwise. What a preset has and the host's KVM lacks is left out, and "
			  "`check` says so.",
	},
	WISH(HV_RELAXED, "relaxed", "Tell the guest that its timers may be late",
	     "Without it Windows takes a vCPU that waited for the host's processor for a broken one. "
	     "For this and each of those below: `\"on\"` is refused where KVM has it not, and brings "
	     "along what it needs."),
	WISH(HV_VAPIC, "vapic", "Registers of the local APIC with fewer exits",
	     "Of use where the host's processor does not virtualise the APIC."),
	WISH(HV_TIME, "time", "The reference counter and the page that makes it readable without an exit",
	     "The page needs a host that keeps time by its TSC; else the guest reads the counter."),
	WISH(HV_VPINDEX, "vpindex", "The number of each vCPU",
	     "What concerns several vCPUs at once needs it; Linux uses nothing of Hyper-V without it."),
	WISH(HV_RUNTIME, "runtime", "How long a vCPU has run", NULL),
	WISH(HV_SYNIC, "synic", "The synthetic interrupt controller", "Needs `vpindex`."),
	WISH(HV_STIMER, "stimer", "Synthetic timers",
	     "Without them Windows keeps itself awake by a clock of many ticks. Needs `synic` and `time`."),
	WISH(HV_STIMER_DIRECT, "stimer_direct", "Timers that interrupt directly, without a message",
	     "Linux uses synthetic timers only so. Needs `stimer`."),
	WISH(HV_FREQUENCIES, "frequencies", "The frequencies of TSC and APIC, so that nobody measures them",
	     NULL),
	WISH(HV_TLBFLUSH, "tlbflush", "Flushing TLBs of other vCPUs by a call", "Needs `vpindex`."),
	WISH(HV_IPI, "ipi", "Interrupts to several vCPUs by one call", "Needs `vpindex`."),
	WISH(HV_XMM_INPUT, "xmm_input", "Calls with their arguments in registers", NULL),
	WISH(HV_NO_AUTOEOI, "no_autoeoi", "Advise against automatic end of interrupt",
	     "A guest that uses it makes KVM give up the processor's APIC virtualisation, and posted "
	     "interrupts of assigned devices with it."),
	WISH(HV_TSC_INVARIANT, "tsc_invariant", "Let the guest ask for the invariant TSC's bit",
	     "CPUID shows that bit only after the guest has asked for it."),
	WISH(HV_REENLIGHTENMENT, "reenlightenment", "Notice of a changed TSC frequency",
	     "Only for a guest that runs a hypervisor itself."),
	WISH(HV_NO_CORESHARING, "no_coresharing",
	     "Promise that vCPUs of one core are threads of one core",
	     "KVM offers it where the host has no threads that share a core."),
	WISH(HV_RESET, "reset", "Reset by a register", NULL),
	WISH(HV_CRASH, "crash", "The guest reports its crashes",
	     "They go to the log, with the five parameters of the blue screen; the guest goes on and "
	     "writes its dump."),
	{
		.key = "spinlocks",
		.type = OPT_INT,
		.offset = offsetof(struct profile, hyperv.spin),
		.fallback = "0",
		.none = "never",
		.max = 0x7FFFFFFF,
		.brief = "How often a vCPU tries a lock before it gives its processor away",
		.detail = "0 is as the preset says. Of use when the host has fewer processors than its "
			  "guests think; `\"never\"` where vCPUs have processors of their own.",
	},
};
const struct opt_table profile_hyperv_options = { hyperv_rows, ARRAY_LEN(hyperv_rows) };

/* --- identity --- */

/* ACPI 6.5 §5.2.6: a string; readers print it, so nothing but what prints everywhere. */
static int accept_oem(void *object, const char *text, struct err *err)
{
	(void)object;
	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(" _-.", *c))
			return err_set(err, -EINVAL,
				       "%s has other characters than letters, digits, ' ', '_', '-', '.'",
				       opt_quote(text).s);
	return 0;
}

static bool is_uuid(const char *text)
{
	size_t i = 0;
	while (text[i] && (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] == '-'
								   : isxdigit((unsigned char)text[i])))
		i++;
	return i == 36 && !text[i];
}

static int accept_uuid(void *object, const char *text, struct err *err)
{
	(void)object;
	if (!*text || is_uuid(text))
		return 0;
	return err_set(err, -EINVAL,
		       "expected a UUID such as \"14d63f20-8445-11ea-8900-1f9ce7d5650d\"");
}

/* SMBIOS 3.6 §7.1: "mm/dd/yyyy". */
static int accept_date(void *object, const char *text, struct err *err)
{
	static const char form[] = "dd/dd/dddd";
	size_t i = 0;
	(void)object;
	while (text[i] && (form[i] == 'd' ? isdigit((unsigned char)text[i]) : text[i] == form[i]))
		i++;
	if (!*text || (!text[i] && !form[i]))
		return 0;
	return err_set(err, -EINVAL, "expected a date such as \"02/29/2024\": month/day/year");
}

/* Strings of SMBIOS have at most 64 bytes in the versions that old readers know (SMBIOS 2.6 §3.1.3). */
#define STRING(word, field, text)                                                                  \
	{                                                                                          \
		.key = word, .type = OPT_TEXT,                                                     \
		.offset = offsetof(struct profile, vm_identity.smbios.field), .fallback = "",      \
		.none = "", .max = 64, .brief = text                                               \
	}

static const struct opt smbios_rows[] = {
	STRING("manufacturer", manufacturer, "Who made the machine; empty for a default"),
	STRING("product", product, "What the machine is called"),
	STRING("version", version, "Its version"),
	STRING("serial", serial, "Its serial number"),
	{
		.key = "uuid",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile, vm_identity.smbios.uuid),
		.fallback = "",
		.none = "",
		.max = 36,
		.accept = accept_uuid,
		.example = "14d63f20-8445-11ea-8900-1f9ce7d5650d",
		.brief = "Its UUID; empty for one that follows from the profile's name",
		.detail = "Licences are bound to it: keep it when a machine moves to another host or "
			  "name.",
	},
	STRING("sku", sku, "Its number in a price list"),
	STRING("family", family, "The family of machines it belongs to"),
	STRING("bios_vendor", bios_vendor, "Who made its firmware"),
	STRING("bios_version", bios_version, "The firmware's version"),
	{
		.key = "bios_date",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile, vm_identity.smbios.bios_date),
		.fallback = "",
		.none = "",
		.max = 10,
		.accept = accept_date,
		.example = "02/29/2024",
		.brief = "The firmware's date, month/day/year",
	},
	STRING("board_manufacturer", board_manufacturer, "Who made the board"),
	STRING("board_product", board_product, "What the board is called"),
	STRING("board_version", board_version, "The board's version"),
	STRING("board_serial", board_serial, "The board's serial number"),
	STRING("chassis_manufacturer", chassis_manufacturer, "Who made the case"),
	STRING("chassis_version", chassis_version, "The case's version"),
	STRING("chassis_serial", chassis_serial, "The case's serial number"),
	STRING("chassis_asset", chassis_asset, "The tag somebody glued to the case"),
};
static const struct opt_table smbios_table = { smbios_rows, ARRAY_LEN(smbios_rows) };

static const struct opt identity_rows[] = {
	{
		.key = "smbios",
		.type = OPT_GROUP,
		.table = &smbios_table,
		.brief = "What the guest's SMBIOS tables say",
		.detail = "Licences, drivers and management software read them. Strings are not checked "
			  "against each other.",
	},
	{
		.key = "acpi_oem",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile, vm_identity.acpi_oem),
		.fallback = "",
		.none = "",
		.max = 6,
		.accept = accept_oem,
		.example = "ACME",
		.brief = "The maker named in every ACPI table; empty for a default",
	},
	{
		.key = "acpi_oem_table",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile, vm_identity.acpi_oem_table),
		.fallback = "",
		.none = "",
		.max = 8,
		.accept = accept_oem,
		.example = "ACMEPC",
		.brief = "The maker's name for the tables themselves; empty for a default",
	},
	{
		.key = "hv_vendor_id",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile, vm_identity.hv_vendor_id),
		.fallback = "",
		.none = "",
		.max = 12,
		.example = "Microsoft Hv",
		.brief = "Who made the Hyper-V interface; empty for `Microsoft Hv`",
		.detail = "Windows takes any; some old drivers do not, and Linux uses Hyper-V's clock "
			  "and timers only under Microsoft's name.",
	},
};
const struct opt_table profile_identity_options = { identity_rows, ARRAY_LEN(identity_rows) };

/* --- together --- */

static bool any_is(const struct hv_wishes *wishes, enum hv_wish what)
{
	for (unsigned i = 0; i < HV_FEATURES; i++)
		if (wishes->wish[i] == what)
			return true;
	return false;
}

int profile_check_hypervisor(const struct profile *profile, struct err *err)
{
	const struct hv_wishes *wishes = &profile->hyperv;
	bool asked = any_is(wishes, HV_ON) || wishes->preset == HV_PRESET_WINDOWS ||
		     wishes->preset == HV_PRESET_WINDOWS_GPU;
	if (profile->hypervisor == HYPERVISOR_NONE && asked)
		return err_set(err, -EINVAL,
			       "%s: hypervisor: \"none\" shows the guest no hypervisor, and \"hyperv\" "
			       "offers one: keep one of the two",
			       profile->path);
	if (profile->hypervisor == HYPERVISOR_HYPERV && !asked && wishes->preset == HV_PRESET_OFF)
		return err_set(err, -EINVAL,
			       "%s: hypervisor: \"hyperv\" with hyperv.preset \"off\" and nothing on "
			       "leaves no interface: choose a preset, or \"none\"",
			       profile->path);
	return 0;
}
