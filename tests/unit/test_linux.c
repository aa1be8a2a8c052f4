/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/linux.h"
#include "fake/bzimage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "boot/e820.h"

#define SECTS 3
#define SETUP_SIZE ((SECTS + 1) * 512)
#define PAYLOAD 0x6000

/* A bzImage that a test may spoil before it is written out, and the folder it is written to. */
struct fixture {
	char dir[64], kernel[96], initrd[96];
	union {
		uint8_t bytes[SETUP_SIZE + PAYLOAD];
		struct {
			uint8_t before[0x1f1];
			struct setup_header hdr;
		} __attribute__((packed));
	} file;
	size_t size;
	struct linux_image image;
	struct layout layout;
	struct gmem gmem;
	struct err err;
};

static void write_file(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	snprintf(f->dir, sizeof(f->dir), "/tmp/test-linux-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->kernel, sizeof(f->kernel), "%s/bzImage", f->dir);
	snprintf(f->initrd, sizeof(f->initrd), "%s/initrd", f->dir);
	for (size_t i = 0; i < PAYLOAD; i++)
		f->file.bytes[SETUP_SIZE + i] = (uint8_t)(i * 7 + i / 256);
	f->file.hdr = bzimage_header(PAYLOAD);
	f->file.hdr.setup_sects = SECTS;
	f->file.hdr.loadflags |= KASLR_FLAG | CAN_USE_HEAP;
	f->file.hdr.payload_offset = 0x400;
	f->file.hdr.payload_length = PAYLOAD - 0x400;
	f->file.hdr.setup_data = 0x1234;
	f->file.bytes[0x1ef] = 0xff; /* the sentinel of header.S */
	f->size = sizeof(f->file);
	f->image.kernel_fd = f->image.initrd_fd = -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	linux_close(&f->image);
	gmem_fini(&f->gmem);
	unlink(f->kernel);
	rmdir(f->kernel);
	unlink(f->initrd);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static int open_image(struct fixture *f, const char *initrd, const char *cmdline)
{
	write_file(f->kernel, f->file.bytes, f->size);
	return linux_open(&f->image, f->kernel, initrd, cmdline, &f->err);
}

static void refused(struct fixture *f, int code, const char *says)
{
	int r = open_image(f, NULL, NULL);
	assert_int_equal(r, code);
	assert_int_equal(f->err.code, code);
	if (!strstr(f->err.text, says))
		fail_msg("'%s' lacks '%s'", f->err.text, says);
	assert_non_null(strstr(f->err.text, f->kernel));
	assert_int_equal(f->image.kernel_fd, -1);
}

static void a_good_image_is_accepted_with_its_sizes(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(open_image(f, NULL, "quiet"), 0);
	assert_true(f->image.kernel_fd >= 0);
	assert_int_equal(f->image.initrd_fd, -1);
	assert_int_equal(f->image.setup_size, SETUP_SIZE);
	assert_int_equal(f->image.payload_size, PAYLOAD);
	assert_int_equal(f->image.init_size, 8 * MIB);
	assert_int_equal(f->image.initrd_max, 0x7fffffff);
	assert_int_equal(f->image.cmdline_max, 2047);
}

static void a_signature_after_the_kernel_is_no_harm(void **state)
{
	struct fixture *f = *state;
	f->file.hdr.syssize -= 0x40;
	f->file.hdr.payload_length -= 0x400;
	assert_int_equal(open_image(f, NULL, NULL), 0);
	assert_int_equal(f->image.payload_size, PAYLOAD - 0x400);
}

static void zero_setup_sectors_mean_four(void **state)
{
	struct fixture *f = *state;
	f->file.hdr.setup_sects = 0;
	f->file.hdr.syssize -= 32; /* one sector more of set-up leaves one less of kernel */
	f->file.hdr.payload_length -= 512;
	assert_int_equal(open_image(f, NULL, NULL), 0);
	assert_int_equal(f->image.setup_size, 5 * 512);
}

static void a_missing_kernel_is_refused_by_name(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(linux_open(&f->image, f->kernel, NULL, NULL, &f->err), -ENOENT);
	assert_non_null(strstr(f->err.text, f->kernel));
	assert_non_null(strstr(f->err.text, "No such file"));
}

static void a_directory_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(mkdir(f->kernel, 0700), 0);
	assert_int_equal(linux_open(&f->image, f->kernel, NULL, NULL, &f->err), -EISDIR);
	assert_non_null(strstr(f->err.text, "Is a directory"));
}

static void a_fifo_is_refused_without_waiting_for_a_writer(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(mkfifo(f->kernel, 0600), 0);
	assert_int_equal(linux_open(&f->image, f->kernel, NULL, NULL, &f->err), -EINVAL);
	assert_non_null(strstr(f->err.text, "not a regular file"));
}

static void an_unreadable_kernel_is_refused(void **state)
{
	struct fixture *f = *state;
	bool root = geteuid() == 0; /* who reads everything */
	write_file(f->kernel, f->file.bytes, f->size);
	chmod(f->kernel, 0);
	chmod(f->dir, 0755);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	int r = linux_open(&f->image, f->kernel, NULL, NULL, &f->err);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(r, -EACCES);
	assert_non_null(strstr(f->err.text, "Permission denied"));
}

static void an_empty_file_is_refused(void **state)
{
	struct fixture *f = *state;
	f->size = 0;
	refused(f, -ENOEXEC, "empty");
}

static void a_file_shorter_than_the_header_is_refused(void **state)
{
	struct fixture *f = *state;
	f->size = 0x28f;
	refused(f, -ENOEXEC, "too short");
}

static void what_a_wrong_file_looks_like_is_said(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *magic, *says;
	} cases[] = {
		{ "\177ELF", "vmlinux" },
		{ "\x1f\x8b\x08", "gzip" },
		{ "MZ", "PE program" },
		{ "\xfd"
		  "7zXZ",
		  "xz" },
		{ "\x28\xb5\x2f\xfd", "zstd" },
		{ "070701", "cpio" },
		{ "#!/bin/sh", "script" },
		{ "what", "no Linux setup header" },
	};
	f->file.hdr.header = 0;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		memset(f->file.bytes, 0, 16);
		memcpy(f->file.bytes, cases[i].magic, strlen(cases[i].magic));
		refused(f, -ENOEXEC, cases[i].says);
	}
}

static void a_missing_boot_flag_is_refused(void **state)
{
	struct fixture *f = *state;
	f->file.hdr.boot_flag = 0;
	refused(f, -ENOEXEC, "not a bzImage");
}

static void an_old_boot_protocol_is_refused_with_both_versions(void **state)
{
	struct fixture *f = *state;
	f->file.hdr.version = 0x020b;
	refused(f, -ENOEXEC, "2.11");
	assert_non_null(strstr(f->err.text, "2.12"));
}

static void a_32_bit_kernel_is_refused(void **state)
{
	struct fixture *f = *state;
	f->file.hdr.xloadflags = XLF_CAN_BE_LOADED_ABOVE_4G;
	refused(f, -ENOEXEC, "32-bit");
}

static void a_zimage_is_refused(void **state)
{
	struct fixture *f = *state;
	f->file.hdr.loadflags = 0;
	refused(f, -ENOEXEC, "zImage");
}

static void a_truncated_image_is_refused_with_both_sizes(void **state)
{
	struct fixture *f = *state;
	f->size -= 1;
	refused(f, -ENOEXEC, "truncated: 26623 bytes of 26624");
	f->size = SETUP_SIZE;
	refused(f, -ENOEXEC, "truncated");
	f->size = sizeof(f->file);
	f->file.hdr.syssize = UINT32_MAX;
	refused(f, -ENOEXEC, "truncated");
}

static void an_image_without_a_kernel_in_it_is_refused(void **state)
{
	struct fixture *f = *state;
	f->file.hdr.syssize = 0;
	refused(f, -ENOEXEC, "syssize");
	f->file.hdr.syssize = 0x20; /* ends where the 64-bit entry would be */
	refused(f, -ENOEXEC, "syssize");
}

static void a_payload_beyond_the_image_is_refused(void **state)
{
	struct fixture *f = *state;
	f->file.hdr.payload_length = PAYLOAD;
	refused(f, -ENOEXEC, "payload_length");
	f->file.hdr.payload_length = UINT32_MAX;
	f->file.hdr.payload_offset = UINT32_MAX;
	refused(f, -ENOEXEC, "payload_length");
}

static void nonsense_alignment_and_address_are_refused(void **state)
{
	struct fixture *f = *state;
	static const uint32_t alignments[] = { 0, 0x300000, 512, 0x80000000 };
	for (size_t i = 0; i < ARRAY_LEN(alignments); i++) {
		f->file.hdr.kernel_alignment = alignments[i];
		refused(f, -ENOEXEC, "kernel_alignment");
	}
	f->file.hdr.kernel_alignment = 0x200000;
	f->file.hdr.pref_address = 0x10000;
	refused(f, -ENOEXEC, "pref_address");
	f->file.hdr.pref_address = 16 * MIB + 1;
	refused(f, -ENOEXEC, "pref_address");
}

static void a_command_line_of_the_longest_length_is_taken_and_one_more_refused(void **state)
{
	struct fixture *f = *state;
	char line[2049];
	memset(line, 'x', 2048);
	line[2047] = 0;
	assert_int_equal(open_image(f, NULL, line), 0);
	linux_close(&f->image);
	line[2047] = 'x', line[2048] = 0;
	assert_int_equal(open_image(f, NULL, line), -E2BIG);
	assert_non_null(strstr(f->err.text, "2048"));
	assert_non_null(strstr(f->err.text, "2047"));
	assert_int_equal(f->image.kernel_fd, -1);
}

static void a_missing_or_empty_initrd_is_refused_and_the_kernel_closed(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(open_image(f, f->initrd, NULL), -ENOENT);
	assert_non_null(strstr(f->err.text, f->initrd));
	assert_int_equal(f->image.kernel_fd, -1);
	write_file(f->initrd, "", 0);
	assert_int_equal(open_image(f, f->initrd, NULL), -EINVAL);
	assert_non_null(strstr(f->err.text, "empty"));
	assert_int_equal(f->image.kernel_fd, -1);
	assert_int_equal(f->image.initrd_fd, -1);
}

/* --- placement and loading --- */

static void guest(struct fixture *f, uint64_t memory)
{
	assert_int_equal(layout_ram(&f->layout, memory, NULL, 0, NULL), 0);
	assert_int_equal(gmem_init(&f->gmem, f->layout.ram, f->layout.n_ram, NULL), 0);
}

static int load(struct fixture *f, struct vcpu_entry64 *entry)
{
	return linux_load(&f->image, &f->layout, &f->gmem, entry, &f->err);
}

static void params_of(struct fixture *f, const struct vcpu_entry64 *entry,
		      struct boot_params *params)
{
	assert_int_equal(gmem_read(&f->gmem, entry->rsi, params, sizeof(*params)), 0);
}

static void the_kernel_goes_where_it_prefers_to_be(void **state)
{
	struct fixture *f = *state;
	struct vcpu_entry64 entry;
	guest(f, 256 * MIB);
	assert_int_equal(open_image(f, NULL, "console=ttyS0"), 0);
	assert_int_equal(load(f, &entry), 0);
	assert_int_equal(entry.rip, 16 * MIB + 0x200);
	assert_memory_equal(gmem_hva(&f->gmem, 16 * MIB, PAYLOAD), f->file.bytes + SETUP_SIZE,
			    PAYLOAD);
}

static void a_relocatable_kernel_moves_down_in_a_small_guest(void **state)
{
	struct fixture *f = *state;
	struct vcpu_entry64 entry;
	guest(f, 20 * MIB);
	assert_int_equal(open_image(f, NULL, NULL), 0);
	assert_int_equal(load(f, &entry), 0);
	assert_int_equal(entry.rip, 2 * MIB + 0x200);
}

static void a_fixed_kernel_that_does_not_fit_is_refused_with_the_sizes(void **state)
{
	struct fixture *f = *state;
	struct vcpu_entry64 entry;
	guest(f, 20 * MIB);
	f->file.hdr.relocatable_kernel = 0;
	assert_int_equal(open_image(f, NULL, NULL), 0);
	assert_int_equal(load(f, &entry), -ENOSPC);
	assert_non_null(strstr(f->err.text, "8 MiB from 16 MiB"));
	assert_non_null(strstr(f->err.text, "20 MiB"));
	assert_int_equal(linux_check_fit(&f->image, &f->layout, &f->err), -ENOSPC);
}

static void a_kernel_with_an_absurd_address_or_size_is_refused(void **state)
{
	struct fixture *f = *state;
	guest(f, 256 * MIB);
	f->file.hdr.relocatable_kernel = 0;
	f->file.hdr.pref_address = UINT64_MAX - 0xfff;
	assert_int_equal(open_image(f, NULL, NULL), 0);
	assert_int_equal(linux_check_fit(&f->image, &f->layout, &f->err), -ENOSPC);
	linux_close(&f->image);
	f->file.hdr.relocatable_kernel = 1;
	f->file.hdr.init_size = UINT32_MAX;
	assert_int_equal(open_image(f, NULL, NULL), 0);
	assert_int_equal(linux_check_fit(&f->image, &f->layout, &f->err), -ENOSPC);
}

static void the_initrd_goes_as_high_as_the_kernel_can_reach(void **state)
{
	struct fixture *f = *state;
	struct vcpu_entry64 entry;
	struct boot_params params;
	char content[5000];
	memset(content, 'i', sizeof(content));
	write_file(f->initrd, content, sizeof(content));
	guest(f, 256 * MIB);
	f->file.hdr.initrd_addr_max = 128 * MIB - 1;
	assert_int_equal(open_image(f, f->initrd, NULL), 0);
	assert_int_equal(load(f, &entry), 0);
	params_of(f, &entry, &params);
	assert_int_equal(params.hdr.ramdisk_image, 128 * MIB - 2 * PAGE_4K);
	assert_int_equal(params.hdr.ramdisk_size, sizeof(content));
	assert_memory_equal(gmem_hva(&f->gmem, params.hdr.ramdisk_image, sizeof(content)), content,
			    sizeof(content));
}

static void an_initrd_that_does_not_fit_is_refused_with_the_sizes(void **state)
{
	struct fixture *f = *state;
	write_file(f->initrd, "x", 1);
	assert_int_equal(truncate(f->initrd, 60 * MIB), 0);
	guest(f, 64 * MIB);
	assert_int_equal(open_image(f, f->initrd, NULL), 0);
	assert_int_equal(linux_check_fit(&f->image, &f->layout, &f->err), -ENOSPC);
	assert_non_null(strstr(f->err.text, "60 MiB"));
	assert_non_null(strstr(f->err.text, "64 MiB"));
	linux_close(&f->image);
	assert_int_equal(truncate(f->initrd, (off_t)(5 * GIB)), 0);
	assert_int_equal(open_image(f, f->initrd, NULL), 0);
	assert_int_equal(linux_check_fit(&f->image, &f->layout, &f->err), -ENOSPC);
}

static void the_kernel_makes_room_for_a_large_initrd(void **state)
{
	struct fixture *f = *state;
	struct vcpu_entry64 entry;
	write_file(f->initrd, "x", 1);
	assert_int_equal(truncate(f->initrd, 50 * MIB), 0);
	guest(f, 64 * MIB);
	assert_int_equal(open_image(f, f->initrd, NULL), 0);
	assert_int_equal(load(f, &entry), 0);
	assert_int_equal(entry.rip, 2 * MIB + 0x200);
}

static void the_zero_page_says_what_the_boot_protocol_wants(void **state)
{
	struct fixture *f = *state;
	struct vcpu_entry64 entry;
	struct boot_params params;
	guest(f, 3 * GIB);
	assert_int_equal(open_image(f, NULL, "root=/dev/ram0 quiet"), 0);
	assert_int_equal(load(f, &entry), 0);
	params_of(f, &entry, &params);
	assert_int_equal(params.sentinel, 0);
	assert_int_equal(params.acpi_rsdp_addr, 0xE0000);
	assert_int_equal(params.hdr.header, 0x53726448);
	assert_int_equal(params.hdr.type_of_loader, 0xFF);
	assert_int_equal(params.hdr.loadflags, LOADED_HIGH);
	assert_int_equal(params.hdr.ramdisk_size, 0);
	assert_int_equal(params.hdr.setup_data, 0);
	assert_int_equal(params.hdr.pref_address, 16 * MIB);
	assert_int_equal(params.hdr.init_size, 8 * MIB);
	char line[64];
	assert_int_equal(gmem_read(&f->gmem, params.hdr.cmd_line_ptr, line, sizeof(line)), 0);
	assert_string_equal(line, "root=/dev/ram0 quiet");
	struct e820 map;
	e820_build(&map, &f->layout, ECAM_BASE);
	assert_int_equal(params.e820_entries, map.n);
	for (unsigned i = 0; i < map.n; i++) {
		assert_int_equal(params.e820_table[i].addr, map.at[i].addr);
		assert_int_equal(params.e820_table[i].size, map.at[i].size);
		assert_int_equal(params.e820_table[i].type, map.at[i].type);
	}
}

static uint64_t entry_at(struct fixture *f, uint64_t table, uint64_t index)
{
	uint64_t v;
	assert_int_equal(gmem_read(&f->gmem, table + index * 8, &v, sizeof(v)), 0);
	return v;
}

/* Walks as the processor would (Intel SDM vol. 3 §4.5). */
static uint64_t walk(struct fixture *f, uint64_t cr3, uint64_t va)
{
	uint64_t pml4e = entry_at(f, cr3, va >> 39 & 511);
	assert_int_equal(pml4e & 3, 3);
	uint64_t pdpte = entry_at(f, pml4e & ~UINT64_C(0xfff), va >> 30 & 511);
	assert_int_equal(pdpte & 0x83, 3);
	uint64_t pde = entry_at(f, pdpte & ~UINT64_C(0xfff), va >> 21 & 511);
	assert_int_equal(pde & 0x83, 0x83);
	return (pde & ~UINT64_C(0x1fffff)) + (va & 0x1fffff);
}

static void page_tables_map_all_of_the_first_four_gib_to_itself(void **state)
{
	struct fixture *f = *state;
	struct vcpu_entry64 entry;
	guest(f, 256 * MIB);
	assert_int_equal(open_image(f, NULL, NULL), 0);
	assert_int_equal(load(f, &entry), 0);
	for (uint64_t va = 0x1234; va < 4 * GIB; va += 2 * MIB)
		assert_int_equal(walk(f, entry.cr3, va), va);
	assert_int_equal(entry_at(f, entry.cr3, 1), 0);
}

static void segments_are_flat_at_the_selectors_the_protocol_names(void **state)
{
	struct fixture *f = *state;
	struct vcpu_entry64 entry;
	guest(f, 64 * MIB);
	assert_int_equal(open_image(f, NULL, NULL), 0);
	assert_int_equal(load(f, &entry), 0);
	assert_int_equal(entry.gdt_limit, 31);
	assert_int_equal(entry_at(f, entry.gdt_gpa, 2), 0x00AF9B000000FFFF);
	assert_int_equal(entry_at(f, entry.gdt_gpa, 3), 0x00CF93000000FFFF);
	assert_true(entry.rsp % 16 == 0 && entry.rsp < E820_LOW_END);
}

static void loading_again_after_a_guest_wrote_everywhere_gives_the_same(void **state)
{
	struct fixture *f = *state;
	struct vcpu_entry64 entry, again;
	write_file(f->initrd, "initrd", 6);
	guest(f, 32 * MIB);
	assert_int_equal(open_image(f, f->initrd, "a b"), 0);
	assert_int_equal(load(f, &entry), 0);
	uint8_t *ram = gmem_hva(&f->gmem, 0, 32 * MIB), *copy = malloc(32 * MIB);
	memcpy(copy, ram, 32 * MIB);
	memset(ram, 0xee, 32 * MIB);
	assert_int_equal(load(f, &again), 0);
	assert_int_equal(again.rip, entry.rip);
	assert_int_equal(again.rsi, entry.rsi);
	assert_int_equal(again.cr3, entry.cr3);
	assert_memory_equal(ram + entry.rsi, copy + entry.rsi, sizeof(struct boot_params));
	assert_memory_equal(ram + entry.cr3, copy + entry.cr3, 6 * PAGE_4K);
	assert_memory_equal(ram + entry.rip - 0x200, copy + entry.rip - 0x200, PAYLOAD);
	free(copy);
}

static void a_file_that_shrank_since_the_start_is_reported(void **state)
{
	struct fixture *f = *state;
	struct vcpu_entry64 entry;
	guest(f, 64 * MIB);
	assert_int_equal(open_image(f, NULL, NULL), 0);
	assert_int_equal(truncate(f->kernel, 4096), 0);
	assert_int_equal(load(f, &entry), -EIO);
	assert_non_null(strstr(f->err.text, "changed"));
}

static void layout_and_memory_that_disagree_are_reported(void **state)
{
	struct fixture *f = *state;
	struct vcpu_entry64 entry;
	assert_int_equal(layout_ram(&f->layout, 64 * MIB, NULL, 0, NULL), 0);
	assert_int_equal(open_image(f, NULL, NULL), 0);
	assert_int_equal(load(f, &entry), -EFAULT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_good_image_is_accepted_with_its_sizes),
		T(a_signature_after_the_kernel_is_no_harm),
		T(zero_setup_sectors_mean_four),
		T(a_missing_kernel_is_refused_by_name),
		T(a_directory_is_refused),
		T(a_fifo_is_refused_without_waiting_for_a_writer),
		T(an_unreadable_kernel_is_refused),
		T(an_empty_file_is_refused),
		T(a_file_shorter_than_the_header_is_refused),
		T(what_a_wrong_file_looks_like_is_said),
		T(a_missing_boot_flag_is_refused),
		T(an_old_boot_protocol_is_refused_with_both_versions),
		T(a_32_bit_kernel_is_refused),
		T(a_zimage_is_refused),
		T(a_truncated_image_is_refused_with_both_sizes),
		T(an_image_without_a_kernel_in_it_is_refused),
		T(a_payload_beyond_the_image_is_refused),
		T(nonsense_alignment_and_address_are_refused),
		T(a_command_line_of_the_longest_length_is_taken_and_one_more_refused),
		T(a_missing_or_empty_initrd_is_refused_and_the_kernel_closed),
		T(the_kernel_goes_where_it_prefers_to_be),
		T(a_relocatable_kernel_moves_down_in_a_small_guest),
		T(a_fixed_kernel_that_does_not_fit_is_refused_with_the_sizes),
		T(a_kernel_with_an_absurd_address_or_size_is_refused),
		T(the_initrd_goes_as_high_as_the_kernel_can_reach),
		T(an_initrd_that_does_not_fit_is_refused_with_the_sizes),
		T(the_kernel_makes_room_for_a_large_initrd),
		T(the_zero_page_says_what_the_boot_protocol_wants),
		T(page_tables_map_all_of_the_first_four_gib_to_itself),
		T(segments_are_flat_at_the_selectors_the_protocol_names),
		T(loading_again_after_a_guest_wrote_everywhere_gives_the_same),
		T(a_file_that_shrank_since_the_start_is_reported),
		T(layout_and_memory_that_disagree_are_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
