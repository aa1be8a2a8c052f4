/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c vfio/uapi.c iommu/uapi.c
// with: fake/fake_sysfs.c fake/host_tree.c fake/fake_vfio.c fake/fake_iommu.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "base/file.h"
#include "by_hand.h"
#include "fake/fake_sysfs.h"
#include "fake/fake_vfio.h"
#include "fake/host_tree.h"
#include "journal.h"
#include "quarantine.h"
#include "reset_device.h"
#include "reset_history.h"
#include "reset_proof.h"

#define PORT "sys/devices/pci0000:00/0000:00:01.0"
#define GPU PORT "/0000:01:00.0"
#define SOUND PORT "/0000:01:00.1"

static const struct bdf gpu = { 0, 1, 0, 0 }, nic = { 0, 5, 0, 0 },
			pf = { 0, 6, 0, 0 }, port = { 0, 0, 1, 0 }, dumb = { 0, 7, 0, 0 };

static struct host_tree tree;
static struct err err;
static struct reset_report report;
static char *before;

/* --- a device's configuration space, and what a reset does to it --- */

static const char *config_of(const char *bdf)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s%s/config",
		 strncmp(bdf, "0000:01", 7) ? "sys/devices/pci0000:00/" : PORT "/", bdf);
	return path;
}

static void put_config(const char *bdf, const uint8_t *cfg, size_t size)
{
	assert_int_equal(tempdir_write(&tree.dir, config_of(bdf), cfg, size), 0);
}

/* PM at 0x40, PCIe at 0x50, AER at 0x100. */
static void make_config(uint8_t cfg[512])
{
	memset(cfg, 0, 512);
	le_put(cfg, 4, 0x1c0310de);
	le_put(cfg + PCI_COMMAND, 2, 0x0406);
	le_put(cfg + PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
	le_put(cfg + PCI_CLASS_REVISION, 4, 0x030000a1);
	le_put(cfg + PCI_BASE_ADDRESS_0, 4, 0xfd000000);
	cfg[PCI_CAPABILITY_LIST] = 0x40;
	cfg[0x40] = PCI_CAP_ID_PM;
	cfg[0x41] = 0x50;
	cfg[0x50] = PCI_CAP_ID_EXP;
	le_put(cfg + 0x50 + PCI_EXP_LNKSTA, 2, 0x0103);
	le_put(cfg + 0x100, 4, 0x00020001);
	le_put(cfg + 0x100 + PCI_ERR_UNCOR_STATUS, 4, 0x4000);
}

/* What each method does: one of these by the method's place in the list. */
enum outcome { WELL, REFUSED, CHANGED, DEAD, HANGS };
static struct {
	const char *method;
	enum outcome outcome;
} script[4];
static char asked[256];

static int on_reset(const struct host *host, const char *bdf, const char *method)
{
	(void)host;
	uint8_t cfg[512];
	snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%s ", method);
	for (size_t i = 0; i < ARRAY_LEN(script) && script[i].method; i++) {
		if (strcmp(script[i].method, method) != 0)
			continue;
		make_config(cfg);
		if (script[i].outcome == REFUSED)
			return -ENOTTY;
		if (script[i].outcome == HANGS) {
			snprintf(fake_sysfs.hung, sizeof(fake_sysfs.hung), "%.31s", bdf);
			return -ETIMEDOUT;
		}
		if (script[i].outcome == CHANGED)
			le_put(cfg + PCI_BASE_ADDRESS_0, 4, 0);
		if (script[i].outcome == DEAD)
			memset(cfg, 0xff, sizeof(cfg));
		put_config(bdf, cfg, sizeof(cfg));
	}
	return 0;
}

static const char devices[] =
	"pci 0000:00:01.0 8086:1901 class=060400 header=1 driver=pcieport\n"
	"sys/bus/pci/devices/0000:01:00.0 -> "
	"../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0\n" GPU "/vendor = 0x10de\\n\n" GPU
	"/device = 0x1c03\\n\n" GPU "/driver_override = (null)\\n\n" GPU "/power/control = auto\\n\n" GPU
	"/d3cold_allowed = 1\\n\n" GPU "/reset_method = flr pm bus\\n\n" GPU "/reset = \n" GPU
	"/driver -> ../../../../bus/pci/drivers/vfio-pci\n" GPU
	"/iommu_group -> ../../../../kernel/iommu_groups/1\n"
	"pci 0000:05:00.0 8086:10d3 class=020000 group=5 driver=e1000e\n"
	"pci 0000:06:00.0 8086:10c9 class=020000 group=6 vfs=2\n"
	"pci 0000:07:00.0 1234:11e8 class=ff0000 group=7\n";

static int setup(void **state)
{
	(void)state;
	uint8_t cfg[512];
	fake_sysfs = (struct fake_sysfs){ .reset = on_reset };
	memset(script, 0, sizeof(script));
	err = (struct err){ 0 };
	asked[0] = 0;
	host_tree_make(&tree, devices);
	make_config(cfg);
	put_config("0000:01:00.0", cfg, sizeof(cfg));
	before = host_tree_state(&tree);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(before);
	host_tree_remove(&tree);
	return 0;
}

static void then(unsigned i, const char *method, enum outcome outcome)
{
	script[i].method = method;
	script[i].outcome = outcome;
}

static int reset(struct bdf bdf)
{
	err = (struct err){ 0 };
	return reset_device(&tree.host, bdf, &report, &err);
}

static void assert_says(const char *words)
{
	if (!strstr(err.text, words))
		fail_msg("no '%s' in: %s", words, err.text);
}

static void assert_attributes_as_before(void)
{
	assert_string_equal(host_tree_read(&tree, GPU "/reset_method"), "flr pm bus");
	assert_string_equal(host_tree_read(&tree, GPU "/power/control"), "auto");
	assert_string_equal(host_tree_read(&tree, GPU "/d3cold_allowed"), "1");
	assert_false(host_tree_has(&tree, "run/bulkhead/reset-0000-01-00.0"));
}

static void assert_history(const char *method, unsigned tries, unsigned failures)
{
	struct reset_history history;
	reset_history_read(&tree.host, gpu, &history);
	for (unsigned i = 0; i < history.n; i++)
		if (!strcmp(history.at[i].method, method)) {
			assert_int_equal(history.at[i].tries, tries);
			assert_int_equal(history.at[i].failures, failures);
			return;
		}
	assert_int_equal(tries, 0);
}

/* --- the ladder --- */

static void the_mildest_method_is_enough_when_it_brings_the_device_back(void **state)
{
	(void)state;
	then(0, "flr", WELL);
	assert_int_equal(reset(gpu), 0);
	assert_string_equal(report.method, "flr");
	assert_string_equal(report.tried, "");
	assert_string_equal(asked, "flr ");
	assert_history("flr", 1, 0);
	char *now = host_tree_state(&tree);
	assert_string_equal(now, before);
	free(now);
	assert_attributes_as_before();
}

static void a_method_that_fails_leads_to_the_next(void **state)
{
	(void)state;
	then(0, "flr", REFUSED);
	then(1, "pm", CHANGED);
	then(2, "bus", WELL);
	assert_int_equal(reset(gpu), 0);
	assert_string_equal(report.method, "bus");
	assert_string_equal(report.tried, "flr: Inappropriate ioctl for device; "
					  "pm: BAR 0 0x0, before 0xfd000000");
	assert_history("flr", 1, 1);
	assert_history("pm", 1, 1);
	assert_history("bus", 1, 0);
	assert_attributes_as_before();
	assert_int_equal(reset(gpu), 0);
	assert_history("bus", 2, 0);
}

static void a_device_that_comes_back_changed_is_an_error_but_no_quarantine(void **state)
{
	(void)state;
	then(0, "flr", CHANGED);
	then(1, "pm", REFUSED);
	then(2, "bus", REFUSED);
	assert_int_equal(reset(gpu), -EIO);
	assert_says("no reset brought it back as it was: flr: BAR 0 0x0, before 0xfd000000; pm:");
	assert_string_equal(quarantine_of(&tree.host, gpu).why, "");
	assert_attributes_as_before();
}

static void a_device_that_answers_no_more_is_put_into_quarantine_with_aer(void **state)
{
	(void)state;
	uint8_t bridge[512];
	make_config(bridge);
	put_config("0000:00:01.0", bridge, sizeof(bridge));
	then(0, "flr", DEAD);
	then(1, "pm", DEAD);
	then(2, "bus", DEAD);
	assert_int_equal(reset(gpu), -EIO);
	assert_says("flr: it does not answer");
	assert_says("in quarantine now, 0000:01:00.0 does not answer");
	assert_says("AER of 0000:00:01.0: uncorrectable 0x00004000");
	assert_attributes_as_before();
	/* Neither a VM nor its driver gets it now. */
	assert_int_equal(by_hand_check_bind(&tree.host, gpu, true, &err), -EIO);
	assert_says("bulkhead reset 0000:01:00.0");
	/* One that works lifts it. */
	then(0, "flr", WELL);
	assert_int_equal(reset(gpu), 0);
	assert_string_equal(quarantine_of(&tree.host, gpu).why, "");
	assert_history("flr", 2, 1);
}

static void a_reset_that_never_ends_is_reported_and_the_device_left_alone(void **state)
{
	(void)state;
	then(0, "flr", HANGS);
	assert_int_equal(reset(gpu), -EIO);
	assert_says("waits in fake_remove");
	assert_says("in quarantine");
	assert_string_equal(asked, "flr ");
	assert_int_equal(fake_sysfs.waits, 1);
	/* What could not be put back is left for a recovery. */
	assert_true(host_tree_has(&tree, "run/bulkhead/reset-0000-01-00.0/journal"));
	assert_int_equal(reset(gpu), -EUCLEAN);
	assert_says("0000:01:00.0: a reset of it was killed or never came back; "
		    "bulkhead recover reset-0000-01-00.0");
	fake_sysfs.hung[0] = 0;
	assert_int_equal(journal_recover(&tree.host, "reset-0000-01-00.0", NULL, NULL, &err), 0);
	assert_attributes_as_before();
}

static void a_kernel_that_does_not_list_methods_chooses_itself(void **state)
{
	(void)state;
	unlinkat(tree.dir.fd, GPU "/reset_method", 0);
	assert_int_equal(reset(gpu), 0);
	assert_string_equal(report.method, "default");
	unlinkat(tree.dir.fd, GPU "/reset", 0);
	assert_int_equal(reset(gpu), -ENOTTY);
	assert_says("knows no way");
}

static void a_method_that_the_kernel_lists_and_no_longer_takes_is_not_put_back(void **state)
{
	(void)state;
	fake_sysfs.no_method = "bus";
	then(0, "flr", REFUSED);
	then(1, "pm", WELL);
	assert_int_equal(reset(gpu), 0);
	assert_string_equal(host_tree_read(&tree, GPU "/reset_method"), "default");
	assert_false(host_tree_has(&tree, "run/bulkhead/reset-0000-01-00.0"));
}

static void two_do_not_reset_it_at_once(void **state)
{
	(void)state;
	struct journal other;
	assert_int_equal(journal_open(&other, &tree.host, "reset-0000-01-00.0", &err), 0);
	assert_int_equal(reset(gpu), -EBUSY);
	assert_says("0000:01:00.0: another bulkhead is just resetting it");
	assert_string_equal(asked, "");
	journal_close(&other);
}

/* --- what is ours --- */

static void what_is_not_ours_is_not_reset(void **state)
{
	(void)state;
	assert_int_equal(reset(nic), -EBUSY);
	assert_says("e1000e drives it");
	assert_says("bulkhead bind 0000:05:00.0");
	assert_int_equal(reset(pf), -EBUSY);
	assert_says("virtual functions");
	assert_int_equal(reset(port), -EINVAL);
	assert_int_equal(reset((struct bdf){ 0, 9, 0, 0 }), -ENODEV);
	host_tree_add(&tree, "proc/77/comm = qemu\\n\nproc/77/fd/3 -> /dev/vfio/1\n");
	assert_int_equal(reset(gpu), -EBUSY);
	assert_says("qemu (pid 77)");
	assert_string_equal(asked, "");
}

/* A second function on the card, with its sound driver. */
static void add_sound(void)
{
	uint8_t cfg[512];
	host_tree_add(&tree, "driver snd_hda_intel\n"
			     "sys/bus/pci/devices/0000:01:00.1 -> "
			     "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.1\n" SOUND
			     "/vendor = 0x10de\\n\n" SOUND "/device = 0x10f1\\n\n" SOUND
			     "/driver -> ../../../../bus/pci/drivers/snd_hda_intel\n" SOUND
			     "/iommu_group -> ../../../../kernel/iommu_groups/1\n");
	make_config(cfg);
	put_config("0000:01:00.1", cfg, sizeof(cfg));
}

static void a_bus_is_reset_only_where_all_on_it_is_ours(void **state)
{
	(void)state;
	add_sound();
	host_tree_add(&tree, GPU "/reset_method = bus\\n\n");
	then(0, "bus", WELL);
	assert_int_equal(reset(gpu), -EIO);
	assert_says("bus: would hit another: 0000:01:00.1: snd_hda_intel drives it");
	assert_string_equal(asked, "");
	assert_history("bus", 0, 0);
	/* Ours as well: the port resets both, and both are looked at. */
	unlinkat(tree.dir.fd, SOUND "/driver", 0);
	host_tree_add(&tree, PORT "/reset_subordinate = \n" PORT "/reset_method = bus\\n\n");
	fake_sysfs.reset = NULL;
	assert_int_equal(reset(gpu), 0);
	assert_int_equal(report.n_others, 1);
}

/* Both functions as VFIO has them: one bus, one group. */
static struct fake_device *vfio_function(uint8_t fn)
{
	struct fake_device *dev = fake_vfio_typical();
	dev->bdf = (struct bdf){ 0, 1, 0, fn };
	dev->group = 1;
	dev->bus = 1;
	le_put(dev->cfg + PCI_COMMAND, 2, 0); /* as one is that nobody uses */
	return dev;
}

static void functions_of_one_card_are_reset_through_vfio_where_the_port_cannot(void **state)
{
	(void)state;
	add_sound();
	fake_vfio_init();
	struct fake_device *a = vfio_function(0), *b = vfio_function(1);
	unsigned fds = fake_vfio_open_fds();
	then(0, "flr", REFUSED);
	host_tree_add(&tree, GPU "/reset_method = flr\\n\n");
	unlinkat(tree.dir.fd, SOUND "/driver", 0);
	/* The kernel does not list the bus for a function that shares it. */
	assert_int_equal(reset(gpu), -EIO);
	assert_says("bus: 0000:01:00.1 is not on vfio-pci; bulkhead bind 0000:01:00.1");
	host_tree_add(&tree, SOUND "/driver -> ../../../../bus/pci/drivers/vfio-pci\n");
	assert_int_equal(reset(gpu), 0);
	assert_string_equal(report.method, "bus");
	assert_int_equal(report.n_others, 1);
	assert_int_equal(a->hot_resets, 1);
	assert_int_equal(b->hot_resets, 1);
	assert_null(fake_vfio.broken);
	assert_int_equal(fake_vfio_open_fds(), fds);
	/* Each refusal of the kernel's is passed on, and nothing stays open. */
	static const char *const calls[] = { "container_open", "group_open", "group_device",
					     "hot_reset" };
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		fake_vfio.fail_name = calls[i];
		fake_vfio.fail_at = 1;
		fake_vfio.fail_errno = -EPERM;
		fake_vfio.seen = 0;
		fake_vfio.failed = false;
		assert_int_equal(reset(gpu), -EIO);
		assert_true(fake_vfio.failed);
		assert_says("Operation not permitted");
		assert_int_equal(fake_vfio_open_fds(), fds);
	}
}

/* --- proof --- */

static void everything_that_identifies_and_places_a_device_is_compared(void **state)
{
	(void)state;
	static const struct {
		unsigned off;
		uint8_t xor;
		const char *what;
	} cases[] = {
		{ PCI_DEVICE_ID, 1, "ids" },
		{ PCI_COMMAND, 2, "command" },
		{ PCI_CLASS_REVISION, 1, "class and revision" },
		{ PCI_HEADER_TYPE, 0x80, "header type" },
		{ PCI_BASE_ADDRESS_0 + 3, 0x10, "BAR 0" },
		{ PCI_BASE_ADDRESS_5, 1, "BAR 5" },
		{ PCI_SUBSYSTEM_ID, 1, "subsystem" },
		{ PCI_ROM_ADDRESS, 1, "ROM" },
		{ 0x50, 1, "number of capabilities" },
		{ 0x100, 2, "number of extended capabilities" },
		{ 0x50 + PCI_EXP_LNKSTA, 2, "link speed 0x1, before 0x3" },
		{ 0x50 + PCI_EXP_LNKSTA + 1, 1, "link width 0x0" },
		{ 0x40 + PCI_PM_CTRL, 3, "power state D 0x3" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reset_proof was = { .config.n = 512, .answers = true }, is;
		char buf[512];
		struct text text = text_in(buf, sizeof(buf));
		make_config(was.config.at);
		is = was;
		assert_false(reset_proof_differs(&was, &is, &text));
		is.config.at[cases[i].off] ^= cases[i].xor;
		assert_true(reset_proof_differs(&was, &is, &text));
		if (!strstr(buf, cases[i].what))
			fail_msg("no '%s' in: %s", cases[i].what, buf);
	}
}

static void a_faster_link_and_status_bits_are_no_difference(void **state)
{
	(void)state;
	struct reset_proof was = { .config.n = 512, .answers = true }, is;
	char buf[512];
	struct text text = text_in(buf, sizeof(buf));
	make_config(was.config.at);
	is = was;
	is.config.at[PCI_STATUS + 1] ^= 0x20;
	is.config.at[0x50 + PCI_EXP_LNKSTA] = 4;
	assert_false(reset_proof_differs(&was, &is, &text));
	assert_string_equal(buf, "");
}

static void a_late_answer_is_waited_for(void **state)
{
	(void)state;
	struct reset_proof proof;
	uint8_t cfg[512];
	memset(cfg, 0xff, sizeof(cfg));
	put_config("0000:01:00.0", cfg, sizeof(cfg));
	reset_proof_await(&tree.host, gpu, 100, &proof);
	assert_false(proof.answers);
	pid_t pid = fork();
	if (!pid) {
		usleep(200000);
		make_config(cfg);
		put_config("0000:01:00.0", cfg, sizeof(cfg));
		_exit(0);
	}
	reset_proof_await(&tree.host, gpu, 20000, &proof);
	assert_true(proof.answers);
	waitpid(pid, NULL, 0);
}

/* --- history --- */

static void put_history(const char *text, size_t size)
{
	assert_return_code(file_mkdirs(tree.dir.fd, "var/lib/bulkhead"), 0);
	assert_int_equal(
		tempdir_write(&tree.dir, "var/lib/bulkhead/resets-0000:01:00.0", text, size), 0);
}

static unsigned history_lines(const char *text)
{
	struct reset_history history;
	put_history(text, strlen(text));
	reset_history_read(&tree.host, gpu, &history);
	return history.n;
}

static void what_a_history_file_says_is_believed_line_by_line(void **state)
{
	(void)state;
	char large[8192];
	struct reset_history history;
	assert_int_equal(history_lines("ids 10de:1c03\nflr 2 1 5\nbus 1 0 9\n"), 2);
	assert_int_equal(history_lines("ids 10de:ffff\nflr 2 1 5\n"), 0); /* another card */
	assert_int_equal(history_lines(""), 0);
	assert_int_equal(history_lines("flr 2 1 5\n"), 0);
	assert_int_equal(history_lines("ids 10de:1c03\nflr 1 2 5\n"), 0);
	assert_int_equal(history_lines("ids 10de:1c03\nflr -1 0 5\nF 1 0 5\nx 1 0\n"), 0);
	assert_int_equal(history_lines("ids 10de:1c03\nflr 1 0 5 6\nflr 99999999999 0 1\n"), 0);
	assert_int_equal(history_lines("ids 10de:1c03\nflr 1 0 5\nflr 3 0 5\n\n\x01\n"), 1);
	assert_int_equal(history_lines("ids 10de:1c03\na 1 0 1\nb 1 0 1\nc 1 0 1\nd 1 0 1\n"
				       "e 1 0 1\nf 1 0 1\ng 1 0 1\nh 1 0 1\ni 1 0 1\nj 1 0 1\n"
				       "k 1 0 1\nl 1 0 1\n"),
			 RESET_METHODS_MAX);
	put_history("ids 10de:1c03\nflr 1 0 5\n\0x", 26);
	reset_history_read(&tree.host, gpu, &history);
	assert_int_equal(history.n, 0);
	memset(large, 'a', sizeof(large));
	put_history(large, sizeof(large));
	reset_history_read(&tree.host, gpu, &history);
	assert_int_equal(history.n, 0);
	/* And the next reset begins anew over it. */
	assert_int_equal(reset_history_note(&tree.host, gpu, "flr", false, 7, &err), 0);
	assert_history("flr", 1, 1);
}

static void a_history_is_shown_to_people_and_programs(void **state)
{
	(void)state;
	char *text;
	size_t size;
	put_history("ids 10de:1c03\nflr 2 1 86400\n", 28);
	FILE *out = open_memstream(&text, &size);
	reset_history_print(&tree.host, gpu, "  ", out);
	fclose(out);
	assert_non_null(strstr(text, "  flr 2 times, 1 failed, last 1970-01-0"));
	free(text);
	json_t *list = reset_history_json(&tree.host, gpu);
	json_t *one = json_array_get(list, 0);
	assert_int_equal(json_integer_value(json_object_get(one, "tries")), 2);
	assert_int_equal(json_integer_value(json_object_get(one, "last")), 86400);
	json_decref(list);
	assert_int_equal(reset_history_note(&tree.host, gpu, "F L R", true, 7, &err), -EINVAL);
	assert_int_equal(reset_history_note(&tree.host, (struct bdf){ 0, 9, 0, 0 }, "flr", true, 7,
					    &err),
			 -ENODEV);
}

static void a_history_that_cannot_be_kept_is_no_failure_of_the_device(void **state)
{
	(void)state;
	host_tree_add(&tree, "var/lib = not a directory\n");
	then(0, "flr", WELL);
	assert_int_equal(reset(gpu), 0);
	assert_int_equal(reset_history_note(&tree.host, gpu, "flr", true, 7, &err), -ENOTDIR);
}

/* --- quarantine --- */

static void a_dead_device_is_not_given_back_to_its_driver(void **state)
{
	(void)state;
	uint8_t cfg[512];
	host_tree_add(&tree, "driver nouveau\n" GPU
			     "/driver -> ../../../../bus/pci/drivers/nouveau\n");
	assert_int_equal(by_hand_bind(&tree.host, gpu, false, &err), 0);
	memset(cfg, 0xff, sizeof(cfg));
	put_config("0000:01:00.0", cfg, sizeof(cfg));
	assert_int_equal(by_hand_release(&tree.host, gpu, false, &err), -EIO);
	assert_says("in quarantine: 0000:01:00.0 does not answer");
	assert_string_equal(host_tree_link(&tree, GPU "/driver"), "vfio-pci");
	/* Revived, it goes back. */
	then(0, "flr", WELL);
	assert_int_equal(reset(gpu), 0);
	assert_int_equal(by_hand_release(&tree.host, gpu, false, &err), 0);
	assert_string_equal(host_tree_link(&tree, GPU "/driver"), "nouveau");
}

/* --- killed --- */

static void a_reset_killed_at_any_write_leaves_nothing_after_recovery(void **state)
{
	(void)state;
	then(0, "flr", REFUSED);
	then(1, "pm", WELL);
	for (int at = 1;; at++) {
		int status;
		pid_t pid = fork();
		if (!pid) {
			fake_sysfs.writes = 0;
			fake_sysfs.die_after = at;
			_exit(reset(gpu) ? 1 : 0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WEXITSTATUS(status) != FAKE_DEATH)
			break;
		assert_int_equal(journal_recover(&tree.host, "reset-0000-01-00.0", NULL, NULL,
						 &err),
				 0);
		assert_attributes_as_before();
		assert_in_range(at, 1, 20);
	}
}

static void without_capabilities_there_is_still_proof(void **state)
{
	(void)state;
	host_tree_add(&tree, "sys/bus/pci/devices/0000:07:00.0/reset = \n"
			     "sys/bus/pci/devices/0000:07:00.0/reset_method = pm\\n\n");
	fake_sysfs.reset = NULL;
	assert_int_equal(reset(dumb), 0);
	assert_string_equal(report.method, "pm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(the_mildest_method_is_enough_when_it_brings_the_device_back),
		T(a_method_that_fails_leads_to_the_next),
		T(a_device_that_comes_back_changed_is_an_error_but_no_quarantine),
		T(a_device_that_answers_no_more_is_put_into_quarantine_with_aer),
		T(a_reset_that_never_ends_is_reported_and_the_device_left_alone),
		T(two_do_not_reset_it_at_once),
		T(a_kernel_that_does_not_list_methods_chooses_itself),
		T(a_method_that_the_kernel_lists_and_no_longer_takes_is_not_put_back),
		T(what_is_not_ours_is_not_reset),
		T(a_bus_is_reset_only_where_all_on_it_is_ours),
		T(functions_of_one_card_are_reset_through_vfio_where_the_port_cannot),
		T(everything_that_identifies_and_places_a_device_is_compared),
		T(a_faster_link_and_status_bits_are_no_difference),
		T(a_late_answer_is_waited_for),
		T(what_a_history_file_says_is_believed_line_by_line),
		T(a_history_is_shown_to_people_and_programs),
		T(a_history_that_cannot_be_kept_is_no_failure_of_the_device),
		T(a_dead_device_is_not_given_back_to_its_driver),
		T(a_reset_killed_at_any_write_leaves_nothing_after_recovery),
		T(without_capabilities_there_is_still_proof),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
