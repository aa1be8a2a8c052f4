/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile: what VM the user wants, read from a libconfig file. One table row per option drives
 * parsing, bounds, defaults, `--set`, `--dump-profile` and docs/profile.md (see profile_options.c).
 */
#ifndef BULKHEAD_PROFILE_H
#define BULKHEAD_PROFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bdf.h"
#include "base/err.h"
#include "core/disk.h"
#include "iommu/iommu.h"
#include "kvm/hyperv.h"
#include "sriov/settings.h"

#define PROFILE_MAX_DEVICES 64
#define PROFILE_MAX_VCPUS 64
#define PROFILE_MAX_EVDEVS 8
#define PROFILE_MAX_DISKS 6 /* ports of the guest's AHCI controller */

enum group_policy { /* what to do with the other functions of an assigned device's IOMMU group */
	GROUP_REFUSE,	/* default: name them and refuse */
	GROUP_HOLD,	/* bind them to vfio-pci, but do not give them to the guest */
	GROUP_TAKE,	/* give them to the guest too */
};

enum igd_bridges { /* who the guest's bridges say they are beside Intel's graphics */
	IGD_BRIDGES_HOST, /* the host's, by which drivers tell the chipset */
	IGD_BRIDGES_OWN,
};

enum firmware_type { FIRMWARE_NONE, FIRMWARE_UEFI };

enum console_kind { CONSOLE_STDIO, CONSOLE_OFF };
enum reboot_policy { REBOOT_RESTART, REBOOT_STOP };

/* Settings of a VF: OPT_NONE, 0 of the choices and NULL leave it as it is. */
struct profile_vf {
	char *pf;            /* interface, address or vendor:device as written; NULL = no VF is meant */
	unsigned index;      /* OPT_NONE = any that is free */
	char *mac;           /* as written; NULL = its own, or a stable one where it has none */
	unsigned vlan, qos, min_rate, max_rate;
	unsigned queues;     /* of an NVMe VF, for I/O; OPT_NONE = one for each vCPU */
	unsigned proto, trust, spoofchk, link_state; /* value + 1 of enum vf_key's */
};

/* Who the device has to be (identity.h); NULL = whoever is there. */
struct profile_identity {
	char *ids, *subsystem, *serial, *slot;
};

/* What the guest's tables call the machine; NULL = what its kind of hypervisor says by itself. */
struct profile_smbios {
	char *manufacturer, *product, *version, *serial, *uuid, *sku, *family; /* type 1 */
	char *bios_vendor, *bios_version, *bios_date;                          /* type 0 */
	char *board_manufacturer, *board_product, *board_version, *board_serial;
	char *chassis_manufacturer, *chassis_version, *chassis_serial, *chassis_asset;
};
struct profile_vm_identity {
	struct profile_smbios smbios;
	char *acpi_oem;       /* at most 6 characters */
	char *acpi_oem_table; /* at most 8 */
	char *hv_vendor_id;   /* at most 12, of CPUID leaf 0x40000000 */
};

struct profile_device {
	char *pci;           /* "0000:01:00.0" or "8086:10ca" as written; NULL = `vf` says which */
	struct profile_vf vf;
	struct profile_identity identity;
	bool by_id;          /* vendor:device form; must match exactly one */
	struct bdf bdf;      /* when !by_id */
	uint16_t vendor, device;
	char *rom;           /* NULL = device's own, "off", or a path */
	enum group_policy group;
	char *vf_token;      /* a UUID; NULL = none */
	bool p2p;            /* its BARs are mapped for DMA of the guest's other devices */
	unsigned gpudirect_clique; /* 1 + 0..15; 0 = none */
	unsigned guest_slot; /* of the guest's bus 0; OPT_NONE = dealt */
	uint64_t igd_stolen; /* of Intel's graphics: 0 or IGD_STOLEN_SIZE */
	enum igd_bridges igd_bridges;
	unsigned boot_index; /* the firmware tries the lowest first; OPT_NONE = not at all */
	unsigned line;       /* in the file, for messages; 0 = from --set */
};

enum disk_type { DISK_HARD, DISK_CDROM };

struct profile_disk {
	char *path;          /* image or block device */
	enum disk_type type;
	bool read_only;      /* a CD-ROM always is */
	char *serial;        /* what the guest sees; NULL = one made from the path */
	unsigned boot_index; /* the firmware tries the lowest first; OPT_NONE = not at all */
	enum disk_cache cache;
	unsigned line;       /* in the file, for messages; 0 = from --set */
};

enum display_type { DISPLAY_NONE, DISPLAY_RAMFB };

struct profile_vnc {
	char *socket;        /* path of a UNIX socket; NULL = none */
	char *address;       /* numeric; NULL = none */
	unsigned port;
	char *password_file; /* NULL = none, which only a socket may have */
	bool remote;         /* `address` may be another than a loopback one */
};

/* Which keys, pressed together, move the devices of `input` between host and guest. */
enum grab_keys {
	GRAB_BOTH_CTRL,
	GRAB_BOTH_ALT,
	GRAB_BOTH_SHIFT,
	GRAB_BOTH_META,
	GRAB_SCROLL_LOCK,
	GRAB_CTRL_SCROLL_LOCK,
	GRAB_NEVER,          /* the guest has them from start to end */
};

struct profile_evdev {
	char *path;
	unsigned line;       /* in the file, for messages; 0 = from --set */
};

struct profile_looking_glass {
	unsigned width, height; /* OPT_NONE = no such device */
	bool hdr;               /* 8 bytes a pixel rather than 4 */
	char *file;             /* in /dev/shm; NULL = looking-glass-NAME */
	char *owner;            /* USER or USER:GROUP; NULL = who runs */
	char *mode;             /* octal */
};

struct profile {
	char *path;          /* file it came from */
	char *name;          /* [a-zA-Z0-9._-]{1,48} */
	unsigned vcpus;
	uint64_t memory;     /* bytes, multiple of 2 MiB */
	struct {
		/* NULL = none; the kernel only with firmware. cmdline "" by default. */
		char *kernel, *initrd, *cmdline;
	} boot;
	struct {
		enum firmware_type type;
		char *code;       /* image of the firmware's code */
		char *vars;       /* the variable store; NULL = vars.fd of the VM's own directory */
		char *template;   /* what a new store is copied from; NULL = the one beside `code` */
		bool secure_boot; /* a new store has keys enrolled, and an old one must */
		char *log;        /* file for the firmware's debug output; NULL = none */
	} firmware;
	bool tpm;            /* a TPM 2.0, by swtpm */
	enum hypervisor hypervisor;
	struct hv_wishes hyperv; /* the preset may be HV_PRESET_AUTO */
	struct profile_vm_identity vm_identity;
	enum console_kind console;
	enum reboot_policy reboot;
	enum iommu_kind iommu;
	bool unsafe_interrupts;
	bool force;          /* take devices the host itself uses */
	unsigned stop_timeout_s; /* SIGTERM to forced stop */
	unsigned driver_timeout_s; /* for a driver of the host to let go of a device or to take it */
	struct profile_device device[PROFILE_MAX_DEVICES];
	unsigned n_devices;
	struct profile_disk disk[PROFILE_MAX_DISKS];
	unsigned n_disks;
	struct {
		enum display_type type;
		struct profile_vnc vnc;
	} display;
	struct {
		struct profile_evdev evdev[PROFILE_MAX_EVDEVS];
		unsigned n_evdevs;
		enum grab_keys grab_keys;
		bool grab_at_start;
	} input;
	struct profile_looking_glass looking_glass;
};

/*
 * Reads and checks `path`, then applies `overrides` ("boot.cmdline=quiet", "devices[0].rom=off").
 * Errors: file:line, the key, what was expected, a near match for a typo; `profile` is left empty.
 * Relative file names are taken from the profile's directory, in an override from the current one,
 * and are absolute in the result.
 */
int profile_load(struct profile *profile, const char *path, const char *const *overrides,
		 unsigned n_overrides, struct err *err);
void profile_fini(struct profile *profile);

/* What the entry calls its device: "0000:01:00.0", "VF 2 of enp2s0f0", "a VF of 8086:10c9". */
struct profile_device_name {
	char s[96];
};
struct profile_device_name profile_device_name(const struct profile_device *device);

/* What the entry sets of its VF. */
struct vf_settings profile_vf_settings(const struct profile_vf *vf);

/* As a profile file with every option spelt out; reads back to the same profile. */
int profile_dump(const struct profile *profile, FILE *out);

/* The option reference in Markdown: what docs/profile.md holds between its markers. */
void profile_write_reference(FILE *out);

#endif
