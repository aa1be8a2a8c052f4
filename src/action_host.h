/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Actions on what is around a device: the consoles and the firmware's framebuffer of the boot
 * display, the reset methods that the kernel may use. Private to action.c.
 */
#ifndef BULKHEAD_ACTION_HOST_H
#define BULKHEAD_ACTION_HOST_H

#include <stddef.h>

#include "action.h"

#define ACTION_FUNCTIONS(what)                                                                     \
	int action_capture_##what(const struct host *host, struct action *action,                  \
				  struct err *err);                                                \
	int action_do_##what(const struct host *host, const struct action *action,                 \
			     struct err *err);                                                     \
	int action_undo_##what(const struct host *host, const struct action *action,               \
			       struct err *err);                                                   \
	void action_text_##what(const struct action *action, char *buf, size_t size);

ACTION_FUNCTIONS(vtcon)
ACTION_FUNCTIONS(framebuffer)
ACTION_FUNCTIONS(reset_method)

#endif
