/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "cmd.h"
#include "fake/capture.h"
#include "fake/host_tree.h"
#include "fake/tempdir.h"
#include "saved_host.h"
#include "snapshot.h"
#include "snapshot_keep.h"

#define MAGIC SNAPSHOT_MAGIC "\n"

static struct tempdir dir;
static struct err err;
static struct capture capture;

static int setup(void **state)
{
	(void)state;
	err = (struct err){ 0 };
	return tempdir_make(&dir);
}

static int teardown(void **state)
{
	(void)state;
	tempdir_remove(&dir);
	return 0;
}

/* --- reading --- */

static int unpack(const char *text)
{
	char file[] = "/tmp/bulkhead-test-XXXXXX";
	int fd = mkstemp(file);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	err = (struct err){ 0 };
	int r = snapshot_unpack(file, dir.fd, &err);
	unlink(file);
	return r;
}

static void refused(const char *text, const char *why)
{
	assert_int_equal(unpack(text), -EBADMSG);
	if (!strstr(err.text, why))
		fail_msg("'%s' is not why: %s", why, err.text);
}

static void each_kind_of_entry_is_made(void **state)
{
	(void)state;
	char text[64], bytes[40], target[64];
	assert_int_equal(unpack(MAGIC "sys/a/one = 0x8086\n"
				      "sys/a/none = \n"
				      "sys/a/lines :\n\tfirst\n\t\tsecond\n"
				      "sys/a/config @ 36\n\t000 86 80\n\t020 01 02 03 04\n"
				      "sys/b/c -> ../a/one\n"
				      "sys/d/\nend 6\n"),
			 0);
	assert_int_equal(file_read(dir.fd, "sys/a/one", text, sizeof(text)), 6);
	assert_string_equal(text, "0x8086");
	assert_int_equal(file_read(dir.fd, "sys/a/none", text, sizeof(text)), 0);
	assert_true(file_read(dir.fd, "sys/a/lines", text, sizeof(text)) > 0);
	assert_string_equal(text, "first\n\tsecond");
	int fd = openat(dir.fd, "sys/a/config", O_RDONLY);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 36);
	close(fd);
	static const char expected[36] = { [0] = '\x86', [1] = '\x80', [32] = 1, 2, 3, 4 };
	assert_memory_equal(bytes, expected, 36);
	assert_int_equal(readlinkat(dir.fd, "sys/b/c", target, sizeof(target)), 8);
	assert_int_equal(faccessat(dir.fd, "sys/d", F_OK, 0), 0);
}

static void a_snapshot_cut_anywhere_is_refused(void **state)
{
	(void)state;
	static const char whole[] = MAGIC "a/one = 1\na/lines :\n\tfirst\n\tsecond\n"
					  "a/config @ 32\n\t010 ff\nb/c -> ../a/one\nd/\nend 5\n";
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		struct tempdir other = dir;
		char cut[sizeof(whole)];
		memcpy(cut, whole, n);
		cut[n] = 0;
		assert_int_equal(tempdir_make(&dir), 0);
		refused(cut, "line");
		tempdir_remove(&dir);
		dir = other;
	}
	assert_int_equal(unpack(whole), 0);
}

static void a_link_never_leaves_the_tree(void **state)
{
	(void)state;
	refused(MAGIC "a -> /etc/passwd\nend 1\n", "leaves the tree");
	refused(MAGIC "a -> ../etc\nend 1\n", "leaves the tree");
	refused(MAGIC "a/b/c -> ../../../etc\nend 1\n", "leaves the tree");
	refused(MAGIC "a/b/c -> d/../../../../etc\nend 1\n", "leaves the tree");
	refused(MAGIC "a/b/c -> ..\nend 1\n", "leaves the tree");
	refused(MAGIC "a/b/c -> \nend 1\n", "leaves the tree");
}

static void nothing_is_made_through_a_link(void **state)
{
	(void)state;
	/* Each alone is harmless: together the second link would be nearer to the root than it
	 * says. */
	refused(MAGIC "p/q/r -> ../../s\ns/x = 1\np/q/r/t/u -> ../../../../etc\nend 3\n",
		"goes through what is no directory");
	refused(MAGIC "s/t -> u\ns/t/v = 1\nend 2\n", "goes through what is no directory");
}

static void a_path_has_only_plain_names(void **state)
{
	(void)state;
	static const char *const paths[] = { "/a", "../a", "a/../b", "a//b", "./a", "a/.",
					     "..", ".",    "a/..",   "/",    "" };
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		char text[128];
		snprintf(text, sizeof(text), MAGIC "%s = 1\nend 1\n", paths[i]);
		refused(text, "line 2");
		snprintf(text, sizeof(text), MAGIC "%s/\nend 1\n", paths[i]);
		refused(text, "line 2");
	}
	char text[400];
	snprintf(text, sizeof(text), MAGIC "%0*d = 1\nend 1\n", SNAPSHOT_PATH_MAX + 1, 0);
	refused(text, "not a path");
}

static void what_could_steer_a_terminal_is_refused(void **state)
{
	(void)state;
	refused(MAGIC "a = \033[2J\nend 1\n", "characters");
	refused(MAGIC "a\r = 1\nend 1\n", "characters");
	refused(MAGIC "a = \xc2\x9b\nend 1\n", "characters");
	refused(MAGIC "a :\n\t\x7f\nend 1\n", "characters");
}

static void bytes_stay_within_their_file(void **state)
{
	(void)state;
	refused(MAGIC "a @ 4097\nend 1\n", "too large");
	refused(MAGIC "a @ -1\nend 1\n", "not a size");
	refused(MAGIC "a @ 16\n\t010 01\nend 1\n", "row of bytes");
	refused(MAGIC "a @ 17\n\t010 01 02\nend 1\n", "row of bytes");
	refused(MAGIC "a @ 64\n\t008 01\nend 1\n", "row of bytes");
	refused(MAGIC "a @ 64\n\t000 0\nend 1\n", "row of bytes");
	refused(MAGIC "a @ 64\n\t000\nend 1\n", "row of bytes");
	refused(MAGIC "a @ 64\n\t000 1 2\nend 1\n", "row of bytes");
	refused(MAGIC "a @ 64\n\t00\nend 1\n", "row of bytes");
}

static void what_is_no_snapshot_says_so(void **state)
{
	(void)state;
	refused("\x7f"
		"ELF\n",
		"line 1");
	refused("bulkhead-snapshot 2\nend 0\n", "not a bulkhead snapshot of this version");
	refused(MAGIC "a = 1\nend 2\n", "number of entries");
	refused(MAGIC "end 0\nmore\n", "follows the end");
	refused(MAGIC "a\nend 1\n", "not an entry");
	refused(MAGIC "a b\nend 1\n", "not an entry");
	refused(MAGIC "\ta\nend 0\n", "not an entry");
	refused(MAGIC "a = 1\na = 2\nend 2\n", "twice");
	assert_int_equal(unpack(MAGIC "end 0\n"), 0);
	assert_int_equal(snapshot_unpack("/nonexistent", dir.fd, &err), -ENOENT);
}

static void a_broken_snapshot_leaves_nothing_behind(void **state)
{
	(void)state;
	struct saved_host saved;
	sigset_t mask;
	static const char broken[] = MAGIC "sys/a = 1\nend 7\n";
	assert_int_equal(tempdir_write(&dir, "broken", broken, sizeof(broken) - 1), 0);
	setenv("TMPDIR", dir.path, 1);
	assert_int_equal(saved_host_open(&saved, tempdir_path(&dir, "broken"), &err), -EBADMSG);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	unsetenv("TMPDIR");
	assert_int_equal(sigismember(&mask, SIGINT), 0);
	unlinkat(dir.fd, "broken", 0);
	assert_return_code(unlinkat(AT_FDCWD, dir.path, AT_REMOVEDIR), errno);
	tempdir_make(&dir);
}

/* --- writing --- */

static char *snapshot_of(const char *where)
{
	char *argv[] = { (char *)"devices",    (char *)"--host", (char *)where,
			 (char *)"--snapshot", (char *)"-",      NULL };
	char *text;
	FILE *out = tmpfile();
	assert_non_null(out);
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	dup2(fileno(out), STDOUT_FILENO);
	int status = cmd_devices(5, argv);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_int_equal(status, CLI_OK);
	off_t size = lseek(fileno(out), 0, SEEK_END);
	text = calloc(1, (size_t)size + 1);
	assert_int_equal(pread(fileno(out), text, (size_t)size, 0), size);
	fclose(out);
	return text;
}

static const char *write_file(const char *name, const char *text)
{
	assert_int_equal(tempdir_write(&dir, name, text, strlen(text)), 0);
	return tempdir_path(&dir, name);
}

static void show(const char *where)
{
	char *argv[] = { (char *)"devices", (char *)"--sysfs", (char *)where, NULL };
	capture_begin(&capture);
	int status = cmd_devices(3, argv);
	capture_end(&capture);
	assert_int_equal(status, CLI_OK);
}

static void a_replayed_host_is_written_as_it_was(void **state)
{
	(void)state;
	static const char *const hosts[] = { "desktop", "nfv", "laptop" };
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		char path[64];
		snprintf(path, sizeof(path), "tests/fixtures/%s.snapshot", hosts[i]);
		autofree char *first = snapshot_of(path);
		autofree char *second = snapshot_of(write_file("first", first));
		assert_string_equal(first, second);
		show(path);
		unsigned lines = 0;
		for (const char *c = capture.out; *c; c++)
			lines += *c == '\n';
		assert_in_range(lines, 12, 30);
		/* Names are not written; everything else is. */
		autofree char *shown = strdup(capture.out);
		show(write_file("first", first));
		const char *a = shown, *b = capture.out;
		for (; *a && *b; a += strcspn(a, "\n") + 1, b += strcspn(b, "\n") + 1) {
			size_t n = (size_t)(strstr(shown, "DEVICE\n") - shown);
			assert_int_equal(strncmp(a, b, n), 0);
		}
		assert_int_equal(*a, *b);
	}
}

static const char host_text[] =
	"pci 0000:01:00.0 8086:10c9 class=020000 group=1 driver=igb vfs=2 msix=10\n"
	"sys/devices/pci0000:00/0000:01:00.0/net/enx0a1b2c3d4e5f/flags = 0x1003\n\n"
	"sys/class/net/enx0a1b2c3d4e5f -> "
	"../../devices/pci0000:00/0000:01:00.0/net/enx0a1b2c3d4e5f\n"
	"proc/net/route = "
	"Iface\tDestination\\nenx0a1b2c3d4e5f\t00000000\t0100A8C0\t0003\t0\t0\t100\t"
	"00000000\t0\t0\t0\\nenx0a1b2c3d4e5f\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t"
	"0"
	"\\n\n"
	"proc/cmdline = root=UUID=0d1b-secret intel_iommu=on password=hunter2\\n\n"
	"proc/self/mountinfo = 30 1 259:1 / /srv/customer/secret rw,user=alice - ext4 "
	"/dev/disk/by-id/nvme-SERIAL123-part1 rw\\n31 1 0:44 / /home/alice rw - nfs server:/x "
	"rw\\n\n"
	"proc/self/status = Name:\tsecret\\nCapEff:\t0000000000000001\\n\n"
	"sys/module/kvm/parameters/note = from 0a:1b:2c:3d:4e:5f on\n\n";

static void put_config(const struct host_tree *tree)
{
	uint8_t cfg[4096] = { 0x86, 0x80, 0xc9, 0x10, [6] = 0x10, [0x34] = 0x40 };
	cfg[0x40] = 0x03; /* VPD, with an address and a word of the data */
	memset(cfg + 0x42, 0xab, 6);
	memcpy(cfg + 0x100, "\x03\x00\x01\x00", 4); /* device serial number, last of the list */
	memset(cfg + 0x104, 0xcd, 8);
	cfg[0x200] = 0x77;
	int fd = openat(tree->host.sys, "devices/pci0000:00/0000:01:00.0/config", O_WRONLY);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, cfg, sizeof(cfg)), sizeof(cfg));
	close(fd);
}

static void what_tells_the_owner_is_left_out(void **state)
{
	(void)state;
	static const char *const secrets[] = { "0a1b2c", "0a:1b",  "secret",  "hunter2", "0100A8C0",
					       "alice",  "SERIAL", "server:", "ab ab",   "cd cd" };
	static const char *const kept[] = { "enx000000000000",  "intel_iommu=on",
					    "sriov_numvfs = 2", "00:00:00:00:00:00 on",
					    "/srv/* rw",        "200 77" };
	struct host_tree tree;
	host_tree_make(&tree, host_text);
	put_config(&tree);
	autofree char *text = snapshot_of(tree.dir.path);
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		if (strstr(text, secrets[i]))
			fail_msg("'%s' is in:\n%s", secrets[i], text);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (!strstr(text, kept[i]))
			fail_msg("no '%s' in:\n%s", kept[i], text);
	/* And what the host is used for still shows. */
	show(write_file("host", text));
	assert_non_null(strstr(capture.out, "default route through enx000000000000"));
	host_tree_remove(&tree);
}

static void a_device_that_sleeps_is_not_woken(void **state)
{
	(void)state;
	struct host_tree tree;
	host_tree_make(&tree, "pci 0000:01:00.0 10de:1f99 class=030000 group=1\n"
			      "sys/devices/pci0000:00/0000:01:00.0/power_state = D3cold\\n\n");
	autofree char *text = snapshot_of(tree.dir.path);
	assert_null(strstr(text, "config"));
	assert_non_null(strstr(text, "power_state = D3cold"));
	host_tree_remove(&tree);
}

static void a_snapshot_is_for_its_owner_and_goes_through_no_link(void **state)
{
	(void)state;
	struct host_tree tree;
	struct stat st;
	host_tree_make(&tree, "pci 0000:01:00.0 8086:10c9 class=020000 group=1\n");
	char *argv[] = { (char *)"devices",
			 (char *)"--host",
			 tree.dir.path,
			 (char *)"--snapshot",
			 (char *)tempdir_path(&dir, "out"),
			 NULL };
	assert_int_equal(cmd_devices(5, argv), CLI_OK);
	assert_int_equal(fstatat(dir.fd, "out", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(symlinkat("victim", dir.fd, "link"), 0);
	argv[4] = (char *)tempdir_path(&dir, "link");
	capture_begin(&capture);
	assert_int_equal(cmd_devices(5, argv), CLI_FAILED);
	capture_end(&capture);
	assert_int_not_equal(faccessat(dir.fd, "victim", F_OK, 0), 0);
	host_tree_remove(&tree);
}

static void a_disk_that_is_full_is_an_error(void **state)
{
	(void)state;
	char *argv[] = {
		(char *)"devices",    (char *)"--host",    (char *)"tests/fixtures/nfv.snapshot",
		(char *)"--snapshot", (char *)"/dev/full", NULL
	};
	capture_begin(&capture);
	int status = cmd_devices(5, argv);
	capture_end(&capture);
	assert_int_equal(status, CLI_FAILED);
	assert_non_null(strstr(capture.err, "could not be written"));
}

static void a_replayed_host_is_not_asked_for_what_it_cannot_answer(void **state)
{
	(void)state;
	struct saved_host saved;
	struct host_tree tree;
	assert_int_equal(saved_host_open(&saved, "tests/fixtures/nfv.snapshot", &err), 0);
	assert_true(saved.host.replayed);
	/* Nor does a signal end us before what was unpacked is gone. */
	sigset_t mask;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGTERM), 1);
	char root[sizeof(saved.root)];
	memcpy(root, saved.root, sizeof(root));
	saved_host_close(&saved);
	assert_int_not_equal(access(root, F_OK), 0);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGTERM), 0);
	host_tree_make(&tree, "");
	assert_int_equal(saved_host_open(&saved, tree.dir.path, &err), 0);
	assert_false(saved.host.replayed);
	saved_host_close(&saved);
	assert_int_equal(access(tree.dir.path, F_OK), 0);
	/* KVM itself would have to be asked; the plan is made all the same. */
	static const char profile[] = "name = \"x\"; vcpus = 1; memory = \"512M\";\n"
				      "boot = { kernel = \"/nonexistent\"; };\n"
				      "devices = ( { pci = \"0000:17:01.0\"; } );\n";
	char *argv[] = { (char *)"check", (char *)"--sysfs", (char *)"tests/fixtures/nfv.snapshot",
			 (char *)write_file("x.cfg", profile), NULL };
	capture_begin(&capture);
	int status = cmd_check(4, argv);
	capture_end(&capture);
	assert_int_equal(status, CLI_FAILED);
	assert_non_null(strstr(capture.out, "/nonexistent"));
	assert_null(strstr(capture.out, "KVM"));
	host_tree_remove(&tree);
}

static void snapshot_and_watch_are_for_whole_and_living_hosts(void **state)
{
	(void)state;
	char *both[] = { (char *)"devices", (char *)"--watch", (char *)"--host", (char *)"/",
			 NULL };
	char *one[] = { (char *)"devices", (char *)"--snapshot", (char *)"-", (char *)"01:00.0",
			NULL };
	capture_begin(&capture);
	int first = cmd_devices(4, both), second = cmd_devices(4, one);
	capture_end(&capture);
	assert_int_equal(first, CLI_USAGE);
	assert_int_equal(second, CLI_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(each_kind_of_entry_is_made),
		T(a_snapshot_cut_anywhere_is_refused),
		T(a_link_never_leaves_the_tree),
		T(nothing_is_made_through_a_link),
		T(a_path_has_only_plain_names),
		T(what_could_steer_a_terminal_is_refused),
		T(bytes_stay_within_their_file),
		T(what_is_no_snapshot_says_so),
		T(a_broken_snapshot_leaves_nothing_behind),
		T(a_replayed_host_is_written_as_it_was),
		T(what_tells_the_owner_is_left_out),
		T(a_device_that_sleeps_is_not_woken),
		T(a_snapshot_is_for_its_owner_and_goes_through_no_link),
		T(a_disk_that_is_full_is_an_error),
		T(a_replayed_host_is_not_asked_for_what_it_cannot_answer),
		T(snapshot_and_watch_are_for_whole_and_living_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
