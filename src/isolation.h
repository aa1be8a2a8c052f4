/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a function shares its IOMMU group: the ports between it and the root complex, which of their
 * access control services (ACS, PCIe 6.0 §6.12) are on, and which port lets requests turn round
 * below it. The group itself is the kernel's word; this explains it by the rule the kernel made it
 * with, from configuration space, most of which only root can read.
 */
#ifndef BULKHEAD_ISOLATION_H
#define BULKHEAD_ISOLATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/host.h"
#include "core/inventory.h"

#define ISOLATION_DEPTH 32 /* steps of a path; PCIe has 256 buses, machines have less than ten */
#define ISOLATION_SLOTS 4

/* Bits as in the ACS capability and control registers (PCIe 6.0 §7.7.11.2). */
struct acs {
	bool present;
	uint16_t cap, ctrl;
};

/* What the kernel wants of a port before it keeps apart what is below. */
#define ACS_WANTED                                                                                 \
	0x1d /* source validation, request and completion redirect, upstream forwarding */

/* Wanted services that the function could have and has not on; all of them without a capability. */
uint16_t acs_lacking(const struct acs *acs);
/* From configuration space of `size` bytes (256 or 4096), however broken. */
struct acs acs_read(const uint8_t *cfg, size_t size);

enum isolation_state {
	ISOLATION_UNKNOWN,     /* its configuration space could not be read as a whole */
	ISOLATION_KEPT,        /* its services are on */
	ISOLATION_SINGLE,      /* it has nothing to be kept apart from: one function */
	ISOLATION_NO_ACS,      /* no capability */
	ISOLATION_OFF,         /* a capability with wanted services off */
	ISOLATION_CONVENTIONAL /* conventional PCI, or a bridge to it: one address for all */
};

struct isolation_step {
	struct bdf bdf;
	const struct pci_dev *dev; /* NULL when the inventory has it not */
	uint8_t pcie_type;         /* device/port type; meaningless when conventional */
	bool readable;             /* up to the extended capabilities */
	struct acs acs;
	enum isolation_state state;
};

enum isolation_cause {
	ISOLATION_BY_PORT,     /* both are below the port that breaks isolation, or are it */
	ISOLATION_BY_FUNCTION, /* functions of one device without ACS between them */
	ISOLATION_BY_OTHER,    /* the kernel knows: an alias, or a quirk */
};

struct isolation {
	const struct inventory *inv;
	const struct pci_dev *dev;
	struct isolation_step step[ISOLATION_DEPTH]; /* the function first, the root port last */
	unsigned n;                                  /* at least 1 */
	int breaks;      /* index of the topmost port that breaks it, -1 = none */
	bool overridden; /* the kernel was told to believe in ACS (pcie_acs_override) */
	struct bdf slot[ISOLATION_SLOTS]; /* root ports that would isolate what is below them */
	unsigned n_slots;
	vec(struct isolation_share {
		const struct pci_dev *dev;
		enum isolation_cause cause;
	}) shared; /* the others of its group, without the ports of its own path */
};

/* `dev` is of `inv`, and both outlive the result. -ENOMEM only; isolation_fini also after that. */
int isolation_read(struct isolation *iso, const struct host *host, const struct inventory *inv,
		   const struct pci_dev *dev);
void isolation_fini(struct isolation *iso);

int isolation_print(const struct isolation *iso, FILE *out, bool colour);
json_t *isolation_json(const struct isolation *iso); /* new reference, NULL without memory */

#endif
