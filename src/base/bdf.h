/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI addresses: domain:bus:device.function (BDF). The text form is the kernel's, `0000:01:00.0`.
 */
#ifndef BULKHEAD_BASE_BDF_H
#define BULKHEAD_BASE_BDF_H

#include <stdbool.h>
#include <stdint.h>

#define BDF_TEXT_MAX 20

struct bdf {
	uint32_t domain; /* 0..0xffffffff; VMD domains exceed 16 bits */
	uint8_t bus;
	uint8_t dev; /* 0..31 */
	uint8_t fn;  /* 0..7 */
};

/* Fixed-size text, so that it can be an argument: bdf_text(b).s */
struct bdf_text {
	char s[BDF_TEXT_MAX];
};
struct bdf_text bdf_text(struct bdf bdf);

/*
 * Accepts `0000:01:00.0` (domain of four to eight digits) and `01:00.0` (domain 0), no digit left
 * out. -EINVAL for anything else.
 */
int bdf_parse(const char *text, struct bdf *ret_bdf);

/* Total order by domain, bus, device, function: <0, 0, >0. */
int bdf_compare(struct bdf a, struct bdf b);

static inline bool bdf_equal(struct bdf a, struct bdf b)
{
	return bdf_compare(a, b) == 0;
}

/* Functions of one device. */
static inline bool bdf_same_device(struct bdf a, struct bdf b)
{
	a.fn = b.fn;
	return bdf_equal(a, b);
}

static inline uint8_t bdf_devfn(struct bdf b)
{
	return (uint8_t)(b.dev << 3 | b.fn);
}

/* Routing (requester) id: bus 15:8, devfn 7:0 (PCIe 6.0 §2.2.4.2). */
static inline uint16_t bdf_rid(struct bdf b)
{
	return (uint16_t)(b.bus << 8 | bdf_devfn(b));
}

#endif
