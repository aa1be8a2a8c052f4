/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "boot/fv.h"

#define STORE_NAME "vars.fd" /* in the VM's directory */

/* --- code --- */

/*
 * An image built to need SMM stops early and says nothing. The content does not tell, being
 * compressed; distributions call them so, and link the names with keys (`ms`) to them.
 */
static int check_needs_smm(const char *path, struct err *err)
{
	autofree char *real = realpath(path, NULL);
	const char *slash = real ? strrchr(real, '/') : NULL;
	if (!slash || !strstr(slash, "secboot"))
		return 0;
	return err_set(err, -ENOTSUP,
		       "%s: is built to need SMM, which this machine does not have (it is %s); use "
		       "OVMF_CODE_4M.fd, which has Secure Boot too",
		       path, slash + 1);
}

static int map_code(int fd, const char *path, void **ret_image, size_t *ret_size, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st))
		return err_errno(err, -errno, "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t)st.st_size > FV_IMAGE_MAX)
		return err_set(err, -ENOEXEC, "%s: is no file of a firmware image's size", path);
	size_t size = (size_t)st.st_size;
	/* A copy: a file that is cut while the guest runs from it would take both down. */
	void *image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (image == MAP_FAILED)
		return err_errno(err, -errno, "%s: memory", path);
	int r = file_pread_all(fd, image, size, 0);
	if (r) {
		munmap(image, size);
		return err_errno(err, r, "%s", path);
	}
	*ret_image = image;
	*ret_size = size;
	return 0;
}

int firmware_load_code(const struct profile *profile, void **ret_image, uint64_t *ret_size,
		       struct err *err)
{
	const char *path = profile->firmware.code;
	void *image = NULL;
	size_t size = 0;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		int r = err_errno(err, -errno, "firmware.code: %s", path);
		if (r == -ENOENT)
			err_hint(err, "install the package ovmf");
		return r;
	}
	int r = map_code(fd, path, &image, &size, err);
	if (r)
		return r;
	r = fv_check_code(path, image, size, err);
	if (!r)
		r = check_needs_smm(path, err);
	if (r) {
		munmap(image, size);
		return r;
	}
	*ret_image = image;
	*ret_size = size;
	return 0;
}

/* --- the store --- */

static int put(char *to, size_t size, struct err *err, const char *dir, size_t dir_len,
	       const char *name)
{
	if ((size_t)snprintf(to, size, "%.*s/%s", (int)dir_len, dir, name) >= size)
		return err_set(err, -ENAMETOOLONG, "%.*s/%s: path too long", (int)dir_len, dir, name);
	return 0;
}

static int find_template(struct firmware_files *files, const struct profile *profile,
			 uint64_t code_size, struct err *err)
{
	const char *code = profile->firmware.code, *slash = strrchr(code, '/');
	bool keys = profile->firmware.secure_boot, large = fv_store_size(code_size) > 128 * 1024;
	const char *name = large ? keys ? "OVMF_VARS_4M.ms.fd" : "OVMF_VARS_4M.fd"
			   : keys ? "OVMF_VARS.ms.fd"
				  : "OVMF_VARS.fd";
	files->want.template = profile->firmware.template;
	if (profile->firmware.template)
		return 0;
	files->want.template = files->template;
	return put(files->template, sizeof(files->template), err, code,
		   slash ? (size_t)(slash - code) : 0, name);
}

int firmware_find_store(struct firmware_files *files, const struct profile *profile,
			const struct host *host, uint64_t code_size, struct err *err)
{
	char own[64];
	files->want = (struct varstore_want){
		.path = profile->firmware.vars,
		.code = profile->firmware.code,
		.code_size = code_size,
		.secure_boot = profile->firmware.secure_boot,
	};
	snprintf(own, sizeof(own), "%s/" STORE_NAME, profile->name);
	int r = find_template(files, profile, code_size, err);
	if (r || files->want.path)
		return r;
	files->want.path = files->vars;
	return put(files->vars, sizeof(files->vars), err, host->state_path,
		   strlen(host->state_path), own);
}

int firmware_check(const struct profile *profile, const struct host *host, struct err *err)
{
	struct firmware_files files;
	void *image = NULL;
	uint64_t size = 0;
	if (profile->firmware.type == FIRMWARE_NONE)
		return 0;
	int r = firmware_load_code(profile, &image, &size, err);
	if (r)
		return r;
	munmap(image, size);
	r = firmware_find_store(&files, profile, host, size, err);
	return r ? r : varstore_check(&files.want, err);
}
