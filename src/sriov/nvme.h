/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NVMe controllers with VFs (NVMe base 2.0 §8.26 "Virtualization Enhancements"). The VF's controller
 * is a secondary one: it is offline, and answers nobody, until its primary, the PF's, has given it
 * queues (VQ resources, the admin queue is one of them) and interrupts (VI) from a pool of flexible
 * ones, and has brought it online. What the primary keeps of that pool for itself changes only with a
 * controller-level reset of it. Commands go to the PF's node through its driver.
 */
#ifndef BULKHEAD_SRIOV_NVME_H
#define BULKHEAD_SRIOV_NVME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/host.h"
#include "sriov/pf.h"

#define NVME_QUEUES_MIN 2 /* the admin queue, and one for I/O */

/* One kind of resource of a primary controller: queues or interrupts. */
struct nvme_pool {
	unsigned total;    /* flexible ones there are */
	unsigned assigned; /* of them, to secondary controllers */
	unsigned primary;  /* of them, kept by the primary */
	unsigned own;      /* that only the primary can have, beside the flexible ones */
	unsigned max;      /* for one secondary controller */
};

struct nvme_primary {
	uint16_t id; /* controller identifier */
	struct nvme_pool queues, vectors;
};

struct nvme_secondary {
	uint16_t id;
	bool online;
	unsigned queues, vectors;
};

/* The PF has an NVMe driver's node, so that its VFs have to be brought online. */
bool nvme_is(const struct host *host, struct bdf pf);

/* -EOPNOTSUPP when the controller has no virtualization management; others with a text. */
int nvme_read_primary(const struct host *host, struct bdf pf, struct nvme_primary *ret,
		      struct err *err);
/* Of VFs 0 to n - 1; one that the list does not have keeps what `ret` had. */
int nvme_read_secondaries(const struct host *host, struct bdf pf, struct nvme_secondary *ret,
			  unsigned n, struct err *err);
/* Of VF `index`, from 0. -ENXIO when the list has none. */
int nvme_read_secondary(const struct host *host, struct bdf pf, unsigned index,
			struct nvme_secondary *ret, struct err *err);

/*
 * What the primary keeps of the flexible queues and interrupts, then a reset of it, which takes all its
 * secondary controllers offline. -EBUSY, naming it, while a VF is online.
 */
int nvme_set_primary(const struct host *host, struct bdf pf, unsigned queues, unsigned vectors,
		     struct err *err);

/* VF `index` offline, with these resources (0: none), and online if wanted; read back. */
int nvme_set_secondary(const struct host *host, struct bdf pf, unsigned index,
		       const struct nvme_secondary *want, struct err *err);

#endif
