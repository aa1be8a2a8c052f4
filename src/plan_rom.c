/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"
#include "rom_read.h"

struct judged {
	struct plan *plan;
	const struct plan_device *device;
	const char *path;
};

static int warn(const struct judged *rom, const char *part, const char *what)
{
	struct refusal *warning = vec_push(&rom->plan->warnings);
	if (!warning)
		return -ENOMEM;
	snprintf(warning->text, sizeof(warning->text), "%s: ROM %s: %s%s",
		 bdf_text(rom->device->dev->bdf).s, rom->path, part, what);
	return 0;
}

/* A checksum is only looked at by a BIOS; but it says that the file is not what it was. */
static bool refuses(const struct rom_image *image, const struct rom_fault *fault)
{
	return fault->is_grave && !image->part[fault->part].sum;
}

static int judge(const struct judged *rom, const struct rom_image *image,
		 const struct rom_owner *owner, struct err *err)
{
	struct rom_fault faults[ROM_FAULTS_MAX];
	unsigned n = rom_image_faults(image, owner, faults);
	char part[32];
	int r = 0;
	for (unsigned i = 0; !r && i < n; i++) {
		snprintf(part, sizeof(part), "image %u: ", faults[i].part + 1);
		if (refuses(image, &faults[i]))
			r = err_set(err, -EINVAL, "%s%s; bulkhead rom %s check %s", part,
				    faults[i].text, bdf_text(rom->device->dev->bdf).s, rom->path);
		else
			r = warn(rom, part, faults[i].text);
	}
	if (!r && owner->is_display && rom->plan->profile->firmware.type == FIRMWARE_UEFI &&
	    !rom_image_uefi(image))
		r = warn(rom, "", rom_image_verdict(image, true).s);
	return r;
}

int plan_check_rom(struct plan *plan, const struct plan_device *device, struct err *err)
{
	const char *path = device->wanted ? device->wanted->rom : NULL;
	const struct judged rom = { plan, device, path };
	struct rom_source source;
	struct rom_image image;
	if (!path || !strcmp(path, "off"))
		return 0;
	int r = rom_read_file(path, device->dev, &source, err);
	if (r) {
		err_prefix(err, "%s", bdf_text(device->dev->bdf).s);
		return r;
	}
	r = rom_image_read(&image, source.data, source.size, err);
	if (!r)
		r = judge(&rom, &image, &source.owner, err);
	if (r && r != -ENOMEM)
		err_prefix(err, "%s: ROM %s", bdf_text(device->dev->bdf).s, path);
	rom_source_fini(&source);
	return r;
}
