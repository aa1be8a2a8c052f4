// SPDX-License-Identifier: GPL-2.0-or-later
// Reads blocks of 4096 bytes at random places, one at a time, past the page cache: one command and
// one interrupt each.
#define _GNU_SOURCE
#include "labguest.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096 };

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int read_all(int fd, uint64_t blocks, int count, void *buffer)
{
	uint64_t random = 1;

	for (int i = 0; i < count; i++) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		if (pread(fd, buffer, BLOCK, (off_t)((random >> 33) % blocks * BLOCK)) != BLOCK)
			return failed("read");
	}
	return 0;
}

int reads_main(int argc, char **argv)
{
	uint64_t size = 0;
	void *buffer;
	double start;
	int fd, count;

	if (argc != 3)
		return 2;
	count = atoi(argv[2]);
	fd = open(argv[1], O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &size) < 0 || size < BLOCK)
		return failed(argv[1]);
	if (posix_memalign(&buffer, BLOCK, BLOCK))
		return failed("memory");
	start = now();
	if (read_all(fd, size / BLOCK, count, buffer))
		return 1;
	printf("%d reads in %.0f ms\n", count, (now() - start) * 1000);
	free(buffer);
	close(fd);
	return 0;
}
