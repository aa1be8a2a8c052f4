/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/aml.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/* Encodings of ACPI 6.5 §20.2. */
enum {
	OP_NAME = 0x08,
	OP_BYTE = 0x0A,
	OP_WORD = 0x0B,
	OP_DWORD = 0x0C,
	OP_STRING = 0x0D,
	OP_QWORD = 0x0E,
	OP_SCOPE = 0x10,
	OP_BUFFER = 0x11,
	OP_PACKAGE = 0x12,
	OP_METHOD = 0x14,
	PREFIX_DUAL = 0x2E,
	PREFIX_MULTI = 0x2F,
	OP_EXT = 0x5B,
	EXT_DEVICE = 0x82,
	OP_IF = 0xA0,
	OP_ELSE = 0xA1,
	OP_ONES = 0xFF,
};

enum ending { END_PLAIN, END_BUFFER, END_RESOURCES };

#define PKG_LENGTH_MAX 0x0FFFFFFF

static void fail(struct aml *aml, int error)
{
	if (!aml->error)
		aml->error = error;
}

void aml_init(struct aml *aml)
{
	memset(aml, 0, sizeof(*aml));
}

void aml_fini(struct aml *aml)
{
	free(aml->data);
	memset(aml, 0, sizeof(*aml));
}

int aml_take(struct aml *aml, uint8_t **ret_data, size_t *ret_len)
{
	if (aml->error)
		return aml->error;
	if (aml->depth)
		return -EINVAL;
	*ret_data = aml->data;
	*ret_len = aml->len;
	memset(aml, 0, sizeof(*aml));
	return 0;
}

/* Room for n bytes at `at`, what was there moved up; NULL after an error. */
static uint8_t *insert(struct aml *aml, size_t at, size_t n)
{
	if (aml->error)
		return NULL;
	if (n > aml->cap - aml->len) {
		size_t cap = (aml->len + n) * 2;
		uint8_t *data = realloc(aml->data, cap);
		if (!data) {
			fail(aml, -ENOMEM);
			return NULL;
		}
		aml->data = data;
		aml->cap = cap;
	}
	memmove(aml->data + at + n, aml->data + at, aml->len - at);
	aml->len += n;
	return aml->data + at;
}

void aml_raw(struct aml *aml, const void *bytes, size_t n)
{
	uint8_t *to = n ? insert(aml, aml->len, n) : NULL;
	if (to)
		memcpy(to, bytes, n);
}

void aml_op(struct aml *aml, uint8_t opcode)
{
	aml_raw(aml, &opcode, 1);
}

void aml_ext_op(struct aml *aml, uint8_t opcode)
{
	aml_op(aml, OP_EXT);
	aml_op(aml, opcode);
}

static void put(struct aml *aml, unsigned size, uint64_t value)
{
	uint8_t bytes[8];
	le_put(bytes, size, value);
	aml_raw(aml, bytes, size);
}

/* An integer constant into `to`, at most 9 bytes; returns its length. */
static size_t encode_int(uint8_t *to, uint64_t value)
{
	if (value <= 1 || value == UINT64_MAX) {
		to[0] = (uint8_t)(value == UINT64_MAX ? OP_ONES : value);
		return 1;
	}
	unsigned size = value <= 0xFF ? 1 : value <= 0xFFFF ? 2 : value <= UINT32_MAX ? 4 : 8;
	to[0] = size == 1 ? OP_BYTE : size == 2 ? OP_WORD : size == 4 ? OP_DWORD : OP_QWORD;
	le_put(to + 1, size, value);
	return 1 + size;
}

void aml_int(struct aml *aml, uint64_t value)
{
	uint8_t bytes[9];
	aml_raw(aml, bytes, encode_int(bytes, value));
}

void aml_string(struct aml *aml, const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c > 0x7f)
			fail(aml, -EINVAL);
	aml_op(aml, OP_STRING);
	aml_raw(aml, text, strlen(text) + 1);
}

/* --- names --- */

/* One segment of 1 to 4 characters, padded with '_'; returns where it ends, NULL when malformed. */
static const char *segment(const char *at, char to[4])
{
	unsigned n = 0;
	memset(to, '_', 4);
	for (; *at && *at != '.'; at++, n++) {
		if (n == 4 || !(isupper((unsigned char)*at) || *at == '_' ||
				(n && isdigit((unsigned char)*at))))
			return NULL;
		to[n] = *at;
	}
	return n ? at : NULL;
}

void aml_name(struct aml *aml, const char *path)
{
	char segs[AML_DEPTH_MAX][4];
	unsigned n = 0;
	const char *at = path;
	while (*at == '\\' || *at == '^')
		aml_op(aml, (uint8_t)*at++);
	while (at && *at && n < AML_DEPTH_MAX) {
		at = segment(at, segs[n++]);
		if (at && *at == '.')
			at = at[1] ? at + 1 : NULL;
	}
	if (!at || *at || !n) {
		fail(aml, -EINVAL);
		return;
	}
	if (n == 2)
		aml_op(aml, PREFIX_DUAL);
	if (n > 2) {
		aml_op(aml, PREFIX_MULTI);
		aml_op(aml, (uint8_t)n);
	}
	aml_raw(aml, segs, (size_t)n * 4);
}

/* Three letters of 5 bits and four hex digits, the whole big-endian (ACPI 6.5 §19.3.4). */
void aml_eisa_id(struct aml *aml, const char *id)
{
	uint32_t v = 0;
	bool good = strlen(id) == 7;
	for (int i = 0; good && i < 3; i++) {
		good = isupper((unsigned char)id[i]);
		v = v << 5 | (uint32_t)(id[i] - '@');
	}
	for (int i = 3; good && i < 7; i++)
		good = isxdigit((unsigned char)id[i]);
	if (!good) {
		fail(aml, -EINVAL);
		return;
	}
	v = v << 16 | (uint32_t)strtoul(id + 3, NULL, 16);
	aml_int(aml, __builtin_bswap32(v));
}

static int hex_digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

/* aabbccdd-eeff-gghh-iijj-kkllmmnnoopp: the first three groups little-endian (§19.6.142). */
void aml_uuid(struct aml *aml, const char *uuid)
{
	static const uint8_t at[16] = { 6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34 };
	uint8_t bytes[16] = { 0 };
	bool good = strlen(uuid) == 36;
	for (int i = 0; good && i < 16; i++) {
		int high = hex_digit(uuid[at[i]]), low = hex_digit(uuid[at[i] + 1]);
		good = high >= 0 && low >= 0;
		if (good)
			bytes[i] = (uint8_t)(high << 4 | low);
	}
	if (!good)
		fail(aml, -EINVAL);
	aml_buffer(aml);
	aml_raw(aml, bytes, sizeof(bytes));
	aml_close(aml);
}

void aml_name_decl(struct aml *aml, const char *path)
{
	aml_op(aml, OP_NAME);
	aml_name(aml, path);
}

void aml_name_int(struct aml *aml, const char *path, uint64_t value)
{
	aml_name_decl(aml, path);
	aml_int(aml, value);
}

void aml_name_string(struct aml *aml, const char *path, const char *text)
{
	aml_name_decl(aml, path);
	aml_string(aml, text);
}

void aml_name_eisa(struct aml *aml, const char *path, const char *id)
{
	aml_name_decl(aml, path);
	aml_eisa_id(aml, id);
}

/* --- packages --- */

static void open_package(struct aml *aml, enum ending ending)
{
	if (aml->depth == AML_DEPTH_MAX) {
		fail(aml, -EINVAL);
		return;
	}
	aml->open[aml->depth].at = aml->len;
	aml->open[aml->depth].ending = (uint8_t)ending;
	aml->depth++;
}

/* PkgLength counts itself: one byte up to 63, else a nibble and up to three bytes (§20.2.4). */
static void insert_length(struct aml *aml, size_t at)
{
	size_t content = aml->len - at;
	unsigned size = 1;
	while (size < 4 && content + size > (size == 1 ? 0x3Fu : (1u << (8 * size - 4)) - 1))
		size++;
	size_t total = content + size;
	if (total > PKG_LENGTH_MAX)
		fail(aml, -EFBIG);
	uint8_t *to = insert(aml, at, size);
	if (!to)
		return;
	to[0] = (uint8_t)(size == 1 ? total : (size - 1) << 6 | (total & 15));
	for (unsigned i = 1; i < size; i++)
		to[i] = (uint8_t)(total >> (8 * i - 4));
}

static void insert_buffer_size(struct aml *aml, size_t at)
{
	uint8_t bytes[9];
	size_t n = encode_int(bytes, aml->len - at);
	uint8_t *to = insert(aml, at, n);
	if (to)
		memcpy(to, bytes, n);
}

void aml_close(struct aml *aml)
{
	static const uint8_t end_tag[2] = { 0x79, 0x00 }; /* checksum 0 = none (§6.4.2.9) */
	if (!aml->depth) {
		fail(aml, -EINVAL);
		return;
	}
	aml->depth--;
	if (aml->error)
		return;
	size_t at = aml->open[aml->depth].at;
	enum ending ending = aml->open[aml->depth].ending;
	if (ending == END_RESOURCES)
		aml_raw(aml, end_tag, sizeof(end_tag));
	if (ending != END_PLAIN)
		insert_buffer_size(aml, at);
	insert_length(aml, at);
}

void aml_scope(struct aml *aml, const char *path)
{
	aml_op(aml, OP_SCOPE);
	open_package(aml, END_PLAIN);
	aml_name(aml, path);
}

void aml_device(struct aml *aml, const char *path)
{
	aml_ext_op(aml, EXT_DEVICE);
	open_package(aml, END_PLAIN);
	aml_name(aml, path);
}

void aml_method(struct aml *aml, const char *path, unsigned args, bool serialized)
{
	aml_op(aml, OP_METHOD);
	open_package(aml, END_PLAIN);
	aml_name(aml, path);
	if (args > 7)
		fail(aml, -EINVAL);
	aml_op(aml, (uint8_t)(args | (serialized ? 0x08 : 0)));
}

void aml_if(struct aml *aml)
{
	aml_op(aml, OP_IF);
	open_package(aml, END_PLAIN);
}

void aml_else(struct aml *aml)
{
	aml_op(aml, OP_ELSE);
	open_package(aml, END_PLAIN);
}

void aml_package(struct aml *aml, uint8_t n_elements)
{
	aml_op(aml, OP_PACKAGE);
	open_package(aml, END_PLAIN);
	aml_op(aml, n_elements);
}

void aml_buffer(struct aml *aml)
{
	aml_op(aml, OP_BUFFER);
	open_package(aml, END_BUFFER);
}

/* --- resource descriptors --- */

void aml_resources(struct aml *aml)
{
	aml_op(aml, OP_BUFFER);
	open_package(aml, END_RESOURCES);
}

void aml_res_io(struct aml *aml, uint16_t base, uint8_t len)
{
	aml_op(aml, 0x47);
	aml_op(aml, 0x01); /* decodes 16 bits */
	put(aml, 2, base);
	put(aml, 2, base);
	aml_op(aml, 1); /* alignment */
	aml_op(aml, len);
}

void aml_res_irq(struct aml *aml, unsigned irq)
{
	if (irq > 15) {
		fail(aml, -EINVAL);
		return;
	}
	aml_op(aml, 0x22);
	put(aml, 2, UINT64_C(1) << irq);
}

void aml_res_memory32(struct aml *aml, uint32_t base, uint32_t len, bool writable)
{
	aml_op(aml, 0x86);
	put(aml, 2, 9);
	aml_op(aml, writable);
	put(aml, 4, base);
	put(aml, 4, len);
}

enum space { SPACE_MEMORY, SPACE_IO, SPACE_BUS };
#define WINDOW_FIXED 0x0C /* producer, minimum and maximum fixed */
#define IO_ENTIRE_RANGE 0x03
#define MEMORY_READ_WRITE 0x01 /* not cacheable */
#define MEMORY_CACHEABLE 0x02
#define MEMORY_PREFETCH 0x06

/* Word, DWord or QWord address space descriptor (§6.4.3.5). */
static void window(struct aml *aml, uint8_t tag, unsigned width, const uint8_t flags[3],
		   uint64_t first, uint64_t last)
{
	uint64_t len = last - first + 1;
	if (last < first || !len || len > all_ones(width)) {
		fail(aml, -EINVAL);
		return;
	}
	aml_op(aml, tag);
	put(aml, 2, 3 + 5 * width);
	aml_raw(aml, flags, 3);
	put(aml, width, 0); /* granularity */
	put(aml, width, first);
	put(aml, width, last);
	put(aml, width, 0); /* translation */
	put(aml, width, len);
}

void aml_res_bus(struct aml *aml, uint16_t first, uint16_t last)
{
	window(aml, 0x88, 2, (const uint8_t[]){ SPACE_BUS, WINDOW_FIXED, 0 }, first, last);
}

void aml_res_word_io(struct aml *aml, uint16_t first, uint16_t last)
{
	window(aml, 0x88, 2, (const uint8_t[]){ SPACE_IO, WINDOW_FIXED, IO_ENTIRE_RANGE }, first,
	       last);
}

void aml_res_dword_memory(struct aml *aml, uint32_t first, uint32_t last)
{
	window(aml, 0x87, 4, (const uint8_t[]){ SPACE_MEMORY, WINDOW_FIXED, MEMORY_READ_WRITE },
	       first, last);
}

void aml_res_qword_memory(struct aml *aml, uint64_t first, uint64_t last, bool prefetch)
{
	uint8_t type = MEMORY_READ_WRITE | (prefetch ? MEMORY_PREFETCH : MEMORY_CACHEABLE);
	window(aml, 0x8A, 8, (const uint8_t[]){ SPACE_MEMORY, WINDOW_FIXED, type }, first, last);
}
