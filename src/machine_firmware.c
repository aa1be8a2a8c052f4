/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UEFI firmware: its two flash chips, the file behind its variables, the kernel it is to start, and
 * where it says what it does. Without firmware there is nothing of all this.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "firmware.h"
#include "machine_parts.h"

static bool has_firmware(const struct machine *m)
{
	return m->plan->profile->firmware.type == FIRMWARE_UEFI;
}

/* --- what the VM keeps --- */

int state_up(struct machine *m, struct err *err)
{
	if (!has_firmware(m) && !m->plan->profile->tpm)
		return 0;
	return vm_state_open(&m->state, m->host, m->plan->profile->name, err);
}

void state_down(struct machine *m)
{
	vm_state_close(&m->state);
}

/* --- flash --- */

static int flash_up(struct machine *m, struct err *err)
{
	struct firmware *fw = &m->firmware;
	struct firmware_files files;
	int r = firmware_load_code(m->plan->profile, &fw->code, &fw->code_size, err);
	if (!r)
		r = firmware_find_store(&files, m->plan->profile, m->host, fw->code_size, err);
	if (!r)
		r = varstore_open(&fw->store, &files.want, err);
	if (r)
		return r;
	const struct flash_image code = { fw->code, fw->code_size },
				 store = { fw->store.image, fw->store.size };
	r = flash_init(&fw->flash, &m->vm.slots, &code, &store, varstore_write, &fw->store, err);
	if (r)
		return r;
	const struct bus_region region = { flash_store_gpa(&fw->flash), store.size, &flash_ops,
					   &fw->flash, 0 };
	return machine_add_mmio(m, &region, err);
}

/* --- PCI --- */

/* Only where its own choice of a 64-bit window would be too small: every BAR has to fit. */
static int window_up(struct machine *m, struct err *err)
{
	char mib[24];
	if (!m->plan->layout.window_mib)
		return 0;
	int n = snprintf(mib, sizeof(mib), "%llu", (unsigned long long)m->plan->layout.window_mib);
	return fwcfg_add_file(&m->fwcfg, "opt/ovmf/X-PciMmio64Mb", mib, (size_t)n, err);
}

/* --- the kernel, as a file of the firmware's --- */

/* Only what the guest reads of it is ever in memory, and that is the page cache's. */
static int map_file(struct mapped_file *file, int fd, uint64_t size, const char *what,
		    struct err *err)
{
	void *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return err_errno(err, -errno, "%s: mmap", what);
	*file = (struct mapped_file){ at, size };
	return 0;
}

static int add_sized(struct fwcfg *fwcfg, uint16_t size_key, uint16_t data_key, const void *data,
		     uint64_t size, struct err *err)
{
	int r = fwcfg_add_u32(fwcfg, size_key, (uint32_t)size, err);
	return r ? r : fwcfg_add_borrowed(fwcfg, data_key, data, size, err);
}

/* Not a byte of the image is changed: its signature covers them. */
static int kernel_up(struct machine *m, struct err *err)
{
	const struct linux_image *image = m->image;
	struct firmware *fw = &m->firmware;
	struct fwcfg *fwcfg = &m->fwcfg;
	if (image->kernel_fd < 0)
		return 0;
	int r = map_file(&fw->kernel, image->kernel_fd, image->kernel_size, "kernel", err);
	if (r)
		return r;
	const char *kernel = fw->kernel.at;
	r = add_sized(fwcfg, FWCFG_SETUP_SIZE, FWCFG_SETUP_DATA, kernel, image->setup_size, err);
	if (!r)
		r = add_sized(fwcfg, FWCFG_KERNEL_SIZE, FWCFG_KERNEL_DATA, kernel + image->setup_size,
			      image->kernel_size - image->setup_size, err);
	if (!r && *image->cmdline)
		r = add_sized(fwcfg, FWCFG_CMDLINE_SIZE, FWCFG_CMDLINE_DATA, image->cmdline,
			      strlen(image->cmdline) + 1, err);
	if (r || image->initrd_fd < 0)
		return r;
	r = map_file(&fw->initrd, image->initrd_fd, image->initrd_size, "initrd", err);
	return r ? r : add_sized(fwcfg, FWCFG_INITRD_SIZE, FWCFG_INITRD_DATA, fw->initrd.at,
				 fw->initrd.size, err);
}

/* --- all of it --- */

static int debug_up(struct machine *m, struct err *err)
{
	const char *path = m->plan->profile->firmware.log;
	if (!path)
		return 0;
	int r = debugcon_init(&m->firmware.debug, path, err);
	const struct bus_region port = { PORT_DEBUGCON, 1, &debugcon_ops, &m->firmware.debug, 0 };
	return r ? r : machine_add_ports(m, &port, err);
}

int firmware_up(struct machine *m, struct err *err)
{
	if (!has_firmware(m))
		return 0;
	int r = flash_up(m, err);
	if (!r)
		r = window_up(m, err);
	if (!r)
		r = kernel_up(m, err);
	return r ? r : debug_up(m, err);
}

static void unmap(struct mapped_file *file)
{
	if (file->at)
		munmap(file->at, file->size);
	*file = (struct mapped_file){ 0 };
}

void firmware_down(struct machine *m)
{
	struct firmware *fw = &m->firmware;
	debugcon_fini(&fw->debug);
	flash_fini(&fw->flash);
	varstore_close(&fw->store);
	unmap(&fw->kernel);
	unmap(&fw->initrd);
	if (fw->code)
		munmap(fw->code, fw->code_size);
	fw->code = NULL;
}
