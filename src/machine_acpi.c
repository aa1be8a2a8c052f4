/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's ACPI tables: what of the machine they describe. */
#include "machine_parts.h"

/* `slots` has room for all ports, and lives as long as the configuration. */
static void describe(const struct machine *m, uint8_t *slots, struct acpi_config *config)
{
	const struct plan *plan = m->plan;
	for (unsigned i = 0; i < plan->n_ports; i++)
		slots[i] = plan->port[i].slot;
	*config = (struct acpi_config){
		.ecam_base = ECAM_BASE,
		.mmio32 = { plan->layout.mmio32 },
		.mmio64 = plan->layout.mmio64,
		.vcpus = plan->profile->vcpus,
		.n_ports = plan->n_ports,
		.port_slots = slots,
		.serial = true,
	};
}

int acpi_up(struct machine *m, struct err *err)
{
	uint8_t slots[PLAN_MAX_PORTS];
	struct acpi_config config;
	describe(m, slots, &config);
	return acpi_build(&m->acpi, &config, err);
}

void acpi_down(struct machine *m)
{
	acpi_fini(&m->acpi);
}
