// SPDX-License-Identifier: GPL-2.0-or-later
// Every CPUID leaf and sub-leaf that the first processor has, one a line.
#define _GNU_SOURCE
#include "labguest.h"

#include <cpuid.h>
#include <sched.h>
#include <stdio.h>

// Sub-leaves that mean anything: these leaves have them, others repeat themselves or are empty.
static unsigned subleaves(unsigned leaf)
{
	switch (leaf) {
	case 0x4:
	case 0xB:
	case 0x1F:
	case 0x8000001D:
		return 6;
	case 0x7:
		return 3;
	case 0xD:
		return 64;
	default:
		return 1;
	}
}

static void show(unsigned leaf)
{
	for (unsigned sub = 0; sub < subleaves(leaf); sub++) {
		unsigned a, b, c, d;
		__cpuid_count(leaf, sub, a, b, c, d);
		if (sub == 0 || a || b || (c & ~0xffu))
			printf("%08x.%u %08x %08x %08x %08x\n", leaf, sub, a, b, c, d);
	}
}

int leaves_main(int argc, char **argv)
{
	static const unsigned bases[] = { 0, 0x40000000, 0x40000100, 0x80000000 };
	cpu_set_t first;
	(void)argv;
	if (argc != 1)
		return 2;
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		return failed("sched_setaffinity");
	for (unsigned i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		unsigned top, b, c, d;
		__cpuid_count(bases[i], 0, top, b, c, d);
		if (top - bases[i] > 0x100)
			top = bases[i];
		for (unsigned leaf = bases[i]; leaf <= top; leaf++)
			show(leaf);
	}
	return 0;
}
