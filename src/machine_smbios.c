/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's SMBIOS tables say: the profile's identity, the processor as the guest sees it. */
#include <string.h>

#include "base/bytes.h"
#include "machine_parts.h"

struct cpu_names {
	char vendor[13];
	char brand[49];
};

static void take_register(char *to, uint32_t value)
{
	le_put(to, sizeof(value), value);
}

/* Leaves 0 and 0x80000002 to 0x80000004 (Intel SDM vol. 2A, CPUID; AMD APM vol. 3 §E). */
static void read_names(struct cpuid *cpuid, struct cpu_names *names)
{
	const struct kvm_cpuid_entry2 *leaf = cpuid_find(cpuid, 0, 0);
	memset(names, 0, sizeof(*names));
	if (leaf) {
		take_register(names->vendor, leaf->ebx);
		take_register(names->vendor + 4, leaf->edx);
		take_register(names->vendor + 8, leaf->ecx);
	}
	for (unsigned i = 0; i < 3; i++) {
		leaf = cpuid_find(cpuid, 0x80000002 + i, 0);
		if (!leaf)
			break;
		take_register(names->brand + 16 * i, leaf->eax);
		take_register(names->brand + 16 * i + 4, leaf->ebx);
		take_register(names->brand + 16 * i + 8, leaf->ecx);
		take_register(names->brand + 16 * i + 12, leaf->edx);
	}
}

static void describe_processor(struct smbios_config *config, struct cpuid *cpuid,
			       struct cpu_names *names)
{
	const struct kvm_cpuid_entry2 *features = cpuid_find(cpuid, 1, 0);
	const struct kvm_cpuid_entry2 *clock = cpuid_find(cpuid, 0x16, 0);
	read_names(cpuid, names);
	config->strings.cpu_manufacturer = names->vendor;
	config->strings.cpu_version = names->brand + strspn(names->brand, " ");
	config->cpu_signature = features ? features->eax : 0;
	config->cpu_features = features ? features->edx : 0;
	config->cpu_mhz = clock ? clock->eax & 0xFFFF : 0;
}

static int add_files(struct machine *m, struct err *err)
{
	int r = fwcfg_add_file(&m->fwcfg, SMBIOS_FILE_ENTRY, m->smbios.entry, SMBIOS_ENTRY_SIZE, err);
	return r ? r : fwcfg_add_file(&m->fwcfg, SMBIOS_FILE_TABLES, m->smbios.tables,
				      m->smbios.size, err);
}

int smbios_up(struct machine *m, struct err *err)
{
	const struct profile *profile = m->plan->profile;
	struct cpu_names names;
	struct smbios_config config = {
		.uefi = profile->firmware.type == FIRMWARE_UEFI,
		.vcpus = profile->vcpus,
		.layout = &m->plan->layout,
	};
	machine_smbios_names(m, &config);
	describe_processor(&config, m->cpuid, &names);
	int r = smbios_build(&m->smbios, &config, err);
	return r || !m->fwcfg.gmem ? r : add_files(m, err);
}

void smbios_down(struct machine *m)
{
	smbios_fini(&m->smbios);
}
