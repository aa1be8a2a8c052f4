/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text to numbers, strictly: the whole text must be the value. Used by the profile, the command
 * line and sysfs readers alike.
 */
#ifndef BULKHEAD_BASE_PARSE_H
#define BULKHEAD_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal or 0x-hexadecimal, no sign or blanks. -EINVAL not a number, -ERANGE does not fit. */
int parse_u64(const char *text, uint64_t *ret_value);

/* A size in bytes with an optional suffix K, M, G, T (powers of 1024, case-free). */
int parse_size(const char *text, uint64_t *ret_bytes);

/* Exactly `1G`, `1536M`, ... : the largest suffix that divides the size. */
struct size_text {
	char s[32];
};
struct size_text size_text(uint64_t bytes);

/* `vvvv:dddd`, both hexadecimal. -EINVAL otherwise. */
int parse_pci_id(const char *text, uint16_t *ret_vendor, uint16_t *ret_device);

/*
 * The candidate nearest to `word`: an edit distance of at most a third of its length and one, and
 * less than its length. NULL when none is.
 */
const char *near_match(const char *word, const char *const *candidates, size_t n);

/*
 * Whether `word` is one of those between the blanks of `text` up to its `end` (as of a kernel
 * command line); a word that ends in '=' stands for all that begin so and go on.
 */
bool words_have(const char *text, const char *end, const char *word);

#endif
