/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
/*
 * Hostile VNC clients and a guest that sets up any picture: events of two clients, and pictures
 * that are copied as the server copies them. When the clients have gone nothing may be pressed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "fake/fake_irq.h"
#include "hw/ramfb.h"
#include "vnc_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct gmem gmem;

static void look(struct ramfb *ramfb)
{
	struct ramfb_mode mode;
	static uint8_t row[RAMFB_MAX_SIDE * 4];
	if (!ramfb_mode(ramfb, &mode))
		return;
	if (mode.width > RAMFB_MAX_SIDE || mode.height > RAMFB_MAX_SIDE)
		abort();
	const uint32_t rows[] = { 0, mode.height / 2, mode.height - 1 };
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		if (ramfb_row(ramfb, &mode, rows[i], row))
			abort();
}

static void step(struct ramfb *ramfb, struct vnc_input *clients, const uint8_t *r)
{
	struct vnc_input *client = &clients[r[0] >> 7];
	switch (r[0] % 8) {
	case 0:
	case 1:
		vnc_input_key(client, le32_get(r + 1), r[0] & 1);
		break;
	case 2:
		vnc_input_key(client, r[1], r[2] & 1);
		break;
	case 3:
		vnc_input_key(client, 0xFF00u | r[1], r[2] & 1);
		break;
	case 4:
		vnc_input_pointer(client, r[1], (int)le32_get(r + 2), (int)le32_get(r + 6),
				  r[10] << 4, r[11] << 4);
		break;
	case 5:
		vnc_input_pointer(client, r[1], r[2], r[3], 256, 256);
		break;
	case 6:
		i8042_data_ops.read(client->kbc, 0, 1);
		break;
	default:
		ramfb_wrote(ramfb, r + 1, RAMFB_FILE_SIZE);
		look(ramfb);
		break;
	}
}

#define RECORD (RAMFB_FILE_SIZE + 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct range ram[] = { { 0, 1 << 20 }, { UINT64_C(1) << 32, 1 << 20 } };
	struct ramfb ramfb;
	struct i8042 kbc;
	struct irqs irqs;
	struct loop loop;
	struct vnc_input clients[2];
	if (!gmem.n && gmem_init(&gmem, ram, 2, NULL))
		abort();
	fake_irq_init();
	if (loop_init(&loop))
		abort();
	i8042_init(&kbc, true, &irqs, &loop, NULL);
	ramfb_init(&ramfb, &gmem);
	for (unsigned i = 0; i < 2; i++)
		vnc_input_init(&clients[i], &kbc);
	for (size_t at = 0; at + RECORD <= size; at += RECORD)
		step(&ramfb, clients, data + at);
	for (unsigned i = 0; i < 2; i++)
		vnc_input_release(&clients[i]);
	static const uint64_t none[PS2_KEYS / 64];
	if (memcmp(kbc.keyboard.down, none, sizeof(none)) || kbc.mouse.buttons)
		abort();
	ramfb_fini(&ramfb);
	i8042_fini(&kbc);
	loop_fini(&loop);
	return 0;
}
