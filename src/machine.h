/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One running guest: every part of it, brought up from the top of a table and taken down in reverse.
 * The struct is built on the plan; nothing here decides anything the plan has not said already.
 *
 * Threads: the main thread owns the struct and runs the loop; vCPU threads run guest code and
 * handlers, and post what concerns the whole machine (machine_events.c).
 */
#ifndef BULKHEAD_MACHINE_H
#define BULKHEAD_MACHINE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/qs.h"
#include "boot/acpi.h"
#include "boot/linux.h"
#include "boot/smbios.h"
#include "core/bus.h"
#include "core/gmem.h"
#include "core/host.h"
#include "hw/console.h"
#include "hw/debugcon.h"
#include "hw/flash.h"
#include "hw/fwcfg.h"
#include "hw/i8042.h"
#include "hw/platform.h"
#include "hw/q35.h"
#include "hw/ramfb.h"
#include "hw/serial.h"
#include "input.h"
#include "iommu/iommu.h"
#include "kvm/vcpu.h"
#include "kvm/vm.h"
#include "pci/port.h"
#include "pci/root.h"
#include "plan.h"
#include "varstore.h"
#include "vfio/device.h"
#include "vnc.h"
#include "vm_state.h"

/* How the guest ended; machine_run's answer. */
enum machine_end {
	MACHINE_POWERED_OFF, /* the guest's own doing, or a stop it obeyed */
	MACHINE_REBOOTED,    /* and the profile says stop then */
	MACHINE_FORCED,	     /* did not obey the power button in time, or escape key x */
	MACHINE_FAILED,	     /* triple faults in a row, KVM error, device error */
};

/* What a vCPU thread or device wants of the main loop; bits, because several may meet. */
enum machine_want { WANT_RESET = 1, WANT_POWER_OFF = 2, WANT_FAIL = 4, WANT_TRIPLE_FAULT = 8 };

struct departure;
struct swtpm;
struct machine_igd;
struct ahci;

struct held_device { /* attached, so that nobody else can use it */
	const struct pci_dev *dev;
	int fd; /* owned; -1 = let go */
	struct loop_fd request;
	struct machine *machine;
};

/* UEFI firmware (machine_firmware.c); all zeroes without. */
struct firmware {
	void *code; /* owned */
	uint64_t code_size;
	struct varstore store;
	struct flash flash;
	struct debugcon debug;
};

/* Answered by a device at a place that does not change. */
struct fixed_regions {
	struct bus_region at[24];
	unsigned n;
};

struct machine {
	const struct plan *plan;         /* borrowed */
	const struct host *host;         /* borrowed */
	struct linux_image *image;       /* borrowed; kept open for reboots */

	struct loop *loop;               /* borrowed: exists before and after the machine */
	struct qs qs;
	struct bus mmio, pio;
	struct fixed_regions fixed_ports, fixed_mmio;
	struct gmem gmem;
	struct vm vm;
	struct cpuid *cpuid;
	struct vcpus vcpus;
	struct iommu iommu;
	struct pci_root root;
	struct q35 q35;
	struct pci_port *port;           /* plan->n_ports of them */
	struct vfio_pci *device;         /* n_devices of them, in plan order without held ones */
	struct vfio_pci **device_set;    /* pointers to those not gone, for vfio_reset_set */
	unsigned n_devices, n_devices_up, n_device_set;
	struct held_device *held;
	unsigned n_held;
	struct pci_func *own[PLAN_MAX_OWN]; /* by plan->own; borrowed from the parts */
	struct disk *disk;               /* of the profile's, in its order; NULL = none; owned */
	struct ahci *ahci;               /* in front of them; owned */
	struct pm pm;
	struct rtc rtc;
	struct i8042 i8042;
	struct swtpm *tpm;               /* owned; NULL = none */
	struct machine_igd *igd;         /* owned; NULL = none */
	struct ramfb ramfb;              /* gmem NULL without a display */
	struct vnc *vnc;                 /* NULL without */
	struct input *input;             /* NULL without */
	struct machine_glass *glass;     /* owned; NULL without */
	struct reset_ports reset_ports;
	struct vm_state state;           /* open with firmware or a TPM */
	struct firmware firmware;
	struct fwcfg fwcfg;              /* all zeroes without UEFI firmware */
	struct serial serial;
	struct console console;
	struct acpi_tables acpi;
	struct smbios smbios;
	struct platform_events events;
	unsigned n_parts_up;

	pthread_mutex_t lock;            /* guards wants and report; innermost */
	unsigned wants;                  /* enum machine_want bits */
	char report[2048];               /* of the first failure */
	struct loop_work work;

	/* Main thread only. */
	bool stopping;                   /* power button pressed on request */
	bool held_by_user;               /* paused until the user lets it go on */
	struct loop_timer stop_timer;
	enum machine_end end;
	unsigned boots;                  /* times the guest was entered at its start */
	uint64_t last_boot_ms;
	unsigned quick_faults;           /* triple faults soon after a boot, in a row */
	struct departure *departures;    /* devices on their way out (machine_unplug.c); owned */
	/* A device that was detached does not exist on the host any more. May be NULL. */
	void (*on_left)(void *ctx, struct bdf bdf);
	void *on_left_ctx;
};

struct machine_start {
	const struct plan *plan;   /* this and the next two outlive the machine */
	const struct host *host;
	struct linux_image *image;
	struct gmem *ram; /* as much as the plan says, being filled already; taken over. NULL = none */
};

/* Builds everything; vCPUs are ready at the guest's first instruction, paused. Undone on failure. */
int machine_up(struct machine *m, const struct machine_start *start, struct loop *loop,
	       struct err *err);
void machine_down(struct machine *m);

/* Runs the loop until the guest has ended. */
int machine_run(struct machine *m, enum machine_end *ret_end, struct err *err);

/* Presses the power button; after the profile's stop_timeout the guest is stopped. Main thread. */
void machine_stop(struct machine *m);
/*
 * Keeps the guest still for a moment; whether it ran. machine_resume takes that, and leaves alone a
 * guest that has asked for its reset or end meanwhile: it must not run past that. Main thread.
 */
bool machine_pause(struct machine *m);
void machine_resume(struct machine *m, bool ran);
/* The user's own pause, which a reset of the guest keeps to and a stop ends. Main thread. */
void machine_hold(struct machine *m, bool hold);
/* Ends machine_run now. Main thread. */
void machine_stop_now(struct machine *m, enum machine_end end);
/* Power-on state of every part and the guest's first instruction again. vCPUs paused. */
int machine_reset(struct machine *m, struct err *err);

/* The guest's picture as it is now: rows of 4 * width bytes (blue, green, red, unused) in a memfd. */
struct machine_picture {
	uint32_t width, height;
	int fd; /* the caller's */
};
/* Main thread. -ENODEV the profile has no display, -EAGAIN nothing is shown yet, -EINVAL it cannot be. */
int machine_picture(struct machine *m, struct machine_picture *ret_picture, struct err *err);

/* What the parts report goes to machine_events.c; each after the part's own init. */
void machine_events_init(struct machine *m);
void machine_watch_vcpus(struct machine *m);
void machine_watch_console(struct machine *m);

/* What the kernel says of devices goes to machine_unplug.c. */
int machine_watch_device(struct machine *m, struct vfio_pci *vfio, struct err *err);
int machine_watch_held(struct machine *m, struct held_device *held, struct err *err);
/*
 * Takes a device away from the running guest: its memory, interrupts and DMA are gone when this
 * returns, and the fd is closed by and by, which is what the host's unbind waits for. Main thread.
 * A device that is gone already is left alone.
 */
void machine_detach(struct machine *m, struct vfio_pci *vfio);
/* Lets go of a held device; its fd is the caller's to close, -1 when that was done before. */
int machine_unhold(struct machine *m, struct held_device *held);
/* Waits a while for what is on its way out. */
void machine_departures_end(struct machine *m);

/* Signals the run obeys: SIGTERM, SIGINT, SIGHUP. */
void machine_signal(void *machine, int signo);

#endif
