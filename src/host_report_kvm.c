/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor's part: KVM and what makes its guests fast. */
#include <string.h>
#include <unistd.h>

#include "host_report_parts.h"

static const char section[] = "KVM";

struct vendor {
	const char *name, *flag, *module, *switch_name;
};
static const struct vendor intel = { "Intel VT-x", "vmx", "kvm_intel", "Intel VT-x (VMX)" };
static const struct vendor amd = { "AMD-V", "svm", "kvm_amd", "AMD-V (SVM)" };

static const struct vendor *vendor_of(const struct host_report *report)
{
	return strstr(report->cpuinfo, "GenuineIntel") ? &intel
	       : strstr(report->cpuinfo, "AuthenticAMD") || strstr(report->cpuinfo, "HygonGenuine")
		       ? &amd
		       : NULL;
}

static void report_device(struct host_report *report, const struct vendor *vendor)
{
	if (report->inv->has_kvm) {
		fact_add(report, section, "/dev/kvm", FACT_GOOD, "there%s%s", vendor ? ", " : "",
			 vendor ? vendor->name : "");
		return;
	}
	struct fact *fact = fact_add(report, section, "/dev/kvm", FACT_MISSING, "missing");
	if (!vendor)
		fact_remedy(fact, "the processor is not one that Bulkhead knows");
	else if (report_cpu_has(report, "flags", vendor->flag))
		fact_remedy(fact, "modprobe %s", vendor->module);
	else
		fact_remedy(fact, "switch %s on in the firmware's set-up", vendor->switch_name);
}

/* A parameter of the module that ought to be on. */
static void report_switch(struct host_report *report, const char *module, const char *param,
			  const char *name, const char *without)
{
	char value = report_param(report, module, param);
	if (value == 'Y')
		fact_add(report, section, name, FACT_GOOD, "on");
	else if (!value)
		fact_add(report, section, name, FACT_UNKNOWN, "unknown: %s is not loaded", module);
	else
		fact_remedy(fact_add(report, section, name, FACT_WEAK, "off: %s", without),
			    "load %s with %s=1, if the processor can", module, param);
}

static void report_intel(struct host_report *report)
{
	report_switch(report, "kvm_intel", "ept", "nested paging (EPT)",
		      "every change of a guest's page tables is an exit");
	report_switch(report, "kvm_intel", "vpid", "VPID", "every exit empties the TLB");
	report_switch(report, "kvm_intel", "enable_apicv", "APIC virtualisation (APICv)",
		      "the guest exits to acknowledge interrupts");
	if (!strstr(report->cpuinfo, "vmx flags"))
		fact_add(report, section, "large pages", FACT_UNKNOWN,
			 "unknown: this kernel does not list them");
	else if (report_cpu_has(report, "vmx flags", "ept_1gb"))
		fact_add(report, section, "large pages", FACT_GOOD, "2M and 1G");
	else
		fact_add(report, section, "large pages", FACT_WEAK, "2M, not 1G");
}

static void report_amd(struct host_report *report)
{
	report_switch(report, "kvm_amd", "npt", "nested paging (NPT)",
		      "every change of a guest's page tables is an exit");
	report_switch(report, "kvm_amd", "avic", "APIC virtualisation (AVIC)",
		      "every interrupt of an assigned device is injected by the host");
	if (report_cpu_has(report, "flags", "pdpe1gb"))
		fact_add(report, section, "large pages", FACT_GOOD, "2M and 1G");
	else
		fact_add(report, section, "large pages", FACT_WEAK, "2M, not 1G");
}

void report_kvm(struct host_report *report)
{
	const struct vendor *vendor = vendor_of(report);
	report_device(report, vendor);
	if (vendor == &intel)
		report_intel(report);
	else if (vendor == &amd)
		report_amd(report);
}
