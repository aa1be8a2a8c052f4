/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "cmd.h"
#include "devices.h"
#include "fake/capture.h"
#include "fake/host_tree.h"
#include "journal.h"

/* A desktop: what devices can have to be said of them. */
static const char desktop[] =
	"pci 0000:00:00.0 8086:29c0 class=060000 group=0 pcie=no\n"
	"pci 0000:00:01.0 8086:1901 class=060400 header=1 group=1 driver=pcieport pcie=4\n"
	"pci 0000:01:00.0 10de:1c03 class=030000 group=1 driver=nouveau pin=1 msi=1 reset=bus "
	"bar0=m32:16M bar1=p64:256M bar5=io:128 rom=512K\n"
	"pci 0000:01:00.1 10de:10f1 class=040300 group=1 driver=snd_hda_intel\n"
	"pci 0000:02:00.0 1b36:0010 class=010802 group=2 driver=nvme msix=33 numa=1 reset=flr+bus\n"
	"pci 0000:03:00.0 8086:10c9 class=020000 group=3 driver=igb vfs=2\n"
	"pci 0000:03:10.0 8086:10ca class=020000 group=4 physfn=0000:03:00.0 reset=flr\n"
	"pci 0000:04:00.0 8086:10d3 class=020000 group=5 driver=e1000e\n"
	"pci 0000:05:00.0 1234:11e8 class=ff0000\n"
	"pci 0000:06:00.0 8086:0412 class=038000 group=6 driver=i915\n"
	"sys/kernel/iommu_groups/6/reserved_regions = 0xbf800000 0xcf9fffff direct\\n\n"
	"sys/dev/block/259:1 -> "
	"../../devices/pci0000:00/0000:02:00.0/nvme/nvme0/nvme0n1/nvme0n1p1\n"
	"proc/self/mountinfo = 30 1 259:1 / /home rw - ext4 /dev/nvme0n1p1 rw\\n\n";

/* Two slots in one group; of the first the second function is free. */
static const char weak[] = "pci 0000:07:00.0 8086:10d3 class=020000 group=7 driver=e1000e\n"
			   "pci 0000:07:00.1 8086:10d3 class=020000 group=7\n"
			   "pci 0000:08:00.0 8086:10d3 class=020000 group=7 driver=vfio-pci\n";

static struct host_tree tree;
static struct capture capture;

static int setup(void **state)
{
	(void)state;
	host_tree_make(&tree, desktop);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_tree_remove(&tree);
	return 0;
}

/* `devices --host TREE a b`; a and b may be NULL. */
static int run(const char *a, const char *b)
{
	char *argv[8] = { (char *)"devices", (char *)"--host", tree.dir.path };
	int argc = 3;
	if (a)
		argv[argc++] = (char *)a;
	if (b)
		argv[argc++] = (char *)b;
	capture_begin(&capture);
	int status = cmd_devices(argc, argv);
	capture_end(&capture);
	return status;
}

/* The line whose second column is this address; until the next call. */
static const char *line_of(const char *address)
{
	static char line[512];
	for (const char *at = capture.out; *at; at += strspn(at, "\n")) {
		size_t len = strcspn(at, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, at);
		if (len > 7 && !strncmp(line + 7, address, strlen(address)))
			return line;
		at += len;
	}
	fail_msg("no line for %s", address);
	return NULL;
}

static void assert_line(const char *address, const char *words)
{
	if (!strstr(line_of(address), words))
		fail_msg("no '%s' in: %s", words, line_of(address));
}

static void every_device_has_its_verdict(void **state)
{
	(void)state;
	assert_int_equal(run(NULL, NULL), CLI_OK);
	assert_line("0000:00:00.0", "bridge");
	assert_line("0000:00:01.0", "bridge");
	assert_line("0000:01:00.0", "needs its sibling 0000:01:00.1");
	assert_line("0000:01:00.1", "needs its sibling 0000:01:00.0");
	assert_line("0000:02:00.0", "host's own: /dev/nvme0n1p1 on /home");
	assert_line("0000:03:00.0", "has 2 VFs enabled");
	assert_line("0000:03:10.0", "ready");
	assert_line("0000:04:00.0", "ready");
	assert_line("0000:05:00.0", "no IOMMU group");
	assert_line("0000:06:00.0", "firmware keeps memory for it");
	assert_string_equal(capture.err, "");
}

static void sharing_with_another_device_is_not_being_isolated(void **state)
{
	(void)state;
	host_tree_add(&tree, weak);
	assert_int_equal(run(NULL, NULL), CLI_OK);
	assert_line("0000:07:00.0", "ready");
	assert_line("0000:07:00.1", "needs its sibling 0000:07:00.0");
	assert_line("0000:08:00.0", "not isolated from 0000:07:00.0");
	assert_line("0000:05:00.0", "not isolated: no IOMMU group");
}

static void colour_tells_good_from_bad(void **state)
{
	(void)state;
	struct inventory inv;
	struct err err = { 0 };
	char *text;
	size_t size;
	assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
	const struct devices_view view = { .inv = &inv, .group = DEVICES_ANY_GROUP };
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(devices_table(&view, out, true, 0), 0);
	fclose(out);
	assert_non_null(strstr(text, "\033[32mready\033[0m"));
	assert_non_null(strstr(text, "\033[33mneeds its sibling 0000:01:00.1\033[0m"));
	assert_non_null(strstr(text, "\033[31mhost's own"));
	assert_non_null(strstr(text, "\033[31mnot isolated: no IOMMU group\033[0m"));
	free(text);
	inventory_fini(&inv);
}

static void a_narrow_terminal_gets_what_matters_most(void **state)
{
	(void)state;
	struct inventory inv;
	struct err err = { 0 };
	char *text;
	size_t size;
	assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
	const struct devices_view view = { .inv = &inv, .group = DEVICES_ANY_GROUP };
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(devices_table(&view, out, false, 100), 0);
	fclose(out);
	assert_null(strstr(text, "MSI-X"));
	assert_non_null(strstr(text, "VERDICT"));
	for (const char *line = text; *line; line += strspn(line, "\n")) {
		assert_in_range(strcspn(line, "\n"), 0, 100);
		line += strcspn(line, "\n");
	}
	free(text);
	inventory_fini(&inv);
}

static void devices_are_listed_by_group_and_a_group_is_numbered_once(void **state)
{
	(void)state;
	assert_int_equal(run(NULL, NULL), CLI_OK);
	assert_int_equal(strncmp(capture.out, "GROUP", 5), 0);
	assert_int_equal(strncmp(line_of("0000:00:01.0"), "1 ", 2), 0);
	assert_int_equal(strncmp(line_of("0000:01:00.0"), "  ", 2), 0);
	assert_int_equal(strncmp(line_of("0000:05:00.0"), "- ", 2), 0);
	assert_true(strstr(capture.out, "0000:06:00.0") < strstr(capture.out, "0000:05:00.0"));
	assert_line("0000:04:00.0", "e1000e");
}

static void no_escape_sequence_leaves_a_pipe(void **state)
{
	(void)state;
	assert_int_equal(run(NULL, NULL), CLI_OK);
	assert_null(strchr(capture.out, '\033'));
}

static void one_group_can_be_shown(void **state)
{
	(void)state;
	assert_int_equal(run("--group", "1"), CLI_OK);
	assert_non_null(strstr(capture.out, "0000:01:00.1"));
	assert_null(strstr(capture.out, "0000:02:00.0"));
	assert_int_equal(run("--group", "77"), CLI_FAILED);
	assert_non_null(strstr(capture.err, "77"));
	assert_int_equal(run("--group", "one"), CLI_FAILED);
	assert_non_null(strstr(capture.err, "one"));
}

static void one_device_is_shown_with_everything(void **state)
{
	(void)state;
	static const char *const words[] = {
		"0000:01:00.0",
		"10de:1c03",
		"nouveau",
		"1, with 0000:00:01.0 (bridge)",
		"0000:01:00.1 (snd_hda_intel)",
		"bus",
		"1 MSI, INTA",
		"16M at",
		"256M at",
		"64-bit prefetchable",
		"128 at",
		"I/O",
		"512K at",
		"fee00000",
	};
	assert_int_equal(run("01:00.0", NULL), CLI_OK);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strstr(capture.out, words[i]))
			fail_msg("no '%s' in:\n%s", words[i], capture.out);
	assert_int_equal(run("0000:03:10.0", NULL), CLI_OK);
	assert_non_null(strstr(capture.out, "0000:03:00.0"));
}

static void a_device_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(run("0000:77:00.0", NULL), CLI_FAILED);
	assert_non_null(strstr(capture.err, "0000:77:00.0"));
	assert_int_equal(run("gpu", NULL), CLI_FAILED);
	assert_non_null(strstr(capture.err, "gpu"));
	assert_string_equal(capture.out, "");
}

static json_t *find_in(json_t *list, const char *address)
{
	size_t i;
	json_t *item;
	json_array_foreach(list, i,
			   item) if (!strcmp(json_string_value(json_object_get(item, "address")),
					     address)) return item;
	fail_msg("no %s", address);
	return NULL;
}

static void json_has_the_same_devices(void **state)
{
	(void)state;
	assert_int_equal(run("--json", NULL), CLI_OK);
	json_t *list = json_loads(capture.out, 0, NULL);
	assert_non_null(list);
	assert_int_equal(json_array_size(list), 10);
	json_t *gpu = find_in(list, "0000:01:00.0");
	assert_string_equal(json_string_value(json_object_get(gpu, "verdict")), "needs-sibling");
	assert_int_equal(json_integer_value(json_object_get(gpu, "group")), 1);
	assert_int_equal(json_array_size(json_object_get(gpu, "bars")), 4);
	assert_int_equal(json_integer_value(
				 json_object_get(json_object_get(gpu, "identity"), "vendor")),
			 0x10de);
	json_t *nvme = find_in(list, "0000:02:00.0");
	assert_string_equal(json_string_value(json_object_get(nvme, "verdict")), "hosts-own");
	assert_int_equal(json_array_size(json_object_get(nvme, "reset_methods")), 2);
	assert_int_equal(json_integer_value(json_object_get(nvme, "numa_node")), 1);
	json_t *edu = find_in(list, "0000:05:00.0");
	assert_true(json_is_null(json_object_get(edu, "group")));
	assert_true(json_is_null(json_object_get(edu, "driver")));
	json_t *vf = find_in(list, "0000:03:10.0");
	assert_string_equal(json_string_value(json_object_get(vf, "physical_function")),
			    "0000:03:00.0");
	json_decref(list);
}

static void json_of_one_device_is_a_list_of_one(void **state)
{
	(void)state;
	assert_int_equal(run("--json", "0000:06:00.0"), CLI_OK);
	json_t *list = json_loads(capture.out, 0, NULL);
	assert_int_equal(json_array_size(list), 1);
	json_t *regions = json_object_get(json_array_get(list, 0), "reserved");
	assert_int_equal(json_array_size(regions), 1);
	json_decref(list);
}

static void json_survives_names_that_are_no_text(void **state)
{
	(void)state;
	host_tree_add(&tree,
		      "proc/self/mountinfo = 30 1 259:1 / /m\xff\xfe rw - ext4 /dev/x rw\\n\n");
	assert_int_equal(run("--json", "0000:02:00.0"), CLI_OK);
	json_t *list = json_loads(capture.out, 0, NULL);
	assert_non_null(list);
	assert_non_null(
		strstr(json_string_value(json_object_get(json_array_get(list, 0), "verdict_text")),
		       "/m??"));
	json_decref(list);
}

static void a_claimed_device_names_its_profile(void **state)
{
	(void)state;
	static struct plan plan;
	static const struct pci_dev nic = { .bdf = { 0, 4, 0, 0 } };
	struct journal journal;
	struct err err = { 0 };
	const struct action bind = { .kind = ACTION_BIND_VFIO, .bdf = nic.bdf };
	plan.n_devices = 1;
	plan.device[0].dev = &nic;
	assert_int_equal(journal_open(&journal, &tree.host, "router", &err), 0);
	assert_int_equal(journal_claim(&journal, &plan, &err), 0);
	assert_int_equal(journal_do(&journal, &bind, &err), 0);
	assert_int_equal(run(NULL, NULL), CLI_OK);
	assert_line("0000:04:00.0", "in use by router");
	/* As if it had been killed. */
	close(journal.lock_fd);
	journal.lock_fd = -1;
	assert_int_equal(run(NULL, NULL), CLI_OK);
	assert_line("0000:04:00.0", "left by router");
	assert_int_equal(journal_undo(&journal, &err), 0);
	journal_close(&journal);
}

static void a_host_that_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	char *argv[] = { (char *)"devices", (char *)"--host", (char *)"/nonexistent", NULL };
	capture_begin(&capture);
	int status = cmd_devices(3, argv);
	capture_end(&capture);
	assert_int_equal(status, CLI_FAILED);
	assert_non_null(strstr(capture.err, "/nonexistent/sys"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(every_device_has_its_verdict),
		T(sharing_with_another_device_is_not_being_isolated),
		T(colour_tells_good_from_bad),
		T(a_narrow_terminal_gets_what_matters_most),
		T(devices_are_listed_by_group_and_a_group_is_numbered_once),
		T(no_escape_sequence_leaves_a_pipe),
		T(one_group_can_be_shown),
		T(one_device_is_shown_with_everything),
		T(a_device_that_is_not_there_is_an_error),
		T(json_has_the_same_devices),
		T(json_of_one_device_is_a_list_of_one),
		T(json_survives_names_that_are_no_text),
		T(a_claimed_device_names_its_profile),
		T(a_host_that_cannot_be_read_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
