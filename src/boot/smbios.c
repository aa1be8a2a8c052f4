/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/smbios.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"

/* DSP0134 3.0: offsets and codes are those of its §7, by structure type. */
enum type {
	BIOS = 0,
	SYSTEM = 1,
	BOARD = 2,
	CHASSIS = 3,
	PROCESSOR = 4,
	MEMORY_ARRAY = 16,
	MEMORY_DEVICE = 17,
	MEMORY_ADDRESS = 19,
	BOOT_STATUS = 32,
	END = 127,
};

/* One structure each, but for the devices and addresses of memory, which count up from here. */
#define HANDLE(type) ((uint16_t)((type) << 8))
#define NO_HANDLE 0xFFFF
#define NOT_PROVIDED 0xFFFE
#define STRING_MAX 64

#define DIMM_MAX 16 /* of 16 GiB each, larger when there is more memory than that */
#define DIMM_SIZE (16 * GIB)

struct writer {
	uint8_t *data;
	size_t len, cap;
	size_t at; /* of the structure being written */
	uint8_t n_strings;
	bool failed; /* no memory */
};

static void append(struct writer *w, const void *bytes, size_t n)
{
	if (n > w->cap - w->len) {
		size_t cap = (w->len + n) * 2;
		uint8_t *data = realloc(w->data, cap);
		if (!data) {
			w->failed = true;
			return;
		}
		w->data = data;
		w->cap = cap;
	}
	memcpy(w->data + w->len, bytes, n);
	w->len += n;
}

static void begin(struct writer *w, enum type type, unsigned index, uint8_t size)
{
	uint8_t zeroes[UINT8_MAX] = { (uint8_t)type, size };
	le_put(zeroes + 2, 2, HANDLE(type) + index);
	w->at = w->len;
	w->n_strings = 0;
	append(w, zeroes, size);
}

static void put(struct writer *w, unsigned off, unsigned size, uint64_t value)
{
	if (!w->failed)
		le_put(w->data + w->at + off, size, value);
}

/* Strings follow the structure; its fields hold their numbers, 0 = none. */
static void put_string(struct writer *w, unsigned off, const char *text, const char *fallback)
{
	char clean[STRING_MAX + 1] = { 0 };
	if (!text || !*text)
		text = fallback;
	if (!text || !*text)
		return;
	for (size_t i = 0; i < STRING_MAX && text[i]; i++)
		clean[i] = text[i];
	for (char *c = clean; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	append(w, clean, strlen(clean) + 1);
	put(w, off, 1, ++w->n_strings);
}

static void end(struct writer *w)
{
	append(w, "\0", w->n_strings ? 1 : 2);
}

/* --- the structures --- */

#define BIOS_PCI (UINT64_C(1) << 7)
#define BIOS_UPGRADABLE (UINT64_C(1) << 11)
#define BIOS_SELECTABLE_BOOT (UINT64_C(1) << 16)
#define BIOS_EXT1_ACPI 0x01
#define BIOS_EXT2_TARGETED 0x04
#define BIOS_EXT2_UEFI 0x08
#define BIOS_EXT2_VIRTUAL 0x10

static void write_bios(struct writer *w, const struct smbios_config *config)
{
	const struct smbios_strings *s = &config->strings;
	begin(w, BIOS, 0, 0x18);
	put_string(w, 0x04, s->bios_vendor, "Bulkhead");
	put_string(w, 0x05, s->bios_version, BULKHEAD_VERSION);
	put_string(w, 0x08, s->bios_date, "01/01/2024");
	put(w, 0x06, 2, 0xE000); /* where it would start, were it in the first MiB */
	put(w, 0x09, 1, 63);     /* 4 MiB in units of 64 KiB, minus one */
	put(w, 0x0A, 8, BIOS_PCI | BIOS_UPGRADABLE | BIOS_SELECTABLE_BOOT);
	put(w, 0x12, 1, BIOS_EXT1_ACPI);
	put(w, 0x13, 1,
	    BIOS_EXT2_TARGETED | (config->uefi ? BIOS_EXT2_UEFI : 0) |
		    (config->virtual_machine ? BIOS_EXT2_VIRTUAL : 0));
	put(w, 0x14, 4, UINT32_MAX); /* releases of BIOS and embedded controller: not used */
	end(w);
}

/* Its first three fields are little-endian in the table (§7.2.1). */
static void put_uuid(struct writer *w, unsigned off, const uint8_t uuid[16])
{
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	for (unsigned i = 0; i < ARRAY_LEN(order); i++)
		put(w, off + i, 1, uuid[order[i]]);
}

static void write_system(struct writer *w, const struct smbios_config *config)
{
	const struct smbios_strings *s = &config->strings;
	begin(w, SYSTEM, 0, 0x1B);
	put_string(w, 0x04, s->manufacturer, "Bulkhead");
	put_string(w, 0x05, s->product, "Q35");
	put_string(w, 0x06, s->version, NULL);
	put_string(w, 0x07, s->serial, NULL);
	put_uuid(w, 0x08, config->uuid);
	put(w, 0x18, 1, 6); /* woken by the power switch */
	put_string(w, 0x19, s->sku, NULL);
	put_string(w, 0x1A, s->family, NULL);
	end(w);
}

static void write_board(struct writer *w, const struct smbios_config *config)
{
	const struct smbios_strings *s = &config->strings;
	begin(w, BOARD, 0, 0x0F);
	put_string(w, 0x04, s->board_manufacturer, s->manufacturer && *s->manufacturer
							   ? s->manufacturer
							   : "Bulkhead");
	put_string(w, 0x05, s->board_product, "Q35");
	put_string(w, 0x06, s->board_version, NULL);
	put_string(w, 0x07, s->board_serial, NULL);
	put(w, 0x09, 1, 1); /* a hosting board */
	put(w, 0x0B, 2, HANDLE(CHASSIS));
	put(w, 0x0D, 1, 0x0A); /* motherboard */
	end(w);
}

static void write_chassis(struct writer *w, const struct smbios_config *config)
{
	const struct smbios_strings *s = &config->strings;
	begin(w, CHASSIS, 0, 0x16);
	put_string(w, 0x04, s->chassis_manufacturer, s->manufacturer && *s->manufacturer
							     ? s->manufacturer
							     : "Bulkhead");
	put_string(w, 0x06, s->chassis_version, NULL);
	put_string(w, 0x07, s->chassis_serial, NULL);
	put_string(w, 0x08, s->chassis_asset, NULL);
	put(w, 0x05, 1, config->virtual_machine ? 1 : 3); /* other; desktop */
	put(w, 0x09, 4, 0x02030303); /* boot, power, thermal: safe; security: unknown */
	end(w);
}

#define CPU_64BIT 0x04
#define CPU_MULTICORE 0x08
#define CPU_EXECUTE_PROTECTION 0x20

static void write_processor(struct writer *w, const struct smbios_config *config)
{
	const struct smbios_strings *s = &config->strings;
	uint64_t few = min_u64(config->vcpus, 0xFF); /* 0xFF: see the 16-bit fields */
	begin(w, PROCESSOR, 0, 0x30);
	put_string(w, 0x04, "CPU 0", NULL);
	put(w, 0x05, 1, 3); /* central processor */
	put(w, 0x06, 1, 1); /* family: other */
	put_string(w, 0x07, s->cpu_manufacturer, NULL);
	put(w, 0x08, 4, config->cpu_signature);
	put(w, 0x0C, 4, config->cpu_features);
	put_string(w, 0x10, s->cpu_version, NULL);
	put(w, 0x14, 2, min_u64(config->cpu_mhz, UINT16_MAX));
	put(w, 0x16, 2, min_u64(config->cpu_mhz, UINT16_MAX));
	put(w, 0x18, 1, 0x41); /* populated and enabled */
	put(w, 0x19, 1, 1);    /* socket: other */
	for (unsigned cache = 0; cache < 3; cache++)
		put(w, 0x1A + 2 * cache, 2, NO_HANDLE); /* CPUID tells of caches */
	put(w, 0x23, 1, few);
	put(w, 0x24, 1, few);
	put(w, 0x25, 1, few);
	put(w, 0x26, 2, CPU_64BIT | CPU_EXECUTE_PROTECTION |
				(config->vcpus > 1 ? CPU_MULTICORE : 0));
	put(w, 0x28, 2, 1);
	for (unsigned off = 0x2A; off < 0x30; off += 2) /* cores, enabled ones, threads */
		put(w, off, 2, config->vcpus);
	end(w);
}

static uint64_t ram_of(const struct layout *layout)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < layout->n_ram; i++)
		sum += layout->ram[i].size;
	return sum;
}

static uint64_t dimm_size(uint64_t ram)
{
	return max_u64(DIMM_SIZE, align_up(ram / DIMM_MAX, GIB));
}

static void write_dimm(struct writer *w, unsigned index, uint64_t size)
{
	char name[] = "DIMM 0";
	name[5] = "0123456789ABCDEF"[index % DIMM_MAX];
	uint64_t mib = size / MIB;
	begin(w, MEMORY_DEVICE, index, 0x28);
	put(w, 0x04, 2, HANDLE(MEMORY_ARRAY));
	put(w, 0x06, 2, NOT_PROVIDED); /* error information */
	put(w, 0x08, 4, UINT32_MAX);   /* widths: unknown */
	put(w, 0x0C, 2, min_u64(mib, 0x7FFF));
	put(w, 0x0E, 1, 9); /* DIMM */
	put_string(w, 0x10, name, NULL);
	put(w, 0x12, 1, 7); /* RAM */
	put(w, 0x13, 2, 2); /* of another kind */
	if (mib >= 0x7FFF)
		put(w, 0x1C, 4, mib);
	end(w);
}

static void write_memory(struct writer *w, const struct layout *layout)
{
	uint64_t ram = ram_of(layout), each = dimm_size(ram);
	unsigned n = (unsigned)((ram + each - 1) / each);
	begin(w, MEMORY_ARRAY, 0, 0x17);
	put(w, 0x04, 1, 3);                  /* on the board */
	put(w, 0x05, 1, 3);                  /* system memory */
	put(w, 0x06, 1, 3);                  /* no error correction */
	put(w, 0x07, 4, min_u64(ram / KIB, 0x80000000));
	put(w, 0x0B, 2, NOT_PROVIDED);
	put(w, 0x0D, 2, n);
	if (ram / KIB >= 0x80000000)
		put(w, 0x0F, 8, ram);
	end(w);
	for (unsigned i = 0; i < n; i++)
		write_dimm(w, i, min_u64(each, ram - i * each));
}

static void write_address(struct writer *w, unsigned index, struct range at)
{
	bool large = range_last(at) / KIB >= UINT32_MAX;
	begin(w, MEMORY_ADDRESS, index, 0x1F);
	put(w, 0x04, 4, large ? UINT32_MAX : at.start / KIB);
	put(w, 0x08, 4, large ? UINT32_MAX : range_last(at) / KIB);
	put(w, 0x0C, 2, HANDLE(MEMORY_ARRAY));
	put(w, 0x0E, 1, 1);
	if (large) {
		put(w, 0x0F, 8, at.start);
		put(w, 0x17, 8, range_last(at));
	}
	end(w);
}

static void write_all(struct writer *w, const struct smbios_config *config)
{
	write_bios(w, config);
	write_system(w, config);
	write_board(w, config);
	write_chassis(w, config);
	write_processor(w, config);
	write_memory(w, config->layout);
	for (unsigned i = 0; i < config->layout->n_ram; i++)
		write_address(w, i, config->layout->ram[i]);
	begin(w, BOOT_STATUS, 0, 0x0B); /* no errors */
	end(w);
	begin(w, END, 0, 0x04);
	end(w);
}

/* --- the entry point (§5.2.2) --- */

static void fill_entry(uint8_t entry[SMBIOS_ENTRY_SIZE], size_t size, uint64_t address)
{
	static const uint8_t start[] = { '_', 'S', 'M', '3', '_', 0, SMBIOS_ENTRY_SIZE, 3, 0, 0, 1 };
	memset(entry, 0, SMBIOS_ENTRY_SIZE);
	memcpy(entry, start, sizeof(start));
	le_put(entry + 12, 4, size);
	le_put(entry + 16, 8, address);
	uint8_t sum = 0;
	for (unsigned i = 0; i < SMBIOS_ENTRY_SIZE; i++)
		sum = (uint8_t)(sum + entry[i]);
	entry[5] = (uint8_t)-sum;
}

int smbios_build(struct smbios *smbios, const struct smbios_config *config, struct err *err)
{
	struct writer w = { 0 };
	*smbios = (struct smbios){ 0 };
	if (!config->vcpus || config->vcpus > UINT16_MAX || !config->layout->n_ram)
		return err_errno(err, -EINVAL, "SMBIOS tables for %u vCPUs", config->vcpus);
	write_all(&w, config);
	if (w.failed) {
		free(w.data);
		return err_errno(err, -ENOMEM, "SMBIOS tables");
	}
	smbios->tables = w.data;
	smbios->size = w.len;
	fill_entry(smbios->entry, w.len, 0);
	return 0;
}

void smbios_fini(struct smbios *smbios)
{
	free(smbios->tables);
	*smbios = (struct smbios){ 0 };
}

int smbios_place(const struct smbios *smbios, struct gmem *gmem, uint64_t gpa, uint64_t max,
		 struct err *err)
{
	size_t first = align_up(SMBIOS_ENTRY_SIZE, 16), size = first + smbios->size;
	if (size > max)
		return err_set(err, -ENOSPC, "SMBIOS tables: %zu bytes do not fit the %llu there are",
			       size, (unsigned long long)max);
	autofree uint8_t *all = calloc(1, size);
	if (!all)
		return err_errno(err, -ENOMEM, "SMBIOS tables");
	fill_entry(all, smbios->size, gpa + first);
	memcpy(all + first, smbios->tables, smbios->size);
	int r = gmem_write(gmem, gpa, all, size);
	return r ? err_errno(err, r, "SMBIOS tables: guest memory at 0x%llx",
			     (unsigned long long)gpa)
		 : 0;
}
