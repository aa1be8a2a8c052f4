/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/profile_fixture.h"

static void without_firmware_a_kernel_must_be_given_and_with_it_need_not(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(load(f, "name = \"a\"; firmware = { type = \"uefi\"; };"), 0);
	assert_null(f->profile.boot.kernel);
	assert_int_equal(f->profile.firmware.type, FIRMWARE_UEFI);
	assert_string_equal(f->profile.firmware.code, "/usr/share/OVMF/OVMF_CODE_4M.fd");
	assert_null(f->profile.firmware.vars);
	profile_fini(&f->profile);
	refused(f, "name = \"a\"; firmware = { type = \"uefi\"; }; boot = { initrd = \"/i\"; };",
		-EINVAL, "demo.cfg: boot.initrd: there is no boot.kernel to use it");
	refused(f, "name = \"a\"; firmware = { type = \"uefi\"; }; memory = \"128M\";", -ERANGE,
		"demo.cfg: memory: 128M is too little for UEFI firmware; give at least 256M");
	refused(f, "name = \"a\"; firmware = { type = \"uefi\"; }; boot = { cmdline = \"x\"; };",
		-EINVAL, "demo.cfg: boot.cmdline: there is no boot.kernel to read it");
}

static void secure_boot_and_a_kernel_that_it_does_not_cover_are_refused(void **state)
{
	struct fixture *f = *state;
	refused(f, MINIMAL "firmware = { type = \"uefi\"; secure_boot = true; };", -EINVAL,
		"demo.cfg: boot.kernel: firmware.secure_boot does not cover it: the firmware would "
		"start it unsigned; boot from a disk, or leave out one of the two");
}

/* --- what loads --- */

static void a_minimal_profile_gets_every_default(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(load(f, MINIMAL), 0);
	const struct profile *p = &f->profile;
	assert_string_equal(p->name, "a");
	assert_string_equal(p->boot.kernel, "/k");
	assert_null(p->boot.initrd);
	assert_string_equal(p->boot.cmdline, "");
	assert_int_equal(p->vcpus, 1);
	assert_int_equal(p->memory, GIB);
	assert_int_equal(p->n_devices, 0);
	assert_int_equal(p->console, CONSOLE_STDIO);
	assert_int_equal(p->reboot, REBOOT_RESTART);
	assert_int_equal(p->iommu, IOMMU_AUTO);
	assert_false(p->unsafe_interrupts);
	assert_false(p->force);
	assert_int_equal(p->stop_timeout_s, 30);
	assert_int_equal(p->driver_timeout_s, 30);
}

static void every_option_is_read(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(load(f,
			      "name = \"x-1.b_c\"; vcpus = 0x4; memory = \"512m\";\n"
			      "boot = { kernel = \"/k\"; initrd = \"/i\"; cmdline = \"quiet\"; };\n"
			      "devices = (\n"
			      "{ pci = \"0001:02:03.4\"; rom = \"off\"; group = \"take\"; },\n"
			      "{ pci = \"8086:10CA\"; rom = \"/r\"; group = \"hold\"; }\n);\n"
			      "console = \"off\"; reboot = \"stop\"; iommu = \"iommufd\";\n"
			      "unsafe_interrupts = true; force = True; stop_timeout = 0;\n"),
			 0);
	const struct profile *p = &f->profile;
	assert_int_equal(p->vcpus, 4);
	assert_int_equal(p->memory, 512 * MIB);
	assert_string_equal(p->boot.initrd, "/i");
	assert_int_equal(p->n_devices, 2);
	assert_false(p->device[0].by_id);
	assert_true(bdf_equal(p->device[0].bdf, (struct bdf){ 1, 2, 3, 4 }));
	assert_string_equal(p->device[0].rom, "off");
	assert_int_equal(p->device[0].group, GROUP_TAKE);
	assert_int_equal(p->device[0].line, 4);
	assert_true(p->device[1].by_id);
	assert_int_equal(p->device[1].vendor, 0x8086);
	assert_int_equal(p->device[1].device, 0x10ca);
	assert_string_equal(p->device[1].rom, "/r");
	assert_int_equal(p->device[1].line, 5);
	assert_int_equal(p->console, CONSOLE_OFF);
	assert_int_equal(p->reboot, REBOOT_STOP);
	assert_int_equal(p->iommu, IOMMU_FD);
	assert_true(p->unsafe_interrupts && p->force);
	assert_int_equal(p->stop_timeout_s, 0);
}

static void relative_names_are_taken_from_the_profiles_directory(void **state)
{
	struct fixture *f = *state;
	char expected[PATH_MAX];
	assert_int_equal(load(f,
			      "name=\"a\"; boot = { kernel = \"vmlinuz\"; initrd = \"../i\"; };\n"
			      "devices = ({ pci = \"01:00.0\"; rom = \"./off\"; });"),
			 0);
	snprintf(expected, sizeof(expected), "%s/vmlinuz", f->dir.path);
	assert_string_equal(f->profile.boot.kernel, expected);
	snprintf(expected, sizeof(expected), "%s/../i", f->dir.path);
	assert_string_equal(f->profile.boot.initrd, expected);
	snprintf(expected, sizeof(expected), "%s/./off", f->dir.path);
	assert_string_equal(f->profile.device[0].rom, expected);
}

static void a_profile_without_a_directory_in_its_name_loads(void **state)
{
	struct fixture *f = *state;
	char before[PATH_MAX], expected[PATH_MAX];
	const char text[] = "name=\"a\"; boot={kernel=\"k\";};";
	assert_int_equal(tempdir_write(&f->dir, "demo.cfg", text, strlen(text)), 0);
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(f->dir.path), 0);
	int r = profile_load(&f->profile, "demo.cfg", NULL, 0, &f->err);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(r, 0);
	snprintf(expected, sizeof(expected), "%s/k", f->dir.path);
	assert_string_equal(f->profile.boot.kernel, expected);
}

static void sixty_four_devices_load_and_one_more_is_refused(void **state)
{
	struct fixture *f = *state;
	char text[8192] = MINIMAL "devices = (";
	for (int i = 0; i < PROFILE_MAX_DEVICES; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s{ pci = \"%02x:00.0\"; }", i ? "," : "", i);
	size_t end = strlen(text);
	snprintf(text + end, sizeof(text) - end, ");");
	assert_int_equal(load(f, text), 0);
	assert_int_equal(f->profile.n_devices, PROFILE_MAX_DEVICES);
	snprintf(text + end, sizeof(text) - end, ",\n{ pci = \"ff:00.0\"; });");
	refused(f, text, -ERANGE, "demo.cfg:3: devices[64]: more than 64 elements");
}

/* --- what is refused --- */

static void an_unknown_key_names_its_neighbour(void **state)
{
	struct fixture *f = *state;
	refused(f, MINIMAL "devices = ( { pci = \"01:00.0\"; },\n{\ngruop = \"hold\"; } );",
		-EINVAL, "demo.cfg:4: devices[1].gruop: unknown key; did you mean \"group\"?");
	refused(f, "vcpu = 1;", -EINVAL, "demo.cfg:1: vcpu: unknown key; did you mean \"vcpus\"?");
	refused(f, "boot = { kernal = \"x\"; };", -EINVAL,
		"demo.cfg:1: boot.kernal: unknown key; did you mean \"kernel\"?");
	refused(f, "zzz = 1;", -EINVAL, "demo.cfg:1: zzz: unknown key");
}

static void a_key_of_any_length_is_refused_in_a_short_message(void **state)
{
	struct fixture *f = *state;
	char *text = malloc(500001);
	memset(text, 'k', 500000);
	memcpy(text + 499990, " = 1;", 6);
	assert_int_equal(load(f, text), -EINVAL);
	assert_non_null(strstr(f->text, "unknown key"));
	free(text);
}

static void a_wrong_type_says_what_was_expected_and_found(void **state)
{
	struct fixture *f = *state;
	refused(f, "\nmemory = (\"1G\");", -EINVAL,
		"demo.cfg:2: memory: expected a size such as \"1G\", found a list");
	refused(f, "memory = [\"1G\"];", -EINVAL,
		"demo.cfg:1: memory: expected a size such as \"1G\", found an array");
	refused(f, "memory = \"lots\";", -EINVAL,
		"demo.cfg:1: memory: expected a size such as \"1G\", found \"lots\"");
	refused(f, "vcpus = \"2\";", -EINVAL, "demo.cfg:1: vcpus: expected a number, found \"2\"");
	refused(f, "vcpus = 1.5;", -EINVAL,
		"demo.cfg:1: vcpus: expected a number, found a fraction");
	refused(f, "stop_timeout = true;", -EINVAL,
		"demo.cfg:1: stop_timeout: expected a number of seconds, found true");
	refused(f, "force = 1;", -EINVAL,
		"demo.cfg:1: force: expected true or false, found the number 1");
	refused(f, "name = { };", -EINVAL,
		"demo.cfg:1: name: expected a text such as \"demo\", found a group");
	refused(f, "boot = { kernel = 1; };", -EINVAL,
		"demo.cfg:1: boot.kernel: expected a file name, found the number 1");
	refused(f, "boot = \"x\";", -EINVAL,
		"demo.cfg:1: boot: expected a group { ... }, found \"x\"");
	refused(f, "devices = { };", -EINVAL,
		"demo.cfg:1: devices: expected a list of groups ( { ... }, { ... } ), found a "
		"group");
	refused(f, "devices = (\n\"01:00.0\");", -EINVAL,
		"demo.cfg:2: devices[0]: expected a group { ... }, found \"01:00.0\"");
	refused(f, "iommu = 1;", -EINVAL,
		"demo.cfg:1: iommu: expected \"auto\", \"type1\" or \"iommufd\", found the number "
		"1");
	refused(f, "devices = ({ rom = 1; });", -EINVAL,
		"demo.cfg:1: devices[0].rom: expected a file "
		"name, \"device\" or \"off\", found the number 1");
}

static void a_bare_number_for_a_size_is_refused_with_the_unit_to_write(void **state)
{
	struct fixture *f = *state;
	refused(f, "memory = 512;", -EINVAL,
		"demo.cfg:1: memory: expected a size such as \"1G\", found "
		"the number 512; write it with its unit, \"512M\"");
	refused(f, "memory = 536870912;", -EINVAL,
		"demo.cfg:1: memory: expected a size such as \"1G\", "
		"found the number 536870912; write it with its unit, \"512M\"");
}

static void a_misspelt_choice_names_its_neighbour(void **state)
{
	struct fixture *f = *state;
	refused(f, "iommu = \"iomufd\";", -EINVAL,
		"demo.cfg:1: iommu: expected \"auto\", \"type1\" or "
		"\"iommufd\", found \"iomufd\"; did you mean \"iommufd\"?");
	refused(f, "console = \"vga\";", -EINVAL,
		"demo.cfg:1: console: expected \"stdio\" or \"off\", found \"vga\"");
}

static void out_of_range_shows_both_bounds(void **state)
{
	struct fixture *f = *state;
	refused(f, "vcpus = 0;", -ERANGE, "demo.cfg:1: vcpus: 0 is out of range: 1 to 64");
	refused(f, "vcpus = 65;", -ERANGE, "demo.cfg:1: vcpus: 65 is out of range: 1 to 64");
	refused(f, "vcpus = -1;", -ERANGE, "demo.cfg:1: vcpus: -1 is out of range: 1 to 64");
	refused(f, "devices = ({ pci = \"01:00.0\"; identity = { serial = \"7\"; }; });", -EINVAL,
		"demo.cfg:1: devices[0].identity.serial: expected a serial number such as "
		"\"00-1b-21-ff-ff-a3-b4-c5\", found \"7\"");
	refused(f, "driver_timeout = 0;", -ERANGE,
		"demo.cfg:1: driver_timeout: 0 is out of range: 1 to 3600 seconds");
	refused(f, "stop_timeout = 3601;", -ERANGE,
		"demo.cfg:1: stop_timeout: 3601 is out of range: 0 to 3600 seconds");
	refused(f, "memory = \"30M\";", -ERANGE,
		"demo.cfg:1: memory: \"30M\" is out of range: 32M to 16T");
	refused(f, "memory = \"17T\";", -ERANGE,
		"demo.cfg:1: memory: \"17T\" is out of range: 32M to 16T");
	refused(f, "memory = \"99999999999999999999\";", -ERANGE,
		"demo.cfg:1: memory: \"99999999999999999999\" is out of range: 32M to 16T");
	refused(f, "memory = \"33M\";", -ERANGE,
		"demo.cfg:1: memory: \"33M\" is not a multiple of 2M");
}

static void a_number_that_would_wrap_around_is_refused(void **state)
{
	struct fixture *f = *state;
	refused(f, "vcpus = 4294967297;", -EINVAL, "demo.cfg:1: a number of more than nine digits");
	refused(f, "vcpus = 0x100000001;", -EINVAL,
		"demo.cfg:1: a hexadecimal number of more than eight digits");
	assert_true(load(f, "vcpus = 0xffffffff;") < 0);
	assert_true(load(f, "vcpus = 4294967297L;") < 0);
}

static void a_required_key_that_is_missing_is_named(void **state)
{
	struct fixture *f = *state;
	refused(f, "", -EINVAL,
		"demo.cfg: name: missing, it has no default; give a text such as \"demo\"");
	refused(f, "name = \"a\";", -EINVAL,
		"demo.cfg: boot.kernel: missing; give a file name, or \"uefi\" as firmware.type to "
		"boot from a disk");
	refused(f, MINIMAL "devices = (\n{ rom = \"off\"; });", -EINVAL,
		"demo.cfg:3: devices[0].pci: "
		"missing; give a text such as \"0000:01:00.0\", or the PF of a VF as `vf`");
}

static void a_vf_is_named_by_its_pf(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		load(f, MINIMAL
		     "devices = ({ vf = \"enp2s0f0\"; index = 2; mac = \"52:54:00:0b:01:02\"; "
		     "vlan = 100; qos = 3; proto = \"802.1ad\"; trust = true; "
		     "spoofchk = \"off\"; link_state = \"enable\"; min_rate = 0; "
		     "max_rate = 500; }, { vf = \"8086:10c9\"; index = \"any\"; });"),
		0);
	const struct profile_device *device = f->profile.device;
	struct vf_settings set = profile_vf_settings(&device[0].vf);
	assert_string_equal(profile_device_name(&device[0]).s, "VF 2 of enp2s0f0");
	assert_int_equal(set.known, (1u << N_VF_KEYS) - 1);
	assert_string_equal(mac_text(set.mac).s, "52:54:00:0b:01:02");
	static const char *const values[N_VF_KEYS] = {
		[VF_VLAN] = "100",          [VF_QOS] = "3",        [VF_PROTO] = "802.1ad",
		[VF_MIN_RATE] = "0",        [VF_MAX_RATE] = "500", [VF_SPOOFCHK] = "off",
		[VF_LINK_STATE] = "enable", [VF_TRUST] = "on"
	};
	for (unsigned i = VF_MAC + 1; i < N_VF_KEYS; i++)
		assert_string_equal(vf_value_text(&set, (enum vf_key)i).s, values[i]);
	assert_string_equal(profile_device_name(&device[1]).s, "a VF of 8086:10c9");
	assert_int_equal(profile_vf_settings(&device[1].vf).known, 0);
}

static void what_a_vf_cannot_have_is_refused(void **state)
{
	struct fixture *f = *state;
	refused(f, MINIMAL "devices = ({ vf = \"eth0\"; pci = \"01:00.0\"; });", -EINVAL,
		"demo.cfg:2: devices[0].vf: the entry has `pci` too; it names a device by one of "
		"them");
	refused(f, MINIMAL "devices = ({ pci = \"01:00.0\"; index = 1; });", -EINVAL,
		"demo.cfg:2: devices[0].index: only a VF has it: name its PF as `vf` instead of "
		"`pci`");
	refused(f, MINIMAL "devices = ({ pci = \"01:00.0\"; queues = 1; });", -EINVAL,
		"demo.cfg:2: devices[0].queues: only a VF has it: name its PF as `vf` instead of "
		"`pci`");
	refused(f, MINIMAL "devices = ({ pci = \"01:00.0\"; vlan = 0; });", -EINVAL,
		"demo.cfg:2: devices[0].vlan: only a VF has it: name its PF as `vf` instead of "
		"`pci`");
	refused(f, MINIMAL "devices = ({ vf = \"eth0\"; vf_token = \"1234\"; });", -EINVAL,
		"demo.cfg:2: devices[0].vf_token: expected a UUID such as "
		"\"14d63f20-8445-11ea-8900-1f9ce7d5650d\"");
	refused(f,
		MINIMAL "devices = ({ vf = \"eth0\"; "
			"vf_token = \"14d63f20-8445-11ea-8900-1f9ce7d5650g\"; });",
		-EINVAL,
		"demo.cfg:2: devices[0].vf_token: expected a UUID such as "
		"\"14d63f20-8445-11ea-8900-1f9ce7d5650d\"");
	refused(f, MINIMAL "devices = ({ vf = \"eth0\"; vlan = 4096; });", -ERANGE,
		"demo.cfg:2: devices[0].vlan: 4096 is out of range: 0 to 4095");
	refused(f, MINIMAL "devices = ({ vf = \"eth0\"; index = \"some\"; });", -EINVAL,
		"demo.cfg:2: devices[0].index: expected a number or \"any\", found \"some\"");
	refused(f, MINIMAL "devices = ({ vf = \"eth0\"; trust = \"yes\"; });", -EINVAL,
		"demo.cfg:2: devices[0].trust: expected \"keep\", \"off\" or \"on\", found "
		"\"yes\"");
	refused(f, MINIMAL "devices = ({ vf = \"eth0\"; mac = \"01:00:5e:00:00:01\"; });", -EINVAL,
		"demo.cfg:2: devices[0].mac: mac=01:00:5e:00:00:01: a multicast address cannot be "
		"an interface's own");
	refused(f, MINIMAL "devices = ({ vf = \"eth0\"; min_rate = 9; max_rate = 8; });", -EINVAL,
		"demo.cfg:2: devices[0].vf: max_rate=8 is less than min_rate=9 Mb/s");
	refused(f, MINIMAL "devices = ({ vf = \"eth0\"; proto = \"802.1ad\"; });", -EINVAL,
		"demo.cfg:2: devices[0].vf: proto=802.1ad needs a vlan other than 0");
	refused(f,
		MINIMAL
		"devices = ({ vf = \"eth0\"; index = 1; },\n{ vf = \"eth0\"; index = 1; });",
		-EEXIST, "demo.cfg:3: devices[1].vf: VF 1 of eth0 is already devices[0]");
}

static void any_two_vfs_of_a_pf_are_no_duplicates(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(load(f, MINIMAL "devices = ({ vf = \"eth0\"; }, { vf = \"eth0\"; }, "
					 "{ vf = \"eth0\"; index = 0; }, { pci = \"01:00.0\"; });"),
			 0);
}

static void a_name_that_could_leave_its_directory_is_refused(void **state)
{
	struct fixture *f = *state;
	refused(f, "name = \"..\";", -EINVAL,
		"demo.cfg:1: name: \"..\" does not begin with a letter or digit");
	refused(f, "name = \"a/b\";", -EINVAL,
		"demo.cfg:1: name: \"a/b\" has other characters than "
		"letters, digits, '.', '_', '-'");
	refused(f, "name = \"\";", -EINVAL,
		"demo.cfg:1: name: expected a text such as \"demo\", found an empty text");
	refused(f, "name = \"a2345678901234567890123456789012345678901234567890\";", -ERANGE,
		"demo.cfg:1: name: 50 bytes are out of range: 1 to 48");
}

static void control_characters_are_refused_and_never_printed(void **state)
{
	struct fixture *f = *state;
	refused(f, "boot = { cmdline = \"a\\nb\"; };", -EINVAL,
		"demo.cfg:1: boot.cmdline: control character 0x0a in the text");
	refused(f, "iommu = \"\\x1b[31m\";", -EINVAL,
		"demo.cfg:1: iommu: expected \"auto\", \"type1\" or "
		"\"iommufd\", found \"?[31m\"");
	assert_true(load(f, "\x1b[31m = 1;") < 0);
	assert_null(strchr(f->text, 0x1b));
}

static void a_device_that_is_no_address_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const wrong[] = { "01:00", "01:20.0", "01:00.8",     "8086:10caa",
					     "gpu",   "1:2",     "0x8086:10ca", " 01:00.0" };
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		char text[256], message[256];
		snprintf(text, sizeof(text), MINIMAL "devices = ({ pci = \"%s\"; });", wrong[i]);
		snprintf(message, sizeof(message),
			 "demo.cfg:2: devices[0].pci: expected an address such as \"0000:01:00.0\" "
			 "or "
			 "vendor:device such as \"8086:10ca\", found \"%s\"",
			 wrong[i]);
		refused(f, text, -EINVAL, message);
	}
}

static void the_same_device_twice_is_refused(void **state)
{
	struct fixture *f = *state;
	refused(f,
		MINIMAL "devices = ({ pci = \"01:00.0\"; }, { pci = \"02:00.0\"; },\n"
			"{ pci = \"0000:01:00.0\"; });",
		-EEXIST, "demo.cfg:3: devices[2].pci: 0000:01:00.0 is already devices[0]");
	refused(f, MINIMAL "devices = ({ pci = \"8086:10ca\"; }, { pci = \"8086:10CA\"; });",
		-EEXIST, "demo.cfg:2: devices[1].pci: 8086:10CA is already devices[0]");
}

static void a_syntax_error_shows_its_line(void **state)
{
	struct fixture *f = *state;
	refused(f, "name = \"a\";\n\tvcpus = = 2;\n", -EINVAL,
		"demo.cfg:2: syntax error at \"vcpus = = 2;\"");
	refused(f, "name = \"a\";\nname = \"b\";", -EINVAL,
		"demo.cfg:2: duplicate setting name at \"name = \"b\";\"");
	refused(f, "\nname = \"a\n\n", -EINVAL,
		"demo.cfg:2: the text that starts here has no closing quote");
	refused(f, "\n/* a\n", -EINVAL, "demo.cfg:2: the comment that starts here has no end");
	refused(f, "boot = { ", -EINVAL, "demo.cfg:1: syntax error at \"boot = { \"");
	refused(f, "};", -EINVAL, "demo.cfg:1: syntax error at \"};\"");
}

static void includes_are_refused_wherever_libconfig_would_read_them(void **state)
{
	struct fixture *f = *state;
	const char *message = "demo.cfg:2: includes are not read; put the settings into this file";
	assert_int_equal(tempdir_write(&f->dir, "secret", "name = \"x\";", 11), 0);
	refused(f, "\n@include \"secret\"\n", -EINVAL, message);
	refused(f, "\n \t@include \"secret\"\n", -EINVAL, message);
	refused(f, "vcpus = 1;\n@include \"/etc/shadow\"", -EINVAL, message);
	refused(f, "/* \"\n*/@include \"secret\"", -EINVAL, message);
	refused(f, "// \"\n@include \"secret\"", -EINVAL, message);
	/* In a text or a comment it is only words. */
	assert_int_equal(load(f, "# @include \"x\"\nname = \"a\"; boot = { kernel = \"/k\"; "
				 "cmdline = \"@include\"; };"),
			 0);
	assert_string_equal(f->profile.boot.cmdline, "@include");
}

static void nesting_and_count_are_bounded(void **state)
{
	struct fixture *f = *state;
	char *text = malloc(OPT_FILE_MAX + 2);
	memset(text, '(', 1000);
	memcpy(text + 1000, "", 1);
	memcpy(text, "a=", 2);
	refused(f, text, -EINVAL, "demo.cfg:1: too many brackets inside each other");
	size_t n = 0;
	for (unsigned i = 0; i <= OPT_SETTINGS_MAX; i++)
		n += (size_t)sprintf(text + n, "k%u=1;", i);
	refused(f, text, -EINVAL, "demo.cfg:1: too many settings");
	memset(text, ' ', OPT_FILE_MAX + 1);
	text[OPT_FILE_MAX + 1] = 0;
	refused(f, text, -EFBIG, "demo.cfg: larger than 1048576 bytes");
	free(text);
}

static void what_follows_a_nul_is_not_silently_dropped(void **state)
{
	struct fixture *f = *state;
	static const char text[] = MINIMAL "\0force = true;";
	assert_int_equal(load_bytes(f, text, sizeof(text) - 1, NULL, 0), -EINVAL);
	assert_string_equal(f->text, "demo.cfg: has a NUL byte in it; it is no text file");
}

static void an_unreadable_file_says_why(void **state)
{
	struct fixture *f = *state;
	char expected[PATH_MAX + 64];
	const char *path = tempdir_path(&f->dir, "absent.cfg");
	assert_int_equal(profile_load(&f->profile, path, NULL, 0, &f->err), -ENOENT);
	snprintf(expected, sizeof(expected), "%s: cannot read: No such file or directory", path);
	assert_string_equal(f->err.text, expected);
	assert_int_equal(profile_load(&f->profile, "/absent/x.cfg", NULL, 0, &f->err), -ENOENT);
	assert_string_equal(f->err.text, "/absent/x.cfg: cannot read: No such file or directory");
	assert_int_equal(profile_load(&f->profile, f->dir.path, NULL, 0, &f->err), -EINVAL);
	snprintf(expected, sizeof(expected), "%s: not a regular file", f->dir.path);
	assert_string_equal(f->err.text, expected);
	path = tempdir_path(&f->dir, "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(profile_load(&f->profile, path, NULL, 0, &f->err), -EINVAL);
}

static void an_error_text_is_optional(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(tempdir_write(&f->dir, "e", "x = 1;", 6), 0);
	const char *path = tempdir_path(&f->dir, "e");
	assert_int_equal(profile_load(&f->profile, path, NULL, 0, NULL), -EINVAL);
	const char *sets[] = { "devices[9].pci=x" };
	assert_int_equal(profile_load(&f->profile, path, sets, 1, NULL), -EINVAL);
}

/* --- what is shipped --- */

/* A file of the repository, found beside this one. */
static const char *repository_path(const char *name)
{
	static char path[PATH_MAX];
	const char *here = strstr(__FILE__, "tests/unit/");
	snprintf(path, sizeof(path), "%.*s%s", (int)(here - __FILE__), __FILE__, name);
	return path;
}

static void the_shipped_profiles_load(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *name;
		unsigned devices, disks;
	} shipped[] = {
		{ "profiles/demo.cfg", 7, 0 },          { "profiles/windows-gpu.cfg", 1, 2 },
		{ "profiles/linux-desktop.cfg", 2, 1 }, { "profiles/nfv-router.cfg", 2, 0 },
		{ "profiles/installer.cfg", 0, 2 },
	};
	for (size_t i = 0; i < ARRAY_LEN(shipped); i++) {
		if (profile_load(&f->profile, repository_path(shipped[i].name), NULL, 0, &f->err))
			fail_msg("%s", f->err.text);
		assert_int_equal(f->profile.n_devices, shipped[i].devices);
		assert_int_equal(f->profile.n_disks, shipped[i].disks);
		profile_fini(&f->profile);
	}
}

static void the_reference_in_the_manual_is_up_to_date(void **state)
{
	(void)state;
	char *reference;
	size_t size, page_size;
	void *page;
	FILE *out = open_memstream(&reference, &size);
	fputs("<!-- options: written by make docs -->\n", out);
	profile_write_reference(out);
	fputs("<!-- end of options -->\n", out);
	fclose(out);
	assert_int_equal(file_load(repository_path("docs/profile.md"), MIB, &page, &page_size), 0);
	if (!memmem(page, page_size, reference, size))
		fail_msg("docs/profile.md: run make docs");
	free(page);
	free(reference);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_minimal_profile_gets_every_default),
		TEST(every_option_is_read),
		TEST(relative_names_are_taken_from_the_profiles_directory),
		TEST(a_profile_without_a_directory_in_its_name_loads),
		TEST(sixty_four_devices_load_and_one_more_is_refused),
		TEST(an_unknown_key_names_its_neighbour),
		TEST(a_key_of_any_length_is_refused_in_a_short_message),
		TEST(a_wrong_type_says_what_was_expected_and_found),
		TEST(a_bare_number_for_a_size_is_refused_with_the_unit_to_write),
		TEST(a_misspelt_choice_names_its_neighbour),
		TEST(out_of_range_shows_both_bounds),
		TEST(a_number_that_would_wrap_around_is_refused),
		TEST(a_required_key_that_is_missing_is_named),
		TEST(without_firmware_a_kernel_must_be_given_and_with_it_need_not),
		TEST(secure_boot_and_a_kernel_that_it_does_not_cover_are_refused),
		TEST(a_name_that_could_leave_its_directory_is_refused),
		TEST(control_characters_are_refused_and_never_printed),
		TEST(a_device_that_is_no_address_is_refused),
		TEST(the_same_device_twice_is_refused),
		TEST(a_vf_is_named_by_its_pf),
		TEST(what_a_vf_cannot_have_is_refused),
		TEST(any_two_vfs_of_a_pf_are_no_duplicates),
		TEST(a_syntax_error_shows_its_line),
		TEST(includes_are_refused_wherever_libconfig_would_read_them),
		TEST(nesting_and_count_are_bounded),
		TEST(what_follows_a_nul_is_not_silently_dropped),
		TEST(an_unreadable_file_says_why),
		TEST(an_error_text_is_optional),
		TEST(the_shipped_profiles_load),
		TEST(the_reference_in_the_manual_is_up_to_date),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
