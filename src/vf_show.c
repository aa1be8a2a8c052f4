/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vf_show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/text.h"
#include "json.h"
#include "sriov/vf.h"
#include "vfio/bind.h"

/* --- reading --- */

static void read_settings(const struct host *host, struct pf_view *view, struct vf_row *row)
{
	struct err why = { 0 };
	if (!*view->pf.netdev || *view->trouble)
		return;
	if (vf_read(host, &view->pf, row->place.index, &row->settings, &why))
		snprintf(view->trouble, sizeof(view->trouble), "%s", why.text);
}

static int read_row(const struct host *host, struct pf_view *view, const struct vf_place *place)
{
	char override[NAME_MAX_SHORT];
	struct vf_row *row = vec_push(&view->rows);
	if (!row)
		return -ENOMEM;
	row->place = *place;
	if (bind_state(host, place->bdf, row->driver, override, sizeof(override)))
		row->driver[0] = 0;
	read_settings(host, view, row);
	return 0;
}

int pf_view_read(const struct host *host, const struct pf *pf, struct pf_view *view,
		 struct err *err)
{
	vf_places places;
	*view = (struct pf_view){ .pf = *pf };
	int r = vf_places_read(host, pf, NULL, &places, NULL, err);
	for (size_t i = 0; !r && i < places.n; i++) {
		r = read_row(host, view, &places.at[i]);
		if (r)
			err_errno(err, r, "%s", bdf_text(pf->bdf).s);
	}
	vec_free(&places);
	return r;
}

void pf_view_fini(struct pf_view *view)
{
	vec_free(&view->rows);
}

/* --- for people --- */

static void put_header(struct table *table)
{
	static const char *const titles[] = { "VF",    "ADDRESS",  "DRIVER", "MAC",  "VLAN",
					      "TRUST", "SPOOFCHK", "LINK",   "RATE", "HELD BY" };
	for (unsigned i = 0; i < sizeof(titles) / sizeof(*titles); i++)
		table_cell(table, SHADE_DIM, "%s", titles[i]);
	table_end_row(table);
}

static void put_vlan(struct table *table, const struct vf_settings *settings)
{
	const uint32_t *value = settings->value;
	if (!(settings->known & VF_BIT(VF_VLAN)))
		table_cell(table, SHADE_NONE, "?");
	else if (!value[VF_VLAN] && !value[VF_QOS])
		table_cell(table, SHADE_NONE, "-");
	else if (value[VF_QOS])
		table_cell(table, SHADE_NONE, "%u qos %u%s", value[VF_VLAN], value[VF_QOS],
			   value[VF_PROTO] == VF_PROTO_8021AD ? " 802.1ad" : "");
	else
		table_cell(table, SHADE_NONE, "%u%s", value[VF_VLAN],
			   value[VF_PROTO] == VF_PROTO_8021AD ? " 802.1ad" : "");
}

static void put_rate(struct table *table, const struct vf_settings *settings)
{
	uint32_t min = settings->value[VF_MIN_RATE], max = settings->value[VF_MAX_RATE];
	if (!(settings->known & VF_BIT(VF_MAX_RATE)))
		table_cell(table, SHADE_NONE, "?");
	else if (min && max)
		table_cell(table, SHADE_NONE, "%u-%u Mb/s", min, max);
	else if (min || max)
		table_cell(table, SHADE_NONE, "%s %u Mb/s", max ? "max" : "min", min + max);
	else
		table_cell(table, SHADE_NONE, "-");
}

static void put_row(struct table *table, const struct vf_row *row)
{
	const struct vf_settings *settings = &row->settings;
	bool no_mac = (settings->known & VF_BIT(VF_MAC)) && mac_is_zero(settings->mac);
	table_cell(table, SHADE_STRONG, "%u", row->place.index);
	table_cell(table, SHADE_NONE, "%s", bdf_text(row->place.bdf).s);
	table_cell(table, SHADE_NONE, "%s", *row->driver ? row->driver : "-");
	table_cell(table, no_mac ? SHADE_WARN : SHADE_NONE, "%s",
		   no_mac ? "none" : vf_value_text(settings, VF_MAC).s);
	put_vlan(table, settings);
	table_cell(table, SHADE_NONE, "%s", vf_value_text(settings, VF_TRUST).s);
	table_cell(table, SHADE_NONE, "%s", vf_value_text(settings, VF_SPOOFCHK).s);
	table_cell(table, SHADE_NONE, "%s", vf_value_text(settings, VF_LINK_STATE).s);
	put_rate(table, settings);
	table_cell(table, SHADE_NONE, "%s", *row->place.holder.s ? row->place.holder.s : "-");
	table_end_row(table);
}

static void print_pf(const struct pf *pf, FILE *out, bool colour)
{
	fprintf(out, "%s%s%s", shade_on(SHADE_STRONG, colour), bdf_text(pf->bdf).s,
		shade_off(SHADE_STRONG, colour));
	if (*pf->netdev)
		fprintf(out, " %s", pf->netdev);
	fprintf(out, " (%s): %u of %u VFs", *pf->driver ? pf->driver : "no driver", pf->count,
		pf->total);
	if (*pf->netdev && !pf->is_up)
		fprintf(out, "; %sdown, so its VFs have no link%s: ip link set %s up",
			shade_on(SHADE_WARN, colour), shade_off(SHADE_WARN, colour), pf->netdev);
	fputc('\n', out);
}

int pf_view_print(const struct pf_view *view, FILE *out, bool colour, unsigned width)
{
	struct table table = { .indent = "  ", .width = width };
	print_pf(&view->pf, out, colour);
	if (!view->rows.n)
		return 0;
	put_header(&table);
	for (size_t i = 0; i < view->rows.n; i++)
		put_row(&table, &view->rows.at[i]);
	int r = table_print(&table, out, colour);
	if (*view->trouble)
		fprintf(out, "  settings are unknown: %s\n", view->trouble);
	return r;
}

/* --- for programs --- */

static json_t *value_json(const struct vf_settings *settings, enum vf_key key)
{
	if (!(settings->known & VF_BIT(key)))
		return json_null();
	switch (key) {
	case VF_SPOOFCHK:
	case VF_TRUST:
		return json_boolean(settings->value[key]);
	case VF_MAC:
	case VF_PROTO:
	case VF_LINK_STATE:
		return json_string(vf_value_text(settings, key).s);
	default:
		return json_integer(settings->value[key]);
	}
}

static json_t *text_or_null(const char *text)
{
	return *text ? json_text(text) : json_null();
}

static json_t *row_json(const void *ctx, size_t i)
{
	const struct vf_row *row = &((const struct pf_view *)ctx)->rows.at[i];
	json_t *json = json_pack("{s:i, s:s, s:o, s:o}", "index", (int)row->place.index, "address",
				 bdf_text(row->place.bdf).s, "driver", text_or_null(row->driver),
				 "held_by", text_or_null(row->place.holder.s));
	for (unsigned key = 0; json && key < N_VF_KEYS; key++)
		if (json_object_set_new(json, vf_key_word((enum vf_key)key),
					value_json(&row->settings, (enum vf_key)key))) {
			json_decref(json);
			return NULL;
		}
	return json;
}

json_t *pf_view_json(const struct pf_view *view)
{
	const struct pf *pf = &view->pf;
	return json_pack("{s:s, s:o, s:o, s:b, s:i, s:i, s:b, s:o, s:o}", "address",
			 bdf_text(pf->bdf).s, "interface", text_or_null(pf->netdev), "driver",
			 text_or_null(pf->driver), "up", pf->is_up, "total", (int)pf->total,
			 "count", (int)pf->count, "autoprobe", pf->autoprobe, "trouble",
			 text_or_null(view->trouble), "vfs",
			 json_list(row_json, view, view->rows.n));
}
