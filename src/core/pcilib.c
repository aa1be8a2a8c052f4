/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/pcilib.h"

#include <fcntl.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/library.h"
#include "base/log.h"

/* libpci brings two more libraries with it, and a running guest wants none of them. */
/* clang-format off */
#define FUNCTIONS(X) \
	X(pci_alloc) X(pci_init) X(pci_cleanup) X(pci_set_param) X(pci_set_name_list_path) \
	X(pci_lookup_name)
/* clang-format on */

static const char *const names[] = { FUNCTIONS(LIBRARY_NAME) };
static const struct library libpci = {
	"libpci.so.3", "libpci3", "naming devices", names, ARRAY_LEN(names),
};

struct pcilib {
	struct pci_access *access; /* NULL before the first name, and where there is no library */
	bool tried;
	char sys_path[256], bus_path[300]; /* libpci keeps the pointer to the latter */
	struct pci_functions {
		FUNCTIONS(LIBRARY_FIELD)
	} fn;
};

/*
 * libpci reports an error by calling a function that must not return, and gives it no context. The
 * jump is armed only while libpci starts, and per thread.
 */
static _Thread_local jmp_buf *escape;

static void escape_error(char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void escape_error(char *fmt, ...)
{
	(void)fmt;
	if (!escape)
		abort();
	longjmp(*escape, 1);
}

static void ignore_warning(char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void ignore_warning(char *fmt, ...)
{
	(void)fmt;
}

/* Runs `step` with libpci's errors caught; false after one. */
static bool guarded(void (*step)(struct pci_access *access), struct pci_access *access)
{
	jmp_buf here;
	if (setjmp(here)) {
		escape = NULL;
		return false;
	}
	escape = &here;
	step(access);
	escape = NULL;
	return true;
}

/* A saved host may bring its own names: the same everywhere, whatever database is installed. */
static void use_own_names(struct pcilib *lib)
{
	char path[300];
	size_t len = strlen(lib->sys_path), part = strlen("/sys");
	if (len <= part || strcmp(lib->sys_path + len - part, "/sys") != 0)
		return;
	snprintf(path, sizeof(path), "%.*s/pci.ids", (int)(len - part), lib->sys_path);
	char *copy = faccessat(AT_FDCWD, path, R_OK, 0) ? NULL : strdup(path);
	if (copy)
		lib->fn.pci_set_name_list_path(lib->access, copy, 1);
}

static void start(struct pcilib *lib)
{
	lib->access = lib->fn.pci_alloc();
	lib->access->method = PCI_ACCESS_SYS_BUS_PCI;
	lib->access->error = escape_error;
	lib->access->warning = ignore_warning;
	lib->fn.pci_set_param(lib->access, "sysfs.path", lib->bus_path);
	/* udev's database is a copy of pci.ids; libpci leaks a udev for each name where it is
	 * missing. */
	lib->fn.pci_set_param(lib->access, "hwdb.disable", "1");
	use_own_names(lib);
	if (guarded(lib->fn.pci_init, lib->access))
		return;
	guarded(lib->fn.pci_cleanup, lib->access);
	lib->access = NULL;
}

/* True when libpci can be asked. */
static bool ready(struct pcilib *lib)
{
	struct err err = { 0 };
	if (!lib->tried && !library_load(&libpci, &lib->fn, &err))
		start(lib);
	if (!lib->tried && !lib->access)
		log_warn("devices have numbers only: %s",
			 err.text[0] ? err.text : "libpci could not read them");
	lib->tried = true;
	return lib->access;
}

struct pcilib *pcilib_new(const char *sys_path)
{
	struct pcilib *lib = calloc(1, sizeof(*lib));
	if (!lib)
		return NULL;
	snprintf(lib->sys_path, sizeof(lib->sys_path), "%s", sys_path);
	snprintf(lib->bus_path, sizeof(lib->bus_path), "%s/bus/pci", lib->sys_path);
	return lib;
}

void pcilib_free(struct pcilib *lib)
{
	if (lib && lib->access)
		guarded(lib->fn.pci_cleanup, lib->access);
	free(lib);
}

void pcilib_device_name(struct pcilib *lib, uint16_t vendor, uint16_t device, char *buf,
			size_t size)
{
	if (!ready(lib) ||
	    !lib->fn.pci_lookup_name(lib->access, buf, (int)size, PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
				  vendor, device))
		snprintf(buf, size, "%04x:%04x", vendor, device);
}

void pcilib_class_name(struct pcilib *lib, uint32_t class_code, char *buf, size_t size)
{
	if (!ready(lib) || !lib->fn.pci_lookup_name(lib->access, buf, (int)size, PCI_LOOKUP_CLASS,
						 (int)(class_code >> 8)))
		snprintf(buf, size, "class %04x", class_code >> 8);
}
