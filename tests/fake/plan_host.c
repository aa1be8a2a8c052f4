/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/plan_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"

/* A host and a profile in memory: the plan reads nothing else. */
struct inventory inv;
struct profile profile;
struct plan plan;
struct slots dealt;
static char name[] = "demo";

int plan_setup(void **state)
{
	(void)state;
	memset(&inv, 0, sizeof(inv));
	memset(&profile, 0, sizeof(profile));
	memset(&dealt, 0, sizeof(dealt));
	inv.has_iommu = inv.has_intremap = inv.has_kvm = true;
	inv.has_vfio = inv.has_vfio_container = inv.has_vfio_pci = true;
	inv.mem_total = 16 * GIB;
	inv.mem_available = 8 * GIB;
	inv.memlock_limit = inv.memlock_hard = UINT64_MAX;
	inv.cpus = 4;
	inv.phys_bits = 46;
	profile.name = name;
	profile.vcpus = 2;
	profile.memory = GIB;
	return 0;
}

int plan_teardown(void **state)
{
	(void)state;
	plan_fini(&plan);
	vec_free(&inv.devs);
	vec_free(&inv.reserved);
	return 0;
}

/* Added in order of address; pointers stay good until the next one. */
struct pci_dev *add_dev(const char *address, int group, const char *driver)
{
	struct pci_dev *dev = vec_push(&inv.devs);
	assert_non_null(dev);
	assert_return_code(bdf_parse(address, &dev->bdf), 0);
	dev->detailed = true;
	dev->group = group;
	dev->numa_node = -1;
	dev->vendor = 0x8086;
	dev->device = 0x10c9;
	dev->class_code = 0x020000;
	dev->is_pcie = true;
	snprintf(dev->driver, sizeof(dev->driver), "%s", driver);
	snprintf(dev->reset_methods, sizeof(dev->reset_methods), "flr");
	return dev;
}

struct profile_device *want(const char *address, enum group_policy policy)
{
	struct profile_device *wanted = &profile.device[profile.n_devices++];
	wanted->pci = (char *)address;
	wanted->group = policy;
	unsigned vendor, device;
	wanted->by_id = sscanf(address, "%4x:%4x", &vendor, &device) == 2 && strlen(address) == 9;
	if (wanted->by_id) {
		wanted->vendor = (uint16_t)vendor;
		wanted->device = (uint16_t)device;
	} else {
		assert_return_code(bdf_parse(address, &wanted->bdf), 0);
	}
	return wanted;
}

void add_reserved(int group, uint64_t start, uint64_t size, const char *type)
{
	struct reserved_region *region = vec_push(&inv.reserved);
	assert_non_null(region);
	*region = (struct reserved_region){ .group = group, .range = { start, size } };
	snprintf(region->type, sizeof(region->type), "%s", type);
}

void make_with(const struct plan_claim *claims, unsigned n)
{
	const struct plan_facts facts = { .inv = &inv, .claims = claims, .n_claims = n,
					  .slots = &dealt };
	assert_int_equal(plan_make(&plan, &profile, &facts), 0);
}

void make(void)
{
	make_with(NULL, 0);
}

void assert_accepted(void)
{
	make();
	if (plan.refusals.n)
		fail_msg("%s", plan.refusals.at[0].text);
}

/* Exactly one refusal, of this class, that holds all of the words. */
void assert_only_refusal(int code, ...)
{
	va_list words;
	if (plan.refusals.n != 1)
		fail_msg("%zu refusals, the last: %s", plan.refusals.n,
			 plan.refusals.n ? plan.refusals.at[plan.refusals.n - 1].text : "");
	assert_int_equal(plan.refusals.at[0].code, code);
	va_start(words, code);
	for (const char *word; (word = va_arg(words, const char *));)
		if (!strstr(plan.refusals.at[0].text, word))
			fail_msg("no '%s' in: %s", word, plan.refusals.at[0].text);
	va_end(words);
}

void assert_warning(const char *word)
{
	for (size_t i = 0; i < plan.warnings.n; i++)
		if (strstr(plan.warnings.at[i].text, word))
			return;
	fail_msg("no warning of '%s'", word);
}

void assert_guest(unsigned index, unsigned bus, unsigned dev, unsigned fn)
{
	assert_int_equal(plan.device[index].guest.bus, bus);
	assert_int_equal(plan.device[index].guest.dev, dev);
	assert_int_equal(plan.device[index].guest.fn, fn);
}

void gpu_and_audio(enum group_policy policy)
{
	add_dev("0000:00:01.0", 14, "pcieport")->header_type = 1;
	add_dev("0000:01:00.0", 14, "nouveau");
	add_dev("0000:01:00.1", 14, "snd_hda_intel");
	want("0000:01:00.0", policy);
}
