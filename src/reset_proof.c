/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reset_proof.h"

#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "device_path.h"
#include "pci/cap.h"

#define CAPS_MAX 96
#define STEP_MS 50u

void reset_proof_read(const struct host *host, struct bdf bdf, struct reset_proof *ret)
{
	ret->answers = !device_config_read(host, bdf, &ret->config) &&
		       device_config_answers(&ret->config);
}

void reset_proof_await(const struct host *host, struct bdf bdf, unsigned wait_ms,
		       struct reset_proof *ret)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	reset_proof_read(host, bdf, ret);
	for (unsigned waited = 0; !ret->answers && waited < wait_ms; waited += STEP_MS) {
		nanosleep(&step, NULL);
		reset_proof_read(host, bdf, ret);
	}
}

/* --- comparing --- */

/* What of the header must be the same. Base and limit of a bridge are in the place of BARs 2 to 5. */
static const struct {
	const char *what;
	uint8_t off, size;
} header[] = {
	{ "ids", PCI_VENDOR_ID, 4 },
	{ "command", PCI_COMMAND, 2 },
	{ "class and revision", PCI_CLASS_REVISION, 4 },
	{ "header type", PCI_HEADER_TYPE, 1 },
	{ "BAR 0", PCI_BASE_ADDRESS_0, 4 },
	{ "BAR 1", PCI_BASE_ADDRESS_1, 4 },
	{ "BAR 2", PCI_BASE_ADDRESS_2, 4 },
	{ "BAR 3", PCI_BASE_ADDRESS_3, 4 },
	{ "BAR 4", PCI_BASE_ADDRESS_4, 4 },
	{ "BAR 5", PCI_BASE_ADDRESS_5, 4 },
	{ "subsystem", PCI_SUBSYSTEM_VENDOR_ID, 4 },
	{ "ROM", PCI_ROM_ADDRESS, 4 },
};

static void put(struct text *text, const char *what, uint64_t now, uint64_t before)
{
	text_put(text, "%s%s 0x%llx, before 0x%llx", text->n ? "; " : "", what,
		 (unsigned long long)now, (unsigned long long)before);
}

static void compare_header(const uint8_t *before, const uint8_t *after, struct text *text)
{
	for (size_t i = 0; i < ARRAY_LEN(header); i++) {
		uint64_t was = le_get(before + header[i].off, header[i].size);
		uint64_t is = le_get(after + header[i].off, header[i].size);
		if (is != was)
			put(text, header[i].what, is, was);
	}
}

typedef size_t list_caps(const uint8_t *cfg, size_t size, struct pci_cap *ret, size_t max);

static void compare_caps(const struct device_config *before, const struct device_config *after,
			 list_caps *list, const char *what, struct text *text)
{
	struct pci_cap was[CAPS_MAX], is[CAPS_MAX];
	size_t n = list(before->at, before->n, was, CAPS_MAX);
	size_t m = list(after->at, after->n, is, CAPS_MAX);
	bool same = n == m;
	for (size_t i = 0; same && i < n; i++)
		same = was[i].id == is[i].id && was[i].off == is[i].off;
	if (!same)
		put(text, what, m, n);
}

/* 0 where there is no such register. */
static uint16_t cap_word(const struct device_config *config, uint8_t id, unsigned off)
{
	unsigned cap = pci_cap_find(config->at, config->n, id);
	return cap && cap + off + 2 <= config->n ? (uint16_t)le_get(config->at + cap + off, 2) : 0;
}

static void compare_link(const struct device_config *before, const struct device_config *after,
			 struct text *text)
{
	uint16_t was = cap_word(before, PCI_CAP_ID_EXP, PCI_EXP_LNKSTA);
	uint16_t is = cap_word(after, PCI_CAP_ID_EXP, PCI_EXP_LNKSTA);
	if ((is & PCI_EXP_LNKSTA_CLS) < (was & PCI_EXP_LNKSTA_CLS))
		put(text, "link speed", is & PCI_EXP_LNKSTA_CLS, was & PCI_EXP_LNKSTA_CLS);
	if ((is & PCI_EXP_LNKSTA_NLW) < (was & PCI_EXP_LNKSTA_NLW))
		put(text, "link width", (is & PCI_EXP_LNKSTA_NLW) >> 4,
		    (was & PCI_EXP_LNKSTA_NLW) >> 4);
}

static void check_power(const struct device_config *before, const struct device_config *after,
			struct text *text)
{
	uint16_t is = cap_word(after, PCI_CAP_ID_PM, PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK;
	uint16_t was = cap_word(before, PCI_CAP_ID_PM, PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK;
	if (is)
		put(text, "power state D", is, was);
}

bool reset_proof_differs(const struct reset_proof *before, const struct reset_proof *after,
			 struct text *text)
{
	struct text found = text_in((char[512]){ "" }, 512);
	compare_header(before->config.at, after->config.at, &found);
	compare_caps(&before->config, &after->config, pci_cap_list, "number of capabilities",
		     &found);
	compare_caps(&before->config, &after->config, pci_ext_cap_list,
		     "number of extended capabilities", &found);
	compare_link(&before->config, &after->config, &found);
	check_power(&before->config, &after->config, &found);
	text_put(text, "%s", found.at);
	return found.n;
}

/* --- error registers --- */

static void put_errors(const struct host *host, struct bdf bdf, struct text *text)
{
	struct reset_proof now;
	reset_proof_read(host, bdf, &now);
	if (!now.answers) {
		text_put(text, "%s%s does not answer", text->n ? "; " : "", bdf_text(bdf).s);
		return;
	}
	unsigned aer = pci_ext_cap_find(now.config.at, now.config.n, PCI_EXT_CAP_ID_ERR);
	if (!aer || aer + PCI_ERR_HEADER_LOG + 16 > now.config.n) {
		text_put(text, "%s%s has no AER", text->n ? "; " : "", bdf_text(bdf).s);
		return;
	}
	const uint8_t *at = now.config.at + aer;
	text_put(text, "%sAER of %s: uncorrectable 0x%08x, correctable 0x%08x, header",
		 text->n ? "; " : "", bdf_text(bdf).s,
		 (unsigned)le_get(at + PCI_ERR_UNCOR_STATUS, 4),
		 (unsigned)le_get(at + PCI_ERR_COR_STATUS, 4));
	for (unsigned i = 0; i < 4; i++)
		text_put(text, " %08x", (unsigned)le_get(at + PCI_ERR_HEADER_LOG + 4 * i, 4));
}

void reset_proof_errors(const struct host *host, struct bdf bdf, struct text *text)
{
	struct text found = text_in((char[400]){ "" }, 400);
	struct bdf port;
	put_errors(host, bdf, &found);
	if (device_port_above(host, bdf, &port))
		put_errors(host, port, &found);
	text_put(text, "%s", found.at);
}
