/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device_text.h"

#include "base/bytes.h"
#include "base/parse.h"

static bool slower(struct link_speed a, struct link_speed b)
{
	return a.gen < b.gen || a.width < b.width;
}

void device_link_text(struct text *text, const struct pci_dev *dev)
{
	if (!dev->link_max.gen)
		return;
	if (!dev->link.gen)
		text_put(text, "down, gen%u x%u", dev->link_max.gen, dev->link_max.width);
	else
		text_put(text, "gen%u x%u", dev->link.gen, dev->link.width);
	if (dev->link.gen && slower(dev->link, dev->link_max))
		text_put(text, " of gen%u x%u", dev->link_max.gen, dev->link_max.width);
}

void device_bars_text(struct text *text, const struct pci_dev *dev)
{
	for (unsigned i = 0; i < PCI_N_BARS; i++) {
		const struct pci_resource *bar = &dev->bar[i];
		if (!bar->size || !(bar->flags & RES_MEM))
			continue;
		text_put(text, "%s%s", text->n ? "+" : "", size_text(bar->size).s);
		uint64_t sizes = dev->bar_sizes[i];
		if (sizes && MIB << (63 - __builtin_clzll(sizes)) > bar->size)
			text_put(text, "(%s)", size_text(MIB << (63 - __builtin_clzll(sizes))).s);
	}
}

void device_sizes_text(struct text *text, uint64_t sizes)
{
	for (unsigned bit = 0; bit < 44; bit++)
		if (sizes >> bit & 1)
			text_put(text, "%s%s", text->n ? " " : "", size_text(MIB << bit).s);
}
