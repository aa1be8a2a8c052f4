/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What makes a file a kernel we can start: the setup header, every field linux.c relies on. */
#include "boot/linux.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"

#define BOOT_FLAG 0xAA55
#define HDRS_MAGIC 0x53726448 /* "HdrS" */
#define MIN_PROTOCOL 0x020c   /* 2.12 (Linux 3.8) brought xloadflags: is there a 64-bit entry? */
#define SECTOR 512
#define DEFAULT_SETUP_SECTS 4 /* what 0 means, for historical reasons */
#define ENTRY64 0x200         /* offset of the 64-bit entry in the protected-mode part */
#define CMDLINE_ROOM 0xFFFF   /* what linux.c keeps free for it */

/* Files that people hand over by mistake, by their first bytes. */
static const struct {
	const char *magic;
	unsigned len;
	const char *what;
} lookalikes[] = {
	{ "\177ELF", 4, "an ELF file (vmlinux?); give the bzImage, often /boot/vmlinuz-VERSION" },
	{ "MZ", 2,
	  "a PE program without the Linux setup header (an EFI program or unified image?)" },
	{ "\x1f\x8b", 2, "gzip-compressed data; decompress it, or is it the initrd?" },
	{ "\3757zXZ", 5, "xz-compressed data; decompress it, or is it the initrd?" },
	{ "\x28\xb5\x2f\xfd", 4, "zstd-compressed data; decompress it, or is it the initrd?" },
	{ "\x02\x21\x4c\x18", 4, "lz4-compressed data; decompress it, or is it the initrd?" },
	{ "BZh", 3, "bzip2-compressed data; decompress it" },
	{ "07070", 5, "a cpio archive: is it the initrd?" },
	{ "\x27\x05\x19\x56", 4, "a U-Boot image, for another machine" },
	{ "!<arch>", 7, "an archive (a .deb package?)" },
	{ "#!", 2, "a script" },
};

static const char *looks_like(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(lookalikes); i++)
		if (n >= lookalikes[i].len &&
		    !memcmp(bytes, lookalikes[i].magic, lookalikes[i].len))
			return lookalikes[i].what;
	return n < LINUX_HEADER_SIZE ? "too short to be one" : "no Linux setup header in it";
}

/* Packed, so that it may lie anywhere; offsets in the file and in the zero page agree. */
static const struct setup_header *header_of(const struct linux_image *image)
{
	return (const void *)(image->header + offsetof(struct boot_params, hdr));
}

/* O_NONBLOCK: opening a FIFO by mistake must not hang. */
static int open_regular(const char *path, const char *what, int *ret_fd, uint64_t *ret_size,
			struct err *err)
{
	struct stat st;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st))
		return err_errno(err, -errno, "%s %s", what, path);
	if (S_ISDIR(st.st_mode))
		return err_errno(err, -EISDIR, "%s %s", what, path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s %s: not a regular file", what, path);
	*ret_size = (uint64_t)st.st_size;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int read_header(struct linux_image *image, const char *path, struct err *err)
{
	size_t n = (size_t)min_u64(image->kernel_size, sizeof(image->header));
	if (!n)
		return err_set(err, -ENOEXEC, "kernel %s: not a bzImage: the file is empty", path);
	int r = file_pread_all(image->kernel_fd, image->header, n, 0);
	if (r)
		return err_errno(err, r, "kernel %s: reading its header", path);
	const struct setup_header *hdr = header_of(image);
	if (n < sizeof(image->header) || hdr->boot_flag != BOOT_FLAG || hdr->header != HDRS_MAGIC)
		return err_set(err, -ENOEXEC, "kernel %s: not a bzImage: %s", path,
			       looks_like(image->header, n));
	return 0;
}

static int check_age(const struct setup_header *hdr, const char *path, struct err *err)
{
	if (hdr->version < MIN_PROTOCOL)
		return err_set(
			err, -ENOEXEC,
			"kernel %s: boot protocol %u.%02u is too old; 2.12 (Linux 3.8) or newer "
			"is needed",
			path, hdr->version >> 8, hdr->version & 0xff);
	if (!(hdr->xloadflags & XLF_KERNEL_64))
		return err_set(err, -ENOEXEC,
			       "kernel %s: a 32-bit kernel (no 64-bit entry); give an x86-64 one",
			       path);
	if (!(hdr->loadflags & LOADED_HIGH))
		return err_set(err, -ENOEXEC, "kernel %s: a zImage, not a bzImage", path);
	return 0;
}

static int damaged(const char *path, const char *field, uint64_t value, struct err *err)
{
	return err_set(err, -ENOEXEC, "kernel %s: damaged: its header says %s 0x%llx", path, field,
		       (unsigned long long)value);
}

static int check_sizes(struct linux_image *image, const struct setup_header *hdr, const char *path,
		       struct err *err)
{
	unsigned sects = hdr->setup_sects ? hdr->setup_sects : DEFAULT_SETUP_SECTS;
	image->setup_size = (sects + 1) * SECTOR;
	image->payload_size = (uint64_t)hdr->syssize * 16; /* paragraphs */
	if (image->payload_size <= ENTRY64)
		return damaged(path, "syssize", hdr->syssize, err);
	unsigned long long have = image->kernel_size;
	unsigned long long want = image->setup_size + image->payload_size;
	if (have < want)
		return err_set(err, -ENOEXEC, "kernel %s: truncated: %llu bytes of %llu", path,
			       have, want);
	if (!inside(hdr->payload_offset, hdr->payload_length, image->payload_size))
		return damaged(path, "payload_length", hdr->payload_length, err);
	image->init_size = max_u64(hdr->init_size, image->payload_size);
	return 0;
}

static int check_place(struct linux_image *image, const struct setup_header *hdr, const char *path,
		       struct err *err)
{
	image->pref_address = hdr->pref_address;
	image->alignment = hdr->kernel_alignment;
	image->relocatable = hdr->relocatable_kernel;
	image->initrd_max = hdr->initrd_addr_max;
	if (!is_pow2(image->alignment) || image->alignment < PAGE_4K || image->alignment > GIB)
		return damaged(path, "kernel_alignment", image->alignment, err);
	if (image->pref_address < MIB || image->pref_address % PAGE_4K)
		return damaged(path, "pref_address", image->pref_address, err);
	return 0;
}

static int check_cmdline(struct linux_image *image, const struct setup_header *hdr,
			 const char *path, struct err *err)
{
	image->cmdline_max = (uint32_t)min_u64(hdr->cmdline_size, CMDLINE_ROOM);
	size_t len = strlen(image->cmdline);
	if (len > image->cmdline_max)
		return err_set(err, -E2BIG,
			       "kernel command line: %zu characters; kernel %s takes at most %u",
			       len, path, image->cmdline_max);
	return 0;
}

static int open_kernel(struct linux_image *image, const char *path, struct err *err)
{
	int r = open_regular(path, "kernel", &image->kernel_fd, &image->kernel_size, err);
	if (!r)
		r = read_header(image, path, err);
	if (r)
		return r;
	const struct setup_header *hdr = header_of(image);
	r = check_age(hdr, path, err);
	if (!r)
		r = check_sizes(image, hdr, path, err);
	if (!r)
		r = check_place(image, hdr, path, err);
	return r ? r : check_cmdline(image, hdr, path, err);
}

static int open_initrd(struct linux_image *image, const char *path, struct err *err)
{
	int r = open_regular(path, "initrd", &image->initrd_fd, &image->initrd_size, err);
	if (!r && !image->initrd_size)
		r = err_set(err, -EINVAL, "initrd %s: the file is empty", path);
	return r;
}

int linux_open(struct linux_image *image, const char *kernel, const char *initrd,
	       const char *cmdline, struct err *err)
{
	*image = (struct linux_image){ .kernel_fd = -1,
				       .initrd_fd = -1,
				       .cmdline = cmdline ? cmdline : "" };
	int r = open_kernel(image, kernel, err);
	if (!r && initrd && initrd[0])
		r = open_initrd(image, initrd, err);
	if (r)
		linux_close(image);
	return r;
}

void linux_close(struct linux_image *image)
{
	close_fd(&image->initrd_fd);
	close_fd(&image->kernel_fd);
}
