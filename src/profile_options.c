/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row per option of a profile. To add one: a field in profile.h and a row here. */
#include "profile_options.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "profile.h"

/* The name becomes part of file names below /run, so it must not be a way out of there. */
static int accept_name(void *object, const char *text, struct err *err)
{
	(void)object;
	if (!isalnum((unsigned char)text[0]))
		return err_set(err, -EINVAL, "%s does not begin with a letter or digit",
			       opt_quote(text).s);
	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			return err_set(
				err, -EINVAL,
				"%s has other characters than letters, digits, '.', '_', '-'",
				opt_quote(text).s);
	return 0;
}

static const char *const hypervisor_names[] = {
	[HYPERVISOR_KVM] = "kvm", [HYPERVISOR_HYPERV] = "hyperv", [HYPERVISOR_NONE] = "none", NULL
};
static const char *const console_names[] = {
	[CONSOLE_STDIO] = "stdio", [CONSOLE_OFF] = "off", NULL
};
static const char *const reboot_names[] = {
	[REBOOT_RESTART] = "restart", [REBOOT_STOP] = "stop", NULL
};
static const char *const iommu_names[] = {
	[IOMMU_AUTO] = "auto", [IOMMU_TYPE1] = "type1", [IOMMU_FD] = "iommufd", NULL
};

static const struct opt boot_rows[] = {
	{
		.key = "kernel",
		.type = OPT_PATH,
		.offset = offsetof(struct profile, boot.kernel),
		.fallback = "",
		.none = "",
		.min = 1,
		.brief = "The Linux kernel to start, a bzImage",
		.detail =
			"A distribution's `vmlinuz` is one. Without firmware it must be given, and is "
			"entered directly in 64-bit mode; UEFI firmware starts it in place of its own "
			"boot entries, and with none looks for something to boot on the disks.",
	},
	{
		.key = "initrd",
		.type = OPT_PATH,
		.offset = offsetof(struct profile, boot.initrd),
		.fallback = "",
		.none = "",
		.min = 1,
		.brief = "The initial RAM disk given to the kernel; empty for none",
	},
	{
		.key = "cmdline",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile, boot.cmdline),
		.fallback = "",
		/* COMMAND_LINE_SIZE of x86 is 2048 with the NUL (asm/setup.h). */
		.max = 2047,
		.example = "console=ttyS0 root=/dev/nvme0n1p1",
		.brief = "The kernel's command line",
		.detail = "The console of the guest is its first serial port, so most want "
			  "`console=ttyS0` in it.",
	},
};
static const struct opt_table boot_table = { boot_rows, ARRAY_LEN(boot_rows) };

static const struct opt rows[] = {
	{
		.key = "name",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile, name),
		.min = 1,
		.max = 48,
		.accept = accept_name,
		.example = "demo",
		.brief = "What the virtual machine is called in messages, `status` and `stop`",
		.detail = "Letters, digits, `.`, `_` and `-`, the first a letter or digit, at most "
			  "48. "
			  "Two running profiles have different names.",
	},
	{
		.key = "vcpus",
		.type = OPT_INT,
		.offset = offsetof(struct profile, vcpus),
		.fallback = "1",
		.min = 1,
		.max = PROFILE_MAX_VCPUS,
		.brief = "Number of virtual processors",
	},
	{
		.key = "memory",
		.type = OPT_SIZE,
		.offset = offsetof(struct profile, memory),
		.fallback = "1G",
		.min = 32 * MIB,
		.max = 16 * TIB,
		.multiple = 2 * MIB,
		.example = "1G",
		.brief = "Guest RAM",
		.detail = "A number with K, M, G or T, powers of 1024, in quotes. All of it is "
			  "pinned "
			  "while the guest runs, because an assigned device may write to any page.",
	},
	{
		.key = "boot",
		.type = OPT_GROUP,
		.table = &boot_table,
		.brief = "What the guest starts from",
	},
	{
		.key = "firmware",
		.type = OPT_GROUP,
		.table = &profile_firmware_options,
		.brief = "What runs before the operating system",
	},
	{
		.key = "tpm",
		.type = OPT_BOOL,
		.offset = offsetof(struct profile, tpm),
		.fallback = "false",
		.brief = "A TPM 2.0 for the guest, as Windows 11 asks for",
		.detail =
			"A process of the program `swtpm` (Debian's package of that name) is it, and is "
			"started and stopped with the guest. Its keys, counters and sealed data are "
			"kept in `tpm` in the VM's own directory, beside the firmware's variables: to "
			"lose them is to lose what was sealed, a BitLocker volume say.",
	},
	{
		.key = "devices",
		.type = OPT_LIST,
		.offset = offsetof(struct profile, device),
		.stride = sizeof(struct profile_device),
		.count_offset = offsetof(struct profile, n_devices),
		.line_offset = offsetof(struct profile_device, line),
		.max = PROFILE_MAX_DEVICES,
		.table = &profile_device_options,
		.brief = "The PCI devices given to the guest",
		.detail = "The guest sees them in this order.",
	},
	{
		.key = "disks",
		.type = OPT_LIST,
		.offset = offsetof(struct profile, disk),
		.stride = sizeof(struct profile_disk),
		.count_offset = offsetof(struct profile, n_disks),
		.line_offset = offsetof(struct profile_disk, line),
		.max = PROFILE_MAX_DISKS,
		.table = &profile_disk_options,
		.brief = "Images that the guest sees as hard disks and CD-ROM drives",
		.detail = "They are on the ports of an AHCI controller at 00:1f.2, in this order; "
			  "every system has the driver for it.",
	},
	{
		.key = "display",
		.type = OPT_GROUP,
		.table = &profile_display_options,
		.brief = "The picture of a guest without a display adapter, or before its driver runs",
	},
	{
		.key = "input",
		.type = OPT_GROUP,
		.table = &profile_input_options,
		.brief = "Keyboards and mice of the host that the guest gets as PS/2 devices",
	},
	{
		.key = "looking_glass",
		.type = OPT_GROUP,
		.table = &profile_looking_glass_options,
		.brief = "A PCI device with memory shared with the host, as Looking Glass wants it",
	},
	{
		.key = "hypervisor",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile, hypervisor),
		.fallback = "kvm",
		.names = hypervisor_names,
		.brief = "Which hypervisor the guest finds itself on",
		.detail = "`\"kvm\"` offers KVM's own interface, which Linux likes best; `\"hyperv\"` "
			  "Hyper-V's, which Windows knows; `\"none\"` offers none. See "
			  "[identity.md](identity.md).",
	},
	{
		.key = "hyperv",
		.type = OPT_GROUP,
		.table = &profile_hyperv_options,
		.brief = "What the guest gets of the Hyper-V interface",
		.detail = "With `hypervisor = \"kvm\"` both are there, and the guest chooses.",
	},
	{
		.key = "identity",
		.type = OPT_GROUP,
		.table = &profile_identity_options,
		.brief = "What the machine calls itself",
	},
	{
		.key = "console",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile, console),
		.fallback = "stdio",
		.names = console_names,
		.brief = "Where the guest's first serial port is",
		.detail =
			"`\"stdio\"` is the terminal that `bulkhead run` was started on; `\"off\"` "
			"drops what the guest prints.",
	},
	{
		.key = "reboot",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile, reboot),
		.fallback = "restart",
		.names = reboot_names,
		.brief = "What a reboot of the guest does",
		.detail =
			"`\"restart\"` resets every device and starts the guest again, `\"stop\"` "
			"ends the run.",
	},
	{
		.key = "iommu",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile, iommu),
		.fallback = "auto",
		.names = iommu_names,
		.brief = "The kernel interface that maps guest memory for the devices",
		.detail =
			"`\"type1\"` is the VFIO container, `\"iommufd\"` its successor (Linux 6.6 "
			"and later); `\"auto\"` takes iommufd where the host has it for every "
			"device.",
	},
	{
		.key = "unsafe_interrupts",
		.type = OPT_BOOL,
		.offset = offsetof(struct profile, unsafe_interrupts),
		.fallback = "false",
		.brief = "Assign devices although the host cannot remap interrupts",
		.detail = "Without interrupt remapping a guest can make its device send any "
			  "interrupt "
			  "to the host. Only for a guest that is trusted like the host itself.",
	},
	{
		.key = "force",
		.type = OPT_BOOL,
		.offset = offsetof(struct profile, force),
		.fallback = "false",
		.brief = "Take devices that the host itself uses",
		.detail = "A disk with a mounted file system, the network adapter of the default "
			  "route "
			  "and the boot display are refused otherwise.",
	},
	{
		.key = "stop_timeout",
		.type = OPT_INT,
		.offset = offsetof(struct profile, stop_timeout_s),
		.fallback = "30",
		.max = 3600,
		.unit = "seconds",
		.brief = "How long the guest has to power off when asked, before it is stopped by "
			 "force",
		.detail = "`bulkhead stop` and SIGTERM press the power button; 0 does not wait.",
	},
	{
		.key = "driver_timeout",
		.type = OPT_INT,
		.offset = offsetof(struct profile, driver_timeout_s),
		.fallback = "30",
		.min = 1,
		.max = 3600,
		.unit = "seconds",
		.brief = "How long a driver of the host may take to let go of a device or to take it",
		.detail = "One that does not answer in time ends the start, or is left for `bulkhead "
			  "recover`, with the kernel functions where it hangs.",
	},
};
const struct opt_table profile_options = { rows, ARRAY_LEN(rows) };
