// SPDX-License-Identifier: GPL-2.0-or-later
// Memory that the host shares behind BAR 2: prints the line at its start, answers at its end and on
// every page between.
#include "labguest.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

int shared_main(int argc, char **argv)
{
	char path[256];
	struct stat st;
	char *memory;
	int fd;

	if (argc != 2)
		return 2;
	snprintf(path, sizeof(path), "%s/resource2", argv[1]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return failed(path);
	memory = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return failed("mmap");
	printf("%lld MiB, the host says: %.*s; ", (long long)st.st_size >> 20,
	       (int)strcspn(memory, "\n") % 100, memory);
	for (off_t at = PAGE; at < st.st_size; at += PAGE)
		memcpy(memory + at, &at, sizeof(at));
	strcpy(memory + st.st_size - 64, "the guest was here\n");
	return 0;
}
