/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Access to unaligned bytes of either order, alignment and bit arithmetic. PCI, ACPI and the Linux
 * boot protocol are little-endian by specification; the host is x86-64, but the code says so only here.
 */
#ifndef BULKHEAD_BASE_BYTES_H
#define BULKHEAD_BASE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)
#define PAGE_4K (UINT64_C(4096))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Values of 1 to 8 bytes; a larger size reads 0 and writes nothing. */
static inline uint64_t le_get(const void *at, unsigned size)
{
	uint64_t v = 0;
	if (size <= sizeof(v))
		memcpy(&v, at, size);
	return le64toh(v);
}

static inline void le_put(void *at, unsigned size, uint64_t value)
{
	value = htole64(value);
	if (size <= sizeof(value))
		memcpy(at, &value, size);
}

static inline uint16_t le16_get(const void *at)
{
	return (uint16_t)le_get(at, 2);
}

static inline uint32_t le32_get(const void *at)
{
	return (uint32_t)le_get(at, 4);
}

static inline uint64_t le64_get(const void *at)
{
	return le_get(at, 8);
}

/* The same in network order: SCSI, the firmware configuration device, PNG. */
static inline uint64_t be_get(const void *at, unsigned size)
{
	const uint8_t *bytes = at;
	uint64_t v = 0;
	for (unsigned i = 0; size <= sizeof(v) && i < size; i++)
		v = v << 8 | bytes[i];
	return v;
}

static inline void be_put(void *at, unsigned size, uint64_t value)
{
	uint8_t *bytes = at;
	for (unsigned i = 0; size <= sizeof(value) && i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static inline uint16_t be16_get(const void *at)
{
	return (uint16_t)be_get(at, 2);
}

static inline uint32_t be32_get(const void *at)
{
	return (uint32_t)be_get(at, 4);
}

/* All-ones of `size` bytes (1..8): what a read that nobody answers returns. */
static inline uint64_t all_ones(unsigned size)
{
	return size >= 8 ? UINT64_MAX : (UINT64_C(1) << (size * 8)) - 1;
}

/* `align` is a power of two. align_up wraps to 0 past the top; callers check sizes first. */
static inline uint64_t align_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

static inline uint64_t align_up(uint64_t v, uint64_t align)
{
	return align_down(v + align - 1, align);
}

static inline bool is_pow2(uint64_t v)
{
	return v && !(v & (v - 1));
}

/* Smallest power of two >= v; 1 for v = 0; 0 when it does not fit 64 bits. */
static inline uint64_t pow2_ceil(uint64_t v)
{
	if (v <= 1)
		return 1;
	int top = 64 - __builtin_clzll(v - 1);
	return top == 64 ? 0 : UINT64_C(1) << top;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
