/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's keyboards and mice given to the guest as its PS/2 devices, and back, by a combination
 * of keys (input_toggle.h). While a device is the guest's, it is grabbed: nobody else on the host
 * hears it. One that is unplugged is waited for (input_watch.h) and taken back. Main thread.
 */
#ifndef BULKHEAD_INPUT_H
#define BULKHEAD_INPUT_H

#include "base/err.h"
#include "base/loop.h"
#include "hw/i8042.h"
#include "profile.h"

struct input;

/* Whether each device of the profile can be opened now, and is given once; the first. Grabs
 * nothing. */
int input_check(const struct profile *profile, struct err *err);

/* Opens them, and grabs them as soon as no key is held. All but `profile` outlive it. -errno. */
int input_start(struct input **ret_input, const struct profile *profile, struct i8042 *kbc,
		struct loop *loop, struct err *err);
/* Gives all back; nothing stays pressed in the guest. NULL ok. */
void input_stop(struct input *input);

/* For `status`: how many of the profile's devices are there, and whether they are the guest's. */
unsigned input_present(const struct input *input);
bool input_is_grabbed(const struct input *input);

#endif
