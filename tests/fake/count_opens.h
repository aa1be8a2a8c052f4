/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts what looking at a host costs in the kernel: files and directories opened and links read,
 * by whatever library does it. The C library's functions are replaced in the program that this is
 * linked with, libpci's calls included.
 */
#ifndef BULKHEAD_TESTS_COUNT_OPENS_H
#define BULKHEAD_TESTS_COUNT_OPENS_H

extern unsigned long count_opens, count_links;

#endif
