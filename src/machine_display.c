/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's picture: a framebuffer that firmware sets up in guest memory, who may look at it from
 * outside, and the host's keyboards and mice. Without `display` and `input` there is nothing of it.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "machine_parts.h"

int display_up(struct machine *m, struct err *err)
{
	const struct profile *profile = m->plan->profile;
	if (profile->display.type == DISPLAY_NONE)
		return 0;
	ramfb_init(&m->ramfb, &m->gmem);
	int r = ramfb_offer(&m->ramfb, &m->fwcfg, err);
	if (r || !vnc_is_wanted(&profile->display.vnc))
		return r;
	return vnc_start(&m->vnc, &profile->display.vnc, profile->name, &m->ramfb, &m->i8042, err);
}

void display_down(struct machine *m)
{
	vnc_stop(m->vnc);
	m->vnc = NULL;
	ramfb_fini(&m->ramfb);
}

/* --- the host's input devices --- */

int input_up(struct machine *m, struct err *err)
{
	const struct profile *profile = m->plan->profile;
	if (!profile->input.n_evdevs)
		return 0;
	return input_start(&m->input, profile, &m->i8042, m->loop, err);
}

void input_down(struct machine *m)
{
	input_stop(m->input);
	m->input = NULL;
}

/* --- a copy of the picture --- */

static int copy_picture(struct machine *m, const struct ramfb_mode *mode, int fd, struct err *err)
{
	size_t row = (size_t)mode->width * 4, size = row * mode->height;
	if (ftruncate(fd, (off_t)size))
		return err_errno(err, -errno, "picture");
	uint8_t *to = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (to == MAP_FAILED)
		return err_errno(err, -errno, "picture");
	int r = 0;
	for (uint32_t y = 0; !r && y < mode->height; y++)
		r = ramfb_row(&m->ramfb, mode, y, to + y * row);
	munmap(to, size);
	return r ? err_errno(err, r, "picture in the guest's memory") : 0;
}

int machine_picture(struct machine *m, struct machine_picture *ret, struct err *err)
{
	struct ramfb_mode mode;
	if (m->plan->profile->display.type == DISPLAY_NONE)
		return err_set(err, -ENODEV,
			       "'%s' has no display; give it one with display.type = "
			       "\"ramfb\"",
			       m->plan->profile->name);
	if (ramfb_refused(&m->ramfb))
		return err_set(err, -EINVAL,
			       "'%s' has set up a picture that does not lie in its "
			       "memory, or in a format that is not supported",
			       m->plan->profile->name);
	if (!ramfb_mode(&m->ramfb, &mode))
		return err_set(err, -EAGAIN,
			       "'%s' shows no picture yet; its firmware sets one up "
			       "some moments after the start",
			       m->plan->profile->name);
	autoclose int fd = memfd_create("picture", MFD_CLOEXEC);
	if (fd < 0)
		return err_errno(err, -errno, "picture");
	int r = copy_picture(m, &mode, fd, err);
	if (r)
		return r;
	*ret = (struct machine_picture){ mode.width, mode.height, take_fd(&fd) };
	return 0;
}
