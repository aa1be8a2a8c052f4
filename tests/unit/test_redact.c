/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/host_tree.c
#include "redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/host_tree.h"

static struct redact redact;
static char *said;
static size_t said_size;

static int begin(void **state)
{
	(void)state;
	redact = (struct redact){ 0 };
	return 0;
}

static int end(void **state)
{
	(void)state;
	redact_fini(&redact);
	free(said);
	said = NULL;
	return 0;
}

static const char *of_bytes(const char *text, size_t n)
{
	free(said);
	said = NULL;
	FILE *out = open_memstream(&said, &said_size);
	assert_int_equal(redact_text(&redact, text, n, out), 0);
	fclose(out);
	return said;
}

static const char *of(const char *text)
{
	return of_bytes(text, strlen(text));
}

#define assert_becomes(text, wanted) assert_string_equal(of(text), wanted)
#define assert_stays(text) assert_string_equal(of(text), text)

static void macs_are_numbered_and_the_same_one_keeps_its_number(void **state)
{
	(void)state;
	assert_becomes("link/ether 52:54:00:0b:00:01 brd ff:ff:ff:ff:ff:ff",
		       "link/ether MAC-1 brd ff:ff:ff:ff:ff:ff");
	assert_becomes("52:54:00:0B:00:01, 52-54-00-0b-00-02", "MAC-1, MAC-2");
	assert_becomes("enx5254000b0003: up", "MAC-3: up");
	assert_becomes("Device Serial Number 00-1b-21-ff-ff-9a-bc-de",
		       "Device Serial Number MAC-4");
	assert_stays("00:00:00:00:00:00");
}

static void pci_addresses_ids_times_and_versions_stay(void **state)
{
	(void)state;
	assert_stays("0000:01:00.0 8086:10ca at 12:34:56, group 14, 6.1.0-18-amd64");
	assert_stays("pci 0000:00:1c.0: bridge window [mem 0xfe000000-0xfe1fffff]");
	assert_stays("BIOS F20 2023-01-02 Linux 6.1.76-1");
	assert_stays("capabilities 01@40 05@50 11@70 0001@100");
	assert_stays("listening on 0.0.0.0 and 127.0.0.1");
}

static void ip_addresses_go(void **state)
{
	(void)state;
	assert_becomes("default via 192.168.178.1 dev eth0 src 192.168.178.23",
		       "default via IP-1 dev eth0 src IP-2");
	assert_becomes("fe80::5054:ff:fe0b:1/64, 2001:db8:1:2:3:4:5:6.", "IP-3/64, IP-4.");
	assert_stays("300.1.1.1 1.2.3 1.2.3.4.5");
}

static void uuids_and_names_of_disks_go(void **state)
{
	(void)state;
	assert_becomes("root=UUID=3c1b0a3e-1b7f-4f0d-9d0c-0123456789ab ro", "root=UUID=DISK-1 ro");
	assert_becomes("machine 3c1b0a3e-1b7f-4f0d-9d0c-0123456789ac", "machine UUID-1");
	assert_becomes("/dev/disk/by-id/nvme-Samsung_SSD_980_S64DNX0R123456-part1 on /",
		       "/dev/disk/by-id/DISK-2 on /");
	assert_becomes("LABEL=annas-disk on /mnt/holiday", "LABEL=DISK-3 on /mnt/DISK-4");
	assert_becomes("wwid eui.0025385b01409b38 naa.5000c500a1b2c3d4", "wwid DISK-5 DISK-6");
}

static void home_directories_and_then_the_users_name_go(void **state)
{
	(void)state;
	assert_becomes("kernel = \"/home/anna/vm/bzImage\"",
		       "kernel = \"/home/USER-1/vm/bzImage\"");
	assert_becomes("owner Anna, /run/media/anna/stick; annabel",
		       "owner USER-1, "
		       "/run/media/USER-1/stick; annabel");
	assert_becomes("/home/berta", "/home/USER-2");
	assert_becomes("/run/user/1000/bus 1000", "/run/user/USER-3/bus 1000");
}

static void serial_numbers_are_told_by_their_key(void **state)
{
	(void)state;
	assert_becomes("serial = \"S64DNX0R\";", "serial = \"SERIAL-1\";");
	assert_becomes("{\"serial\": \"S64DNX0R\"}", "{\"serial\": \"SERIAL-1\"}");
	assert_becomes("usb 1-1: SerialNumber: 4C5300011", "usb 1-1: SerialNumber: SERIAL-2");
	assert_becomes("Serial Number: PF0ABC12", "Serial Number: SERIAL-3");
	/* A long one is known everywhere from now on, in names too. */
	assert_becomes("nvme_S64DNX0R_1", "nvme_SERIAL-1_1");
	assert_stays("console = \"serial\"; serial console: on");
}

static void values_of_secrets_go(void **state)
{
	(void)state;
	assert_becomes("cmdline = \"quiet password=hunter2 rd.luks.key=/k\";",
		       "cmdline = \"quiet password=HIDDEN rd.luks.key=HIDDEN\";");
	assert_becomes("api_token: abc", "api_token: HIDDEN");
}

static void what_the_host_says_of_itself_is_known(void **state)
{
	(void)state;
	struct host_tree tree;
	host_tree_make(&tree, "proc/sys/kernel/hostname = annas-box.example.org\\n\n"
			      "sys/class/dmi/id/product_serial = PF0ABC12\\n\n"
			      "sys/class/dmi/id/board_serial = To be filled by O.E.M.\\n\n"
			      "sys/class/nvme/nvme0/serial = S64DNX0R123456   \\n\n");
	assert_int_equal(redact_know_host(&redact, &tree.host), 0);
	host_tree_remove(&tree);
	assert_becomes("Linux annas-box 6.1 on Annas-Box.example.org, annas-boxes",
		       "Linux HOSTNAME 6.1 on HOSTNAME, annas-boxes");
	assert_becomes("PF0ABC12 nvme-SSD_S64DNX0R123456-part1",
		       "SERIAL-1 nvme-SSD_SERIAL-2-part1");
	assert_stays("To be filled by O.E.M.");
}

static void names_that_tell_nothing_are_left_alone(void **state)
{
	(void)state;
	static const char *const common[] = { "root", "localhost", "debian", "vm", "", "1000" };
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		assert_int_equal(redact_know(&redact, REDACT_USER, common[i]), 0);
	assert_int_equal(redact_know(&redact, REDACT_SERIAL, "Default string"), 0);
	assert_int_equal(redact_know(&redact, REDACT_SERIAL, "123456"), 0);
	assert_stays("root@localhost vm 1000 debian Default string 123456");
}

static void what_is_redacted_stays_as_it_is(void **state)
{
	(void)state;
	char once[512];
	snprintf(once, sizeof(once), "%s",
		 of("/home/anna serial: AB123456 52:54:00:0b:00:01 password=x UUID=abc 10.1.2.3"));
	assert_stays(once);
}

static void any_byte_may_stand_anywhere(void **state)
{
	(void)state;
	assert_memory_equal(of_bytes("a\0b:\0", 5), "a\0b:\0", 5);
	assert_int_equal(said_size, 5);
	assert_stays("");
	assert_stays("serial:");
	assert_stays("/home/");
	assert_stays("52:54:00:0b:00");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(macs_are_numbered_and_the_same_one_keeps_its_number),
		T(pci_addresses_ids_times_and_versions_stay),
		T(ip_addresses_go),
		T(uuids_and_names_of_disks_go),
		T(home_directories_and_then_the_users_name_go),
		T(serial_numbers_are_told_by_their_key),
		T(values_of_secrets_go),
		T(what_the_host_says_of_itself_is_known),
		T(names_that_tell_nothing_are_left_alone),
		T(what_is_redacted_stays_as_it_is),
		T(any_byte_may_stand_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
