/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The actions of NVMe VFs, each about a PF; private to action.c. What a primary controller keeps for
 * itself is divided anew before VFs are made (a reset of it takes them offline), and each VF is
 * brought online before it is bound.
 */
#ifndef BULKHEAD_ACTION_NVME_H
#define BULKHEAD_ACTION_NVME_H

#include "action.h"

#define ACTION_NVME_FUNCTIONS(what)                                                                \
	int action_capture_nvme_##what(const struct host *host, struct action *action,             \
				       struct err *err);                                           \
	int action_do_nvme_##what(const struct host *host, const struct action *action,            \
				  struct err *err);                                                \
	int action_undo_nvme_##what(const struct host *host, const struct action *action,          \
				    struct err *err);                                              \
	void action_text_nvme_##what(const struct action *action, char *buf, size_t size);

ACTION_NVME_FUNCTIONS(primary)
ACTION_NVME_FUNCTIONS(vf)

#endif
