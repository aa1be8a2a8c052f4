/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An option ROM's bytes, as a device or a stranger's file gives them. */
#include <stdlib.h>

#include "pci/rom_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rom_owner owner = { 0x10de, 0x1c03, true };
	struct rom_fault faults[ROM_FAULTS_MAX];
	struct rom_image image;
	struct err err = { 0 };
	int r = rom_image_read(&image, data, size, &err);
	if (image.n > ROM_PARTS_MAX || image.size > size || (!r && !image.n))
		abort();
	for (unsigned i = 0; i < image.n; i++)
		if (image.part[i].off + image.part[i].size > size ||
		    image.part[i].n_also > ROM_ALSO_MAX)
			abort();
	if (rom_image_faults(&image, &owner, faults) > ROM_FAULTS_MAX)
		abort();
	rom_image_verdict(&image, true);
	return 0;
}
