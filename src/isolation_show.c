/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The explanation for people, and the same for programs. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "base/bytes.h"
#include "base/table.h"
#include "base/text.h"
#include "isolation.h"
#include "json.h"

struct service {
	uint16_t bit;
	char name[3];
};
static const struct service services[] = {
	/* abbreviated as lspci does */
	{ PCI_ACS_SV, "SV" }, { PCI_ACS_TB, "TB" }, { PCI_ACS_RR, "RR" }, { PCI_ACS_CR, "CR" },
	{ PCI_ACS_UF, "UF" }, { PCI_ACS_EC, "EC" }, { PCI_ACS_DT, "DT" },
};

static const char *type_name(const struct isolation_step *step)
{
	static const char *const names[] = {
		[PCI_EXP_TYPE_ENDPOINT] = "endpoint",
		[PCI_EXP_TYPE_LEG_END] = "legacy endpoint",
		[PCI_EXP_TYPE_ROOT_PORT] = "root port",
		[PCI_EXP_TYPE_UPSTREAM] = "switch upstream port",
		[PCI_EXP_TYPE_DOWNSTREAM] = "switch downstream port",
		[PCI_EXP_TYPE_PCI_BRIDGE] = "bridge to PCI",
		[PCI_EXP_TYPE_PCIE_BRIDGE] = "bridge from PCI",
		[PCI_EXP_TYPE_RC_END] = "integrated endpoint",
		[PCI_EXP_TYPE_RC_EC] = "event collector",
	};
	if (!step->readable)
		return "?";
	if (step->state == ISOLATION_CONVENTIONAL && !step->pcie_type)
		return "conventional PCI";
	const char *name = step->pcie_type < ARRAY_LEN(names) ? names[step->pcie_type] : NULL;
	return name ? name : "unknown type";
}

/* "SV+ TB- RR+ …", of those the capability has. */
static void put_services(struct text *text, const struct isolation_step *step)
{
	if (!step->readable || !step->acs.present) {
		text_put(text, "%s", step->readable ? "none" : "?");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (step->acs.cap & services[i].bit)
			text_put(text, "%s%s%c", text->n ? " " : "", services[i].name,
				 step->acs.ctrl & services[i].bit ? '+' : '-');
	if (!text->n)
		text_put(text, "wired");
}

/* "SV, RR": the services of `bits`. */
static void put_names(struct text *text, uint16_t bits)
{
	const char *comma = "";
	for (size_t i = 0; i < ARRAY_LEN(services); i++)
		if (bits & services[i].bit) {
			text_put(text, "%s%s", comma, services[i].name);
			comma = ", ";
		}
}

static void put_state(struct text *text, const struct isolation_step *step)
{
	const struct pci_dev *dev = step->dev;
	switch (step->state) {
	case ISOLATION_UNKNOWN:
		text_put(text,
			 dev && dev->asleep ? "asleep in D3cold: not read" : "run as root to see");
		break;
	case ISOLATION_KEPT:
		text_put(text, "keeps apart");
		break;
	case ISOLATION_SINGLE:
		text_put(text, "has one function");
		break;
	case ISOLATION_NO_ACS:
		text_put(text, "has no ACS");
		break;
	case ISOLATION_OFF:
		text_put(text, "ACS is off: ");
		put_names(text, acs_lacking(&step->acs));
		break;
	case ISOLATION_CONVENTIONAL:
		text_put(text, "conventional PCI has no ACS");
		break;
	}
}

static enum shade shade_of(const struct isolation *iso, unsigned i)
{
	const struct isolation_step *step = &iso->step[i];
	if ((int)i == iso->breaks)
		return SHADE_BAD;
	return step->state == ISOLATION_KEPT || step->state == ISOLATION_SINGLE ? SHADE_GOOD
	       : step->state == ISOLATION_UNKNOWN                               ? SHADE_DIM
										: SHADE_WARN;
}

static int print_path(const struct isolation *iso, FILE *out, bool colour)
{
	static const char *const titles[] = { "PATH", "KIND", "GROUP", "ACS", "" };
	struct table table = { .indent = "  " };
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		table_cell(&table, SHADE_DIM, "%s", titles[i]);
	table_end_row(&table);
	for (unsigned i = iso->n; i-- > 0;) {
		const struct isolation_step *step = &iso->step[i];
		char acs[64], state[128];
		struct text acs_text = text_in(acs, sizeof(acs));
		struct text state_text = text_in(state, sizeof(state));
		put_services(&acs_text, step);
		put_state(&state_text, step);
		table_cell(&table, SHADE_NONE, "%s", bdf_text(step->bdf).s);
		table_cell(&table, SHADE_NONE, "%s", type_name(step));
		if (step->dev && step->dev->group >= 0)
			table_cell(&table, SHADE_NONE, "%d", step->dev->group);
		else
			table_cell(&table, SHADE_NONE, "-");
		table_cell(&table, SHADE_NONE, "%s", acs);
		table_cell(&table, shade_of(iso, i), "%s%s",
			   (int)i == iso->breaks ? "breaks it: " : "", state);
		table_end_row(&table);
	}
	return table_print(&table, out, colour);
}

static const char *driver_or(const struct pci_dev *dev)
{
	return pci_dev_is_bridge(dev) ? "bridge" : *dev->driver ? dev->driver : "no driver";
}

/* One sentence and the devices that are in the group for this cause; nothing when there is none. */
static void print_shared(const struct isolation *iso, FILE *out, enum isolation_cause cause,
			 const char *sentence)
{
	const char *before = sentence;
	for (size_t i = 0; i < iso->shared.n; i++) {
		const struct isolation_share *share = &iso->shared.at[i];
		if (share->cause != cause)
			continue;
		fprintf(out, "%s %s (%s)", before, bdf_text(share->dev->bdf).s,
			driver_or(share->dev));
		before = ",";
	}
	if (before != sentence)
		fputs(".\n", out);
}

static void print_break(const struct isolation *iso, FILE *out)
{
	const struct isolation_step *port = &iso->step[iso->breaks];
	fprintf(out, "  Isolation ends at %s: ", bdf_text(port->bdf).s);
	if (port->state == ISOLATION_CONVENTIONAL)
		fputs("all below it send with one address, or past any check.\n", out);
	else if (port->state == ISOLATION_UNKNOWN)
		fputs("why is in its configuration space, which could not be read.\n", out);
	else if (port->state >= ISOLATION_NO_ACS)
		fputs("without ACS what is below it may reach each other past the IOMMU.\n", out);
	else
		fputs("its ACS is on now, but was not when the kernel made the groups.\n", out);
}

static void print_slots(const struct isolation *iso, FILE *out)
{
	if (!iso->n_slots)
		return;
	fputs("  Root ports that keep apart what is below them:", out);
	for (unsigned i = 0; i < iso->n_slots; i++)
		fprintf(out, "%s %s", i ? "," : "", bdf_text(iso->slot[i]).s);
	fputs(".\n", out);
}

/* A port by the register without ACS, and yet what is below has a group of its own. */
static bool trusted(const struct isolation *iso)
{
	for (unsigned i = 1; i < iso->n; i++)
		if (iso->step[i].state >= ISOLATION_NO_ACS && (int)i > iso->breaks)
			return iso->dev->group >= 0;
	return false;
}

int isolation_print(const struct isolation *iso, FILE *out, bool colour)
{
	fprintf(out, "\n%sisolation%s\n", shade_on(SHADE_STRONG, colour),
		shade_off(SHADE_STRONG, colour));
	int r = print_path(iso, out, colour);
	if (r)
		return r;
	if (iso->dev->group < 0)
		fputs("  No IOMMU group: nothing keeps its DMA to a guest's memory.\n", out);
	else if (iso->breaks >= 0)
		print_break(iso, out);
	else if (!iso->shared.n)
		fputs("  It is alone in its group.\n", out);
	print_shared(iso, out, ISOLATION_BY_PORT, "  Because of that its group also holds");
	print_shared(iso, out, ISOLATION_BY_FUNCTION,
		     "  Functions of one device are not kept apart:");
	print_shared(iso, out, ISOLATION_BY_OTHER,
		     "  By a rule of the kernel's (an alias or a quirk) its group also holds");
	print_slots(iso, out);
	if (trusted(iso) && iso->overridden)
		fputs("  The kernel takes ACS for given (pcie_acs_override): groups may promise "
		      "more "
		      "than the hardware keeps.\n",
		      out);
	else if (trusted(iso))
		fputs("  The kernel knows the port to isolate without the capability (a quirk).\n",
		      out);
	return 0;
}

/* --- JSON --- */

static const char *state_word(enum isolation_state state)
{
	static const char *const words[] = {
		[ISOLATION_UNKNOWN] = "unknown", [ISOLATION_KEPT] = "kept",
		[ISOLATION_SINGLE] = "single",   [ISOLATION_NO_ACS] = "no-acs",
		[ISOLATION_OFF] = "off",         [ISOLATION_CONVENTIONAL] = "conventional",
	};
	return words[state];
}

static json_t *step_json(const void *ctx, size_t i)
{
	const struct isolation *iso = ctx;
	const struct isolation_step *step = &iso->step[iso->n - 1 - i];
	json_t *acs = !step->acs.present
			      ? json_null()
			      : json_pack("{s:i, s:i, s:i}", "capability", step->acs.cap, "control",
					  step->acs.ctrl, "lacking", acs_lacking(&step->acs));
	return json_pack("{s:s, s:s, s:s, s:o, s:b}", "address", bdf_text(step->bdf).s, "kind",
			 type_name(step), "state", state_word(step->state), "acs", acs, "breaks",
			 (int)(iso->n - 1 - i) == iso->breaks);
}

static json_t *share_json(const void *ctx, size_t i)
{
	static const char *const causes[] = { [ISOLATION_BY_PORT] = "port",
					      [ISOLATION_BY_FUNCTION] = "function",
					      [ISOLATION_BY_OTHER] = "other" };
	const struct isolation_share *share = &((const struct isolation *)ctx)->shared.at[i];
	return json_pack("{s:s, s:s}", "address", bdf_text(share->dev->bdf).s, "because",
			 causes[share->cause]);
}

static json_t *slot_json(const void *ctx, size_t i)
{
	return json_text(bdf_text(((const struct isolation *)ctx)->slot[i]).s);
}

json_t *isolation_json(const struct isolation *iso)
{
	return json_pack("{s:o, s:o, s:o, s:b}", "path", json_list(step_json, iso, iso->n),
			 "shared", json_list(share_json, iso, iso->shared.n), "isolating_ports",
			 json_list(slot_json, iso, iso->n_slots), "acs_override", iso->overridden);
}
