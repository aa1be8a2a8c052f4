/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/linux.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "boot/e820.h"

/*
 * The first 640 KiB while the kernel starts: it copies what it needs from here before it uses this
 * memory itself. All of it is plain RAM in the e820 map.
 */
#define GDT_GPA UINT64_C(0x1000)
#define PARAMS_GPA UINT64_C(0x2000) /* struct boot_params, one page */
#define STACK_TOP UINT64_C(0x4000)  /* one page below it */
#define PML4_GPA UINT64_C(0x4000)
#define PDPT_GPA UINT64_C(0x5000)
#define PD_GPA UINT64_C(0x6000)       /* four pages: 4 GiB in 2 MiB leaves */
#define CMDLINE_GPA UINT64_C(0x10000) /* 64 KiB */

#define PD_PAGES 4
#define TABLE_ENTRIES 512
#define PTE_TABLE 0x3  /* present, writable; Intel SDM vol. 3 §4.5 */
#define PTE_LARGE 0x83 /* and page size */

#define ENTRY64 0x200 /* boot.rst, "64-bit boot protocol" */
#define LOADER_UNDEFINED 0xFF
#define VID_MODE_NORMAL 0xFFFF

struct placement {
	uint64_t kernel, initrd;
};

static unsigned long long mib(uint64_t bytes)
{
	return (unsigned long long)(align_up(bytes, MIB) / MIB);
}

/* Highest page below both the top of low RAM and what the kernel can reach; false when none. */
static bool place_initrd(const struct linux_image *image, uint64_t kernel_end, uint64_t top,
			 uint64_t *ret_initrd)
{
	uint64_t limit = min_u64(top, image->initrd_max + 1);
	if (image->initrd_size > limit)
		return false;
	*ret_initrd = align_down(limit - image->initrd_size, PAGE_4K);
	return *ret_initrd >= kernel_end;
}

static bool place_at(const struct linux_image *image, uint64_t kernel, uint64_t top,
		     struct placement *at)
{
	if (!inside(kernel, image->init_size, top))
		return false;
	at->kernel = kernel;
	at->initrd = 0;
	return image->initrd_fd < 0 ||
	       place_initrd(image, kernel + image->init_size, top, &at->initrd);
}

static int place(const struct linux_image *image, const struct layout *layout,
		 struct placement *ret_at, struct err *err)
{
	uint64_t top = layout->ram[0].size;
	uint64_t lowest = align_up(MIB, image->alignment);
	if (place_at(image, image->pref_address, top, ret_at) ||
	    (image->relocatable && place_at(image, lowest, top, ret_at)))
		return 0;
	uint64_t least = image->relocatable ? lowest : image->pref_address;
	if (image->initrd_fd < 0)
		return err_set(
			err, -ENOSPC,
			"kernel: it needs %llu MiB from %llu MiB on, the guest has %llu MiB of low "
			"memory; give it more memory",
			mib(image->init_size), mib(least), mib(top));
	return err_set(
		err, -ENOSPC,
		"initrd: %llu MiB do not fit beside the kernel (%llu MiB from %llu MiB on) below "
		"%llu MiB; give the guest more memory or a smaller initrd",
		mib(image->initrd_size), mib(image->init_size), mib(least),
		mib(min_u64(top, image->initrd_max + 1)));
}

int linux_check_fit(const struct linux_image *image, const struct layout *layout, struct err *err)
{
	struct placement at;
	return place(image, layout, &at, err);
}

/* Straight from the page cache into guest memory: an initrd may be larger than all we hold. */
static int load_file(struct gmem *gmem, uint64_t gpa, int fd, uint64_t from, uint64_t size,
		     const char *what, struct err *err)
{
	void *to = gmem_hva(gmem, gpa, size);
	if (!to)
		return err_set(err, -EFAULT, "%s: no guest memory at 0x%llx", what,
			       (unsigned long long)gpa);
	int r = file_pread_all(fd, to, (size_t)size, (off_t)from);
	if (r == -EIO)
		return err_set(err, r,
			       "%s: cannot read all of it; was the file changed since the start?",
			       what);
	return r ? err_errno(err, r, "%s: reading it", what) : 0;
}

static void fill_header(struct boot_params *params, const struct linux_image *image,
			const struct placement *at)
{
	/* The header ends where the jump over it (its byte at 0x201) leads; boot.rst. */
	size_t start = offsetof(struct boot_params, hdr);
	size_t end = (size_t)min_u64(0x202 + image->header[0x201], sizeof(image->header));
	memcpy((uint8_t *)params + start, image->header + start, end - start);

	struct setup_header *hdr = &params->hdr;
	hdr->type_of_loader = LOADER_UNDEFINED;
	hdr->ext_loader_ver = hdr->ext_loader_type = 0;
	hdr->loadflags = LOADED_HIGH;
	hdr->vid_mode = VID_MODE_NORMAL;
	hdr->code32_start = (uint32_t)at->kernel;
	hdr->cmd_line_ptr = (uint32_t)CMDLINE_GPA;
	hdr->ramdisk_image = (uint32_t)at->initrd;
	hdr->ramdisk_size = (uint32_t)(image->initrd_fd < 0 ? 0 : image->initrd_size);
	hdr->setup_data = 0;
}

static void fill_e820(struct boot_params *params, const struct layout *layout)
{
	struct e820 map;
	_Static_assert(E820_MAX <= E820_MAX_ENTRIES_ZEROPAGE, "the zero page holds the whole map");
	e820_build(&map, layout, ECAM_BASE);
	for (unsigned i = 0; i < map.n; i++)
		params->e820_table[i] =
			(struct boot_e820_entry){ map.at[i].addr, map.at[i].size, map.at[i].type };
	params->e820_entries = (uint8_t)map.n;
}

static int write_params(const struct linux_image *image, const struct layout *layout,
			const struct placement *at, struct gmem *gmem)
{
	struct boot_params params;
	_Static_assert(sizeof(params) == PAGE_4K, "boot_params is the zero page");
	memset(&params, 0, sizeof(params));
	fill_header(&params, image, at);
	fill_e820(&params, layout);
	params.acpi_rsdp_addr = DIRECT_ACPI_GPA;
	int r = gmem_write(gmem, PARAMS_GPA, &params, sizeof(params));
	return r ? r : gmem_write(gmem, CMDLINE_GPA, image->cmdline, strlen(image->cmdline) + 1);
}

/* Identity map of the first 4 GiB; 2 MiB leaves because every x86-64 processor has them. */
static int write_page_tables(struct gmem *gmem)
{
	uint64_t pml4[TABLE_ENTRIES] = { PDPT_GPA | PTE_TABLE }, pdpt[TABLE_ENTRIES] = { 0 };
	uint64_t pd[TABLE_ENTRIES];
	for (uint64_t i = 0; i < PD_PAGES; i++)
		pdpt[i] = (PD_GPA + i * PAGE_4K) | PTE_TABLE;
	int r = gmem_write(gmem, PML4_GPA, pml4, sizeof(pml4));
	if (!r)
		r = gmem_write(gmem, PDPT_GPA, pdpt, sizeof(pdpt));
	for (uint64_t page = 0; !r && page < PD_PAGES; page++) {
		for (uint64_t i = 0; i < TABLE_ENTRIES; i++)
			pd[i] = (page * GIB + i * 2 * MIB) | PTE_LARGE;
		r = gmem_write(gmem, PD_GPA + page * PAGE_4K, pd, sizeof(pd));
	}
	return r;
}

/* Flat 4 GiB segments, Intel SDM vol. 3 §3.4.5; selectors 0x10 and 0x18 as boot.rst demands. */
static const uint64_t gdt[4] = { 0, 0, UINT64_C(0x00AF9B000000FFFF), UINT64_C(0x00CF93000000FFFF) };

int linux_load(const struct linux_image *image, const struct layout *layout, struct gmem *gmem,
	       struct vcpu_entry64 *ret_entry, struct err *err)
{
	struct placement at = { 0 };
	int r = place(image, layout, &at, err);
	if (!r)
		r = load_file(gmem, at.kernel, image->kernel_fd, image->setup_size,
			      image->payload_size, "kernel", err);
	if (!r && image->initrd_fd >= 0)
		r = load_file(gmem, at.initrd, image->initrd_fd, 0, image->initrd_size, "initrd",
			      err);
	if (r)
		return r;
	r = write_params(image, layout, &at, gmem);
	if (!r)
		r = write_page_tables(gmem);
	if (!r)
		r = gmem_write(gmem, GDT_GPA, gdt, sizeof(gdt));
	if (r)
		return err_errno(err, r, "kernel: boot parameters in guest memory");
	*ret_entry = (struct vcpu_entry64){
		.rip = at.kernel + ENTRY64,
		.rsp = STACK_TOP,
		.rsi = PARAMS_GPA,
		.cr3 = PML4_GPA,
		.gdt_gpa = GDT_GPA,
		.gdt_limit = sizeof(gdt) - 1,
	};
	return 0;
}
