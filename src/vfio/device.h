/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An assigned PCI function: a VFIO device fd dressed as a struct pci_func. vfio/cfg.c decides bit
 * by bit what of the config space is ours, vfio/access.c carries guest accesses to the rest,
 * vfio/bar.c makes BAR pieces, vfio/rom.c the ROM, vfio/irq.c connects interrupts, vfio/reset.c
 * resets, vfio/peer.c maps BARs for other devices, vfio/notify.c listens for errors and requests.
 *
 * Locks: what follows config space (command, power state, ROM, BAR pieces) belongs to the pci_root
 * lock; irq_lock guards what was told to the kernel of interrupts, after the msix and msi locks.
 * Trapped BAR accesses take neither.
 */
#ifndef BULKHEAD_VFIO_DEVICE_H
#define BULKHEAD_VFIO_DEVICE_H

#include <linux/vfio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/range.h"
#include "core/inventory.h"
#include "iommu/iommu.h"
#include "kvm/irq.h"
#include "pci/msi.h"
#include "pci/msix.h"
#include "pci/root.h"

struct vfio_pci;

struct vfio_region {
	uint64_t size, offset; /* in the device fd */
	uint32_t flags;        /* VFIO_REGION_INFO_FLAG_* */
	uint8_t *map;          /* whole BAR, aligned for 2M/1G leaves; NULL = not mapped */
	void *reserved;        /* address space that map lies in; owned */
	uint64_t reserved_size;
	struct vfio_pci *vfio; /* back, for trapped accesses; NULL = region not used */
	atomic_ulong trapped;  /* accesses that came to us instead of a mapping, for status */
};

struct vfio_config {          /* what the profile says of this device */
	const char *rom_path; /* NULL = from the device */
	bool rom_off;         /* no ROM BAR */
	bool p2p;             /* the guest's other devices may reach its BARs by DMA */
	unsigned clique;      /* of GPUDirect, 1 + 0..15; 0 = none */
	bool on_root;         /* it will sit on the guest's root bus, not behind a port */
	struct range stolen;  /* Intel's graphics: guest memory, below 4 GiB, in place of the host's; size 0 = none */
};

/* Whether it can be in a clique of GPUDirect. */
bool vfio_can_clique(const struct pci_dev *dev);

#define VFIO_WINDOWS_MAX 6

struct vfio_window;

struct vfio_index { /* registers through which a driver reaches others, as the guest set them */
	uint32_t address, data, master, enable;
};

#define VFIO_PEER_MAX 24 /* pieces of BARs that are mapped for other devices */

/* Which interrupts the kernel has been told to deliver; it can do one kind at a time. */
enum vfio_irq_kind { VFIO_IRQ_OFF, VFIO_IRQ_INTX, VFIO_IRQ_MSI, VFIO_IRQ_MSIX };

struct vfio_pci {
	struct pci_func func;      /* first: ops get it back by container_of */
	const struct pci_dev *dev; /* borrowed from the inventory */
	struct bdf_text name;      /* its host address, for messages */
	struct vfio_config config;
	struct pci_root *root; /* borrowed */
	struct irqs *irqs;     /* borrowed */
	struct iommu *iommu;   /* borrowed */
	int fd;                /* owned; the iommu knows it */
	uint32_t flags;        /* VFIO_DEVICE_FLAGS_* */
	struct vfio_region region[VFIO_PCI_CONFIG_REGION_INDEX + 1];
	uint16_t pm_cap, pcie_cap, af_cap, msix_cap, msi_cap; /* offsets, 0 = absent or hidden */
	uint16_t command; /* as the device has it; INTx disable included */
	bool asleep;      /* in D3hot */
	bool gone;        /* released while the guest ran (vfio_pci_release): nothing is left */
	bool flr_asked;   /* the guest's write in progress asks for a function reset */
	struct msix msix; /* n == 0: none */
	struct {
		unsigned table_bar, pba_bar;
		struct range table, pba; /* inside those BARs; size 0 = none */
	} msix_at;
	struct msi msi;           /* max == 0: none */
	struct {
		const struct vfio_window *window[VFIO_WINDOWS_MAX]; /* vfio/quirk.h; never changes */
		unsigned n;
		pthread_mutex_t lock; /* guards index; a leaf */
		struct vfio_index index;
	} quirk;
	pthread_mutex_t irq_lock; /* guards the next five and intx */
	bool locks_made;
	enum vfio_irq_kind irq_kind;
	bool msix_dynamic;  /* VFIO_IRQ_INFO_NORESIZE clear */
	unsigned msix_live; /* vectors enabled in the kernel, 0 = off */
	int *msix_given;    /* eventfds the kernel has, -1 = none; msix.n of them, owned */
	struct {
		unsigned pin;            /* 1..4 = A..D, 0 = no INTx */
		int event_fd, unmask_fd; /* -1 until first used; owned */
		unsigned gsi;            /* guest pin, 0 = not routed */
		bool armed;              /* the guest has turned decoding on since the last reset */
		bool wired;              /* the irqfd is in place */
	} intx;
	struct {
		uint8_t *image; /* pages as the guest reads them; owned, NULL = no ROM */
		uint64_t size;  /* of the BAR */
		bool complete;  /* image holds what the guest may read */
		bool tried;     /* the device was asked since the last reset */
	} rom;
	struct {
		struct range at[VFIO_PEER_MAX]; /* guest addresses mapped in the IOMMU */
		unsigned n;
		bool impossible; /* the back end cannot map device memory */
	} peer;                  /* with config.p2p */
	struct {
		struct loop *loop;
		struct loop_fd err, req;
		void (*on_error)(void *ctx, struct vfio_pci *vfio);  /* main loop */
		void (*on_unplug)(void *ctx, struct vfio_pci *vfio); /* main loop */
		void *ctx;
	} notify;
};

/*
 * Opens the function through `iommu`, reads regions and config space, builds the guest's view and
 * leaves it in D0. The kernel resets a function when its fd is opened, if it knows how: see
 * vfio_reset_unready for the others. `vfio` need not be initialised. On failure everything is given
 * back. Errors name the device; -EOPNOTSUPP for what cannot be assigned (bridges).
 */
int vfio_pci_init(struct vfio_pci *vfio, const struct pci_dev *dev,
		  const struct vfio_config *config, struct iommu *iommu, struct pci_root *root,
		  struct irqs *irqs, struct err *err);
/*
 * Accepts a zeroed or half-built object. DMA and interrupts stop first; closing the fd makes the
 * kernel reset the function once more. vCPUs paused or gone.
 */
void vfio_pci_fini(struct vfio_pci *vfio);

/*
 * For a device that leaves a running guest: as vfio_pci_fini, but closing the fd, which waits for
 * the device and for the kernel, is left to the caller, who gets it. The function is off its bus,
 * or taken off by the caller before vCPUs run again. vfio_pci_fini is a no-op afterwards.
 */
int vfio_pci_release(struct vfio_pci *vfio);

/*
 * After the function is placed on a bus: which GSI (16..23) its INTx pin reaches. It is connected
 * when the guest first turns decoding on. 0 without effect for a function that has no INTx.
 */
int vfio_pci_route_intx(struct vfio_pci *vfio, unsigned gsi, struct err *err);

/*
 * Watches the error and request eventfds on `loop`; callbacks are set before. A device that has no
 * such interrupt is not watched for it.
 */
int vfio_pci_notify(struct vfio_pci *vfio, struct loop *loop, struct err *err);

/*
 * The request eventfd alone, for a device that is only held: `at` has its callback set and watches
 * an eventfd of its own from now on. Without such an interrupt at->fd is -1. unwatch accepts that.
 */
int vfio_request_watch(int device_fd, struct loop *loop, struct loop_fd *at);
void vfio_request_unwatch(int device_fd, struct loop *loop, struct loop_fd *at);

/*
 * Resets a whole set of functions that this VM owns: each by VFIO_DEVICE_RESET where it has one
 * (FLR, PM, or its bus when it is alone there), else one hot reset per bus when every group on that
 * bus is ours. Interrupts are torn down and config space is at power-on values afterwards, also on
 * failure. vCPUs paused or not started; the pci_root lock is taken. The error names each function
 * that could not be reset and why; it cannot do DMA or interrupt all the same.
 */
int vfio_reset_set(struct vfio_pci *const *set, size_t n, struct err *err);

/*
 * At start, once all are attached: as vfio_reset_set, but only for those that opening could not
 * reset. A failure here is a warning to the user rather than a reason not to start: no guest has
 * had the device yet, and its driver copes with what a host driver left.
 */
int vfio_reset_unready(struct vfio_pci *const *set, size_t n, struct err *err);

#endif
