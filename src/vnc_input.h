/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VNC client types and where it points, as the guest's PS/2 devices take it. One of these
 * for each client, so that what a client holds is released when it goes. The client is hostile.
 */
#ifndef BULKHEAD_VNC_INPUT_H
#define BULKHEAD_VNC_INPUT_H

#include "hw/i8042.h"

struct vnc_input {
	struct i8042 *kbc; /* borrowed */
	uint64_t held[PS2_KEYS / 64];
	int x, y; /* where the pointer was last */
	bool has_place;
	uint8_t buttons; /* enum ps2_button bits */
	uint8_t mask;    /* the client's buttons, to see the wheel's clicks */
};

void vnc_input_init(struct vnc_input *input, struct i8042 *kbc);

/* A keysym that no key has is ignored. */
void vnc_input_key(struct vnc_input *input, uint32_t keysym, bool down);

/*
 * The pointer is at x, y of a picture of width x height; bits of `mask` from 0: left, middle,
 * right, wheel up, wheel down, two more that are ignored, side (RFC 6143 §7.5.5 and what clients
 * send). A PS/2 mouse only says how far it went. At an edge it is pushed on against it, so that a
 * guest whose pointer is elsewhere comes to the same place there.
 */
void vnc_input_pointer(struct vnc_input *input, unsigned mask, int x, int y, int width, int height);

/* The client has gone: nothing of it stays pressed. */
void vnc_input_release(struct vnc_input *input);

#endif
