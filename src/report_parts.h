/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a bug report, each from what is at hand. Private to report*.c. */
#ifndef BULKHEAD_REPORT_PARTS_H
#define BULKHEAD_REPORT_PARTS_H

#include "report.h"

/* Writes the file to `out`. -errno: it is left out. */
struct report_part {
	const char *file, *about;
	int (*write)(const struct report *report, FILE *out);
};

extern const struct report_part report_parts[];
extern const size_t n_report_parts;

/* Lines of the kernel log about VFIO, IOMMU, KVM, PCI errors and the report's devices. */
int report_kernel_log(const struct report *report, FILE *out);

#endif
