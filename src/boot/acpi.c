/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/acpi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "boot/dsdt.h"

/* Who made the tables, unless the configuration says otherwise. */
static const struct acpi_ids our_ids = { "BULKHD", "BULKHEAD", "BULK" };
#define OEM_REVISION 1
#define CREATOR_REVISION 1

#define HEADER_SIZE 36 /* ACPI 6.5 §5.2.6 */
#define OEM_ID_AT 10
#define OEM_ID_SIZE 6 /* padded with NUL, not terminated, as everything of the kind in ACPI */
#define OEM_TABLE_ID_AT 16
#define OEM_TABLE_ID_SIZE 8
#define CREATOR_ID_AT 28
#define CREATOR_ID_SIZE 4

/* Sizes belong to revisions: Windows refuses a FADT whose length does not match its own. */
#define FADT_REVISION 6
#define FADT_SIZE 276
#define FACS_SIZE 64
#define MCFG_SIZE 60
#define WAET_SIZE 40
#define TPM2_SIZE 76

/* --- a growing blob of aligned tables --- */

struct blob {
	uint8_t *data;
	size_t len, cap;
};

/* Zeroed room for n bytes, which a later call may move; false without memory. */
static bool blob_grow(struct blob *blob, size_t n)
{
	if (n > blob->cap - blob->len) {
		size_t cap = (blob->len + n) * 2;
		uint8_t *data = realloc(blob->data, cap);
		if (!data)
			return false;
		blob->data = data;
		blob->cap = cap;
	}
	memset(blob->data + blob->len, 0, n);
	blob->len += n;
	return true;
}

static void put_id(uint8_t *at, size_t size, const char *id)
{
	memcpy(at, id, strnlen(id, size));
}

static void put_ids(uint8_t *table, const struct acpi_ids *ids)
{
	put_id(table + OEM_ID_AT, OEM_ID_SIZE, ids->oem);
	put_id(table + OEM_TABLE_ID_AT, OEM_TABLE_ID_SIZE, ids->table);
	put_id(table + CREATOR_ID_AT, CREATOR_ID_SIZE, ids->creator);
}

/* A new table of `size` bytes with its header; NULL without memory. */
static uint8_t *new_table(struct acpi_tables *t, struct blob *blob, const char *signature,
			  uint8_t revision, size_t size, uint32_t *ret_off)
{
	size_t at = align_up(blob->len, ACPI_TABLE_ALIGN);
	if (!blob_grow(blob, at - blob->len + size))
		return NULL;
	uint8_t *table = blob->data + at;
	memcpy(table, signature, 4);
	le_put(table + 4, 4, size);
	*ret_off = (uint32_t)at;
	if (!strcmp(signature, "FACS")) /* the one table without a standard header */
		return table;
	table[8] = revision;
	put_ids(table, &t->ids);
	le_put(table + 24, 4, OEM_REVISION);
	le_put(table + 32, 4, CREATOR_REVISION);
	t->checksums[t->n_checksums++] = (struct acpi_checksum){ (uint32_t)at, (uint32_t)size };
	return table;
}

static void add_pointer(struct acpi_tables *t, struct blob *blob, uint32_t at, uint8_t size,
			uint32_t target)
{
	le_put(blob->data + at, size, target);
	t->pointers[t->n_pointers++] = (struct acpi_pointer){ at, size };
}

/* --- the tables --- */

static int add_dsdt(struct acpi_tables *t, struct blob *blob, const struct acpi_config *config)
{
	struct aml aml;
	autofree uint8_t *code = NULL;
	size_t len;
	aml_init(&aml);
	dsdt_fill(&aml, config);
	int r = aml_take(&aml, &code, &len);
	aml_fini(&aml);
	if (r)
		return r;
	/* Revision 2: integers have 64 bits. */
	uint8_t *table = new_table(t, blob, "DSDT", 2, HEADER_SIZE + len, &t->off_dsdt);
	if (!table)
		return -ENOMEM;
	memcpy(table + HEADER_SIZE, code, len);
	return 0;
}

static int add_facs(struct acpi_tables *t, struct blob *blob)
{
	uint8_t *table = new_table(t, blob, "FACS", 0, FACS_SIZE, &t->off_facs);
	if (!table)
		return -ENOMEM;
	table[32] = 2; /* version */
	return 0;
}

/* Generic address structure in system I/O space (§5.2.3.2); access_size 1 = byte … 3 = dword. */
static void put_gas(uint8_t *at, uint64_t port, uint8_t bits, uint8_t access_size)
{
	at[0] = 1;
	at[1] = bits;
	at[3] = access_size;
	le_put(at + 4, 8, port);
}

/* IAPC_BOOT_ARCH: ISA devices; no VGA to probe for, no ASPM (devices are assigned). */
#define BOOT_ARCH (1 << 0 | 1 << 2 | 1 << 4)
#define BOOT_ARCH_8042 (1 << 1)
/* WBINVD, C1, no sleep button, no RTC wake status, reset register, PM timer as platform clock. */
#define FADT_FLAGS (1u << 0 | 1u << 2 | 1u << 5 | 1u << 6 | 1u << 10 | 1u << 15)
#define FADT_CLUSTER_MODEL (1u << 18) /* logical APIC ids of more than 8 processors */

static void fill_fadt_blocks(uint8_t *fadt)
{
	le_put(fadt + 56, 4, PM_BASE);        /* PM1a_EVT_BLK */
	le_put(fadt + 64, 4, PM_BASE + 4);    /* PM1a_CNT_BLK */
	le_put(fadt + 76, 4, PM_BASE + 8);    /* PM_TMR_BLK */
	le_put(fadt + 80, 4, PM_BASE + 0x20); /* GPE0_BLK */
	fadt[88] = 4;                         /* their lengths */
	fadt[89] = 2;
	fadt[91] = 4;
	fadt[92] = 16;
	put_gas(fadt + 148, PM_BASE, 32, 2); /* and the same as X_ fields */
	put_gas(fadt + 172, PM_BASE + 4, 16, 2);
	put_gas(fadt + 208, PM_BASE + 8, 32, 3);
	put_gas(fadt + 220, PM_BASE + 0x20, 128, 1);
}

static int add_fadt(struct acpi_tables *t, struct blob *blob, const struct acpi_config *config)
{
	uint8_t *fadt = new_table(t, blob, "FACP", FADT_REVISION, FADT_SIZE, &t->off_fadt);
	if (!fadt)
		return -ENOMEM;
	fill_fadt_blocks(fadt);
	le_put(fadt + 46, 2, GSI_SCI);
	/* SMI_CMD stays 0: no SMM, the machine is in ACPI mode from the start (hw/pm.c). */
	le_put(fadt + 96, 2, 0xFFF); /* C2 and C3 latencies: not supported */
	le_put(fadt + 98, 2, 0xFFF);
	fadt[108] = 0x32; /* CMOS index of the century */
	le_put(fadt + 109, 2, BOOT_ARCH | (config->i8042 ? BOOT_ARCH_8042 : 0));
	le_put(fadt + 112, 4, FADT_FLAGS | (config->vcpus > 8 ? FADT_CLUSTER_MODEL : 0));
	put_gas(fadt + 116, PORT_RESET, 8, 1);
	fadt[128] = 0x0F; /* RESET_VALUE */
	fadt[131] = 3;    /* minor version: ACPI 6.3 */
	add_pointer(t, blob, t->off_fadt + 36, 4, t->off_facs);
	add_pointer(t, blob, t->off_fadt + 40, 4, t->off_dsdt);
	add_pointer(t, blob, t->off_fadt + 140, 8, t->off_dsdt);
	return 0;
}

/* --- MADT (§5.2.12) --- */

#define FIRST_X2APIC 255 /* ids an 8-bit entry cannot say */

static uint8_t *madt_cpu(uint8_t *at, unsigned id)
{
	bool x2apic = id >= FIRST_X2APIC;
	at[0] = x2apic ? 9 : 0;
	at[1] = x2apic ? 16 : 8;
	if (x2apic) {
		le_put(at + 4, 4, id);
		le_put(at + 8, 4, 1); /* enabled */
		le_put(at + 12, 4, id);
	} else {
		at[2] = at[3] = (uint8_t)id;
		le_put(at + 4, 4, 1);
	}
	return at + at[1];
}

static uint8_t *madt_override(uint8_t *at, uint8_t irq, uint32_t gsi, uint16_t flags)
{
	at[0] = 2;
	at[1] = 10;
	at[3] = irq;
	le_put(at + 4, 4, gsi);
	le_put(at + 8, 2, flags);
	return at + at[1];
}

/* LINT1 of every processor is NMI; the second form reaches those with large ids. */
static uint8_t *madt_nmi(uint8_t *at, bool x2apic)
{
	at[0] = x2apic ? 0x0A : 4;
	at[1] = x2apic ? 12 : 6;
	if (x2apic) {
		le_put(at + 4, 4, UINT32_MAX);
		at[8] = 1;
	} else {
		at[2] = 0xFF;
		at[5] = 1;
	}
	return at + at[1];
}

static int add_madt(struct acpi_tables *t, struct blob *blob, const struct acpi_config *config)
{
	unsigned large = config->vcpus > FIRST_X2APIC ? config->vcpus - FIRST_X2APIC : 0;
	size_t size =
		44 + 8 * (config->vcpus - large) + 16 * large + 12 + 2 * 10 + 6 + (large ? 12 : 0);
	uint8_t *madt = new_table(t, blob, "APIC", 5, size, &t->off_madt);
	if (!madt)
		return -ENOMEM;
	le_put(madt + 36, 4, LAPIC_BASE);
	le_put(madt + 40, 4, 1); /* PCAT_COMPAT: there are 8259s too */
	uint8_t *at = madt + 44;
	for (unsigned id = 0; id < config->vcpus; id++)
		at = madt_cpu(at, id);
	at[0] = 1; /* IOAPIC 0, GSIs from 0 */
	at[1] = 12;
	le_put(at + 4, 4, IOAPIC_BASE);
	at = madt_override(at + 12, 0, 2, 0);             /* timer; see kvm/irq.c */
	at = madt_override(at, GSI_SCI, GSI_SCI, 0x000D); /* active high, level */
	at = madt_nmi(at, false);
	if (large)
		madt_nmi(at, true);
	return 0;
}

static int add_mcfg(struct acpi_tables *t, struct blob *blob, const struct acpi_config *config)
{
	uint8_t *mcfg = new_table(t, blob, "MCFG", 1, MCFG_SIZE, &t->off_mcfg);
	if (!mcfg)
		return -ENOMEM;
	le_put(mcfg + 44, 8, config->ecam.start);
	mcfg[55] = (uint8_t)(config->ecam.size / MIB - 1); /* segment 0, buses 0 to here */
	return 0;
}

/* The PM timer is read right the first time: Windows need not read it thrice. */
static int add_waet(struct acpi_tables *t, struct blob *blob)
{
	uint8_t *waet = new_table(t, blob, "WAET", 1, WAET_SIZE, &t->off_waet);
	if (!waet)
		return -ENOMEM;
	le_put(waet + 36, 4, 1 << 1);
	return 0;
}

/* TCG ACPI Specification 1.3 §8, client platform: control area, and started by writing to it. */
static int add_tpm2(struct acpi_tables *t, struct blob *blob)
{
	uint8_t *tpm2 = new_table(t, blob, "TPM2", 4, TPM2_SIZE, &t->off_tpm2);
	if (!tpm2)
		return -ENOMEM;
	le_put(tpm2 + 40, 8, TPM_CRB_BASE + 0x40);
	le_put(tpm2 + 48, 4, 7);
	return 0;
}

static int add_xsdt(struct acpi_tables *t, struct blob *blob)
{
	const uint32_t targets[] = { t->off_fadt, t->off_madt, t->off_mcfg, t->off_waet,
				     t->off_tpm2 };
	unsigned n = ARRAY_LEN(targets) - (t->off_tpm2 ? 0 : 1);
	if (!new_table(t, blob, "XSDT", 1, HEADER_SIZE + 8 * n, &t->off_xsdt))
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		add_pointer(t, blob, t->off_xsdt + HEADER_SIZE + 8 * i, 8, targets[i]);
	return 0;
}

static bool is_window32(struct range r)
{
	return r.start <= UINT32_MAX && r.size <= UINT32_MAX - r.start;
}

static bool ids_fit(const struct acpi_ids *ids)
{
	return strlen(ids->oem) <= OEM_ID_SIZE && strlen(ids->table) <= OEM_TABLE_ID_SIZE &&
	       strlen(ids->creator) <= CREATOR_ID_SIZE;
}

static int check_config(const struct acpi_config *config)
{
	uint32_t seen = 1u << SLOT_HOST_BRIDGE | 1u << SLOT_LPC;
	if (!config->vcpus || config->vcpus > ACPI_MAX_VCPUS)
		return -EINVAL;
	if (config->ecam.size < MIB || config->ecam.size > ECAM_SIZE || !is_window32(config->ecam))
		return -EINVAL;
	for (unsigned i = 0; i < ACPI_MAX_WINDOWS32; i++)
		if (!is_window32(config->mmio32[i]))
			return -EINVAL;
	for (unsigned i = 0; i < config->n_ports; i++) {
		unsigned slot = config->port_slots[i];
		if (slot > 31 || seen & 1u << slot)
			return -EINVAL;
		seen |= 1u << slot;
	}
	return 0;
}

static struct acpi_ids all_ids(const struct acpi_ids *given)
{
	return (struct acpi_ids){
		.oem = given->oem ? given->oem : our_ids.oem,
		.table = given->table ? given->table : our_ids.table,
		.creator = given->creator ? given->creator : our_ids.creator,
	};
}

int acpi_build(struct acpi_tables *tables, const struct acpi_config *config, struct err *err)
{
	struct blob blob = { 0 };
	*tables = (struct acpi_tables){ .ids = all_ids(&config->ids) };
	int r = ids_fit(&tables->ids) ? check_config(config) : -EINVAL;
	if (!r)
		r = add_facs(tables, &blob);
	if (!r)
		r = add_dsdt(tables, &blob, config);
	if (!r)
		r = add_fadt(tables, &blob, config);
	if (!r)
		r = add_madt(tables, &blob, config);
	if (!r)
		r = add_mcfg(tables, &blob, config);
	if (!r)
		r = add_waet(tables, &blob);
	if (!r && config->tpm_crb)
		r = add_tpm2(tables, &blob);
	if (!r)
		r = add_xsdt(tables, &blob);
	tables->blob = blob.data;
	tables->size = blob.len;
	if (r)
		acpi_fini(tables);
	return r ? err_errno(err, r, "ACPI tables for %u vCPUs and %u root ports", config->vcpus,
			     config->n_ports)
		 : 0;
}

void acpi_fini(struct acpi_tables *tables)
{
	free(tables->blob);
	memset(tables, 0, sizeof(*tables));
}

/* --- placing --- */

/* What makes all bytes add up to zero. */
static uint8_t checksum(const uint8_t *bytes, size_t n)
{
	uint8_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return (uint8_t)-sum;
}

static void fix(const struct acpi_tables *tables, uint8_t *blob, uint64_t base)
{
	for (unsigned i = 0; i < tables->n_pointers; i++) {
		const struct acpi_pointer *p = &tables->pointers[i];
		le_put(blob + p->at, p->size, le_get(blob + p->at, p->size) + base);
	}
	for (unsigned i = 0; i < tables->n_checksums; i++) {
		const struct acpi_checksum *c = &tables->checksums[i];
		blob[c->at + ACPI_CHECKSUM_AT] = checksum(blob + c->at, c->len);
	}
}

/* Revision 2 (§5.2.5.3); no RSDT: everything 64-bit takes the XSDT. */
void acpi_rsdp(const struct acpi_tables *tables, uint8_t rsdp[ACPI_RSDP_SIZE])
{
	static const char signature[8] = "RSD PTR ";
	memset(rsdp, 0, ACPI_RSDP_SIZE);
	memcpy(rsdp, signature, sizeof(signature));
	put_id(rsdp + 9, OEM_ID_SIZE, tables->ids.oem);
	rsdp[15] = 2;
	le_put(rsdp + 20, 4, ACPI_RSDP_SIZE);
	le_put(rsdp + ACPI_RSDP_XSDT_AT, 8, tables->off_xsdt);
}

static void fix_rsdp(uint8_t *rsdp, uint64_t base)
{
	le_put(rsdp + ACPI_RSDP_XSDT_AT, 8, le64_get(rsdp + ACPI_RSDP_XSDT_AT) + base);
	rsdp[ACPI_RSDP_SUM_AT] = checksum(rsdp, ACPI_RSDP_SUM_OF);
	rsdp[ACPI_RSDP_SUM2_AT] = checksum(rsdp, ACPI_RSDP_SIZE);
}

int acpi_place(const struct acpi_tables *tables, struct gmem *gmem, uint64_t gpa, uint64_t max,
	       struct err *err)
{
	size_t size = ACPI_TABLE_ALIGN + tables->size;
	if (gpa % ACPI_TABLE_ALIGN || gpa > UINT32_MAX - (uint64_t)size)
		return err_set(err, -EINVAL, "ACPI tables: cannot be placed at 0x%llx",
			       (unsigned long long)gpa);
	if (size > max)
		return err_set(
			err, -ENOSPC,
			"ACPI tables: %zu bytes do not fit the %llu there are; use fewer vCPUs",
			size, (unsigned long long)max);
	autofree uint8_t *all = calloc(1, size);
	if (!all)
		return err_errno(err, -ENOMEM, "ACPI tables");
	memcpy(all + ACPI_TABLE_ALIGN, tables->blob, tables->size);
	fix(tables, all + ACPI_TABLE_ALIGN, gpa + ACPI_TABLE_ALIGN);
	acpi_rsdp(tables, all);
	fix_rsdp(all, gpa + ACPI_TABLE_ALIGN);
	int r = gmem_write(gmem, gpa, all, size);
	return r ? err_errno(err, r, "ACPI tables: guest memory at 0x%llx", (unsigned long long)gpa)
		 : 0;
}
