/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of a machine that have a file of their own (machine_PART.c), for the table in machine.c.
 * `up` builds the part on those above it; `down` accepts what a failed `up` leaves behind.
 */
#ifndef BULKHEAD_MACHINE_PARTS_H
#define BULKHEAD_MACHINE_PARTS_H

#include "boot/smbios.h"
#include "machine.h"

/* The VM's own directory, locked, and what firmware keeps and needs. */
int state_up(struct machine *m, struct err *err);
void state_down(struct machine *m);
int firmware_up(struct machine *m, struct err *err);
void firmware_down(struct machine *m);

int board_up(struct machine *m, struct err *err);
void board_down(struct machine *m);
/* Whether there are a PS/2 keyboard and mouse; ACPI says so too. */
bool machine_has_keyboard(const struct machine *m);

/* Picture and VNC server. After the firmware configuration and the board. */
int display_up(struct machine *m, struct err *err);
void display_down(struct machine *m);
/* The PCI function with memory that a viewer shares. After the PCI hierarchy. */
int looking_glass_up(struct machine *m, struct err *err);
void looking_glass_down(struct machine *m);
/* The host's keyboards and mice. After the board. */
int input_up(struct machine *m, struct err *err);
void input_down(struct machine *m);

/* What UEFI firmware asks for; nothing without it. Parts below it add their files. */
int fwcfg_up(struct machine *m, struct err *err);
void fwcfg_down(struct machine *m);

/* A TPM, when the profile has one. tpm_reset is its power cycle. */
int tpm_up(struct machine *m, struct err *err);
void tpm_down(struct machine *m);
void tpm_reset(struct machine *m);

/*
 * What Intel's graphics find around them: called for each device that is up, before the guest runs.
 * igd_files adds what firmware may ask for, igd_reset is a power cycle.
 */
int igd_add(struct machine *m, struct vfio_pci *vfio, const struct plan_device *planned,
	    struct err *err);
int igd_files(struct machine *m, struct err *err);
void igd_reset(struct machine *m);
void igd_down(struct machine *m);

/* On direct boot the tables are ready and placed with the kernel (machine_reset.c). */
int acpi_up(struct machine *m, struct err *err);
void acpi_down(struct machine *m);

/* The same for what the machine says of itself; after the vCPUs, because it names the processor. */
int smbios_up(struct machine *m, struct err *err);
void smbios_down(struct machine *m);

/* What the machine is called in its tables, and whether they let on that it is virtual. */
struct acpi_ids machine_acpi_ids(const struct machine *m);
struct pci_port_name machine_port_name(const struct machine *m);
bool machine_is_shown_virtual(const struct machine *m);
/* Sets strings, UUID and virtual_machine. */
void machine_smbios_names(const struct machine *m, struct smbios_config *config);

/* The profile's disks and their controller; nothing without disks. */
int disks_up(struct machine *m, struct err *err);
void disks_down(struct machine *m);

/*
 * Puts a function of the machine's own where the plan has it; on direct boot its BARs get their
 * addresses too. `func` stays the part's. machine_own is NULL when the plan has none of the kind.
 */
const struct plan_own *machine_own(const struct machine *m, enum plan_own_kind kind);
int machine_place_own(struct machine *m, enum plan_own_kind kind, struct pci_func *func,
		      struct err *err);
/* Takes it off the bus, before its storage goes: the parts below derive the map anew. */
void machine_remove_own(struct machine *m, enum plan_own_kind kind);

/* Publishes what all parts above have added. */
int addresses_up(struct machine *m, struct err *err);

/*
 * A part's ports or addresses outside PCI; the region is copied. Of two that overlap the one added
 * first answers. -ENOSPC when the table is full.
 */
int machine_add_ports(struct machine *m, const struct bus_region *region, struct err *err);
int machine_add_mmio(struct machine *m, const struct bus_region *region, struct err *err);

#endif
