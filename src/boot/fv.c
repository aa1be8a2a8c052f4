/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/fv.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/parse.h"
#include "base/range.h"

#define BLOCK 4096

/* EFI_FIRMWARE_VOLUME_HEADER */
#define FV_GUID 16
#define FV_LENGTH 32
#define FV_SIGNATURE 40
#define FV_HEADER_LENGTH 48
#define FV_BLOCK_MAP 56 /* of pairs count, size; 0, 0 ends it */
#define FV_HEADER_MIN 72 /* one pair and the end */
#define FV_HEADER_MAX 4096

/* VARIABLE_STORE_HEADER */
#define STORE_SIZE 16
#define STORE_FORMAT 20
#define STORE_STATE 21
#define STORE_HEADER 28
#define STORE_FORMATTED 0x5A
#define STORE_HEALTHY 0xFE

/* AUTHENTICATED_VARIABLE_HEADER */
#define VAR_START 0x55AA
#define VAR_STATE 2
#define VAR_NAME_SIZE 36
#define VAR_DATA_SIZE 40
#define VAR_GUID 44
#define VAR_HEADER 60
#define VAR_ADDED 0x3F
#define VAR_ALIGN 4

typedef uint8_t guid[16]; /* as in memory: the first three fields little-endian */

static const guid nv_data_guid = { 0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
				   0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f, 0x50 };
static const guid auth_store_guid = { 0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43,
				      0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92 };
static const guid plain_store_guid = { 0x16, 0x36, 0xcf, 0xdd, 0x75, 0x32, 0x64, 0x41,
				       0x98, 0xb6, 0xfe, 0x85, 0x70, 0x7f, 0xfe, 0x7d };
static const guid global_guid = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
				  0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };

static bool is_guid(const uint8_t *at, const guid what)
{
	return !memcmp(at, what, sizeof(guid));
}

static bool has_volume(const uint8_t *image, size_t size)
{
	return size >= FV_HEADER_MIN && !memcmp(image + FV_SIGNATURE, "_FVH", 4);
}

static bool has_store(const uint8_t *image, size_t size)
{
	return has_volume(image, size) && is_guid(image + FV_GUID, nv_data_guid);
}

/* What a file is that is no firmware image: the mistakes people make. */
static const char *looks_like(const uint8_t *image, size_t size)
{
	static const struct {
		const char *magic;
		size_t len;
		const char *what;
	} known[] = {
		{ "QFI\xfb", 4, "a qcow2 disk image; convert it with qemu-img convert -O raw" },
		{ "\x7f" "ELF", 4, "an ELF program" },
		{ "MZ", 2, "an EFI or Windows program" },
		{ "\x1f\x8b", 2, "a gzip file; unpack it" },
		{ "\x55\xaa", 2, "an option ROM" },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (size >= known[i].len && !memcmp(image, known[i].magic, known[i].len))
			return known[i].what;
	return has_volume(image, size) ? "another firmware volume" : "something else";
}

/* --- code --- */

/* The last 16 bytes begin with what the processor runs first: never erased flash or zeroes. */
static bool has_reset_vector(const uint8_t *image, size_t size)
{
	const uint8_t *vector = image + size - 16;
	for (unsigned i = 1; i < 4; i++)
		if (vector[i] != vector[0])
			return true;
	return vector[0] != 0 && vector[0] != 0xFF;
}

int fv_check_code(const char *name, const void *image, size_t size, struct err *err)
{
	if (has_store(image, size)) {
		if (fv_store_size(size) == 0 && is_pow2(size))
			return err_set(err, -ENOEXEC,
				       "%s: holds code and variables in one file; give the code alone "
				       "(OVMF_CODE_4M.fd)",
				       name);
		return err_set(err, -ENOEXEC,
			       "%s: is a variable store, not the firmware's code; OVMF_CODE_4M.fd is "
			       "that",
			       name);
	}
	if (!has_volume(image, size))
		return err_set(err, -ENOEXEC, "%s: is no firmware image, but %s", name,
			       looks_like(image, size));
	if (size % BLOCK || !has_reset_vector(image, size))
		return err_set(err, -ENOEXEC,
			       "%s: does not end with what an x86 processor starts at; it is cut off, "
			       "or for another processor",
			       name);
	if (!fv_store_size(size))
		return err_set(err, -ENOEXEC,
			       "%s: %zu bytes is no size of firmware code that leaves room for a "
			       "variable store; it is cut off, or for another machine",
			       name, size);
	return 0;
}

/* --- sizes --- */

uint64_t fv_store_size(uint64_t code_size)
{
	uint64_t whole = max_u64(pow2_ceil(code_size), MIB);
	return code_size && whole > code_size && whole <= FV_IMAGE_MAX ? whole - code_size : 0;
}

int fv_check_pair(const char *code, uint64_t code_size, const char *store, uint64_t store_size,
		  struct err *err)
{
	uint64_t fitting = fv_store_size(code_size);
	if (fitting == store_size)
		return 0;
	return err_set(err, -EINVAL,
		       "%s has %llu bytes, but %s (%llu bytes) needs a variable store of %llu: they "
		       "were not built together; a 4M store goes with 4M code, a 2M one with 2M code",
		       store, (unsigned long long)store_size, code, (unsigned long long)code_size,
		       (unsigned long long)fitting);
}

/* --- the store --- */

static int damaged(const char *name, struct err *err, const char *what)
{
	return err_set(err, -EUCLEAN, "%s: is damaged: %s", name, what);
}

static uint16_t sum16(const uint8_t *at, size_t len)
{
	uint16_t sum = 0;
	for (size_t i = 0; i + 1 < len; i += 2)
		sum = (uint16_t)(sum + le16_get(at + i));
	return sum;
}

static int check_volume(const char *name, const uint8_t *image, size_t size, struct err *err)
{
	size_t header = le16_get(image + FV_HEADER_LENGTH);
	uint64_t length = le64_get(image + FV_LENGTH);
	if (header < FV_HEADER_MIN || header > FV_HEADER_MAX || header % 2 ||
	    !inside(header, STORE_HEADER, size))
		return damaged(name, err, "the length of its header is impossible");
	if (sum16(image, header))
		return damaged(name, err, "its header's checksum is wrong");
	if (length != size)
		return err_set(err, -EUCLEAN,
			       "%s: is damaged: it says that it has %llu bytes, and has %zu", name,
			       (unsigned long long)length, size);
	if (le32_get(image + FV_BLOCK_MAP + 4) != BLOCK)
		return err_set(err, -ENOEXEC,
			       "%s: is a variable store for flash with blocks of %u bytes, of another "
			       "machine",
			       name, le32_get(image + FV_BLOCK_MAP + 4));
	return 0;
}

/* Where the variables are; only after check_volume. */
struct variables {
	const uint8_t *image;
	size_t at, end;
};

static int open_store(const char *name, const uint8_t *image, size_t size, struct variables *ret,
		      struct err *err)
{
	size_t header = le16_get(image + FV_HEADER_LENGTH);
	const uint8_t *store = image + header;
	uint64_t store_size = le32_get(store + STORE_SIZE);
	if (is_guid(store, plain_store_guid))
		return err_set(err, -ENOEXEC,
			       "%s: is the store of a firmware without Secure Boot, in a format that "
			       "the others do not read; start with a new one",
			       name);
	if (!is_guid(store, auth_store_guid))
		return damaged(name, err, "there is no variable store in it");
	if (store_size < STORE_HEADER || !inside(header, store_size, size))
		return damaged(name, err, "the size of its variable list is impossible");
	if (store[STORE_FORMAT] != STORE_FORMATTED || store[STORE_STATE] != STORE_HEALTHY)
		return damaged(name, err, "its variable list is not marked as whole");
	*ret = (struct variables){ image, header + STORE_HEADER, header + (size_t)store_size };
	return 0;
}

struct variable {
	const uint8_t *header, *name; /* name and data lie inside the store */
	uint32_t name_size, data_size;
};

/* 1 = there is one; 0 = the list ends here; -EUCLEAN = it goes wrong here. */
static int next_variable(struct variables *v, struct variable *ret)
{
	v->at = (size_t)align_up(v->at, VAR_ALIGN);
	if (!inside(v->at, VAR_HEADER, v->end) || le16_get(v->image + v->at) != VAR_START)
		return 0;
	const uint8_t *header = v->image + v->at;
	uint64_t name_size = le32_get(header + VAR_NAME_SIZE);
	uint64_t data_size = le32_get(header + VAR_DATA_SIZE);
	uint64_t left = v->end - v->at - VAR_HEADER;
	/* The header was being written when the power went: firmware takes it for an empty one too. */
	if (header[VAR_STATE] == 0xFF || name_size == UINT32_MAX || data_size == UINT32_MAX)
		name_size = data_size = 0;
	if (name_size > left || data_size > left - name_size)
		return -EUCLEAN;
	*ret = (struct variable){ header, header + VAR_HEADER, (uint32_t)name_size,
				  (uint32_t)data_size };
	v->at += VAR_HEADER + (size_t)(name_size + data_size);
	return 1;
}

static int check_list(const char *name, const uint8_t *image, size_t size, struct err *err)
{
	struct variables v = { 0 };
	struct variable variable;
	int r = check_volume(name, image, size, err);
	if (!r)
		r = open_store(name, image, size, &v, err);
	if (r)
		return r;
	while ((r = next_variable(&v, &variable)) > 0)
		;
	return r ? damaged(name, err, "a variable in it is longer than the list") : 0;
}

/*
 * Firmware tidies the list up by writing the new one into the upper half, and copying it down. When
 * that was interrupted, the upper half is good, and the next start ends it.
 */
static bool is_repairable(const uint8_t *image, size_t size)
{
	const uint8_t *spare = image + size / 2;
	size_t spare_size = size - size / 2;
	if (!has_store(spare, spare_size) || le64_get(spare + FV_LENGTH) != size)
		return false;
	size_t header = le16_get(spare + FV_HEADER_LENGTH);
	return header >= FV_HEADER_MIN && header <= FV_HEADER_MAX && header <= spare_size &&
	       !sum16(spare, header);
}

int fv_check_store(const char *name, const void *image, size_t size, struct err *err)
{
	if (is_repairable(image, size))
		return 0;
	if (!has_store(image, size))
		return err_set(err, -ENOEXEC, "%s: is no variable store, but %s", name,
			       looks_like(image, size));
	return check_list(name, image, size, err);
}

bool fv_store_has_keys(const void *image, size_t size)
{
	static const uint8_t pk[] = { 'P', 0, 'K', 0, 0, 0 };
	struct variables v = { 0 };
	struct variable variable;
	if (!has_store(image, size) || check_volume("", image, size, NULL) ||
	    open_store("", image, size, &v, NULL))
		return false;
	while (next_variable(&v, &variable) > 0)
		if (variable.header[VAR_STATE] == VAR_ADDED && variable.data_size &&
		    variable.name_size == sizeof(pk) && !memcmp(variable.name, pk, sizeof(pk)) &&
		    is_guid(variable.header + VAR_GUID, global_guid))
			return true;
	return false;
}
