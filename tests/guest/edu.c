// SPDX-License-Identifier: GPL-2.0-or-later
// Drives QEMU's "edu" device (1234:11e8; QEMU docs/specs/edu.rst) through its sysfs files: it
// computes, it moves memory by DMA to any address it is told, and it raises INTx on demand.
#include "labguest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	REG_ID = 0x00,
	REG_LIVE = 0x04,
	REG_FACTORIAL = 0x08,
	REG_STATUS = 0x20,
	REG_IRQ_STATUS = 0x24,
	REG_IRQ_RAISE = 0x60,
	REG_IRQ_ACK = 0x64,
	REG_DMA_SRC = 0x80,
	REG_DMA_DST = 0x88,
	REG_DMA_COUNT = 0x90,
	REG_DMA_CMD = 0x98,
	STATUS_COMPUTING = 0x01,
	DMA_START = 0x01,
	DMA_TO_RAM = 0x02,
	EDU_BUFFER = 0x40000,	// the device's own memory, as its DMA engine addresses it
	BAR_SIZE = 0x100000,
	PAGE = 4096,
	PCI_COMMAND = 4,
	COMMAND_MEMORY = 0x2,
	COMMAND_MASTER = 0x4,
	COMMAND_INTX_OFF = 0x400,
};

struct edu {
	const char *folder;
	volatile uint8_t *bar;
	int config;
};

static uint32_t rd(const struct edu *edu, unsigned int reg)
{
	return *(volatile uint32_t *)(edu->bar + reg);
}

static void wr(const struct edu *edu, unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)(edu->bar + reg) = value;
}

static void wr64(const struct edu *edu, unsigned int reg, uint64_t value)
{
	*(volatile uint64_t *)(edu->bar + reg) = value;
}

/* Set memory decoding and bus mastering, and let INTx through. */
static int command_on(const struct edu *edu)
{
	uint16_t command;

	if (pread(edu->config, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		return failed("read command");
	command |= COMMAND_MEMORY | COMMAND_MASTER;
	command &= (uint16_t)~COMMAND_INTX_OFF;
	if (pwrite(edu->config, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		return failed("write command");
	return 0;
}

static int open_in(const char *folder, const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return open(path, flags | O_CLOEXEC);
}

static int edu_open(struct edu *edu, const char *folder)
{
	int fd;
	void *bar;

	edu->folder = folder;
	edu->config = open_in(folder, "config", O_RDWR);
	if (edu->config < 0)
		return failed("config");
	if (command_on(edu))
		return 1;
	fd = open_in(folder, "resource0", O_RDWR | O_SYNC);
	if (fd < 0)
		return failed("resource0");
	bar = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (bar == MAP_FAILED)
		return failed("map the BAR");
	edu->bar = bar;
	return 0;
}

/* Poll until the bits of reg are clear; 2 seconds. */
static int settle(const struct edu *edu, unsigned int reg, uint32_t bits)
{
	for (int i = 0; i < 2000; i++) {
		if (!(rd(edu, reg) & bits))
			return 0;
		usleep(1000);
	}
	printf("register %#x keeps %#x\n", reg, rd(edu, reg));
	return 1;
}

static int compute(const struct edu *edu)
{
	const uint32_t probe = 0x12345678;

	wr(edu, REG_LIVE, probe);
	if (rd(edu, REG_LIVE) != ~probe) {
		printf("liveness register reads %#x\n", rd(edu, REG_LIVE));
		return 1;
	}
	wr(edu, REG_FACTORIAL, 10);
	if (settle(edu, REG_STATUS, STATUS_COMPUTING))
		return 1;
	if (rd(edu, REG_FACTORIAL) != 3628800) {
		printf("10! = %u\n", rd(edu, REG_FACTORIAL));
		return 1;
	}
	printf("id %#x, 10! = 3628800\n", rd(edu, REG_ID));
	return 0;
}

static int transfer(const struct edu *edu, uint64_t from, uint64_t to, uint32_t direction)
{
	wr64(edu, REG_DMA_SRC, from);
	wr64(edu, REG_DMA_DST, to);
	wr64(edu, REG_DMA_COUNT, PAGE);
	wr64(edu, REG_DMA_CMD, DMA_START | direction);
	return settle(edu, REG_DMA_CMD, DMA_START);
}

/* The guest-physical address of a locked page, from /proc/self/pagemap; 0 if unknown. */
static uint64_t physical(const void *page)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)page / PAGE * sizeof(entry))) !=
	    sizeof(entry))
		entry = 0;
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

/* A page there and back through the device's buffer. */
static int dma(const struct edu *edu)
{
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	uint64_t there, back;

	if (pages == MAP_FAILED)
		return failed("pages");
	for (int i = 0; i < PAGE; i++)
		pages[i] = (uint8_t)(i * 7 + (i >> 8));
	memset(pages + PAGE, 0xee, PAGE);
	there = physical(pages);
	back = physical(pages + PAGE);
	if (!there || !back) {
		printf("physical addresses are not known\n");
		return 1;
	}
	if (transfer(edu, there, EDU_BUFFER, 0) || transfer(edu, EDU_BUFFER, back, DMA_TO_RAM))
		return 1;
	if (memcmp(pages, pages + PAGE, PAGE) != 0) {
		printf("what came back differs\n");
		return 1;
	}
	printf("%d bytes from %#llx to %#llx\n", PAGE, (unsigned long long)there,
	       (unsigned long long)back);
	return 0;
}

/* Write to an address that is not this guest's, and read from it: the device must live on. */
static int outside(const struct edu *edu, uint64_t address)
{
	if (transfer(edu, EDU_BUFFER, address, DMA_TO_RAM) || transfer(edu, address, EDU_BUFFER, 0))
		return 1;
	printf("asked for DMA at %#llx; ", (unsigned long long)address);
	return compute(edu);
}

static int open_uio(const struct edu *edu)
{
	char path[300];

	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "%s/uio/uio%d", edu->folder, i);
		if (access(path, F_OK) == 0) {
			snprintf(path, sizeof(path), "/dev/uio%d", i);
			return open(path, O_RDWR | O_CLOEXEC);
		}
	}
	errno = ENODEV;
	return -1;
}

static int one_interrupt(const struct edu *edu, int uio, int number)
{
	struct pollfd wait = { .fd = uio, .events = POLLIN };
	uint32_t count;

	if (command_on(edu))
		return 1;
	wr(edu, REG_IRQ_RAISE, 1);
	if (poll(&wait, 1, 2000) != 1) {
		printf("interrupt %d did not arrive\n", number);
		return 1;
	}
	if (read(uio, &count, sizeof(count)) != sizeof(count))
		return failed("read uio");
	wr(edu, REG_IRQ_ACK, rd(edu, REG_IRQ_STATUS));
	return 0;
}

/*
 * The uio_pci_generic driver turns INTx off in the command register at each interrupt; turning it
 * on again with the device quiet must give no second one, and with the device raising, one more.
 */
static int intx(const struct edu *edu, int count)
{
	struct pollfd wait;
	int uio = open_uio(edu);

	if (uio < 0)
		return failed("uio");
	for (int i = 0; i < count; i++) {
		if (one_interrupt(edu, uio, i))
			return 1;
	}
	if (command_on(edu))
		return 1;
	wait = (struct pollfd){ .fd = uio, .events = POLLIN };
	if (poll(&wait, 1, 200) != 0) {
		printf("an interrupt nobody raised\n");
		return 1;
	}
	printf("%d interrupts\n", count);
	close(uio);
	return 0;
}

int edu_main(int argc, char **argv)
{
	struct edu edu;

	if (argc < 3)
		return 2;
	if (edu_open(&edu, argv[1]))
		return 1;
	if (strcmp(argv[2], "compute") == 0)
		return compute(&edu);
	if (strcmp(argv[2], "dma") == 0)
		return dma(&edu);
	if (strcmp(argv[2], "outside") == 0 && argc == 4)
		return outside(&edu, strtoull(argv[3], NULL, 0));
	if (strcmp(argv[2], "intx") == 0 && argc == 4)
		return intx(&edu, atoi(argv[3]));
	return 2;
}
