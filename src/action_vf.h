/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The actions of SR-IOV, each about a PF; private to action.c. A record that only saves (settings
 * without `settings`, driver) is there for its undo: the count, undone before it, makes the VF
 * anew.
 */
#ifndef BULKHEAD_ACTION_VF_H
#define BULKHEAD_ACTION_VF_H

#include "action.h"

#define ACTION_VF_FUNCTIONS(what)                                                                  \
	int action_capture_vf_##what(const struct host *host, struct action *action,               \
				     struct err *err);                                             \
	int action_do_vf_##what(const struct host *host, const struct action *action,              \
				struct err *err);                                                  \
	int action_undo_vf_##what(const struct host *host, const struct action *action,            \
				  struct err *err);                                                \
	void action_text_vf_##what(const struct action *action, char *buf, size_t size);

ACTION_VF_FUNCTIONS(autoprobe)
ACTION_VF_FUNCTIONS(settings)
ACTION_VF_FUNCTIONS(driver)
ACTION_VF_FUNCTIONS(count)

#endif
