/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small AML builder (ACPI 6.5 §20): appends encoded objects to a growing buffer; packages of
 * unknown length (Scope, Device, Method, If, Package, Buffer) are opened and closed, the length
 * back-patched. Errors (no memory, nesting, bad names) stick and are reported once at the end.
 */
#ifndef BULKHEAD_BOOT_AML_H
#define BULKHEAD_BOOT_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AML_DEPTH_MAX 16

struct aml {
	uint8_t *data; /* owned until aml_take */
	size_t len, cap;
	struct {
		size_t at;      /* where the package's length goes */
		uint8_t ending; /* what closing adds, for aml.c */
	} open[AML_DEPTH_MAX];
	unsigned depth;
	int error; /* first error, 0 = none */
};

void aml_init(struct aml *aml);
void aml_fini(struct aml *aml);
/* Hands the bytes over (caller frees). -errno of the first error, -EINVAL with open packages. */
int aml_take(struct aml *aml, uint8_t **ret_data, size_t *ret_len);

/* Opcodes for aml_op and aml_ext_op (ACPI 6.5 §20.3); operands follow, a target of 0 is none. */
enum aml_opcode {
	AML_NO_TARGET = 0x00,
	AML_LOCAL0 = 0x60,
	AML_ARG0 = 0x68, /* to AML_ARG0 + 6 */
	AML_STORE = 0x70,
	AML_AND = 0x7B,
	AML_OR = 0x7D,
	AML_CREATE_DWORD_FIELD = 0x8A,
	AML_LNOT = 0x92,
	AML_LEQUAL = 0x93,
	AML_RETURN = 0xA4,
};

/* Names are paths as in ASL: "\\_SB.PCI0", "_HID", "^FOO". */
void aml_name(struct aml *aml, const char *path); /* a reference */
void aml_int(struct aml *aml, uint64_t value);
void aml_string(struct aml *aml, const char *text);
void aml_eisa_id(struct aml *aml, const char *id); /* "PNP0A08" as an integer */
void aml_uuid(struct aml *aml, const char *uuid);  /* "33DB4D5B-1FF7-…" as ToUUID's buffer */
void aml_raw(struct aml *aml, const void *bytes, size_t n);
void aml_op(struct aml *aml, uint8_t opcode);     /* one byte; operands follow */
void aml_ext_op(struct aml *aml, uint8_t opcode); /* 0x5B prefix */

/* Name (path, ...): the object follows. */
void aml_name_decl(struct aml *aml, const char *path);
void aml_name_int(struct aml *aml, const char *path, uint64_t value);
void aml_name_string(struct aml *aml, const char *path, const char *text);
void aml_name_eisa(struct aml *aml, const char *path, const char *id);

void aml_scope(struct aml *aml, const char *path);
void aml_device(struct aml *aml, const char *path);
void aml_method(struct aml *aml, const char *path, unsigned args, bool serialized);
void aml_if(struct aml *aml); /* the predicate follows, then the body */
void aml_else(struct aml *aml);
void aml_package(struct aml *aml, uint8_t n_elements);
void aml_buffer(struct aml *aml); /* bytes follow as raw; the size is filled in at aml_close */
void aml_close(struct aml *aml);  /* innermost open one */

/* Resource templates (ACPI 6.5 §6.4): between aml_resources and aml_close. */
void aml_resources(struct aml *aml);
void aml_res_io(struct aml *aml, uint16_t base, uint8_t len);
void aml_res_irq(struct aml *aml, unsigned irq); /* 0..15; edge, active high, exclusive */
void aml_res_memory32(struct aml *aml, uint32_t base, uint32_t len, bool writable);
/* Windows a bridge passes on; `last` is inclusive and not below `first`. */
void aml_res_bus(struct aml *aml, uint16_t first, uint16_t last);
void aml_res_word_io(struct aml *aml, uint16_t first, uint16_t last);
void aml_res_dword_memory(struct aml *aml, uint32_t first, uint32_t last);
void aml_res_qword_memory(struct aml *aml, uint64_t first, uint64_t last, bool prefetch);

#endif
