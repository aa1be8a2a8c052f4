/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/tar.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define BLOCK 512

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
	char link_name[100], magic[6], version[2], user[32], group[32], major[8], minor[8];
	char prefix[155], unused[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "as POSIX lays it out");

/* Octal digits in all but the last byte, which ends the field. */
static void put_octal(char *field, size_t size, uint64_t value)
{
	field[--size] = 0;
	while (size) {
		field[--size] = (char)('0' + (value & 7));
		value >>= 3;
	}
}

/* The sum of all bytes, with the checksum's own taken for blanks. */
static void put_checksum(struct header *header)
{
	unsigned sum = 0;
	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += ((const unsigned char *)header)[i];
	put_octal(header->checksum, 7, sum);
}

int tar_add(FILE *out, const char *name, const void *data, size_t size, uint64_t mtime)
{
	static const char zeros[BLOCK];
	struct header header = { .type = '0', .magic = "ustar", .version = { '0', '0' } };
	size_t len = strlen(name);
	if (!len || len > TAR_NAME_MAX)
		return -ENAMETOOLONG;
	if (size >> 33)
		return -EFBIG;
	memcpy(header.name, name, len);
	put_octal(header.mode, sizeof(header.mode), 0644);
	put_octal(header.uid, sizeof(header.uid), 0);
	put_octal(header.gid, sizeof(header.gid), 0);
	put_octal(header.size, sizeof(header.size), size);
	put_octal(header.mtime, sizeof(header.mtime), mtime);
	put_checksum(&header);
	fwrite(&header, sizeof(header), 1, out);
	fwrite(data, 1, size, out);
	fwrite(zeros, 1, (BLOCK - size % BLOCK) % BLOCK, out);
	return ferror(out) ? -EIO : 0;
}

int tar_end(FILE *out)
{
	static const char zeros[2 * BLOCK];
	fwrite(zeros, sizeof(zeros), 1, out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}
