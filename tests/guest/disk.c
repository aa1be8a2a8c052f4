// SPDX-License-Identifier: GPL-2.0-or-later
// The disks of the lab (scripts/lab.d/disks.py): finds one by the label in its header, and writes
// and reads back random bytes past the page cache. A shell could do it too, by ten times the
// processes.
#define _GNU_SOURCE
#include "labguest.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { HEADER = 4096, CHUNK = 65536, CHUNKS = 8 };

// has_label DEVICE WANTED — the second line of its header says so
static int has_label(const char *path, const char *wanted)
{
	static char header[HEADER + 1];
	char *line, *rest = header;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, header, HEADER, 0);

	if (fd >= 0)
		close(fd);
	if (n != HEADER)
		return 0;
	header[HEADER] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, "label ", 6) == 0)
			return strcmp(line + 6, wanted) == 0;
	}
	return 0;
}

// find LABEL — prints the block device, a partition too, whose payload carries the label; 1 if none
// does
int find_main(int argc, char **argv)
{
	struct dirent *entry;
	char path[300];
	DIR *dir = opendir("/sys/class/block");

	if (argc != 2)
		return 2;
	if (!dir)
		return failed("/sys/class/block");
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		if (!has_label(path, argv[1]))
			continue;
		puts(path);
		closedir(dir);
		return 0;
	}
	closedir(dir);
	return 1;
}

static int fill(char *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = getrandom(bytes + at, size - at, 0);

		if (n < 0)
			return -1;
		at += (size_t)n;
	}
	return 0;
}

// scratch DEVICE OFFSET — 512 KiB of random bytes, written and read back in pieces of 64 KiB
int scratch_main(int argc, char **argv)
{
	const size_t size = (size_t)CHUNK * CHUNKS;
	off_t place;
	char *written, *read_back;
	int fd;

	if (argc != 3)
		return 2;
	place = strtoll(argv[2], NULL, 0);
	fd = open(argv[1], O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		return failed(argv[1]);
	if (posix_memalign((void **)&written, HEADER, size) ||
	    posix_memalign((void **)&read_back, HEADER, size) || fill(written, size) < 0)
		return failed("memory or random bytes");
	memset(read_back, 0, size);
	for (int i = 0; i < CHUNKS; i++) {
		if (pwrite(fd, written + i * CHUNK, CHUNK, place + i * CHUNK) != CHUNK)
			return failed("write");
	}
	for (int i = 0; i < CHUNKS; i++) {
		if (pread(fd, read_back + i * CHUNK, CHUNK, place + i * CHUNK) != CHUNK)
			return failed("read");
	}
	if (memcmp(written, read_back, size) != 0) {
		puts("what was written is not what is read");
		return 1;
	}
	return 0;
}
