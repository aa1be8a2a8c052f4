/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rom_show.h"

#include <errno.h>
#include <stdio.h>

#include "json.h"

int rom_report_make(struct rom_report *report, const struct rom_source *source, struct err *err)
{
	*report = (struct rom_report){ .source = source };
	int r = rom_image_read(&report->image, source->data, source->size, &report->broken);
	if (r == -ENOEXEC)
		return err_set(err, r, "%s: %s", source->name, report->broken.text);
	report->n_faults =
		rom_image_faults(&report->image, source->has_owner ? &source->owner : NULL,
				 report->fault);
	return 0;
}

bool rom_report_is_good(const struct rom_report *report)
{
	for (unsigned i = 0; i < report->n_faults; i++)
		if (report->fault[i].is_grave)
			return false;
	return !report->broken.code;
}

/* A file's own word on whose it is counts where no device was named. */
static bool is_display(const struct rom_report *report)
{
	if (report->source->has_owner)
		return report->source->owner.is_display;
	return report->image.n && report->image.part[0].class_code >> 16 == 3;
}

/* --- for people --- */

static void print_part(const struct rom_part *part, unsigned number, FILE *out)
{
	fprintf(out, "  %u  0x%06zx  %7zu bytes  %04x:%04x  %s", number, part->off, part->size,
		part->vendor, part->device, rom_code_name(part->code));
	if (part->code == ROM_CODE_EFI)
		fprintf(out, ", %s%s", rom_machine_name(part->efi.machine),
			part->efi.is_compressed ? ", compressed" : "");
	fprintf(out, "%s\n", part->last ? ", last" : "");
	if (part->n_also)
		fprintf(out, "     also for");
	for (unsigned i = 0; i < part->n_also; i++)
		fprintf(out, " %04x", part->also[i]);
	if (part->n_also)
		fputc('\n', out);
}

static void print_faults(const struct rom_report *report, FILE *out)
{
	for (unsigned i = 0; i < report->n_faults; i++)
		fprintf(out, "  %s image %u: %s\n",
			report->fault[i].is_grave ? "wrong:" : "note: ", report->fault[i].part + 1,
			report->fault[i].text);
	if (report->broken.code)
		fprintf(out, "  wrong: %s\n", report->broken.text);
	if (rom_report_is_good(report))
		fprintf(out, "  good: the images are whole and their checksums right\n");
}

void rom_report_print(const struct rom_report *report, bool check, FILE *out)
{
	const struct rom_source *source = report->source;
	fprintf(out, "%s: %zu bytes, %u image%s\n", source->name, source->size, report->image.n,
		report->image.n == 1 ? "" : "s");
	for (unsigned i = 0; i < report->image.n; i++)
		print_part(&report->image.part[i], i + 1, out);
	fprintf(out, "  %s\n", rom_image_verdict(&report->image, is_display(report)).s);
	if (source->is_copy)
		fprintf(out, "  note: this is the boot display; what the kernel shows may be "
			     "firmware's copy, which has run\n");
	if (check)
		print_faults(report, out);
}

/* --- JSON --- */

static json_t *id_json(uint16_t id)
{
	char text[8];
	snprintf(text, sizeof(text), "%04x", id);
	return json_string(text);
}

static json_t *also_json(const void *ctx, size_t i)
{
	return id_json(((const struct rom_part *)ctx)->also[i]);
}

static json_t *efi_json(const struct rom_part *part)
{
	if (part->code != ROM_CODE_EFI)
		return json_null();
	return json_pack("{s:s, s:i, s:b, s:b}", "machine", rom_machine_name(part->efi.machine),
			 "subsystem", part->efi.subsystem, "compressed", part->efi.is_compressed,
			 "whole", part->efi.is_whole);
}

static json_t *part_json(const void *ctx, size_t i)
{
	const struct rom_part *part = &((const struct rom_report *)ctx)->image.part[i];
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:i, s:s, s:b, s:b, s:o}", "offset",
			 (json_int_t)part->off, "size", (json_int_t)part->size, "vendor",
			 id_json(part->vendor), "device", id_json(part->device), "also",
			 json_list(also_json, part, part->n_also), "code", part->code, "kind",
			 rom_code_name(part->code), "last", part->last, "checksum_ok", !part->sum,
			 "efi", efi_json(part));
}

static json_t *fault_json(const void *ctx, size_t i)
{
	const struct rom_fault *fault = &((const struct rom_report *)ctx)->fault[i];
	return json_pack("{s:i, s:b, s:s}", "image", (int)fault->part + 1, "grave", fault->is_grave,
			 "text", fault->text);
}

json_t *rom_report_json(const struct rom_report *report)
{
	return json_pack("{s:o, s:I, s:o, s:o, s:o, s:b, s:b}", "source",
			 json_text(report->source->name), "size", (json_int_t)report->source->size,
			 "images", json_list(part_json, report, report->image.n), "faults",
			 json_list(fault_json, report, report->n_faults), "broken",
			 report->broken.code ? json_text(report->broken.text) : json_null(), "uefi",
			 rom_image_uefi(&report->image) != NULL, "good",
			 rom_report_is_good(report));
}
