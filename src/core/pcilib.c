/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/pcilib.h"

#include <errno.h>
#include <fcntl.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pcilib {
	struct pci_access *access;
	char path[300]; /* libpci keeps the pointer it is given */
};

/*
 * libpci reports an error by calling a function that must not return, and gives it no context. The
 * jump is armed only inside pcilib_open and pcilib_each, and per thread.
 */
static _Thread_local jmp_buf *escape;
static _Thread_local char escape_text[160];

static void escape_error(char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void escape_error(char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(escape_text, sizeof(escape_text), fmt, ap);
	va_end(ap);
	if (!escape)
		abort();
	longjmp(*escape, 1);
}

static void ignore_warning(char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void ignore_warning(char *fmt, ...)
{
	(void)fmt;
}

/* Runs `step` with libpci's errors caught: 0, or -EIO with its text. */
static int guarded(void (*step)(struct pci_access *access), struct pci_access *access,
		   struct err *err)
{
	jmp_buf here;
	if (setjmp(here)) {
		escape = NULL;
		return err_set(err, -EIO, "libpci: %s", escape_text);
	}
	escape = &here;
	step(access);
	escape = NULL;
	return 0;
}

/* A saved host may bring its own names: the same everywhere, whatever database is installed. */
static void use_own_names(struct pci_access *access, const char *sys_path)
{
	char path[300];
	size_t len = strlen(sys_path), part = strlen("/sys");
	if (len <= part || strcmp(sys_path + len - part, "/sys") != 0)
		return;
	snprintf(path, sizeof(path), "%.*s/pci.ids", (int)(len - part), sys_path);
	char *copy = faccessat(AT_FDCWD, path, R_OK, 0) ? NULL : strdup(path);
	if (copy)
		pci_set_name_list_path(access, copy, 1);
}

int pcilib_open(struct pcilib **ret_lib, const char *sys_path, struct err *err)
{
	struct pcilib *lib = calloc(1, sizeof(*lib));
	if (!lib)
		return err_errno(err, -ENOMEM, "libpci");
	snprintf(lib->path, sizeof(lib->path), "%s/bus/pci", sys_path);
	lib->access = pci_alloc();
	lib->access->method = PCI_ACCESS_SYS_BUS_PCI;
	lib->access->error = escape_error;
	lib->access->warning = ignore_warning;
	pci_set_param(lib->access, "sysfs.path", lib->path);
	/* udev's database is a copy of pci.ids; libpci leaks a udev for each name where it is
	 * missing. */
	pci_set_param(lib->access, "hwdb.disable", "1");
	use_own_names(lib->access, sys_path);
	int r = guarded(pci_init, lib->access, err);
	if (r) {
		pcilib_close(lib);
		return r;
	}
	*ret_lib = lib;
	return 0;
}

void pcilib_close(struct pcilib *lib)
{
	if (!lib)
		return;
	guarded(pci_cleanup, lib->access, NULL);
	free(lib);
}

int pcilib_each(struct pcilib *lib, int (*each)(void *ctx, struct bdf bdf), void *ctx,
		struct err *err)
{
	int r = guarded(pci_scan_bus, lib->access, err);
	for (struct pci_dev *d = lib->access->devices; !r && d; d = d->next)
		r = each(ctx, (struct bdf){ (uint32_t)d->domain, d->bus, d->dev, d->func });
	return r;
}

void pcilib_device_name(struct pcilib *lib, uint16_t vendor, uint16_t device, char *buf,
			size_t size)
{
	if (!pci_lookup_name(lib->access, buf, (int)size, PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
			     vendor, device))
		snprintf(buf, size, "%04x:%04x", vendor, device);
}

void pcilib_class_name(struct pcilib *lib, uint32_t class_code, char *buf, size_t size)
{
	if (!pci_lookup_name(lib->access, buf, (int)size, PCI_LOOKUP_CLASS, (int)(class_code >> 8)))
		snprintf(buf, size, "class %04x", class_code >> 8);
}
