/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

int library_load(const struct library *library, void *ret_functions, struct err *err)
{
	/* Never unloaded: users come and go, and libraries do not like to be unloaded. */
	void *handle = dlopen(library->soname, RTLD_NOW | RTLD_NODELETE);
	if (!handle)
		return err_set(err, -ENOENT, "%s needs %s: install the package %s", library->purpose,
			       library->soname, library->package);
	for (size_t i = 0; i < library->n_names; i++) {
		void *function = dlsym(handle, library->names[i]);
		if (!function)
			return err_set(err, -ENOENT, "%s has no function %s", library->soname,
				       library->names[i]);
		memcpy((char *)ret_functions + i * sizeof(function), &function, sizeof(function));
	}
	return 0;
}
