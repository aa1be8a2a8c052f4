/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `bulkhead screenshot NAME FILE.png`: the guest's picture. The running process only hands out its
 * pixels; making a file of them is this one's work.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cmd.h"
#include "control.h"
#include "png.h"
#include "running.h"

static int bad_answer(struct err *err, const char *name)
{
	return err_set(err, -EPROTO, "profile '%s': its answer has no picture", name);
}

/* The sizes are another process's word: the file must be as large as they say. */
static int write_picture(const char *name, const json_t *answer, int fd, const char *path,
			 struct err *err)
{
	const char *why = json_string_value(json_object_get(answer, "error"));
	json_int_t width = json_integer_value(json_object_get(answer, "width"));
	json_int_t height = json_integer_value(json_object_get(answer, "height"));
	struct stat st;
	if (why)
		return err_set(err, -EIO, "%s", why);
	if (fd < 0 || width < 1 || height < 1 || width > PNG_MAX_SIDE || height > PNG_MAX_SIDE)
		return bad_answer(err, name);
	size_t size = (size_t)width * (size_t)height * 4;
	if (fstat(fd, &st) || (size_t)st.st_size != size)
		return bad_answer(err, name);
	void *pixels = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (pixels == MAP_FAILED)
		return err_errno(err, -errno, "picture");
	const struct picture picture = { (uint32_t)width, (uint32_t)height, pixels };
	int r = png_write(&picture, path, err);
	munmap(pixels, size);
	return r;
}

static int take(const struct cmd_args *args, struct host *host, struct err *err)
{
	json_t *answer = NULL;
	char name[64];
	autoclose int fd = -1;
	int r = running_pick(host, args->name, name, sizeof(name), err);
	if (!r)
		r = control_ask_file(host, name, "screenshot", &answer, &fd, err);
	if (!r)
		r = write_picture(name, answer, fd, args->output, err);
	json_decref(answer);
	return r;
}

int cmd_screenshot(int argc, char **argv)
{
	return cmd_on_host(CMD_SCREENSHOT, argc, argv, NULL, take);
}
