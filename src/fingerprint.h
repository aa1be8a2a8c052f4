/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a host decides whether a profile that has run will run again: kernel, its command line
 *and module options, firmware, microcode, and the identity and layout of the devices. As JSON of
 *texts:
 *
 *	{ "version": 1, "recorded": "2026-01-31 12:00:00", "profile": "name = ...",
 *	  "host": { "kernel": "6.1.0-18-amd64", "option kvm.nx_huge_pages": "auto", ... },
 *	  "devices": { "0000:01:00.0": { "identity": "8086:10ca ...", "BARs": ..., ... } } }
 *
 * good.c keeps the one of the last good start. Nothing is changed here, and the devices are only
 * asked for their config space.
 */
#ifndef BULKHEAD_FINGERPRINT_H
#define BULKHEAD_FINGERPRINT_H

#include <jansson.h>
#include <stddef.h>

#include "base/bdf.h"
#include "core/host.h"

#define FINGERPRINT_DEVICES_MAX 64

/*
 * Of the host as it is now, with those of the `n` devices that exist. `profile` is its text. A fact
 * that cannot be read is left out. New reference, NULL without memory.
 */
json_t *fingerprint_read(const struct host *host, const struct bdf *devices, unsigned n,
			 const char *profile);

/* A fingerprint from a file that anything may have happened to. -EBADMSG when it is none. */
int fingerprint_parse(const char *text, size_t size, json_t **ret_fingerprint);

/* The devices it has, at most FINGERPRINT_DEVICES_MAX; keys that are no address are left out. */
unsigned fingerprint_devices(const json_t *fingerprint, struct bdf ret[FINGERPRINT_DEVICES_MAX]);

/*
 * Calls `visit` for each fact of `good` that is another one in `now`; `is` NULL = a device that is
 * not there. Facts that one of the two lacks do not count, a module that is not loaded for one.
 * How many. Texts are as they were read: print them with care.
 */
typedef void (*fingerprint_visit)(void *ctx, const char *what, const char *was, const char *is);
unsigned fingerprint_compare(const json_t *good, const json_t *now, fingerprint_visit visit,
			     void *ctx);

#endif
