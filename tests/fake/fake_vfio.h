/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VFIO and iommufd in memory, in place of src/vfio/uapi.c and src/iommu/uapi.c (link fake_vfio.c
 * and fake_iommu.c): scripted devices with config space, BARs, interrupts and resets, IOMMU groups,
 * a container and an iommufd. Every call is logged in order and can be made to fail. Where the
 * kernel has rules that our code must keep (one interrupt kind at a time, the container before the
 * IOMMU, no DMA mapping twice, no reset with interrupts on), the fake keeps them too, or says so in
 * `broken`. File descriptors and mappings are real ones, so that leaks show.
 */
#ifndef BULKHEAD_TESTS_FAKE_VFIO_H
#define BULKHEAD_TESTS_FAKE_VFIO_H

#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bdf.h"
#include "core/inventory.h"

#define FAKE_DEVICES 8
#define FAKE_AREAS 40
#define FAKE_REGIONS 12
#define FAKE_VECTORS 2048
#define FAKE_CALLS 8192
#define FAKE_MAPS 64
#define FAKE_GROUPS 256 /* group fds ever opened in one test */

enum fake_irq_kind { FAKE_IRQ_NONE = -1 }; /* else VFIO_PCI_*_IRQ_INDEX */

struct fake_region {
	uint64_t size, offset; /* offset 0 = index << 40, as vfio-pci has it */
	uint32_t flags;
	unsigned n_areas;             /* sparse areas; 0 = no such capability */
	uint64_t area[FAKE_AREAS][2]; /* offset, size */
	bool msix_mappable;
	uint32_t cap_next; /* forged `next` of the last capability; 0 = the end */
	int error;         /* what GET_REGION_INFO answers */
	uint32_t type, subtype; /* of a region of the device's own; 0 = no such capability */
};

struct fake_device {
	/* What it is; set by the test. */
	struct bdf bdf;
	int group;
	const char *cdev; /* "vfio0" */
	const char *vf_token; /* that it is opened with; NULL = it takes none */
	bool gone;        /* no longer answers: config space reads fail */
	uint8_t cfg[4096];
	size_t cfg_size;
	uint32_t flags, num_regions, num_irqs;
	struct fake_region region[FAKE_REGIONS]; /* from 9 on: the device's own, with num_regions beyond */
	struct {
		uint32_t count, flags;
	} irq[5];
	unsigned vectors_left; /* MSI or MSI-X vectors the host has to give */
	const uint8_t *rom;    /* region 6's content, of its size */
	unsigned bus;          /* hot-reset domain: all devices with the same number */
	bool no_hot_reset;
	/* What became of it. */
	int fd;        /* as handed out last */
	int kind;      /* interrupt index that is on, FAKE_IRQ_NONE */
	unsigned live; /* vectors enabled */
	int event_fd[FAKE_VECTORS];
	int unmask_fd; /* of INTx */
	int err_fd, req_fd;
	unsigned resets, hot_resets, cfg_reads, cfg_writes;
	bool attached; /* to an IOAS */
};

struct fake_call {
	const char *name;
	int fd;
	uint64_t a, b;
};

struct fake_map {
	uint64_t iova, size;
	void *hva;
	bool write;
};

struct fake_vfio {
	/* The host; set by the test. */
	unsigned n_devices;
	struct fake_device device[FAKE_DEVICES];
	int api_version, has_type1v2;
	bool no_intremap, not_viable;
	uint64_t aperture[4][2]; /* start, last */
	unsigned n_apertures;    /* 0 = the kernel does not say */
	unsigned max_maps;
	uint64_t memlock; /* bytes that may be pinned */
	/* Failures: the fail_at-th call (from 1) whose name is fail_name (NULL = any) fails. */
	const char *fail_name;
	unsigned fail_at;
	int fail_errno; /* negative */
	bool failed;    /* it has */
	unsigned seen;
	/* Looks on before a config space write takes effect. NULL = not. */
	void (*on_cfg_write)(struct fake_device *dev, unsigned off, unsigned size, uint32_t value);
	/* What happened. */
	struct fake_call call[FAKE_CALLS];
	unsigned n_calls;
	const char *broken; /* a rule of the kernel that was not kept; NULL = none */
	struct {
		int fd, number;
	} group[FAKE_GROUPS];
	unsigned n_groups;
	struct fake_map map[FAKE_MAPS];
	unsigned n_maps;
	uint64_t pinned;
	int container, iommufd; /* fds, -1 = not open */
	bool iommu_set;
	unsigned mappings; /* address space held through vfio_reserve and vfio_pages */
};
extern struct fake_vfio fake_vfio;

/* A host with an IOMMU and no device. */
void fake_vfio_init(void);

/* A plain PCIe endpoint 0000:0N:00.0 in group 10 + N with function reset; the test adds to it. */
struct fake_device *fake_vfio_add(void);
/* A memory BAR (64-bit: also takes the next register). */
void fake_vfio_bar(struct fake_device *dev, unsigned i, uint32_t type_bits, uint64_t size,
		   uint32_t region_flags);
/* Links a capability of `len` bytes at `off`, contents zero. */
void fake_vfio_cap(struct fake_device *dev, uint8_t id, unsigned off);
void fake_vfio_ext_cap(struct fake_device *dev, uint16_t id, unsigned off);
/* MSI-X with its table and pending bits in BAR `bar`. */
void fake_vfio_msix(struct fake_device *dev, unsigned off, unsigned n, unsigned bar, uint32_t table,
		    uint32_t pba, bool dynamic);
void fake_vfio_msi(struct fake_device *dev, unsigned off, unsigned log2_max, bool mask, bool wide);
void fake_vfio_intx(struct fake_device *dev, unsigned pin);
/* The usual test device: BAR0 64 KiB with MSI-X table at 0x2000, BAR2 I/O, PM, PCIe, MSI-X. */
struct fake_device *fake_vfio_typical(void);
/* What the inventory would say of it. */
struct pci_dev fake_vfio_inventory(const struct fake_device *dev);

/* Log queries. */
unsigned fake_vfio_count(const char *name);
int fake_vfio_index(const char *name, unsigned nth); /* -1 = never; nth from 0 */
void fake_vfio_note(const char *name, int fd);       /* a test's own entry */
void fake_vfio_forget_calls(void);

/* For the fakes themselves: logs a call; 0, or the errno it is scripted to fail with. */
int fake_vfio_enter(const char *name, int fd, uint64_t a, uint64_t b);
void fake_vfio_broken(const char *what);
struct fake_device *fake_vfio_of_fd(int fd);
/* Puts a VFIO info capability at out + at; returns the offset behind it. */
uint32_t fake_vfio_put_cap(char *out, uint32_t at, uint16_t id, const void *body, uint32_t len);

/* Open fds of this process. */
unsigned fake_vfio_open_fds(void);

#endif
