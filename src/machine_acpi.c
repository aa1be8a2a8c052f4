/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's ACPI tables: what of the machine they describe, and how they reach it. On direct boot
 * they are placed with the kernel. UEFI firmware asks for them once it has dealt out the addresses
 * of all PCI devices: that moment, when it selects the script, is when they are made.
 */
#include "base/log.h"
#include "boot/acpi_loader.h"
#include "boot/acpi_windows.h"
#include "machine_parts.h"

struct description {
	struct acpi_config config;
	uint8_t port_slots[PLAN_MAX_PORTS]; /* for config */
};

/* But for the windows. */
static void describe(const struct machine *m, struct description *d)
{
	const struct plan *plan = m->plan;
	for (unsigned i = 0; i < plan->n_ports; i++)
		d->port_slots[i] = plan->port[i].slot;
	d->config = (struct acpi_config){
		.vcpus = plan->profile->vcpus,
		.n_ports = plan->n_ports,
		.port_slots = d->port_slots,
		.serial = true,
		.i8042 = machine_has_keyboard(m),
		.tpm_crb = m->tpm != NULL,
		/* Firmware knows where it is; to a system it is a device named after QEMU. */
		.fw_cfg = m->fwcfg.gmem && plan->profile->hypervisor == HYPERVISOR_KVM,
		.ids = machine_acpi_ids(m),
	};
}

/* --- for firmware --- */

static int replace_files(struct fwcfg *fwcfg, struct acpi_tables *tables)
{
	struct acpi_loader loader;
	uint8_t rsdp[ACPI_RSDP_SIZE];
	acpi_loader_write(&loader, tables);
	acpi_rsdp(tables, rsdp);
	int r = fwcfg_replace(fwcfg, ACPI_LOADER_TABLES, tables->blob, tables->size);
	if (!r)
		r = fwcfg_replace(fwcfg, ACPI_LOADER_RSDP, rsdp, sizeof(rsdp));
	return r ? r : fwcfg_replace(fwcfg, ACPI_LOADER_SCRIPT, loader.script, loader.size);
}

/*
 * On a vCPU thread, without a lock. Should it fail, firmware gets the tables of the last time: at
 * first those of an untouched machine.
 */
static void finish_tables(void *ctx)
{
	struct machine *m = ctx;
	struct description d;
	struct acpi_tables tables;
	struct err err = { 0 };
	describe(m, &d);
	pthread_mutex_lock(&m->root.lock);
	acpi_windows_programmed(&d.config, &m->plan->layout, &m->root);
	pthread_mutex_unlock(&m->root.lock);
	int r = acpi_build(&tables, &d.config, &err);
	if (!r)
		r = replace_files(&m->fwcfg, &tables);
	if (r)
		log_warn("ACPI tables for the firmware: %s",
			 err.code ? err.text : "configuration files could not be replaced");
	acpi_fini(&tables);
}

static int add_files(struct machine *m, struct err *err)
{
	struct fwcfg *fwcfg = &m->fwcfg;
	struct acpi_loader loader;
	acpi_loader_write(&loader, &m->acpi);
	int r = fwcfg_add_file(fwcfg, ACPI_LOADER_RSDP, NULL, ACPI_RSDP_SIZE, err);
	if (!r)
		r = fwcfg_add_file(fwcfg, ACPI_LOADER_TABLES, NULL, m->acpi.size, err);
	if (!r && m->acpi.off_tpm2)
		r = fwcfg_add_file(fwcfg, ACPI_LOADER_TPM_LOG, NULL, ACPI_TPM_LOG_SIZE, err);
	if (!r)
		r = fwcfg_add_lazy(fwcfg, ACPI_LOADER_SCRIPT, loader.size, finish_tables, m, err);
	if (r)
		return r;
	r = replace_files(fwcfg, &m->acpi);
	return r ? err_errno(err, r, "ACPI tables for the firmware") : 0;
}

int acpi_up(struct machine *m, struct err *err)
{
	struct description d;
	describe(m, &d);
	acpi_windows_laid(&d.config, &m->plan->layout);
	int r = acpi_build(&m->acpi, &d.config, err);
	return r || !m->fwcfg.gmem ? r : add_files(m, err);
}

void acpi_down(struct machine *m)
{
	acpi_fini(&m->acpi);
}
