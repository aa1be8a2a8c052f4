/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/bytes.h"
#include "devices_load.h"
#include "isolation.h"
#include "json.h"
#include "reset_history.h"
#include "verdict.h"

static json_t *text_or_null(const char *text)
{
	return *text ? json_text(text) : json_null();
}

static json_t *bar_sizes(uint64_t sizes)
{
	json_t *list = json_array();
	for (unsigned bit = 0; list && bit < 44; bit++)
		if (sizes >> bit & 1)
			json_array_append_new(list, json_integer((json_int_t)(MIB << bit)));
	return list;
}

static json_t *bar(const void *ctx, size_t i)
{
	static const char *const names[] = { "0", "1", "2", "3", "4", "5", "rom" };
	const struct pci_dev *dev = ctx;
	const struct pci_resource *at = i < PCI_N_BARS ? &dev->bar[i] : &dev->rom;
	if (!at->size)
		return json_null();
	return json_pack("{s:s, s:I, s:I, s:b, s:b, s:b, s:o}", "bar", names[i], "address",
			 (json_int_t)at->start, "size", (json_int_t)at->size, "io",
			 !!(at->flags & RES_IO), "prefetchable", !!(at->flags & RES_PREFETCH),
			 "64bit", !!(at->flags & RES_MEM64), "sizes",
			 bar_sizes(i < PCI_N_BARS ? dev->bar_sizes[i] : 0));
}

struct reserved_of {
	const struct inventory *inv;
	int group;
};

static json_t *reserved(const void *ctx, size_t i)
{
	const struct reserved_of *of = ctx;
	const struct reserved_region *region = &of->inv->reserved.at[i];
	if (of->group < 0 || region->group != of->group)
		return json_null();
	return json_pack("{s:I, s:I, s:o}", "address", (json_int_t)region->range.start, "size",
			 (json_int_t)region->range.size, "type", json_text(region->type));
}

static json_t *reset_methods(const struct pci_dev *dev)
{
	char copy[NAME_MAX_SHORT], *save = NULL;
	json_t *list = json_array();
	memcpy(copy, dev->reset_methods, sizeof(copy));
	for (char *word = strtok_r(copy, " ", &save); list && word;
	     word = strtok_r(NULL, " ", &save))
		json_array_append_new(list, json_text(word));
	return list;
}

static json_t *identity(const struct inventory *inv, const struct pci_dev *dev)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:o}", "vendor", dev->vendor,
			 "device", dev->device, "subsystem_vendor", dev->subvendor,
			 "subsystem_device", dev->subdevice, "class", (int)dev->class_code,
			 "revision", dev->revision, "name", json_text(inventory_name(inv, dev).s),
			 "class_name", json_text(inventory_class(inv, dev).s));
}

static json_t *link_json(struct link_speed link)
{
	return link.gen ? json_pack("{s:i, s:i}", "generation", link.gen, "width", link.width)
			: json_null();
}

/* Only of view->one: it reads the ports above it. */
static json_t *isolation_of(const struct devices_view *view)
{
	struct isolation iso;
	if (!view->one)
		return json_null();
	json_t *json = isolation_read(&iso, view->host, view->inv, view->one)
			       ? NULL
			       : isolation_json(&iso);
	isolation_fini(&iso);
	return json;
}

static json_t *device_json(const struct devices_view *view, const struct pci_dev *dev)
{
	struct verdict verdict = verdict_of(view->inv, view->claims, view->n_claims, dev);
	struct reserved_of of = { view->inv, dev->group };
	return json_pack(
		"{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:i, s:o, s:o, "
		"s:i, s:b, s:i, s:o, s:o, s:o, s:b, s:b, s:o, s:o}",
		"address", bdf_text(dev->bdf).s, "identity", identity(view->inv, dev), "group",
		dev->group < 0 ? json_null() : json_integer(dev->group), "verdict",
		verdict_word(verdict.kind), "verdict_text", json_text(verdict.text), "driver",
		text_or_null(dev->driver), "driver_override", text_or_null(dev->driver_override),
		"numa_node", dev->numa_node < 0 ? json_null() : json_integer(dev->numa_node),
		"reset_methods", reset_methods(dev), "bars", json_list(bar, dev, PCI_N_BARS + 1),
		"msix_vectors", dev->msix_vectors, "msi_vectors", dev->msi_vectors, "interrupt_pin",
		dev->int_pin, "reserved", json_list(reserved, &of, view->inv->reserved.n),
		"physical_function", dev->is_vf ? json_text(bdf_text(dev->physfn).s) : json_null(),
		"vfs", (int)dev->n_vfs, "pcie", dev->is_pcie, "max_vfs", (int)dev->max_vfs, "link",
		link_json(dev->link), "max_link", link_json(dev->link_max), "power_state",
		text_or_null(dev->power_state), "asleep", dev->asleep, "capabilities_read",
		dev->caps_read, "isolation", isolation_of(view), "resets",
		view->one ? reset_history_json(view->host, dev->bdf) : json_null());
}

static json_t *item(const void *ctx, size_t i)
{
	const struct devices_view *view = ctx;
	const struct pci_dev *dev = &view->inv->devs.at[i];
	return devices_shows(view, dev) ? device_json(view, dev) : json_null();
}

json_t *devices_json(const struct devices_view *view)
{
	return json_list(item, view, view->inv->devs.n);
}
