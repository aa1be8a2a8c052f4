// SPDX-License-Identifier: GPL-2.0-or-later
#include "labguest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *usage;
} commands[] = {
	{ "edu", edu_main, "PCI-FOLDER compute | dma | outside ADDRESS | intx COUNT" },
	{ "draw", draw_main, "DRM-NODE" },
	{ "key", key_main, "CODE SECONDS" },
	{ "events", events_main, "SECONDS" },
	{ "shared", shared_main, "PCI-FOLDER" },
	{ "find", find_main, "LABEL" },
	{ "scratch", scratch_main, "BLOCK-DEVICE OFFSET" },
	{ "reads", reads_main, "BLOCK-DEVICE COUNT" },
	{ "tray", tray_main, "CDROM-NODE open | close" },
	{ "leaves", leaves_main, "" },
	{ "cpuid", cpuid_main, "LEAF" },
	{ "hyperv", hyperv_main, "" },
	{ "msr", msr_main, "INDEX [VALUE]" },
};

int failed(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	return 1;
}

static void usage(void)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "labguest %s %s\n", commands[i].name, commands[i].usage);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	}
	usage();
	return 2;
}
