/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/table.h"
#include "base/text.h"
#include "core/pci_path.h"
#include "device_text.h"
#include "identity.h"
#include "isolation.h"
#include "quarantine.h"
#include "reset_history.h"
#include "verdict.h"

#define WIDTH_FOR_ALL 150

static enum shade shade_of(enum verdict_kind kind)
{
	switch (kind) {
	case VERDICT_READY:
		return SHADE_GOOD;
	case VERDICT_BRIDGE:
		return SHADE_DIM;
	case VERDICT_NO_GROUP:
	case VERDICT_NOT_ISOLATED:
	case VERDICT_HOSTS_OWN:
	case VERDICT_RESERVED:
		return SHADE_BAD;
	default:
		return SHADE_WARN;
	}
}

static struct verdict judge(const struct devices_view *view, const struct pci_dev *dev)
{
	return verdict_of(view->inv, view->claims, view->n_claims, dev);
}

/* --- the table --- */

/* By group, those without one last; then by address. */
static int by_group(const void *a, const void *b)
{
	const struct pci_dev *x = *(const struct pci_dev *const *)a;
	const struct pci_dev *y = *(const struct pci_dev *const *)b;
	if (x->group != y->group)
		return (unsigned)x->group < (unsigned)y->group ? -1 : 1;
	return bdf_compare(x->bdf, y->bdf);
}

static void put_or_dash(struct table *table, const char *value)
{
	table_cell(table, SHADE_NONE, "%s", *value ? value : "-");
}

static void put_reset(struct table *table, const struct pci_dev *dev)
{
	char methods[NAME_MAX_SHORT];
	memcpy(methods, dev->reset_methods, sizeof(methods));
	for (char *c = methods; *c; c++)
		if (*c == ' ')
			*c = ',';
	put_or_dash(table, methods);
}

static void put_vfs(struct table *table, const struct pci_dev *dev)
{
	if (dev->max_vfs)
		table_cell(table, SHADE_NONE, "%u/%u", dev->n_vfs, dev->max_vfs);
	else
		table_cell(table, SHADE_NONE, "%s", dev->is_vf ? "VF" : "-");
}

/* What a wide table has more. */
static void put_facts(struct table *table, const struct pci_dev *dev)
{
	char buf[2][80];
	struct text link = text_in(buf[0], sizeof(buf[0]));
	struct text bars = text_in(buf[1], sizeof(buf[1]));
	device_link_text(&link, dev);
	device_bars_text(&bars, dev);
	if (dev->numa_node >= 0)
		table_cell(table, SHADE_NONE, "%d", dev->numa_node);
	else
		table_cell(table, SHADE_NONE, "-");
	put_or_dash(table, buf[0]);
	put_or_dash(table, buf[1]);
	if (!dev->caps_read)
		table_cell(table, SHADE_NONE, "?");
	else
		table_cell(table, SHADE_NONE, "%u", dev->msix_vectors);
	put_reset(table, dev);
	put_vfs(table, dev);
	put_or_dash(table, dev->power_state);
}

static void put_row(const struct devices_view *view, struct table *table, const struct pci_dev *dev,
		    bool first_of_group)
{
	struct verdict verdict = judge(view, dev);
	if (first_of_group && dev->group >= 0)
		table_cell(table, SHADE_STRONG, "%d", dev->group);
	else
		table_cell(table, SHADE_NONE, "%s", first_of_group ? "-" : "");
	table_cell(table, SHADE_NONE, "%s", bdf_text(dev->bdf).s);
	table_cell(table, SHADE_NONE, "%s", *dev->driver ? dev->driver : "-");
	if (!table->width || table->width >= WIDTH_FOR_ALL)
		put_facts(table, dev);
	table_cell(table, shade_of(verdict.kind), "%s", verdict.text);
	table_cell(table, SHADE_NONE, "%s: %s", inventory_class(view->inv, dev).s,
		   inventory_name(view->inv, dev).s);
	table_end_row(table);
}

static void put_header(struct table *table)
{
	static const char *const few[] = {
		"GROUP", "ADDRESS", "DRIVER", "VERDICT", "DEVICE", NULL
	};
	static const char *const all[] = { "GROUP",   "ADDRESS", "DRIVER", "NODE", "LINK",
					   "BARS",    "MSI-X",   "RESET",  "VFS",  "POWER",
					   "VERDICT", "DEVICE",  NULL };
	bool narrow = table->width && table->width < WIDTH_FOR_ALL;
	for (const char *const *title = narrow ? few : all; *title; title++)
		table_cell(table, SHADE_DIM, "%s", *title);
	table_end_row(table);
}

int devices_table(const struct devices_view *view, FILE *out, bool colour, unsigned width)
{
	struct table table = { .width = width };
	size_t n = view->inv->devs.n;
	const struct pci_dev **sorted = calloc(n + 1, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &view->inv->devs.at[i];
	qsort(sorted, n, sizeof(*sorted), by_group);
	put_header(&table);
	for (size_t i = 0; i < n; i++)
		if (view->group == DEVICES_ANY_GROUP || sorted[i]->group == view->group)
			put_row(view, &table, sorted[i],
				!i || sorted[i]->group != sorted[i - 1]->group);
	free(sorted);
	return table_print(&table, out, colour);
}

/* --- one device --- */

static void put(struct table *table, const char *key, enum shade shade, const char *value)
{
	table_cell(table, SHADE_DIM, "%s", key);
	table_cell(table, shade, "%s", *value ? value : "none");
	table_end_row(table);
}

static void put_bar(struct table *table, const char *key, const struct pci_resource *bar,
		    uint64_t sizes)
{
	char value[400], list[256];
	struct text text = text_in(value, sizeof(value));
	if (!bar->size)
		return;
	text_put(&text, "%s at 0x%llx, %s%s", size_text(bar->size).s,
		 (unsigned long long)bar->start,
		 bar->flags & RES_IO      ? "I/O"
		 : bar->flags & RES_MEM64 ? "64-bit"
					  : "32-bit",
		 bar->flags & RES_PREFETCH ? " prefetchable" : "");
	struct text list_text = text_in(list, sizeof(list));
	device_sizes_text(&list_text, sizes);
	if (sizes)
		text_put(&text, ", can be %s", list);
	put(table, key, SHADE_NONE, value);
}

static void put_bars(struct table *table, const struct pci_dev *dev)
{
	for (unsigned i = 0; i < PCI_N_BARS; i++)
		put_bar(table, (const char[]){ 'B', 'A', 'R', ' ', (char)('0' + i), 0 },
			&dev->bar[i], dev->bar_sizes[i]);
	put_bar(table, "ROM", &dev->rom, 0);
}

static void put_group(const struct inventory *inv, struct table *table, const struct pci_dev *dev)
{
	char value[512];
	struct text text = text_in(value, sizeof(value));
	if (dev->group >= 0)
		text_put(&text, "%d", dev->group);
	for (size_t i = 0; dev->group >= 0 && i < inv->devs.n; i++) {
		const struct pci_dev *other = &inv->devs.at[i];
		if (other != dev && other->group == dev->group)
			text_put(&text, ", with %s (%s)", bdf_text(other->bdf).s,
				 pci_dev_is_bridge(other) ? "bridge"
				 : *other->driver         ? other->driver
							  : "no driver");
	}
	put(table, "IOMMU group", SHADE_NONE, value);
}

static void put_reserved(const struct inventory *inv, struct table *table,
			 const struct pci_dev *dev)
{
	for (size_t i = 0; i < inv->reserved.n; i++) {
		const struct reserved_region *region = &inv->reserved.at[i];
		char value[96];
		if (dev->group < 0 || region->group != dev->group)
			continue;
		snprintf(value, sizeof(value), "0x%llx-0x%llx (%s)",
			 (unsigned long long)region->range.start,
			 (unsigned long long)range_last(region->range), region->type);
		put(table, "reserved", SHADE_NONE, value);
	}
}

static void put_ids(struct table *table, const struct pci_dev *dev)
{
	char value[64];
	snprintf(value, sizeof(value), "%04x:%04x, subsystem %04x:%04x, revision %02x", dev->vendor,
		 dev->device, dev->subvendor, dev->subdevice, dev->revision);
	put(table, "ids", SHADE_NONE, value);
}

static void put_interrupts(struct table *table, const struct pci_dev *dev)
{
	char value[96] = "";
	struct text text = text_in(value, sizeof(value));
	if (dev->msix_vectors)
		text_put(&text, "%u MSI-X", dev->msix_vectors);
	if (dev->msi_vectors)
		text_put(&text, "%s%u MSI", text.n ? ", " : "", dev->msi_vectors);
	if (dev->int_pin)
		text_put(&text, "%sINT%c", text.n ? ", " : "", 'A' + dev->int_pin - 1);
	if (!dev->caps_read)
		text_put(&text, "%sMSI and MSI-X unknown%s", text.n ? ", " : "",
			 dev->asleep ? "" : ": run as root to see");
	put(table, "interrupts", SHADE_NONE, value);
}

static void put_sriov(struct table *table, const struct pci_dev *dev)
{
	char value[48];
	if (dev->is_vf)
		put(table, "VF of", SHADE_NONE, bdf_text(dev->physfn).s);
	if (!dev->n_vfs && !dev->max_vfs)
		return;
	snprintf(value, sizeof(value), "%u of %u", dev->n_vfs, dev->max_vfs);
	put(table, "VFs", SHADE_NONE, value);
}

static void put_link(struct table *table, const struct pci_dev *dev)
{
	char value[64];
	struct text text = text_in(value, sizeof(value));
	device_link_text(&text, dev);
	put(table, "link", SHADE_NONE, value);
}

/* Now, and what the host's policy allows it to do when nobody uses it. */
static void put_power(const struct devices_view *view, struct table *table)
{
	char control[16], value[96];
	struct text text = text_in(value, sizeof(value));
	const struct pci_dev *dev = view->one;
	uint64_t d3cold = 0;
	text_put(&text, "%s", *dev->power_state ? dev->power_state : "unknown");
	if (file_read(view->host->sys, pci_path(dev->bdf, "power/control").s, control,
		      sizeof(control)) > 0)
		text_put(&text, ", may sleep: %s", !strcmp(control, "on") ? "no" : "yes");
	if (!file_read_u64(view->host->sys, pci_path(dev->bdf, "d3cold_allowed").s, &d3cold))
		text_put(&text, ", D3cold %s", d3cold ? "allowed" : "forbidden");
	put(table, "power", SHADE_NONE, value);
	if (dev->asleep)
		put(table, "", SHADE_WARN, "asleep: what only its registers say is missing here");
}

/* Who it is, for a profile's `identity`, and what resets have done to it. */
static void put_past(const struct devices_view *view, struct table *table)
{
	struct bdf bdf = view->one->bdf;
	struct quarantine quarantine = quarantine_of(view->host, bdf);
	struct reset_history history;
	struct identity identity = { 0 };
	int r = (view->one->asleep ? identity_read_quietly : identity_read)(view->host, bdf,
									    &identity);
	if (!r) {
		if (!view->one->asleep)
			put(table, "serial", SHADE_NONE, identity.serial);
		put(table, "slot", SHADE_NONE, identity.slot);
	}
	if (*quarantine.why)
		put(table, "quarantine", SHADE_BAD, quarantine.why);
	reset_history_read(view->host, bdf, &history);
	for (unsigned i = 0; i < history.n; i++)
		put(table, i ? "" : "resets so far",
		    history.at[i].failures ? SHADE_WARN : SHADE_NONE,
		    reset_record_text(&history.at[i]).s);
}

static int show_isolation(const struct devices_view *view, FILE *out, bool colour)
{
	struct isolation iso;
	int r = isolation_read(&iso, view->host, view->inv, view->one);
	if (!r)
		r = isolation_print(&iso, out, colour);
	isolation_fini(&iso);
	return r;
}

int devices_detail(const struct devices_view *view, FILE *out, bool colour)
{
	const struct pci_dev *dev = view->one;
	struct verdict verdict = judge(view, dev);
	struct table table = { 0 };
	char node[16];
	snprintf(node, sizeof(node), "%d", dev->numa_node);
	put(&table, "address", SHADE_STRONG, bdf_text(dev->bdf).s);
	put(&table, "name", SHADE_NONE, inventory_name(view->inv, dev).s);
	put(&table, "class", SHADE_NONE, inventory_class(view->inv, dev).s);
	put_ids(&table, dev);
	put(&table, "verdict", shade_of(verdict.kind), verdict.text);
	put(&table, "driver", SHADE_NONE, dev->driver);
	put(&table, "override", SHADE_NONE, dev->driver_override);
	put_group(view->inv, &table, dev);
	put_reserved(view->inv, &table, dev);
	put(&table, "NUMA node", SHADE_NONE, dev->numa_node < 0 ? "" : node);
	put(&table, "reset", SHADE_NONE, dev->reset_methods);
	put_past(view, &table);
	put_link(&table, dev);
	put_power(view, &table);
	put_interrupts(&table, dev);
	put_sriov(&table, dev);
	put_bars(&table, dev);
	int r = table_print(&table, out, colour);
	return r ? r : show_isolation(view, out, colour);
}
