/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each command accepts on its line: the whole command line in one place. */
#include <stddef.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/log.h"
#include "cmd.h"

#define OPTION(field_, name_, kind_, ...)                                                          \
	{                                                                                          \
		.name = (name_), .kind = (kind_), .offset = offsetof(struct cmd_args, field_),     \
		__VA_ARGS__                                                                        \
	}
#define OPERAND(field_, name_, ...)                                                                \
	{                                                                                          \
		.name = (name_), .offset = offsetof(struct cmd_args, field_), __VA_ARGS__          \
	}

static const char *const iommu_choices[] = { "auto", "type1", "iommufd", NULL };
static const char *const vf_actions[] = { "list", "create", "set", "remove", NULL };
static const char *const rom_actions[] = { "list", "check", "dump", NULL };
static const char *const profile_actions[] = { "dump", "reference", NULL };

#define OPT_JSON OPTION(json, "json", CLI_FLAG, .help = "print JSON")
#define OPT_HOST                                                                                   \
	OPTION(host, "host", CLI_TEXT, .value = "DIR", .complete = CLI_COMPLETE_DIR,               \
	       .help = "look at the sys, proc, dev and run of DIR")
/* Commands that only look at a host take a snapshot too. */
#define OPT_SAVED                                                                                  \
	OPTION(host, "host", CLI_TEXT, .value = "WHERE", .complete = CLI_COMPLETE_FILE,            \
	       .help = "look at a snapshot, or at a saved directory"),     \
		OPTION(host, "sysfs", CLI_TEXT, .value = "WHERE", .complete = CLI_COMPLETE_FILE,   \
		       .help = "another name of --host")
#define OPT_VERBOSE                                                                                \
	OPTION(verbose, "verbose", CLI_FLAG, .letter = 'v', .help = "say what is being done")
#define OPT_SET                                                                                    \
	OPTION(set, "set", CLI_REPEAT, .letter = 's', .value = "PATH=VALUE",                       \
	       .help = "change one option of the profile; may be repeated")
#define OPT_IOMMU                                                                                  \
	OPTION(iommu, "iommu", CLI_CHOICE, .value = "KIND", .choices = iommu_choices,              \
	       .help = "auto, type1 or iommufd, whatever the profile says")
#define OPT_DUMP                                                                                   \
	OPTION(dump_profile, "dump-profile", CLI_FLAG,                                             \
	       .help = "print the profile with every option spelt out")

static const struct cli_option devices_options[] = {
	OPTION(group, "group", CLI_TEXT, .letter = 'g', .value = "NUMBER",
	       .help = "show one IOMMU group"),
	OPT_JSON,
	OPTION(watch, "watch", CLI_FLAG, .letter = 'w', .help = "go on, and show what changes"),
	OPTION(snapshot, "snapshot", CLI_TEXT, .value = "FILE", .complete = CLI_COMPLETE_FILE,
	       .help = "write what --host replays; '-' is standard output"),
	OPT_SAVED,
	OPT_VERBOSE,
};
static const struct cli_option host_options[] = { OPT_JSON, OPT_SAVED };
static const struct cli_option check_options[] = { OPT_SET,  OPT_IOMMU, OPT_DUMP,
						   OPT_JSON, OPT_SAVED, OPT_VERBOSE };
static const struct cli_option vf_options[] = { OPT_JSON, OPT_HOST };
static const struct cli_option run_options[] = { OPT_SET, OPT_IOMMU, OPT_DUMP, OPT_HOST,
						 OPT_VERBOSE };
#define OPT_TIMEOUT                                                                                \
	OPTION(timeout, "timeout", CLI_TEXT, .value = "SECONDS",                                   \
	       .help = "how long a driver may take to answer, 30 by default")
static const struct cli_option bind_options[] = {
	OPTION(force, "force", CLI_FLAG, .letter = 'f', .help = "take it from whoever uses it"),
	OPT_TIMEOUT,
	OPT_HOST,
};
static const struct cli_option reset_options[] = { OPT_TIMEOUT, OPT_HOST };
static const struct cli_option rom_options[] = { OPT_JSON, OPT_HOST };
static const struct cli_option recover_options[] = { OPT_HOST, OPT_VERBOSE };
static const struct cli_option status_options[] = {
	OPTION(registers, "registers", CLI_FLAG, .letter = 'r',
	       .help = "show the vCPUs' registers; pauses the guest briefly"),
	OPT_JSON,
	OPT_HOST,
};
static const struct cli_option stop_options[] = {
	OPTION(force, "force", CLI_FLAG, .letter = 'f',
	       .help = "stop at once, without asking the guest"),
	OPT_HOST,
};
static const struct cli_option screenshot_options[] = { OPT_HOST };
static const struct cli_option report_options[] = {
	OPTION(output, "output", CLI_TEXT, .letter = 'o', .value = "FILE",
	       .complete = CLI_COMPLETE_FILE,
	       .help = "write FILE instead of bulkhead-report-NAME.tar"),
	OPT_SET,
	OPT_IOMMU,
	OPT_SAVED,
};
static const struct cli_option profile_cmd_options[] = { OPT_SET };

static const struct cli_operand profile_operand[] = {
	OPERAND(profile, "PROFILE", .complete = CLI_COMPLETE_PROFILE),
};
static const struct cli_operand device_operand[] = { OPERAND(device, "ADDRESS", .optional = true) };
static const struct cli_operand vf_operands[] = {
	OPERAND(action, "ACTION", .choices = vf_actions),
	OPERAND(device, "PF", .optional = true),
	OPERAND(words, "ARGUMENT", .optional = true, .repeat = true),
};
static const struct cli_operand one_device_operand[] = { OPERAND(device, "DEVICE") };
static const struct cli_operand devices_operands[] = {
	OPERAND(device, "DEVICE"),
	OPERAND(words, "DEVICE", .optional = true, .repeat = true),
};
static const struct cli_operand rom_operands[] = {
	OPERAND(device, "DEVICE", .complete = CLI_COMPLETE_FILE),
	OPERAND(action, "ACTION", .choices = rom_actions),
	OPERAND(name, "FILE", .optional = true, .complete = CLI_COMPLETE_FILE),
};
static const struct cli_operand screenshot_operands[] = {
	OPERAND(name, "NAME"),
	OPERAND(output, "FILE", .complete = CLI_COMPLETE_FILE),
};
static const struct cli_operand name_operand[] = { OPERAND(name, "NAME", .optional = true) };
static const struct cli_operand profile_operands[] = {
	OPERAND(action, "ACTION", .choices = profile_actions),
	OPERAND(profile, "PROFILE", .optional = true, .complete = CLI_COMPLETE_PROFILE),
};
static const struct cli_operand shell_operand[] = {
	OPERAND(shell, "SHELL", .choices = cli_shells),
};

#define OPTIONS(table) .options = (table), .n_options = ARRAY_LEN(table)
#define OPERANDS(table) .operands = (table), .n_operands = ARRAY_LEN(table)

const struct cli_command commands[N_COMMANDS] = {
	[CMD_DEVICES] = {
		"devices", "list the PCI devices and what stands in the way of assigning them",
		"Lists every PCI function by IOMMU group with its driver, and says whether it is\n"
		"ready to be assigned or what stands in the way. With ADDRESS, shows all about\n"
		"that one, and which port on its way keeps it apart from others or does not (as\n"
		"root). --snapshot writes the host into a file for a bug report, without serial\n"
		"numbers and MAC addresses.",
		OPTIONS(devices_options), OPERANDS(device_operand),
	},
	[CMD_HOST] = {
		"host", "show what this machine can do for assigned devices",
		"Says what processor, IOMMU, kernel and memory give a guest with devices, and\n"
		"what to do where something is missing.",
		OPTIONS(host_options),
	},
	[CMD_CHECK] = {
		"check", "print what run would do, or every reason why it cannot",
		"Prints the plan for PROFILE: every change to the host, where each device appears\n"
		"in the guest, and what it costs. If the profile cannot run, prints all reasons\n"
		"and exits with 1. Changes nothing.",
		OPTIONS(check_options), OPERANDS(profile_operand),
	},
	[CMD_VF] = {
		"vf", "list, create, set up and remove the VFs of SR-IOV devices",
		"  list [PF]                      the PFs and their VFs, or those of one PF\n"
		"  create PF COUNT                have COUNT VFs, each with a stable MAC\n"
		"  set PF INDEX KEY=VALUE...      change settings of one VF\n"
		"  remove PF                      have no VFs\n\n"
		"PF is a network interface, an address or vendor:device. Keys: mac, vlan\n"
		"(0-4095), qos (0-7), proto (802.1q, 802.1ad), trust and spoofchk (on, off),\n"
		"link_state (auto, enable, disable), min_rate and max_rate (Mb/s). Changes last;\n"
		"each is made whole or not at all. A PF with a VF that somebody holds keeps its\n"
		"number of VFs.",
		OPTIONS(vf_options), OPERANDS(vf_operands),
	},
	[CMD_BIND] = {
		"bind", "move devices to vfio-pci, for whoever takes them from there",
		"Moves each DEVICE, an address or vendor:device, from its driver to vfio-pci, all\n"
		"of them or none. One that somebody uses is refused, and says who. What was there\n"
		"before is kept until 'release'.",
		OPTIONS(bind_options), OPERANDS(devices_operands),
	},
	[CMD_RELEASE] = {
		"release", "give back what bind moved, exactly as it was",
		"Gives each DEVICE that 'bind' moved back to the driver and the attributes it had\n"
		"before. One that a virtual machine uses is refused.",
		OPTIONS(bind_options), OPERANDS(devices_operands),
	},
	[CMD_RESET] = {
		"reset", "reset a device, and see whether it came back as it was",
		"Resets DEVICE by the mildest of the kernel's methods that brings it back with\n"
		"the same ids, BARs, capabilities, link and power state. It must be without a\n"
		"driver or on vfio-pci, and nobody's. One that does not answer after any is put\n"
		"into quarantine: neither a virtual machine nor a driver gets it.",
		OPTIONS(reset_options), OPERANDS(one_device_operand),
	},
	[CMD_ROM] = {
		"rom", "look into a device's option ROM, check it, or write it to a file",
		"  DEVICE list          the images in its ROM: for whom, for which firmware\n"
		"  DEVICE check [FILE]  whether each is whole and the device's, or that FILE is\n"
		"  DEVICE dump FILE     write it, for a profile's 'rom', and check it\n\n"
		"DEVICE is an address, vendor:device, or for list and check a file. The device is\n"
		"woken and its decoding turned on for that, and put back. Exits with 1 when an\n"
		"image is broken, cut off, another vendor's or has a wrong checksum.",
		OPTIONS(rom_options), OPERANDS(rom_operands),
	},
	[CMD_RUN] = {
		"run", "run a profile's virtual machine until it powers off",
		"Makes the changes of the plan, starts the guest and gives the host back when it\n"
		"ends. The terminal is the guest's first serial port: Ctrl-A h lists its keys,\n"
		"Ctrl-A x stops the guest. SIGTERM presses the power button.",
		OPTIONS(run_options), OPERANDS(profile_operand),
	},
	[CMD_RECOVER] = {
		"recover", "undo what a killed run left on the host",
		"Undoes the journalled changes of every run that has ended without doing so\n"
		"itself, or of NAME alone. A run that is alive is left alone.",
		OPTIONS(recover_options), OPERANDS(name_operand),
	},
	[CMD_STATUS] = {
		"status", "show running virtual machines",
		"Shows every running profile, or NAME with its devices, interrupts and exits.",
		OPTIONS(status_options), OPERANDS(name_operand),
	},
	[CMD_STOP] = {
		"stop", "power off a running virtual machine",
		"Presses the guest's power button and waits until it has stopped; after the\n"
		"profile's stop_timeout the guest is stopped by force.",
		OPTIONS(stop_options), OPERANDS(name_operand),
	},
	[CMD_SCREENSHOT] = {
		"screenshot", "write what a virtual machine shows into a PNG file",
		"Writes the picture of the running profile NAME to FILE. The profile needs a\n"
		"display; a display adapter that is assigned shows its picture on its own outputs\n"
		"alone.",
		OPTIONS(screenshot_options), OPERANDS(screenshot_operands),
	},
	[CMD_REPORT] = {
		"report", "write a bundle for a bug report about a profile",
		"Writes a tar archive with the profile, the plan, the devices and facts of the\n"
		"host, a snapshot of it, what has changed since the profile last ran, its\n"
		"journal and the kernel's messages about VFIO and the devices, and prints what\n"
		"is in it. Host and user names, serial numbers, MAC and IP addresses and UUIDs\n"
		"are replaced. Changes nothing. Run it as root: the kernel shows others less.",
		OPTIONS(report_options), OPERANDS(profile_operand),
	},
	[CMD_PROFILE] = {
		"profile", "print a profile in full, or the reference of all options",
		"'dump PROFILE' prints the profile with every option spelt out, defaults and\n"
		"--set included. 'reference' prints the reference of all options in Markdown.",
		OPTIONS(profile_cmd_options), OPERANDS(profile_operands),
	},
	[CMD_COMPLETION] = {
		"completion", "print a shell's completion script",
		"Prints the script that completes bulkhead's commands and options in SHELL, bash,\n"
		"zsh or fish. For bash: source <(bulkhead completion bash)",
		OPERANDS(shell_operand),
	},
};

int cmd_parse(enum command command, int argc, char **argv, struct cmd_args *args)
{
	int status = cli_parse(&commands[command], argc, argv, args);
	if (!args->host)
		args->host = "";
	if (args->verbose)
		log_set_level(LOG_INFO);
	return status;
}

int cmd_on_host(enum command command, int argc, char **argv,
		int (*check)(const struct cmd_args *args),
		int (*act)(const struct cmd_args *args, struct host *host, struct err *err))
{
	struct cmd_args args = { 0 };
	struct host host;
	struct err err = { 0 };
	int status = cmd_parse(command, argc, argv, &args);
	if (status == CLI_GO && check)
		status = check(&args);
	if (status != CLI_GO)
		return status;
	if (host_open(&host, args.host, &err))
		return cli_fail(&err);
	status = act(&args, &host, &err);
	host_close(&host);
	return status < 0 ? cli_fail(&err) : status;
}

int cmd_load_profile(const struct cmd_args *args, struct profile *profile)
{
	const char *overrides[CLI_REPEAT_MAX + 1];
	unsigned n = 0;
	char iommu[32];
	struct err err = { 0 };
	for (; n < args->set.n; n++)
		overrides[n] = args->set.at[n];
	if (args->iommu) {
		snprintf(iommu, sizeof(iommu), "iommu=%s", args->iommu);
		overrides[n++] = iommu;
	}
	if (profile_load(profile, args->profile, overrides, n, &err))
		return cli_fail(&err);
	if (!args->dump_profile)
		return CLI_GO;
	int r = profile_dump(profile, stdout);
	profile_fini(profile);
	if (!r)
		return CLI_OK;
	cli_error("cannot write the profile: standard output failed");
	return CLI_FAILED;
}
