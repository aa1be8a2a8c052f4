/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared libraries that are loaded when they are wanted. A run that needs none of them pays for none:
 * neither their start nor their memory nor, on a small host, the package. What a module uses of a
 * library is a list F(function) ..., from which its table of pointers and their names are made:
 *
 *	#define FUNCTIONS(F) F(udev_new) F(udev_unref)
 *	struct udev_functions { FUNCTIONS(LIBRARY_FIELD) };
 *	static const char *const names[] = { FUNCTIONS(LIBRARY_NAME) };
 */
#ifndef BULKHEAD_BASE_LIBRARY_H
#define BULKHEAD_BASE_LIBRARY_H

#include <stddef.h>

#include "base/err.h"

#define LIBRARY_FIELD(name) __typeof__(name) *name;
#define LIBRARY_NAME(name) #name,

struct library {
	const char *soname;  /* "libudev.so.1" */
	const char *package; /* Debian's, for the message */
	const char *purpose; /* what needs it: "watching devices" */
	const char *const *names;
	size_t n_names;
};

/*
 * Loads the library for the rest of the process and fills `ret_functions`, a struct of `n_names`
 * function pointers in the order of the names. -ENOENT without the library (says what needs it and
 * which package has it) or without one of the functions (says which).
 */
int library_load(const struct library *library, void *ret_functions, struct err *err);

#endif
