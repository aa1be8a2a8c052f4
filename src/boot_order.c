/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/opt.h"

struct line {
	unsigned index;
	char path[BOOT_ORDER_PATH];
};

/* A slot in hexadecimal, with the function when it is not 0. */
struct unit_text {
	char s[16];
};

static struct unit_text unit(unsigned dev, unsigned fn)
{
	struct unit_text text;
	if (fn)
		snprintf(text.s, sizeof(text.s), "%x,%x", dev & 31, fn & 7);
	else
		snprintf(text.s, sizeof(text.s), "%x", dev & 31);
	return text;
}

/*
 * A name that OVMF takes for what it is: any PCI function, with whatever is behind it. What it knows
 * better ("scsi", "pci8086,5845", …) it wants more of, which is not known before the guest runs.
 */
static const char *name_of(const struct pci_dev *dev)
{
	switch (dev->class_code >> 16) {
	case 0x01:
		return "storage-controller";
	case 0x02:
		return "ethernet";
	default:
		return "device";
	}
}

static void device_path(const struct plan *plan, const struct plan_device *device, char *path)
{
	char bridge[32] = "";
	if (device->port != WINDOW_ON_ROOT)
		snprintf(bridge, sizeof(bridge), "/pci-bridge@%s",
			 unit(plan->port[device->port].slot, 0).s);
	snprintf(path, BOOT_ORDER_PATH, "/pci@i0cf8%s/%s@%s", bridge, name_of(device->dev),
		 unit(device->guest.dev, device->guest.fn).s);
}

static const struct plan_own *own_ahci(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->n_own; i++)
		if (plan->own[i].kind == PLAN_OWN_AHCI)
			return &plan->own[i];
	return NULL;
}

static int by_index(const void *a, const void *b)
{
	unsigned x = ((const struct line *)a)->index, y = ((const struct line *)b)->index;
	return x < y ? -1 : x > y;
}

static unsigned device_lines(const struct plan *plan, struct line *lines)
{
	unsigned n = 0;
	for (unsigned i = 0; i < plan->n_devices; i++) {
		const struct plan_device *device = &plan->device[i];
		if (device->held || !device->wanted || device->wanted->boot_index == OPT_NONE ||
		    n == PROFILE_MAX_DEVICES)
			continue;
		lines[n].index = device->wanted->boot_index;
		device_path(plan, device, lines[n++].path);
	}
	return n;
}

/* Disks are at the ports of the AHCI controller that they were dealt. */
static unsigned disk_lines(const struct plan *plan, struct line *lines)
{
	const struct plan_own *ahci = own_ahci(plan);
	unsigned n = 0;
	for (unsigned i = 0; ahci && i < plan->profile->n_disks; i++) {
		if (plan->profile->disk[i].boot_index == OPT_NONE)
			continue;
		lines[n].index = plan->profile->disk[i].boot_index;
		snprintf(lines[n++].path, BOOT_ORDER_PATH,
			 "/pci@i0cf8/pci8086,2922@%s/drive@%x/disk@0",
			 unit(ahci->guest.dev, ahci->guest.fn).s, plan->disk_port[i]);
	}
	return n;
}

size_t boot_order_text(const struct plan *plan, char ret_text[BOOT_ORDER_SIZE])
{
	struct line lines[BOOT_ORDER_MAX];
	unsigned n = device_lines(plan, lines);
	n += disk_lines(plan, lines + n);
	qsort(lines, n, sizeof(*lines), by_index);
	char *at = ret_text;
	for (unsigned i = 0; i < n; i++) {
		size_t len = strlen(lines[i].path);
		memcpy(at, lines[i].path, len);
		at[len] = i + 1 < n ? '\n' : '\0';
		at += len + 1;
	}
	return (size_t)(at - ret_text);
}
