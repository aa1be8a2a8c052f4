/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PFs and their VFs for people and for programs. */
#ifndef BULKHEAD_VF_SHOW_H
#define BULKHEAD_VF_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "sriov/pf.h"
#include "sriov/settings.h"
#include "vf_held.h"

struct vf_row {
	struct vf_place place;
	struct vf_settings settings; /* nothing known where the PF has no interface */
	char driver[NAME_MAX_SHORT]; /* "" = none */
};

struct pf_view {
	struct pf pf;
	vec(struct vf_row) rows;
	char trouble[ERR_TEXT_MAX]; /* why settings are unknown; "" = they are known */
};

/* Everything about one PF's VFs; pf_view_fini in any case. */
int pf_view_read(const struct host *host, const struct pf *pf, struct pf_view *view,
		 struct err *err);
void pf_view_fini(struct pf_view *view);

/* A line about the PF and a table of its VFs. `width` as in struct table. */
int pf_view_print(const struct pf_view *view, FILE *out, bool colour, unsigned width);
json_t *pf_view_json(const struct pf_view *view);

#endif
