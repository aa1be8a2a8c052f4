/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_nvme.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "sriov/nvme_uapi.h"

#define FIRST_ID 11 /* of the secondary controllers */
#define TOTAL 8

struct fake_nvme fake_nvme;

void fake_nvme_reset(void)
{
	fake_nvme = (struct fake_nvme){ .oacs = 0x80,
					.kept_queues = TOTAL,
					.kept_vectors = TOTAL,
					.next_queues = TOTAL,
					.next_vectors = TOTAL };
}

static int call(void)
{
	return ++fake_nvme.commands == fake_nvme.fail_at ? fake_nvme.fail_with : 0;
}

static unsigned assigned(bool vectors)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < FAKE_NVME_VFS; i++)
		sum += vectors ? fake_nvme.vf[i].vectors : fake_nvme.vf[i].queues;
	return sum;
}

static void put_pool(uint8_t *at, bool vectors)
{
	le_put(at, 4, TOTAL);
	le_put(at + 4, 4, assigned(vectors));
	le_put(at + 8, 2, vectors ? fake_nvme.kept_vectors : fake_nvme.kept_queues);
	le_put(at + 10, 2, 5);
	le_put(at + 12, 2, 4);
	le_put(at + 14, 2, 1);
}

static void put_secondaries(uint8_t *page, unsigned from)
{
	unsigned n = 0;
	for (unsigned i = 0; i < FAKE_NVME_VFS; i++) {
		uint8_t *at = page + 32 * (n + 1);
		if (FIRST_ID + i < from && !fake_nvme.endless)
			continue;
		le_put(at, 2, FIRST_ID + i);
		at[4] = fake_nvme.vf[i].online;
		le_put(at + 8, 2, i + 1);
		le_put(at + 10, 2, fake_nvme.vf[i].queues);
		le_put(at + 12, 2, fake_nvme.vf[i].vectors);
		n++;
	}
	page[0] = (uint8_t)(fake_nvme.endless ? 127 : n);
}

static int identify(const struct nvme_admin_cmd *cmd)
{
	uint8_t *page = (uint8_t *)(uintptr_t)cmd->addr;
	switch (cmd->cdw10 & 0xff) {
	case 0x01:
		le_put(page + 256, 2, fake_nvme.oacs);
		return 0;
	case 0x14:
		le_put(page, 2, 7);
		put_pool(page + 32, false);
		put_pool(page + 64, true);
		return 0;
	case 0x15:
		put_secondaries(page, cmd->cdw10 >> 16);
		return 0;
	default:
		return 0x002;
	}
}

static int assign(unsigned vf, bool vectors, unsigned number)
{
	unsigned *has = vectors ? &fake_nvme.vf[vf].vectors : &fake_nvme.vf[vf].queues;
	unsigned kept = vectors ? fake_nvme.kept_vectors : fake_nvme.kept_queues;
	if (fake_nvme.vf[vf].online)
		return 0x120;
	if (number > 4 || assigned(vectors) - *has + number + kept > TOTAL)
		return 0x121;
	*has = number;
	return 0;
}

static int act_on_vf(unsigned act, unsigned vf, bool vectors, unsigned number)
{
	if (vf >= FAKE_NVME_VFS)
		return 0x11f;
	switch (act) {
	case 7:
		fake_nvme.vf[vf].online = false;
		return 0;
	case 8:
		return assign(vf, vectors, number);
	case 9:
		if (fake_nvme.vf[vf].queues < 2 || !fake_nvme.vf[vf].vectors)
			return 0x120;
		fake_nvme.vf[vf].online = true;
		return 0;
	default:
		return 0x002;
	}
}

static int manage(struct nvme_admin_cmd *cmd)
{
	unsigned act = cmd->cdw10 & 15, id = cmd->cdw10 >> 16, number = cmd->cdw11;
	bool vectors = cmd->cdw10 >> 8 & 7;
	cmd->result = number - fake_nvme.stingy;
	if (act != 1)
		return act_on_vf(act, id - FIRST_ID, vectors, number);
	if (id != 7)
		return 0x11f;
	if (number + assigned(vectors) > TOTAL)
		return 0x121;
	*(vectors ? &fake_nvme.next_vectors : &fake_nvme.next_queues) = number;
	return 0;
}

int nvme_admin(int fd, struct nvme_admin_cmd *cmd)
{
	(void)fd;
	int r = call();
	if (r)
		return r;
	return cmd->opcode == 0x06 ? identify(cmd) : cmd->opcode == 0x1c ? manage(cmd) : 0x001;
}

int nvme_reset(int fd)
{
	(void)fd;
	int r = call();
	if (r > 0)
		r = -EIO;
	if (r)
		return r;
	fake_nvme.resets++;
	if (!fake_nvme.slow)
		fake_nvme_flr();
	return 0;
}

void fake_nvme_flr(void)
{
	for (unsigned i = 0; i < FAKE_NVME_VFS; i++)
		fake_nvme.vf[i].online = false;
	if (fake_nvme.stubborn)
		return;
	fake_nvme.kept_queues = fake_nvme.next_queues;
	fake_nvme.kept_vectors = fake_nvme.next_vectors;
}
