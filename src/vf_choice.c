/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vf_choice.h"

#include <errno.h>
#include <string.h>

#include "base/opt.h"
#include "base/text.h"

struct chooser {
	struct vf_choices *choices;
	const struct profile *profile;
	unsigned pf;
};

static struct vf_pf *pf_of(const struct chooser *c)
{
	return &c->choices->pf.at[c->pf];
}

/* The entry is about this PF, and nothing has spoken against it. */
static bool is_of(const struct chooser *c, unsigned entry)
{
	const struct vf_choice *choice = &c->choices->at[entry];
	return choice->wanted && !choice->why.code && choice->pf == c->pf;
}

static unsigned asked_index(const struct chooser *c, unsigned entry)
{
	return c->profile->device[entry].vf.index;
}

static bool is_asked_for(const struct chooser *c, unsigned index)
{
	for (unsigned i = 0; i < c->profile->n_devices; i++)
		if (is_of(c, i) && asked_index(c, i) == index)
			return true;
	return false;
}

/* VFs that there have to be, for every entry to get one if all of them were free. */
static unsigned needed(const struct chooser *c)
{
	unsigned entries = 0, last = 0;
	for (unsigned i = 0; i < c->profile->n_devices; i++) {
		if (!is_of(c, i))
			continue;
		entries++;
		if (asked_index(c, i) != OPT_NONE && asked_index(c, i) + 1 > last)
			last = asked_index(c, i) + 1;
	}
	return entries > last ? entries : last;
}

static const struct vf_place *place_at(const struct vf_pf *pf, unsigned index)
{
	for (size_t i = 0; i < pf->places.n; i++)
		if (pf->places.at[i].index == index)
			return &pf->places.at[i];
	return NULL;
}

static const struct vf_place *first_held(const struct vf_pf *pf)
{
	for (size_t i = 0; i < pf->places.n; i++)
		if (pf->places.at[i].holder.s[0])
			return &pf->places.at[i];
	return NULL;
}

static void take(struct vf_choice *choice, const struct vf_place *place)
{
	choice->index = place->index;
	choice->bdf = place->bdf;
	choice->bdf_is_known = true;
}

/* --- reasons --- */

static void refuse_all(const struct chooser *c, const struct err *why)
{
	for (unsigned i = 0; i < c->profile->n_devices; i++)
		if (is_of(c, i))
			c->choices->at[i].why = *why;
}

/* Everybody who has one, so that the reader knows whom to ask. */
static void refuse_any(const struct chooser *c, unsigned entry)
{
	const struct vf_pf *pf = pf_of(c);
	char buf[ERR_TEXT_MAX - 256];
	struct text list = text_in(buf, sizeof(buf));
	for (size_t i = 0; i < pf->places.n; i++) {
		const struct vf_place *place = &pf->places.at[i];
		text_put(&list, "%sVF %u (%s): %s", i ? "; " : "", place->index,
			 bdf_text(place->bdf).s,
			 place->holder.s[0] ? place->holder.s : "another entry of this profile");
	}
	err_set(&c->choices->at[entry].why, -EBUSY, "%s: none of its %u VFs is free: %s",
		c->profile->device[entry].vf.pf, pf->pf.count, buf);
}

static void refuse_held(const struct chooser *c, unsigned entry, const struct vf_place *place)
{
	err_set(&c->choices->at[entry].why, -EBUSY, "%s: VF %u (%s) is held: %s",
		c->profile->device[entry].vf.pf, place->index, bdf_text(place->bdf).s,
		place->holder.s);
}

/* --- those that are there --- */

static void choose_asked(const struct chooser *c, unsigned entry)
{
	const struct vf_place *place = place_at(pf_of(c), asked_index(c, entry));
	if (!place)
		err_set(&c->choices->at[entry].why, -ENODEV, "%s: VF %u has gone",
			c->profile->device[entry].vf.pf, asked_index(c, entry));
	else if (place->holder.s[0])
		refuse_held(c, entry, place);
	else
		take(&c->choices->at[entry], place);
}

/* The first that nobody has: not another process, not another entry by its number or before. */
static void choose_any(const struct chooser *c, unsigned entry, size_t *next)
{
	const struct vf_pf *pf = pf_of(c);
	for (; *next < pf->places.n; ++*next) {
		const struct vf_place *place = &pf->places.at[*next];
		if (place->holder.s[0] || is_asked_for(c, place->index))
			continue;
		take(&c->choices->at[entry], place);
		++*next;
		return;
	}
	refuse_any(c, entry);
}

static void choose_present(const struct chooser *c)
{
	size_t next = 0;
	for (unsigned i = 0; i < c->profile->n_devices; i++) {
		if (!is_of(c, i))
			continue;
		if (asked_index(c, i) == OPT_NONE)
			choose_any(c, i, &next);
		else
			choose_asked(c, i);
	}
}

/* --- those to be made --- */

static void choose_made(const struct chooser *c, unsigned total)
{
	unsigned next = 0;
	pf_of(c)->want_total = total;
	for (unsigned i = 0; i < c->profile->n_devices; i++) {
		struct vf_choice *choice = &c->choices->at[i];
		if (!is_of(c, i))
			continue;
		unsigned index = asked_index(c, i);
		while (index == OPT_NONE && is_asked_for(c, next))
			next++;
		if (index == OPT_NONE)
			index = next++;
		const struct vf_place *place = place_at(pf_of(c), index);
		if (place)
			take(choice, place);
		choice->index = index;
		choice->made = true;
	}
}

/* The PF has too few VFs: may their number be changed? */
static int check_change(const struct chooser *c, unsigned total, struct err *err)
{
	const struct vf_pf *pf = pf_of(c);
	const struct vf_place *held = first_held(pf);
	const struct bdf_text address = bdf_text(pf->pf.bdf);
	if (total > pf->pf.total)
		return err_set(err, -ERANGE, "%s can have at most %u VFs, and %u are needed",
			       address.s, pf->pf.total, total);
	if (held)
		return err_set(err, -EBUSY,
			       "%s has %u VFs, and %u are needed, but a change of their number "
			       "destroys all of them, and VF %u (%s) is held: %s",
			       address.s, pf->pf.count, total, held->index, bdf_text(held->bdf).s,
			       held->holder.s);
	if (pf->holder.s[0])
		return err_set(err, -EBUSY, "%s has %u VFs, and their number is not to be changed: %s",
			       address.s, pf->pf.count, pf->holder.s);
	return 0;
}

static void choose_of_pf(const struct chooser *c)
{
	struct err why = { 0 };
	unsigned total = needed(c);
	if (!total)
		return;
	if (total <= pf_of(c)->pf.count)
		choose_present(c);
	else if (check_change(c, total, &why))
		refuse_all(c, &why);
	else
		choose_made(c, total);
}

/* What only a PF with a network interface can be told. */
static void check_settings(const struct chooser *c)
{
	for (unsigned i = 0; i < c->profile->n_devices; i++)
		if (is_of(c, i) && !*pf_of(c)->pf.netdev && c->choices->at[i].settings.known)
			err_set(&c->choices->at[i].why, -ENODATA,
				"%s has no network interface, so its VFs have no such settings",
				c->profile->device[i].vf.pf);
}

void vf_choose(struct vf_choices *choices, const struct profile *profile)
{
	for (unsigned i = 0; i < choices->pf.n; i++) {
		const struct chooser chooser = { choices, profile, i };
		choose_of_pf(&chooser);
		check_settings(&chooser);
	}
}
