/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is dumped reads back the same. */
#include "fake/profile_fixture.h"

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

/* Texts that a scanner could stumble over. */
static char *random_text(const char *prefix)
{
	static const char *const pieces[] = {
		"\"", "\\", "\\\\\"", "#",     "//",       "/*", "*/", "@include \"x\"", "a", " ",
		"=",  ";",  "\\n",    "\\x41", "\xc3\xa4", "(",  "}",  "99999999999",    "'", "%s"
	};
	char text[256] = "";
	snprintf(text, sizeof(text), "%s", prefix);
	for (uint32_t n = random_below(12); n; n--)
		strcat(text, pieces[random_below(ARRAY_LEN(pieces))]);
	return strdup(text);
}

static void random_vf(struct profile_device *d, unsigned i)
{
	char pf[32];
	snprintf(pf, sizeof(pf), "eth%u", i);
	d->vf.pf = strdup(pf);
	d->vf.index = random_below(2) ? OPT_NONE : random_below(64);
	d->vf.mac = random_below(2) ? NULL : strdup("52:54:00:0b:01:00");
	d->vf.vlan = random_below(2) ? OPT_NONE : 1 + random_below(4095);
	d->vf.max_rate = random_below(2) ? OPT_NONE : random_below(100000);
	d->vf_token = random_below(2) ? NULL : strdup("14d63f20-8445-11ea-8900-1f9ce7d5650d");
	d->vf.queues = random_below(2) ? OPT_NONE : 1 + random_below(65534);
	d->vf.trust = random_below(3);
	d->vf.link_state = random_below(4);
}

static void random_device(struct profile_device *d, unsigned i)
{
	static const char *const forms[] = { "%04x:01:00.0", "10de:%04x" };
	char pci[32];
	d->vf.index = d->vf.vlan = d->vf.qos = d->vf.min_rate = d->vf.max_rate = d->vf.queues =
		OPT_NONE;
	d->boot_index = OPT_NONE; /* test_boot_order.c has those */
	d->guest_slot = random_below(2) ? OPT_NONE : 1 + random_below(28);
	d->igd_stolen = random_below(2) ? 0 : 32 * MIB;
	d->igd_bridges = random_below(2) ? IGD_BRIDGES_HOST : IGD_BRIDGES_OWN;
	if (random_below(3) == 0) {
		random_vf(d, i);
		return;
	}
	d->by_id = random_below(2);
	snprintf(pci, sizeof(pci), d->by_id ? forms[1] : forms[0], i);
	d->pci = strdup(pci);
	d->bdf = d->by_id ? (struct bdf){ 0 } : (struct bdf){ i, 1, 0, 0 };
	d->vendor = d->by_id ? 0x10de : 0;
	d->device = d->by_id ? (uint16_t)i : 0;
	uint32_t rom = random_below(3);
	d->rom = rom == 0 ? NULL : rom == 1 ? strdup("off") : random_text("/");
	d->group = (enum group_policy)random_below(3);
	d->identity.ids = random_below(2) ? NULL : strdup("8086:10c9");
	d->identity.subsystem = random_below(2) ? NULL : strdup("8086:a03c");
	d->identity.serial = random_below(2) ? NULL : strdup("00-1b-21-ff-ff-a3-b4-c5");
	d->identity.slot = random_below(2) ? NULL : strdup("0000:00/01.0/00.0");
}

/* In place of the default, as everything here. */
static void set_text(char **text, char *value)
{
	free(*text);
	*text = value;
}

static void random_profile(struct profile *p)
{
	memset(p, 0, sizeof(*p));
	assert_int_equal(opt_defaults(&profile_options, p, NULL), 0);
	set_text(&p->name, strdup("n-1"));
	p->vcpus = 1 + random_below(PROFILE_MAX_VCPUS);
	p->memory = (128 + (uint64_t)random_below(1u << 23)) * 2 * MIB;
	set_text(&p->boot.kernel, random_text("/"));
	set_text(&p->boot.initrd, random_below(2) ? random_text("/") : NULL);
	set_text(&p->boot.cmdline, random_text(""));
	set_text(&p->firmware.code, random_text("/"));
	set_text(&p->firmware.vars, random_below(2) ? random_text("/") : NULL);
	set_text(&p->firmware.template, random_below(2) ? random_text("/") : NULL);
	set_text(&p->firmware.log, random_below(2) ? random_text("/") : NULL);
	p->firmware.type = (enum firmware_type)random_below(2);
	p->firmware.secure_boot = !p->boot.kernel && random_below(2);
	p->console = (enum console_kind)random_below(2);
	p->reboot = (enum reboot_policy)random_below(2);
	p->iommu = (enum iommu_kind)random_below(3);
	p->unsafe_interrupts = random_below(2);
	p->force = random_below(2);
	p->stop_timeout_s = random_below(3601);
	p->driver_timeout_s = 1 + random_below(3600);
	p->n_devices = random_below(PROFILE_MAX_DEVICES + 1);
	for (unsigned i = 0; i < p->n_devices; i++)
		random_device(&p->device[i], i);
}

static void assert_same_text(const char *a, const char *b)
{
	if (a && b)
		assert_string_equal(a, b);
	else
		assert_ptr_equal(a, b);
}

static void assert_same_device(const struct profile_device *a, const struct profile_device *b)
{
	assert_same_text(a->pci, b->pci);
	assert_same_text(a->rom, b->rom);
	assert_int_equal(a->by_id, b->by_id);
	assert_true(bdf_equal(a->bdf, b->bdf));
	assert_int_equal(a->vendor, b->vendor);
	assert_int_equal(a->device, b->device);
	assert_int_equal(a->group, b->group);
	assert_int_equal(a->guest_slot, b->guest_slot);
	assert_int_equal(a->igd_stolen, b->igd_stolen);
	assert_int_equal(a->igd_bridges, b->igd_bridges);
	assert_same_text(a->identity.ids, b->identity.ids);
	assert_same_text(a->identity.subsystem, b->identity.subsystem);
	assert_same_text(a->identity.serial, b->identity.serial);
	assert_same_text(a->identity.slot, b->identity.slot);
	assert_same_text(a->vf.pf, b->vf.pf);
	assert_same_text(a->vf_token, b->vf_token);
	assert_same_text(a->vf.mac, b->vf.mac);
	assert_int_equal(a->vf.index, b->vf.index);
	assert_int_equal(a->vf.queues, b->vf.queues);
	struct vf_settings x = profile_vf_settings(&a->vf), y = profile_vf_settings(&b->vf);
	assert_int_equal(x.known, y.known);
	assert_int_equal(vf_settings_differ(&x, &y), 0);
}

static void assert_same(const struct profile *a, const struct profile *b)
{
	assert_same_text(a->name, b->name);
	assert_int_equal(a->vcpus, b->vcpus);
	assert_int_equal(a->memory, b->memory);
	assert_same_text(a->boot.kernel, b->boot.kernel);
	assert_same_text(a->boot.initrd, b->boot.initrd);
	assert_same_text(a->firmware.code, b->firmware.code);
	assert_same_text(a->firmware.vars, b->firmware.vars);
	assert_same_text(a->firmware.template, b->firmware.template);
	assert_same_text(a->firmware.log, b->firmware.log);
	assert_int_equal(a->firmware.type, b->firmware.type);
	assert_int_equal(a->firmware.secure_boot, b->firmware.secure_boot);
	assert_same_text(a->boot.cmdline, b->boot.cmdline);
	assert_int_equal(a->console, b->console);
	assert_int_equal(a->reboot, b->reboot);
	assert_int_equal(a->iommu, b->iommu);
	assert_int_equal(a->unsafe_interrupts, b->unsafe_interrupts);
	assert_int_equal(a->force, b->force);
	assert_int_equal(a->stop_timeout_s, b->stop_timeout_s);
	assert_int_equal(a->driver_timeout_s, b->driver_timeout_s);
	assert_int_equal(a->n_devices, b->n_devices);
	for (unsigned i = 0; i < a->n_devices; i++)
		assert_same_device(&a->device[i], &b->device[i]);
}

static void a_dumped_profile_reads_back_the_same(void **state)
{
	struct fixture *f = *state;
	for (uint32_t seed = 1; seed <= 300; seed++) {
		struct profile original;
		char *text;
		size_t size;
		random_state = seed * 2654435761u;
		random_profile(&original);
		FILE *out = open_memstream(&text, &size);
		assert_int_equal(profile_dump(&original, out), 0);
		fclose(out);
		if (load(f, text))
			fail_msg("seed %u: %s in\n%s", seed, f->text, text);
		assert_same(&original, &f->profile);
		profile_fini(&original);
		free(text);
	}
}

static void a_dump_into_a_full_file_fails(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(load(f, MINIMAL), 0);
	FILE *full = fopen("/dev/full", "we");
	if (!full)
		skip();
	assert_int_equal(profile_dump(&f->profile, full), -EIO);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dumped_profile_reads_back_the_same),
		TEST(a_dump_into_a_full_file_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
