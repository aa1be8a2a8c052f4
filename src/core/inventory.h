/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot of what the host has: PCI functions with drivers, groups, BARs and SR-IOV relations,
 * and the host's own facts (KVM, IOMMU, memory, limits). Read once; the plan is a pure function of
 * it and the profile. Enumeration is libpci's; what libpci does not know comes from sysfs.
 */
#ifndef BULKHEAD_CORE_INVENTORY_H
#define BULKHEAD_CORE_INVENTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bdf.h"
#include "base/err.h"
#include "base/range.h"
#include "base/vec.h"
#include "core/host.h"

struct pcilib;

#define PCI_N_BARS 6
#define NAME_MAX_SHORT 64

/* IORESOURCE_* of linux/ioport.h as sysfs `resource` prints them */
#define RES_IO 0x100
#define RES_MEM 0x200
#define RES_PREFETCH 0x2000
#define RES_MEM64 0x100000

struct pci_resource {
	uint64_t start, size; /* size 0 = absent */
	uint64_t flags;
};

/* One PCIe link, as it is or as it could be. Generation 1 is 2.5 GT/s, 2 is 5, 3 is 8, 4 is 16. */
struct link_speed {
	uint8_t gen;   /* 0 = no link, or unknown */
	uint8_t width; /* lanes */
};

enum host_use {                        /* why a device is the host's own; bits */
		USE_MOUNT = 1,         /* a mounted file system or swap is on it */
		USE_DEFAULT_ROUTE = 2, /* the default route leaves through it */
		USE_BOOT_VGA = 4,      /* firmware's display and a console or framebuffer on it */
};

struct pci_dev {
	struct bdf bdf;
	bool detailed; /* false: only bdf and group are known (inventory_read_for) */
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code; /* 24 bits: class, subclass, interface */
	uint8_t revision;
	uint8_t header_type; /* 0 endpoint, 1 bridge; multifunction bit removed */
	bool multifunction;
	uint8_t int_pin; /* 0 none, 1..4 = A..D */
	bool caps_read; /* its capabilities could be: it is awake, and we are root */
	bool is_pcie;
	uint8_t pcie_type;                  /* PCIe capability device/port type when is_pcie */
	uint16_t msi_vectors, msix_vectors; /* 0 = no capability */
	struct pci_resource bar[PCI_N_BARS];
	struct pci_resource rom;
	int group;                            /* IOMMU group, -1 = none */
	int numa_node;                        /* -1 unknown */
	char driver[NAME_MAX_SHORT];          /* "" = none */
	char driver_override[NAME_MAX_SHORT]; /* "" = none */
	char vfio_cdev[NAME_MAX_SHORT];     /* "vfio3" when bound to vfio-pci with cdev, else "" */
	char reset_methods[NAME_MAX_SHORT]; /* as in sysfs, "" = none */
	bool is_vf;
	struct bdf physfn;                  /* when is_vf */
	char physfn_netdev[NAME_MAX_SHORT]; /* of the PF when that is down, else "": no link then */
	unsigned n_vfs;                     /* VFs enabled on this PF */
	unsigned host_uses;                 /* enum host_use bits */
	char use_detail[128]; /* e.g. "/dev/nvme0n1p1 on /mnt"; "" when host_uses = 0 */

	/* Only inventory_read fills in what follows. */
	bool asleep; /* in D3cold: reading header and capabilities would have woken it */
	char power_state[8]; /* "D0" … "D3cold", "" unknown */
	struct link_speed link, link_max;
	uint64_t bar_sizes[PCI_N_BARS]; /* a resizable BAR's: bit n = 2^n MiB; 0 = fixed */
	unsigned max_vfs;               /* VFs this PF could have */
};

struct inventory {
	vec(struct pci_dev) devs; /* ascending by BDF */
	bool has_iommu;           /* any IOMMU group exists */
	bool has_intremap;       /* hint from the host (Intel ecap/AMD): unknown is true; the kernel
				    decides */
	bool has_kvm;            /* /dev/kvm exists */
	bool has_vfio_container; /* /dev/vfio/vfio */
	bool has_iommufd;        /* /dev/iommu, and vfio cdevs are built in */
	bool has_vfio_pci;       /* the vfio-pci driver is loaded or built in */
	bool has_vfio;           /* its core is; without it the two facts above can still change */
	bool unsafe_type1, unsafe_iommufd; /* these have allow_unsafe_interrupts = Y already */
	uint64_t mem_total, mem_available; /* bytes; inventory_memory */
	uint64_t memlock_limit; /* RLIMIT_MEMLOCK soft; UINT64_MAX = unlimited or CAP_IPC_LOCK */
	uint64_t memlock_hard;
	unsigned cpus;        /* online */
	unsigned phys_bits;   /* /proc/cpuinfo address sizes */
	bool amd, gib_pages;  /* its vendor; pages of 1 GiB */
	struct pcilib *names; /* owned; reads the name database when a name is first asked for */
	vec(struct reserved_region {
		int group;
		struct range range;
		char type[24]; /* direct, direct-relaxable, reserved, msi */
	}) reserved;
};

/*
 * Reads everything, and wakes no device for it. -errno only when the tree itself cannot be read; a
 * missing fact is no error.
 */
int inventory_read(struct inventory *inv, const struct host *host, struct err *err);

/* Only mem_total and mem_available, which stay as they are when the host does not say. */
void inventory_memory(struct inventory *inv, const struct host *host);

/*
 * As inventory_read, but details only of what `want` asks for and what shares a group with it (and
 * the PF of a VF): a start should not pay for the host's other devices.
 */
struct inventory_want {
	bool by_id; /* vendor and device count, else bdf */
	struct bdf bdf;
	uint16_t vendor, device;
};
int inventory_read_for(struct inventory *inv, const struct host *host,
		       const struct inventory_want *want, unsigned n_want, struct err *err);
void inventory_fini(struct inventory *inv);

/* NULL when absent. */
const struct pci_dev *inventory_find(const struct inventory *inv, struct bdf bdf);

/* Human name from libpci's database, e.g. "Intel Corporation 82576 Virtual Function". */
struct dev_name {
	char s[160];
};
struct dev_name inventory_name(const struct inventory *inv, const struct pci_dev *dev);
/* Its class, e.g. "Ethernet controller". */
struct dev_name inventory_class(const struct inventory *inv, const struct pci_dev *dev);

/*
 * True for PCI bridges and ports (header type 1 or 2), and for the host and ISA bridges of the
 * chipset (classes 0600..0603): they share groups with endpoints, but are never assigned.
 */
static inline bool pci_dev_is_bridge(const struct pci_dev *dev)
{
	uint32_t class_id = dev->class_code >> 8;
	/* A device that does not answer has all ones there. */
	return (dev->header_type != 0 && dev->header_type != 0x7f) ||
	       (class_id >= 0x0600 && class_id <= 0x0604);
}

#endif
