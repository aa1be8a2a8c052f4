/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The AML builder and the tables made with it. The first byte of the input chooses: a program of
 * builder calls, whose result must parse as the packages that were opened and closed; or a machine,
 * whose tables must be refused or come out whole, pointers, checksums, loader script and all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "boot/acpi_loader.h"
#include "boot/aml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at, *end;
};

static uint8_t byte(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static uint64_t number(struct input *in, unsigned size)
{
	uint64_t v = 0;
	while (size--)
		v = v << 8 | byte(in);
	return v;
}

/* --- a reader of what the programs below can write --- */

struct reader {
	const uint8_t *at, *end;
};

static uint8_t take(struct reader *r)
{
	if (r->at == r->end)
		abort();
	return *r->at++;
}

static void skip(struct reader *r, size_t n)
{
	if (n > (size_t)(r->end - r->at))
		abort();
	r->at += n;
}

/* The package's own reader; the outer one goes on behind it. */
static struct reader package(struct reader *r)
{
	const uint8_t *start = r->at;
	uint8_t lead = take(r);
	size_t len = lead & (lead >> 6 ? 0x0F : 0x3F);
	for (unsigned i = 0; i < lead >> 6; i++)
		len |= (size_t)take(r) << (4 + 8 * i);
	if (len < (size_t)(r->at - start) || len > (size_t)(r->end - start))
		abort();
	struct reader inner = { r->at, start + len };
	r->at = start + len;
	return inner;
}

static void read_name(struct reader *r)
{
	while (r->at < r->end && (*r->at == '\\' || *r->at == '^'))
		r->at++;
	uint8_t c = take(r);
	if (c == 0x2E)
		skip(r, 8);
	else if (c == 0x2F)
		skip(r, 4 * (size_t)take(r));
	else
		skip(r, 3);
}

static bool read_constant(struct reader *r, uint8_t op)
{
	static const struct {
		uint8_t op, size;
	} constants[] = { { 0x00, 0 }, { 0x01, 0 }, { 0xFF, 0 }, { 0x0A, 1 },
			  { 0x0B, 2 }, { 0x0C, 4 }, { 0x0E, 8 } };
	for (unsigned i = 0; i < ARRAY_LEN(constants); i++) {
		if (constants[i].op == op) {
			skip(r, constants[i].size);
			return true;
		}
	}
	return false;
}

static void read_terms(struct reader *r);

static void read_term(struct reader *r)
{
	uint8_t op = take(r);
	struct reader inner;
	if (op == 0x5B && take(r) != 0x82)
		abort();
	if (read_constant(r, op))
		return;
	switch (op) {
	case 0x0D:
		while (take(r))
			;
		break;
	case 0x08:
		read_name(r);
		break;
	case 0x10:
	case 0x5B:
	case 0x14:
		inner = package(r);
		read_name(&inner);
		if (op == 0x14)
			take(&inner);
		read_terms(&inner);
		break;
	case 0x12:
		inner = package(r);
		take(&inner);
		read_terms(&inner);
		break;
	case 0x11:
		inner = package(r);
		if (!read_constant(&inner, take(&inner)))
			abort();
		break;
	case 0xA0:
	case 0xA1:
		inner = package(r);
		read_terms(&inner);
		break;
	default:
		abort();
	}
}

static void read_terms(struct reader *r)
{
	while (r->at < r->end)
		read_term(r);
}

/* --- programs --- */

static void text_of(struct input *in, char *to, size_t size)
{
	size_t n = byte(in) % size, i;
	for (i = 0; i < n && in->at < in->end; i++)
		to[i] = (char)byte(in);
	to[i] = '\0';
}

/* Inside a buffer only resources may follow: `in_buffer` is the depth at which one was opened. */
static void buffer_call(struct aml *aml, struct input *in)
{
	uint64_t first = number(in, 4), len = number(in, 4);
	switch (byte(in) % 7) {
	case 0:
		aml_res_io(aml, (uint16_t)first, (uint8_t)len);
		break;
	case 1:
		aml_res_irq(aml, (unsigned)first & 31);
		break;
	case 2:
		aml_res_memory32(aml, (uint32_t)first, (uint32_t)len, len & 1);
		break;
	case 3:
		aml_res_bus(aml, (uint16_t)first, (uint16_t)len);
		break;
	case 4:
		aml_res_word_io(aml, (uint16_t)first, (uint16_t)len);
		break;
	case 5:
		aml_res_dword_memory(aml, (uint32_t)first, (uint32_t)len);
		break;
	default:
		aml_res_qword_memory(aml, first << 8, len << 16, len & 1);
		break;
	}
}

static void open_call(struct aml *aml, struct input *in, const char *text)
{
	switch (byte(in) % 6) {
	case 0:
		aml_scope(aml, text);
		break;
	case 1:
		aml_device(aml, text);
		break;
	case 2:
		aml_method(aml, text, byte(in) & 15, byte(in) & 1);
		break;
	case 3:
		aml_package(aml, byte(in));
		break;
	case 4:
		aml_if(aml);
		break;
	default:
		aml_else(aml);
		break;
	}
}

static void plain_call(struct aml *aml, struct input *in, const char *text)
{
	switch (byte(in) % 6) {
	case 0:
		aml_int(aml, number(in, 1u << (byte(in) & 3)));
		break;
	case 1:
		aml_string(aml, text);
		break;
	case 2:
		aml_name_decl(aml, text);
		break;
	case 3:
		aml_eisa_id(aml, text);
		break;
	case 4:
		aml_uuid(aml, text);
		break;
	default:
		aml_name_string(aml, text, text);
		break;
	}
}

static void run_program(struct input *in)
{
	struct aml aml;
	unsigned buffer_depth = 0; /* 0 = not in one */
	aml_init(&aml);
	while (in->at < in->end) {
		char text[40];
		uint8_t what = byte(in);
		if (what % 4 == 0) {
			if (buffer_depth == aml.depth)
				buffer_depth = 0;
			aml_close(&aml);
		} else if (buffer_depth) {
			buffer_call(&aml, in);
		} else if (what == 1) {
			aml_resources(&aml);
			buffer_depth = aml.depth;
		} else {
			text_of(in, text, sizeof(text));
			(what % 4 == 1 ? open_call : plain_call)(&aml, in, text);
		}
		if (aml.depth > AML_DEPTH_MAX || aml.len > aml.cap)
			abort();
	}
	uint8_t *code = NULL;
	size_t len;
	if (!aml_take(&aml, &code, &len)) {
		struct reader r = { code, len ? code + len : code };
		read_terms(&r);
		free(code);
	}
	aml_fini(&aml);
}

/* --- machines --- */

static struct range any_range(struct input *in)
{
	uint64_t start = number(in, 5) << 12;
	return (struct range){ byte(in) & 1 ? start & UINT32_MAX : start, number(in, 4) << 12 };
}

static void check_script(const struct acpi_loader *loader, const struct acpi_tables *tables)
{
	if (loader->size > sizeof(loader->script) || loader->size % ACPI_LOADER_COMMAND)
		abort();
	for (unsigned i = 0; i < tables->n_pointers; i++)
		if (le_get(tables->blob + tables->pointers[i].at, tables->pointers[i].size) >=
		    tables->size)
			abort();
	for (unsigned i = 0; i < tables->n_checksums; i++)
		if (!inside(tables->checksums[i].at, tables->checksums[i].len, tables->size) ||
		    le32_get(tables->blob + tables->checksums[i].at + 4) != tables->checksums[i].len)
			abort();
}

static void run_machine(struct input *in)
{
	uint8_t slots[40];
	char oem[10], table[12];
	text_of(in, oem, sizeof(oem));
	text_of(in, table, sizeof(table));
	struct acpi_config config = {
		.ecam = { number(in, 4), number(in, 2) << 16 },
		.mmio32 = { any_range(in), any_range(in) },
		.mmio64 = any_range(in),
		.vcpus = (unsigned)number(in, 2),
		.n_ports = byte(in) % sizeof(slots),
		.port_slots = slots,
		.serial = byte(in) & 1,
		.i8042 = byte(in) & 1,
		.tpm_crb = byte(in) & 1,
		.fw_cfg = byte(in) & 1,
		.ids = { .oem = oem, .table = table },
	};
	for (unsigned i = 0; i < sizeof(slots); i++)
		slots[i] = byte(in) & 63;
	struct acpi_tables tables;
	struct acpi_loader loader;
	if (acpi_build(&tables, &config, NULL))
		return;
	acpi_loader_write(&loader, &tables);
	check_script(&loader, &tables);
	acpi_fini(&tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	struct input in = { data, data + size };
	if (byte(&in) & 1)
		run_machine(&in);
	else
		run_program(&in);
	return 0;
}
