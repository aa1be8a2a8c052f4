/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan for people: what stands in the way, or what will happen, where, and at what price. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/parse.h"
#include "base/table.h"
#include "plan.h"
#include "plan_parts.h"

#define WIDTH 100

struct printer {
	const struct plan *plan;
	FILE *out;
	bool colour;
};

static void heading(const struct printer *p, const char *text)
{
	fprintf(p->out, "\n%s%s%s\n", shade_on(SHADE_STRONG, p->colour), text,
		shade_off(SHADE_STRONG, p->colour));
}

static const char *iommu_name(enum iommu_kind kind)
{
	return kind == IOMMU_FD ? "iommufd" : kind == IOMMU_TYPE1 ? "type1" : "none";
}

static void print_title(const struct printer *p)
{
	const struct profile *profile = p->plan->profile;
	unsigned n = p->plan->n_devices;
	fprintf(p->out, "%sprofile '%s'%s: %u vCPU%s, %s of memory, %u device%s",
		shade_on(SHADE_STRONG, p->colour), profile->name,
		shade_off(SHADE_STRONG, p->colour), profile->vcpus, profile->vcpus == 1 ? "" : "s",
		size_text(profile->memory).s, n, n == 1 ? "" : "s");
	if (n)
		fprintf(p->out, ", IOMMU back end %s", iommu_name(p->plan->iommu));
	fputc('\n', p->out);
}

/* One text of several words, broken at blanks; further lines under the first one's words. */
static void print_wrapped(FILE *out, size_t indent, const char *text)
{
	size_t column = indent;
	while (*text) {
		size_t len = strcspn(text, " ");
		if (column > indent && column + len + 1 > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		}
		fprintf(out, "%s%.*s", column > indent ? " " : "", (int)len, text);
		column += len + (column > indent);
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_reason(const struct printer *p, enum shade shade, const char *text)
{
	fprintf(p->out, "  %s%c%s ", shade_on(shade, p->colour), shade == SHADE_BAD ? '!' : '*',
		shade_off(shade, p->colour));
	print_wrapped(p->out, strlen("  ! "), text);
}

static void print_reasons(const struct printer *p)
{
	const struct plan *plan = p->plan;
	if (plan->refusals.n)
		heading(p, plan->refusals.n == 1 ? "It cannot run, because"
						 : "It cannot run, for these reasons");
	for (size_t i = 0; i < plan->refusals.n; i++)
		print_reason(p, SHADE_BAD, plan->refusals.at[i].text);
	if (plan->warnings.n)
		heading(p, "Take note");
	for (size_t i = 0; i < plan->warnings.n; i++)
		print_reason(p, SHADE_WARN, plan->warnings.at[i].text);
}

static void print_changes(const struct printer *p)
{
	const struct plan *plan = p->plan;
	heading(p, "Changes to the host, undone in reverse");
	if (plan->n_devices && !plan->inventory->has_vfio_pci)
		fputs("     load the module vfio-pci (stays loaded)\n", p->out);
	if (!plan->actions.n)
		fputs("     none\n", p->out);
	for (size_t i = 0; i < plan->actions.n; i++)
		fprintf(p->out, "%3zu  %s\n", i + 1, action_text(&plan->actions.at[i]).s);
}

static void print_bar(const struct plan *plan, struct table *table, const struct plan_device *device,
		      unsigned index)
{
	bool rom = index == PCI_ROM_BAR;
	const struct pci_resource *bar = rom ? &device->dev->rom : &device->dev->bar[index];
	uint64_t size = rom ? plan_rom_size(device) : bar->size;
	table_cell(table, SHADE_NONE, "%s", "");
	if (rom)
		table_cell(table, SHADE_DIM, "ROM");
	else
		table_cell(table, SHADE_DIM, "BAR %u", index);
	if (plan->profile->firmware.type == FIRMWARE_UEFI)
		table_cell(table, SHADE_DIM, "where firmware puts it");
	else
		table_cell(table, SHADE_NONE, "0x%llx",
			   (unsigned long long)device->bar_addr[index]);
	table_cell(table, SHADE_NONE, "%s %s%s", size_text(size).s,
		   rom                      ? "read-only"
		   : bar->flags & RES_IO    ? "I/O"
		   : bar->flags & RES_MEM64 ? "64-bit"
					    : "32-bit",
		   !rom && bar->flags & RES_PREFETCH ? " prefetchable" : "");
	table_end_row(table);
}

static void print_device(const struct plan *plan, struct table *table,
			 const struct plan_device *device)
{
	if (device->held)
		table_cell(table, SHADE_DIM, "held");
	else if (plan->profile->firmware.type == FIRMWARE_UEFI && device->port != WINDOW_ON_ROOT)
		/* Which number a bus gets is the firmware's to choose. */
		table_cell(table, SHADE_GOOD, "slot %u.%u", plan->port[device->port].slot,
			   device->guest.fn);
	else
		table_cell(table, SHADE_GOOD, "%s", bdf_text(device->guest).s + strlen("0000:"));
	table_cell(table, SHADE_STRONG, "%s", bdf_text(device->dev->bdf).s);
	if (device->gsi)
		table_cell(table, SHADE_NONE, "INTx on %u", device->gsi);
	else
		table_cell(table, SHADE_NONE, "no INTx");
	table_cell(table, SHADE_NONE, "%s", inventory_name(plan->inventory, device->dev).s);
	table_end_row(table);
	for (unsigned b = 0; b <= PCI_ROM_BAR; b++)
		if (device->bar_addr[b])
			print_bar(plan, table, device, b);
}

/* What the machine has of its own on the guest's bus 0, and the disks behind it. */
static void print_own(const struct plan *plan, struct table *table)
{
	const struct profile *profile = plan->profile;
	for (unsigned i = 0; i < plan->n_own; i++) {
		const struct plan_own *own = &plan->own[i];
		table_cell(table, SHADE_GOOD, "%s", bdf_text(own->guest).s + strlen("0000:"));
		table_cell(table, SHADE_NONE, "%s", own->name);
		table_end_row(table);
	}
	for (unsigned i = 0; i < profile->n_disks; i++) {
		const struct profile_disk *disk = &profile->disk[i];
		table_cell(table, SHADE_GOOD, "port %u", plan->disk_port[i]);
		table_cell(table, SHADE_NONE, "%s", disk->type == DISK_CDROM ? "CD-ROM" : "disk");
		table_cell(table, SHADE_STRONG, "%s", disk->path);
		table_end_row(table);
	}
}

static void print_firmware(const struct printer *p)
{
	const struct profile *profile = p->plan->profile;
	if (profile->firmware.type == FIRMWARE_NONE)
		return;
	fprintf(p->out, "  %sfirmware%s    %s%s%s\n", shade_on(SHADE_DIM, p->colour),
		shade_off(SHADE_DIM, p->colour), profile->firmware.code,
		profile->firmware.secure_boot ? ", Secure Boot" : "",
		profile->boot.kernel ? ", which starts the kernel" : "");
	fprintf(p->out, "  %svariables%s   %s\n", shade_on(SHADE_DIM, p->colour),
		shade_off(SHADE_DIM, p->colour),
		profile->firmware.vars ? profile->firmware.vars : "the VM's own");
}

static void print_guest(const struct printer *p)
{
	const struct layout *layout = &p->plan->layout;
	struct table devices = { .indent = "  ", .width = WIDTH };
	heading(p, "In the guest");
	for (unsigned i = 0; i < p->plan->n_devices; i++)
		print_device(p->plan, &devices, &p->plan->device[i]);
	table_print(&devices, p->out, p->colour);
	struct table own = { .indent = "  ", .width = WIDTH };
	print_own(p->plan, &own);
	table_print(&own, p->out, p->colour);
	struct table map = { .indent = "  " };
	for (unsigned i = 0; i < layout->n_ram; i++) {
		table_cell(&map, SHADE_DIM, "memory");
		table_cell(&map, SHADE_NONE, "0x%llx-0x%llx",
			   (unsigned long long)layout->ram[i].start,
			   (unsigned long long)range_last(layout->ram[i]));
		table_cell(&map, SHADE_NONE, "%s", size_text(layout->ram[i].size).s);
		table_end_row(&map);
	}
	if (layout->stolen.size) {
		table_cell(&map, SHADE_DIM, "graphics");
		table_cell(&map, SHADE_NONE, "0x%llx-0x%llx",
			   (unsigned long long)layout->stolen.start,
			   (unsigned long long)range_last(layout->stolen));
		table_cell(&map, SHADE_NONE, "%s", size_text(layout->stolen.size).s);
		table_end_row(&map);
	}
	table_print(&map, p->out, p->colour);
	print_firmware(p);
	fprintf(p->out, "  %shypervisor%s  ", shade_on(SHADE_DIM, p->colour),
		shade_off(SHADE_DIM, p->colour));
	print_wrapped(p->out, strlen("  hypervisor  "), plan_hypervisor_text(p->plan).s);
	if (p->plan->profile->tpm)
		fprintf(p->out, "  %sTPM%s         2.0, a process of swtpm\n",
			shade_on(SHADE_DIM, p->colour), shade_off(SHADE_DIM, p->colour));
}

static void print_costs(const struct printer *p)
{
	const struct plan *plan = p->plan;
	struct table table = { .indent = "  " };
	heading(p, "It takes");
	table_cell(&table, SHADE_NONE, "%s", size_text(plan->pinned_bytes).s);
	table_cell(&table, SHADE_DIM, "of memory pinned for DMA");
	table_end_row(&table);
	table_cell(&table, SHADE_NONE, "%lluK", (unsigned long long)(plan->memlock_needed / KIB));
	if (plan->inventory->memlock_limit == UINT64_MAX)
		table_cell(&table, SHADE_DIM, "of locked memory; no limit here");
	else
		table_cell(&table, SHADE_DIM, "of locked memory; %lluK allowed here",
			   (unsigned long long)(plan->inventory->memlock_hard / KIB));
	table_end_row(&table);
	table_cell(&table, SHADE_NONE, "%lluK", (unsigned long long)(plan->bar_bytes / KIB));
	table_cell(&table, SHADE_DIM, "of BARs");
	table_end_row(&table);
	table_cell(&table, SHADE_NONE, "%u", plan->vectors);
	table_cell(&table, SHADE_DIM, "interrupt vectors at most");
	table_end_row(&table);
	table_cell(&table, SHADE_NONE, "%u", plan->fds);
	table_cell(&table, SHADE_DIM, "open files at most");
	table_end_row(&table);
	table_print(&table, p->out, p->colour);
}

void plan_print(const struct plan *plan, FILE *out, bool colour)
{
	const struct printer printer = { plan, out, colour };
	print_title(&printer);
	print_reasons(&printer);
	if (plan->refusals.n)
		return;
	print_changes(&printer);
	print_guest(&printer);
	print_costs(&printer);
}
