/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy of the assigned device's config space as tables: for every capability whether the guest
 * sees it, which of its bits are live or writable, and why. cfg.c applies them.
 */
#ifndef BULKHEAD_VFIO_CFG_TABLE_H
#define BULKHEAD_VFIO_CFG_TABLE_H

#include "vfio/parts.h"

/* Bits that are the device's. `off` from the start of the capability; size 0 ends a list. */
struct cfg_field {
	uint16_t off;
	uint8_t size;        /* 1, 2 or 4 */
	uint32_t live;       /* read from the device each time; the rest is a copy made at start */
	uint32_t write, w1c; /* subsets of live: the guest's writes reach the device */
};

/* One capability being built into vfio->func. */
struct cfg_cap {
	struct vfio_pci *vfio;
	const struct vfio_snapshot *snap;
	struct pci_cap cap;
	unsigned len; /* bytes that belong to it: to its own end or the next capability */
	const struct vfio_irq_counts *irqs;
};

enum cap_policy {
	CAP_HIDE, /* not in the list, reads as zero */
	CAP_SHOW, /* a copy, with `fields` live */
	CAP_RAW,  /* everything after the header is read and written through */
};

struct cap_row {
	uint16_t id;
	uint8_t policy; /* enum cap_policy */
	uint16_t len;   /* 0 = to the next capability, unless `length` knows */
	const char *name;
	const struct cfg_field *fields;         /* NULL = none */
	unsigned (*length)(const uint8_t *cap); /* from its header; NULL = len */
	/* For what a table cannot say. False: hide it after all. NULL = nothing. */
	bool (*build)(const struct cfg_cap *at);
	const char *why; /* one sentence for reviewers and the debug log */
};

/* The row, or that of an unknown id: hidden. */
const struct cap_row *vfio_cap_row(uint8_t id);
const struct cap_row *vfio_ext_cap_row(uint16_t id);

/* Live fields of the standard header, by absolute offset. */
extern const struct cfg_field vfio_header_fields[];

/* Lengths and builders, in cfg_caps.c. `cap` has at least 12 bytes. */
unsigned vfio_msi_length(const uint8_t *cap);
unsigned vfio_pcie_length(const uint8_t *cap);
unsigned vfio_rebar_length(const uint8_t *cap);
bool vfio_build_pm(const struct cfg_cap *at);
bool vfio_build_msi(const struct cfg_cap *at);
bool vfio_build_msix(const struct cfg_cap *at);
bool vfio_build_pcie(const struct cfg_cap *at);
bool vfio_build_af(const struct cfg_cap *at);
bool vfio_build_rebar(const struct cfg_cap *at);

/* Gives the fields that fit into [0, len) at `base` to the device. */
void vfio_cfg_fields(struct pci_func *func, unsigned base, unsigned len,
		     const struct cfg_field *fields);

#endif
