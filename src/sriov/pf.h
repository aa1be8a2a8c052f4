/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical functions: finding one by any of its names, how many VFs it has and where they are, and
 * changing that number. Facts and files are those of drivers/pci/iov.c (ABI sysfs-bus-pci).
 */
#ifndef BULKHEAD_SRIOV_PF_H
#define BULKHEAD_SRIOV_PF_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bdf.h"
#include "base/err.h"
#include "core/host.h"
#include "core/inventory.h"

struct pf {
	struct bdf bdf;
	uint16_t vendor, device;
	char driver[NAME_MAX_SHORT]; /* "" = none */
	char netdev[IFNAMSIZ];       /* its first network interface by name; "" = none */
	char netdev_mac[18];         /* of that; "" = unknown */
	unsigned ifindex;            /* of that; 0 = none */
	bool is_up, has_carrier;     /* of that */
	unsigned total, count;       /* VFs: possible, present */
	unsigned offset, stride; /* of their routing ids; informative, the links are what counts */
	bool autoprobe;          /* the kernel offers new VFs to host drivers */
};

/*
 * By network interface ("enp2s0f0"), address or vendor:device. -ENODEV none such (with a near
 * name), -EINVAL a device without VFs or that is a VF itself, -ENOTUNIQ several (lists their
 * addresses).
 */
int pf_find(const struct host *host, const char *text, struct pf *ret, struct err *err);

/* The one at an address, now. -ENODEV gone, -EINVAL as above. */
int pf_read(const struct host *host, struct bdf bdf, struct pf *ret, struct err *err);

/* Every PF in order of address; ends early when `each` fails. */
int pf_each(const struct host *host, int (*each)(void *ctx, const struct pf *pf), void *ctx,
	    struct err *err);

/* Address of VF `index`, by the kernel's link. -ENODEV when it is not there. */
int pf_vf(const struct host *host, struct bdf pf, unsigned index, struct bdf *ret_vf);

/* First network interface of a PCI function; "" when it has none. */
void pf_netdev(const struct host *host, struct bdf bdf, char name[IFNAMSIZ]);
/* True when the interface is up, whatever its link says. */
bool pf_netdev_is_up(const struct host *host, struct bdf bdf, const char *name);
bool pf_netdev_has_link(const struct host *host, struct bdf bdf, const char *name);

int pf_set_autoprobe(const struct host *host, struct bdf bdf, bool on, struct err *err);

/*
 * Exactly `count` VFs, by way of 0 where there are others; then waits until each one answers. All
 * VFs that were there are destroyed with their settings: the caller has made sure that none is
 * held, since the kernel would wait for their holders for ever. The answer is read back. A PF that
 * had link before is given the time to have it again: drivers reset it, and refuse rates without.
 */
int pf_set_count(const struct host *host, struct bdf bdf, unsigned count, struct err *err);

#endif
