// SPDX-License-Identifier: GPL-2.0-or-later
// What a program sees of the hypervisor's interface: CPUID leaves, and whether the clocks that come
// with it agree and cost what they should.
#include "labguest.h"

#include <cpuid.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TIME_REF_COUNT = 0x40000020, REFERENCE_TSC = 0x40000021, READS = 2000 };

// The registers of one leaf, and its text when it is a signature.
int cpuid_main(int argc, char **argv)
{
	unsigned leaf, eax, name[4] = { 0 };

	if (argc != 2)
		return 2;
	leaf = (unsigned)strtoul(argv[1], NULL, 16);
	__cpuid_count(leaf, 0, eax, name[0], name[1], name[2]);
	printf("%08x %08x %08x %08x", eax, name[0], name[1], name[2]);
	if ((leaf & 0xff) == 0)
		printf(" '%s'", (const char *)name);
	printf("\n");
	return 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int read_register(int fd, unsigned index, uint64_t *value)
{
	return pread(fd, value, sizeof(*value), index) == sizeof(*value) ? 0 : 1;
}

// How long the counter of 100 ns has gone while the kernel's clock went a third of a second.
static int counter_and_clock(int fd, double *ratio)
{
	uint64_t before, after;
	double start = now();

	if (read_register(fd, TIME_REF_COUNT, &before))
		return failed("the reference counter");
	usleep(300000);
	if (read_register(fd, TIME_REF_COUNT, &after))
		return failed("the reference counter");
	*ratio = (double)(after - before) / 1e7 / (now() - start);
	return 0;
}

// A register costs an exit; the clock costs one too if its page is not valid.
static int costs(int fd, double *of_register, double *of_clock)
{
	uint64_t value;
	double start = now();

	for (int i = 0; i < READS; i++)
		if (read_register(fd, TIME_REF_COUNT, &value))
			return failed("the reference counter");
	*of_register = (now() - start) / READS * 1e6;
	start = now();
	for (int i = 0; i < READS; i++)
		now();
	*of_clock = (now() - start) / READS * 1e6;
	return 0;
}

// A register read, or written and not read back; failing with EIO is what a fault looks like.
int msr_main(int argc, char **argv)
{
	unsigned index = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 16) : 0;
	uint64_t value = argc > 2 ? strtoull(argv[2], NULL, 16) : 0;
	int fd = open("/dev/cpu/0/msr", O_RDWR | O_CLOEXEC);

	if (argc < 2 || argc > 3)
		return 2;
	if (fd < 0)
		return failed("/dev/cpu/0/msr");
	if (argc == 3 ? pwrite(fd, &value, sizeof(value), index) != sizeof(value)
		      : read_register(fd, index, &value))
		return failed(argv[1]);
	printf("%x: %llx\n", index, (unsigned long long)value);
	close(fd);
	return 0;
}

int hyperv_main(int argc, char **argv)
{
	int fd = open("/dev/cpu/0/msr", O_RDONLY | O_CLOEXEC);
	double ratio = 0, of_register = 0, of_clock = 0;
	uint64_t page;

	(void)argv;
	if (argc != 1)
		return 2;
	if (fd < 0)
		return failed("/dev/cpu/0/msr");
	if (read_register(fd, REFERENCE_TSC, &page))
		return failed("the reference TSC page");
	if (counter_and_clock(fd, &ratio) || costs(fd, &of_register, &of_clock))
		return 1;
	close(fd);
	printf("page %s, counter %.4f of the clock, %.1f us a register, %.1f us a clock\n",
	       page & 1 ? "on" : "off", ratio, of_register, of_clock);
	return !(page & 1) || ratio < 0.95 || ratio > 1.05 || of_clock > of_register / 2;
}
