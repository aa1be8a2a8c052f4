/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_memslot.h"

#include <string.h>

struct fake_memslot fake_memslot;

void fake_memslot_init(void)
{
	memset(&fake_memslot, 0, sizeof(fake_memslot));
}

const struct slot_want *fake_memslot_at(uint64_t gpa)
{
	for (size_t i = 0; i < fake_memslot.n; i++) {
		const struct slot_want *w = &fake_memslot.want[i];
		if (gpa >= w->gpa && gpa - w->gpa < w->size)
			return w;
	}
	return NULL;
}

int memslots_init(struct memslots *slots, int vm_fd, uint32_t max)
{
	memset(slots, 0, sizeof(*slots));
	slots->vm_fd = vm_fd;
	slots->max = max;
	return 0;
}

void memslots_fini(struct memslots *slots)
{
	(void)slots;
}

int memslots_publish(struct memslots *slots, enum slot_owner owner, const struct slot_want *want,
		     size_t n, struct err *err)
{
	(void)slots;
	fake_memslot.publishes++;
	if (owner == SLOT_RAM || owner >= SLOT_OWNERS || n > FAKE_SLOTS)
		__builtin_trap();
	for (size_t i = 0; i < n; i++) {
		/* What the real one refuses as a whole. */
		if (!want[i].size || ((uintptr_t)want[i].hva | want[i].gpa | want[i].size) % 4096)
			__builtin_trap();
	}
	if (fake_memslot.look)
		fake_memslot.look(want, n);
	if (fake_memslot.fail)
		return err_set(err, fake_memslot.fail, "scripted slot failure");
	if (owner == SLOT_BOARD) {
		if (n > 1)
			__builtin_trap();
		fake_memslot.board = n ? want[0] : (struct slot_want){ 0 };
		return 0;
	}
	if (n)
		memcpy(fake_memslot.want, want, n * sizeof(*want));
	fake_memslot.n = n;
	return 0;
}
