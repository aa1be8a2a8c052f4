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

/* --- the kernel, as files of the firmware's --- */

struct part_of_file {
	const char *what;
	int fd;
	uint64_t start, size;
};

static int add_part(struct fwcfg *fwcfg, uint16_t size_key, uint16_t data_key,
		    const struct part_of_file *part, struct err *err)
{
	int r = fwcfg_add_u32(fwcfg, size_key, (uint32_t)part->size, err);
	return r ? r
		 : fwcfg_add_host_file(fwcfg, data_key, part->fd, part->start, part->size,
				       part->what, err);
}

static int add_cmdline(struct fwcfg *fwcfg, const char *cmdline, struct err *err)
{
	size_t size = strlen(cmdline) + 1;
	int r = fwcfg_add_u32(fwcfg, FWCFG_CMDLINE_SIZE, (uint32_t)size, err);
	return r ? r : fwcfg_add(fwcfg, FWCFG_CMDLINE_DATA, cmdline, size, err);
}

/* Not a byte of the image is changed: its signature covers them. */
static int kernel_up(struct machine *m, struct err *err)
{
	const struct linux_image *image = m->image;
	struct fwcfg *fwcfg = &m->fwcfg;
	const struct part_of_file setup = { "kernel", image->kernel_fd, 0, image->setup_size },
				  kernel = { "kernel", image->kernel_fd, image->setup_size,
					     image->kernel_size - image->setup_size },
				  initrd = { "initrd", image->initrd_fd, 0, image->initrd_size };
	if (image->kernel_fd < 0)
		return 0;
	int r = add_part(fwcfg, FWCFG_SETUP_SIZE, FWCFG_SETUP_DATA, &setup, err);
	if (!r)
		r = add_part(fwcfg, FWCFG_KERNEL_SIZE, FWCFG_KERNEL_DATA, &kernel, err);
	if (!r && *image->cmdline)
		r = add_cmdline(fwcfg, image->cmdline, err);
	if (r || image->initrd_fd < 0)
		return r;
	return add_part(fwcfg, FWCFG_INITRD_SIZE, FWCFG_INITRD_DATA, &initrd, err);
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

void firmware_down(struct machine *m)
{
	struct firmware *fw = &m->firmware;
	debugcon_fini(&fw->debug);
	flash_fini(&fw->flash);
	varstore_close(&fw->store);
	if (fw->code)
		munmap(fw->code, fw->code_size);
	fw->code = NULL;
}
