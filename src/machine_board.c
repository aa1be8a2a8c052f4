/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every machine has on its board, and the ports and addresses of all that is not PCI: each part
 * adds its own, and they are published together once all are there.
 */
#include "machine.h"

#include <errno.h>

#include "base/bytes.h"
#include "machine_parts.h"

static int add(struct fixed_regions *regions, const struct bus_region *region, struct err *err)
{
	if (regions->n == ARRAY_LEN(regions->at))
		return err_set(err, -ENOSPC, "board: more than %zu regions",
			       ARRAY_LEN(regions->at));
	regions->at[regions->n++] = *region;
	return 0;
}

int machine_add_ports(struct machine *m, const struct bus_region *region, struct err *err)
{
	return add(&m->fixed_ports, region, err);
}

int machine_add_mmio(struct machine *m, const struct bus_region *region, struct err *err)
{
	return add(&m->fixed_mmio, region, err);
}

int addresses_up(struct machine *m, struct err *err)
{
	int r = bus_publish(&m->pio, BUS_FIXED, m->fixed_ports.at, m->fixed_ports.n);
	if (!r)
		r = bus_publish(&m->mmio, BUS_FIXED, m->fixed_mmio.at, m->fixed_mmio.n);
	return r ? err_errno(err, r, "board devices") : 0;
}

/* A headless guest that is entered directly does not spend its start looking for them. */
bool machine_has_keyboard(const struct machine *m)
{
	const struct profile *profile = m->plan->profile;
	return profile->firmware.type == FIRMWARE_UEFI || profile->input.n_evdevs;
}

int board_up(struct machine *m, struct err *err)
{
	pm_init(&m->pm, &m->vm.irqs, m->loop, &m->events);
	rtc_init(&m->rtc, &m->vm.irqs, m->loop);
	i8042_init(&m->i8042, machine_has_keyboard(m), &m->vm.irqs, m->loop, &m->events);
	reset_ports_init(&m->reset_ports, &m->events, &pci_address_ops, &m->root);
	serial_init(&m->serial, &m->vm.irqs, GSI_COM1, console_output, &m->console);
	console_attach(&m->console, &m->serial);

	const struct bus_region ports[] = {
		{ PORT_I8042_DATA, 1, &i8042_data_ops, &m->i8042, 0 },
		{ PORT_I8042_STATUS, 1, &i8042_status_ops, &m->i8042, 0 },
		{ PORT_RTC, 2, &rtc_ops, &m->rtc, 0 },
		{ PORT_A20, 1, &port92_ops, &m->reset_ports, 0 },
		{ PORT_COM1, 8, &serial_ops, &m->serial, 0 },
		{ PORT_PCI_ADDRESS, 4, &cf8_ops, &m->reset_ports, 0 }, /* and 0xCF9 in its middle */
		{ PORT_PCI_DATA, 4, &pci_data_ops, &m->root, 0 },
		{ PM_BASE, PM_SIZE, &pm_ops, &m->pm, 0 },
	};
	int r = 0;
	for (unsigned i = 0; !r && i < ARRAY_LEN(ports); i++)
		r = machine_add_ports(m, &ports[i], err);
	return r;
}

void board_down(struct machine *m)
{
	serial_fini(&m->serial);
	reset_ports_fini(&m->reset_ports);
	i8042_fini(&m->i8042);
	rtc_fini(&m->rtc);
	pm_fini(&m->pm);
}
