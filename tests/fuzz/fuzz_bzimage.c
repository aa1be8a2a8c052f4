/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel file made by an enemy: whatever its header says, it is refused with a text or loaded
 * inside guest memory. Inputs are read as what differs from a header that is accepted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "boot/linux.h"
#include "fake/bzimage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_SIZE 8192
#define MEMORY (24 * MIB)

static void good_header(uint8_t *file)
{
	struct setup_header hdr = bzimage_header(FILE_SIZE - BZIMAGE_SETUP_SIZE);
	hdr.cmdline_size = 255;
	hdr.init_size = MIB;
	memcpy(file + BZIMAGE_HEADER_AT, &hdr, sizeof(hdr));
}

/* First byte: how much of the file there is; then the header xored with the rest. */
static size_t make_file(uint8_t *file, const uint8_t *data, size_t size)
{
	good_header(file);
	if (!size)
		return FILE_SIZE;
	for (size_t i = 1; i < size && i < 0x300; i++)
		file[(0x1f0 + i) % FILE_SIZE] ^= data[i];
	return data[0] & 1 ? (size_t)data[0] * FILE_SIZE / 256 : FILE_SIZE;
}

static void try_load(const char *path, struct gmem *gmem, const struct layout *layout)
{
	struct linux_image image;
	struct vcpu_entry64 entry;
	struct err err = { 0 };
	if (linux_open(&image, path, path, "quiet", &err)) {
		if (!err.text[0] || image.kernel_fd != -1)
			abort();
		return;
	}
	int fits = linux_check_fit(&image, layout, &err);
	int r = linux_load(&image, layout, gmem, &entry, &err);
	if ((fits != 0) != (r != 0) || (r && !err.text[0]))
		abort();
	if (!r && !gmem_hva(gmem, entry.rip - 0x200, image.init_size))
		abort(); /* the kernel must have room to unpack itself */
	linux_close(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct layout layout;
	static struct gmem gmem; /* made once: the map would cost more than the test */
	if (!gmem.base && (layout_ram(&layout, MEMORY, NULL, 0, NULL) ||
			   gmem_init(&gmem, layout.ram, layout.n_ram, NULL)))
		abort();
	uint8_t file[FILE_SIZE] = { 0 };
	size_t n = make_file(file, data, size);
	char path[32];
	int fd = memfd_create("bzimage", MFD_CLOEXEC);
	if (fd < 0 || write(fd, file, n) != (ssize_t)n)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	try_load(path, &gmem, &layout);
	close(fd);
	return 0;
}
