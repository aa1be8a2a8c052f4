/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Direct boot of a Linux bzImage by the 64-bit entry of the x86 boot protocol
 * (Documentation/arch/x86/boot.rst): image checks, placement of kernel, initrd, command line,
 * e820 map and identity page tables. The image is a file somebody handed us: every field is
 * checked.
 */
#ifndef BULKHEAD_BOOT_LINUX_H
#define BULKHEAD_BOOT_LINUX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/gmem.h"
#include "core/layout.h"
#include "kvm/vcpu.h"

#define LINUX_HEADER_SIZE 0x290 /* the setup header ends below this in struct boot_params */

struct linux_image {
	int kernel_fd, initrd_fd; /* owned; -1 = none. Kept open: a reboot loads again */
	uint64_t kernel_size, initrd_size;
	uint64_t setup_size;   /* real-mode part, bytes */
	uint64_t payload_size; /* protected-mode part, inside the file */
	uint64_t init_size;    /* memory to unpack itself in, >= payload_size */
	uint64_t pref_address, alignment;
	bool relocatable;                  /* may run elsewhere than at pref_address */
	uint64_t initrd_max;               /* highest byte the initrd may use */
	uint32_t cmdline_max;              /* bytes without NUL */
	uint8_t header[LINUX_HEADER_SIZE]; /* the file's first bytes, setup header and all */
	const char *cmdline;               /* borrowed from the profile, never NULL */
};

/*
 * Opens and checks the files (boot/bzimage.c): -errno of open, -EISDIR, -EINVAL not a regular file
 * or an empty initrd, -ENOEXEC not a bzImage (says what it looks like: ELF, gzip, PE without the
 * header, too short), truncated, damaged, too old (< 2.12 or no 64-bit entry), -E2BIG command line
 * too long. `initrd` and `cmdline` may be NULL. Used by `check` too; nothing is mapped. On failure
 * nothing stays open.
 */
int linux_open(struct linux_image *image, const char *kernel, const char *initrd,
	       const char *cmdline, struct err *err);
void linux_close(struct linux_image *image);

/* Whether kernel and initrd fit this layout's RAM: -ENOSPC with the sizes. Pure. */
int linux_check_fit(const struct linux_image *image, const struct layout *layout, struct err *err);

/* Where the RSDP and ACPI tables go on direct boot. */
#define DIRECT_ACPI_GPA UINT64_C(0xE0000)
#define DIRECT_ACPI_MAX UINT64_C(0x1E000) /* SMBIOS tables follow: boot/smbios.h */

/*
 * Writes everything into guest memory, straight from the files; how the boot processor enters is
 * returned. May be called again for a reboot. -ENOSPC as above, -EIO when a file has shrunk.
 */
int linux_load(const struct linux_image *image, const struct layout *layout, struct gmem *gmem,
	       struct vcpu_entry64 *ret_entry, struct err *err);

#endif
