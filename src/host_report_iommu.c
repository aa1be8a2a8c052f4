/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IOMMU, interrupt remapping, VFIO, and the memory that firmware keeps for devices. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/text.h"
#include "host_report_parts.h"

static const char section[] = "IOMMU";

/* VT-d 4.1 §11.4.2, §11.4.3; AMD IOMMU 3.10, MMIO offset 0030h */
#define CAP_LARGE_2M (UINT64_C(1) << 34)
#define CAP_LARGE_1G (UINT64_C(1) << 35)
#define CAP_POSTED (UINT64_C(1) << 59)
#define ECAP_INTREMAP (UINT64_C(1) << 3)
#define EFR_GUEST_APIC (UINT64_C(1) << 7)

struct units {
	unsigned n_intel, n_amd, n_other;
	uint64_t cap, ecap, efr; /* bits that all units have; 0 without units of the kind */
};

static uint64_t hex_attr(int dir, const char *unit, const char *attr)
{
	char path[320], text[32];
	snprintf(path, sizeof(path), "%s/%s", unit, attr);
	return file_read(dir, path, text, sizeof(text)) > 0 ? strtoull(text, NULL, 16) : 0;
}

static struct units read_units(const struct host_report *report)
{
	struct units units = { .cap = UINT64_MAX, .ecap = UINT64_MAX, .efr = UINT64_MAX };
	autodir DIR *list = dir_open(report->host->sys, "class/iommu");
	const char *name;
	while ((name = dir_next(list, ""))) {
		if (!strncmp(name, "dmar", 4)) {
			units.n_intel++;
			units.cap &= hex_attr(dirfd(list), name, "intel-iommu/cap");
			units.ecap &= hex_attr(dirfd(list), name, "intel-iommu/ecap");
		} else if (!strncmp(name, "ivhd", 4)) {
			units.n_amd++;
			units.efr &= hex_attr(dirfd(list), name, "amd-iommu/features");
		} else {
			units.n_other++;
		}
	}
	if (!units.n_intel)
		units.cap = units.ecap = 0;
	if (!units.n_amd)
		units.efr = 0;
	return units;
}

static bool has_table(const struct host_report *report, const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "firmware/acpi/tables/%s", name);
	return !faccessat(report->host->sys, path, F_OK, 0);
}

static void no_iommu(struct host_report *report)
{
	struct fact *fact = fact_add(report, section, "IOMMU", FACT_MISSING, "none in use");
	if (report_booted_with(report, "intel_iommu=off") ||
	    report_booted_with(report, "amd_iommu=off") || report_booted_with(report, "iommu=off"))
		fact_remedy(fact, "the kernel was told so: take intel_iommu=off, amd_iommu=off or "
				  "iommu=off from its command line");
	else if (has_table(report, "DMAR"))
		fact_remedy(fact, "start the kernel with intel_iommu=on");
	else if (has_table(report, "IVRS"))
		fact_remedy(fact,
			    "the firmware has one (IVRS): look for AMD-Vi in the kernel's log");
	else
		fact_remedy(fact, "switch VT-d or AMD-Vi (often just \"IOMMU\") on in the "
				  "firmware's set-up");
}

static unsigned count_groups(const struct inventory *inv)
{
	unsigned n = 0;
	for (size_t i = 0; i < inv->devs.n; i++) {
		size_t j = 0;
		while (j < i && inv->devs.at[j].group != inv->devs.at[i].group)
			j++;
		n += j == i && inv->devs.at[i].group >= 0;
	}
	return n;
}

static void report_units(struct host_report *report, const struct units *units)
{
	unsigned n = units->n_intel + units->n_amd + units->n_other;
	if (!report->inv->has_iommu) {
		no_iommu(report);
		return;
	}
	fact_add(report, section, "IOMMU", FACT_GOOD, "%u %s unit%s", n,
		 units->n_intel ? "VT-d"
		 : units->n_amd ? "AMD-Vi"
				: "other",
		 n == 1 ? "" : "s");
	fact_add(report, section, "groups", FACT_PLAIN, "%u with PCI devices",
		 count_groups(report->inv));
}

/* What the interrupt chips are called: with remapping all names start with IR-. 0 = nobody knows.
 */
static char remaps(const struct host_report *report)
{
	char answer = 0;
	autodir DIR *list = dir_open(report->host->sys, "kernel/irq");
	const char *name;
	for (unsigned n = 0; n < 256 && (name = dir_next(list, "")); n++) {
		char path[280], text[64];
		snprintf(path, sizeof(path), "%.200s/chip_name", name);
		if (file_read(dirfd(list), path, text, sizeof(text)) <= 0)
			continue;
		if (!strncmp(text, "IR-", 3))
			return 'Y';
		if (strstr(text, "IO-APIC") || strstr(text, "PCI-MSI"))
			answer = 'N';
	}
	return answer;
}

static void report_remapping(struct host_report *report, const struct units *units)
{
	static const char name[] = "interrupt remapping";
	char answer = remaps(report);
	bool unsafe = report->inv->unsafe_type1 || report->inv->unsafe_iommufd;
	if (answer == 'Y') {
		fact_add(report, section, name, FACT_GOOD, "on");
		return;
	}
	if (!answer) {
		fact_add(report, section, name, FACT_UNKNOWN, "unknown: this kernel does not say");
		return;
	}
	struct fact *fact = fact_add(report, section, name, unsafe ? FACT_WEAK : FACT_MISSING,
				     "off%s", unsafe ? "; VFIO was told to do without" : "");
	if (units->n_intel && !(units->ecap & ECAP_INTREMAP))
		fact_remedy(fact, "the IOMMU cannot; only with guests you trust: "
				  "vfio_iommu_type1.allow_unsafe_interrupts=1");
	else if (report_booted_with(report, "intremap="))
		fact_remedy(fact, "take intremap= from the kernel's command line");
	else
		fact_remedy(fact,
			    "switch x2APIC or interrupt remapping on in the firmware's set-up");
}

static void report_posting(struct host_report *report, const struct units *units)
{
	static const char name[] = "posted interrupts";
	bool unit = units->n_intel ? units->cap & CAP_POSTED : units->efr & EFR_GUEST_APIC;
	bool cpu = units->n_intel ? report_param(report, "kvm_intel", "enable_apicv") == 'Y'
				  : report_param(report, "kvm_amd", "avic") == 'Y';
	if (!units->n_intel && !units->n_amd)
		return;
	if (unit && cpu)
		fact_add(report, section, name, FACT_GOOD,
			 "devices interrupt a running guest without the host");
	else
		fact_add(report, section, name, FACT_WEAK,
			 "no: %s cannot; the host kernel injects each interrupt",
			 unit ? "KVM" : "the IOMMU");
}

static void report_pages(struct host_report *report, const struct units *units)
{
	if (!units->n_intel)
		return;
	bool two = units->cap & CAP_LARGE_2M, one = units->cap & CAP_LARGE_1G;
	fact_add(report, section, "large pages", two && one ? FACT_GOOD : FACT_WEAK, "%s",
		 two && one ? "2M and 1G"
		 : two      ? "2M, not 1G"
			    : "none: mapping guest memory takes longer");
}

/* Which devices firmware keeps memory for; they cannot be assigned. */
static void report_reserved(struct host_report *report)
{
	char list[256];
	struct text text = text_in(list, sizeof(list));
	const struct inventory *inv = report->inv;
	for (size_t i = 0; i < inv->devs.n; i++)
		for (size_t j = 0; j < inv->reserved.n; j++)
			if (inv->reserved.at[j].group == inv->devs.at[i].group &&
			    !strcmp(inv->reserved.at[j].type, "direct") &&
			    !pci_dev_is_bridge(&inv->devs.at[i])) {
				text_put(&text, "%s%s", text.n ? ", " : "",
					 bdf_text(inv->devs.at[i].bdf).s);
				break;
			}
	if (!text.n) {
		if (inv->has_iommu)
			fact_add(report, section, "reserved regions", FACT_GOOD,
				 "none that firmware keeps for a device");
		return;
	}
	fact_remedy(fact_add(report, section, "reserved regions", FACT_WEAK,
			     "firmware keeps memory for %s", list),
		    "such a device cannot be assigned; a setting of the firmware may free it "
		    "(legacy USB, shared management port, DVMT)");
}

static void report_vfio(struct host_report *report)
{
	const struct inventory *inv = report->inv;
	if (inv->has_vfio_pci)
		fact_add(report, section, "vfio-pci", FACT_GOOD, "loaded");
	else
		fact_remedy(fact_add(report, section, "vfio-pci", FACT_PLAIN, "not loaded"),
			    "a run loads it; by hand: modprobe vfio-pci");
	if (inv->has_vfio)
		fact_add(report, section, "back ends", FACT_PLAIN, "%s",
			 inv->has_iommufd && inv->has_vfio_container ? "iommufd, type 1"
			 : inv->has_iommufd                          ? "iommufd"
			 : inv->has_vfio_container                   ? "type 1"
								     : "none yet");
}

void report_iommu(struct host_report *report)
{
	struct units units = read_units(report);
	report_units(report, &units);
	if (report->inv->has_iommu) {
		report_remapping(report, &units);
		report_posting(report, &units);
		report_pages(report, &units);
	}
	report_reserved(report);
	if (report_booted_with(report, "pcie_acs_override="))
		fact_remedy(fact_add(report, section, "isolation", FACT_WEAK,
				     "the kernel takes ACS for given (pcie_acs_override)"),
			    "groups may promise more than the hardware keeps: only with guests you "
			    "trust");
	report_vfio(report);
}
