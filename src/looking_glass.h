/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that the guest's picture is copied through to a viewer on the host: a file in
 * /dev/shm, of the size that the picture needs, with the owner and mode that the viewer needs. It
 * is locked while a guest has it and removed with the guest; one that a killed run left is used
 * again.
 */
#ifndef BULKHEAD_LOOKING_GLASS_H
#define BULKHEAD_LOOKING_GLASS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "core/host.h"
#include "profile.h"

struct looking_glass {
	int dir_fd; /* owned: /dev/shm */
	int fd;     /* owned, locked; -1 = none */
	char name[160];
	void *memory;
	uint64_t size;
	struct loop *loop; /* borrowed; NULL = not watched */
	struct loop_fd inotify;
	bool told;  /* that the file was cut */
	bool alone; /* the memory is not the file's any more */
};

bool looking_glass_is_wanted(const struct profile_looking_glass *config);

/*
 * Bytes for two frames and what Looking Glass keeps beside them, as a power of two
 * (Looking Glass documentation, "Determining memory"); at least 16 MiB. 0 when none is wanted.
 */
uint64_t looking_glass_size(const struct profile_looking_glass *config);

/*
 * Why it could not be had now: a size of one side alone, an unknown user, a file that is somebody
 * else's or in use, no room. Changes nothing. -errno.
 */
int looking_glass_check(const struct profile *profile, const struct host *host, struct err *err);

/* Makes the file with all its pages and maps it. looking_glass_close accepts a failed one. -errno.
 */
int looking_glass_open(struct looking_glass *glass, const struct profile *profile,
		       const struct host *host, struct err *err);
void looking_glass_close(struct looking_glass *glass);

/*
 * From now on, until it is closed: a file that its owner cuts is made as long again at once, or
 * where there is no room for that replaced by memory without a viewer. KVM and the guest go on with
 * the same addresses; either is reported once. Main thread. -errno.
 */
int looking_glass_watch(struct looking_glass *glass, struct loop *loop, struct err *err);

/* Parts of the above (looking_glass_mend.c): size and pages as they should be, -errno; one mending.
 */
int looking_glass_reserve(const struct looking_glass *glass);
void looking_glass_mend(struct looking_glass *glass);
void looking_glass_unwatch(struct looking_glass *glass);

#endif
