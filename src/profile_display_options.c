/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of `display`, `input` and `looking_glass`: a field in profile.h and a row here. */
#include "profile_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "profile.h"

/* --- display --- */

static const char *const type_names[] = {
	[DISPLAY_NONE] = "none", [DISPLAY_RAMFB] = "ramfb", NULL
};

static const struct opt vnc_rows[] = {
	{
		.key = "socket",
		.type = OPT_PATH,
		.offset = offsetof(struct profile, display.vnc.socket),
		.fallback = "",
		.none = "",
		.min = 1,
		.brief = "A UNIX socket for VNC clients; empty for none",
		.detail = "Only its owner may connect (mode 0600). It is made at the start and "
			  "removed at the end.",
	},
	{
		.key = "address",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile, display.vnc.address),
		.fallback = "",
		.none = "",
		.max = 45,
		.example = "127.0.0.1",
		.brief = "An IP address for VNC clients; empty for none",
		.detail = "A loopback address (`127.0.0.1`, `::1`), unless `remote` is set. It "
			  "needs a "
			  "password.",
	},
	{
		.key = "port",
		.type = OPT_INT,
		.offset = offsetof(struct profile, display.vnc.port),
		.fallback = "5900",
		.min = 1,
		.max = 65535,
		.brief = "The TCP port at `address`",
	},
	{
		.key = "password_file",
		.type = OPT_PATH,
		.offset = offsetof(struct profile, display.vnc.password_file),
		.fallback = "",
		.none = "",
		.min = 1,
		.brief = "A file whose first line is the password that clients must know",
		.detail =
			"One to eight characters: VNC uses no more. Nobody but its owner may read "
			"the file.",
	},
	{
		.key = "remote",
		.type = OPT_BOOL,
		.offset = offsetof(struct profile, display.vnc.remote),
		.fallback = "false",
		.brief = "Allow an `address` that other machines reach",
		.detail =
			"VNC does not encrypt: who can listen on the way sees the picture and "
			"every "
			"key. A tunnel (`ssh -L`) to a loopback address or a socket does not need "
			"this.",
	},
};
static const struct opt_table vnc_table = { vnc_rows, ARRAY_LEN(vnc_rows) };

static const struct opt display_rows[] = {
	{
		.key = "type",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile, display.type),
		.fallback = "none",
		.names = type_names,
		.brief = "Whether the firmware has a framebuffer in the guest's memory",
		.detail =
			"`\"ramfb\"` needs UEFI firmware, and Linux and Windows go on using it as "
			"the firmware left it, until a display adapter's driver takes over. "
			"`bulkhead screenshot` shows it, and VNC.",
	},
	{
		.key = "vnc",
		.type = OPT_GROUP,
		.table = &vnc_table,
		.brief = "Who may see it, and type",
		.detail = "Without `socket` and `address` there is no VNC server.",
	},
};
const struct opt_table profile_display_options = { display_rows, ARRAY_LEN(display_rows) };

/* --- input --- */

static const char *const grab_names[] = { [GRAB_BOTH_CTRL] = "both-ctrl",
					  [GRAB_BOTH_ALT] = "both-alt",
					  [GRAB_BOTH_SHIFT] = "both-shift",
					  [GRAB_BOTH_META] = "both-meta",
					  [GRAB_SCROLL_LOCK] = "scroll-lock",
					  [GRAB_CTRL_SCROLL_LOCK] = "ctrl-scroll-lock",
					  [GRAB_NEVER] = "never",
					  NULL };

static const struct opt evdev_rows[] = {
	{
		.key = "path",
		.type = OPT_PATH,
		.offset = offsetof(struct profile_evdev, path),
		.min = 1,
		.brief = "The device's file",
		.detail = "Names below `/dev/input/by-id` stay the same; `eventN` does not.",
	},
};
static const struct opt_table evdev_table = { evdev_rows, ARRAY_LEN(evdev_rows) };

static const struct opt input_rows[] = {
	{
		.key = "evdev",
		.type = OPT_LIST,
		.offset = offsetof(struct profile, input.evdev),
		.stride = sizeof(struct profile_evdev),
		.count_offset = offsetof(struct profile, input.n_evdevs),
		.line_offset = offsetof(struct profile_evdev, line),
		.max = PROFILE_MAX_EVDEVS,
		.table = &evdev_table,
		.brief = "Input devices of the host",
		.detail =
			"While they are grabbed, only the guest gets what they say. One that is "
			"unplugged is taken back when it returns. The kernel ends a grab when the "
			"process that has it is gone, however it went.",
	},
	{
		.key = "grab_keys",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile, input.grab_keys),
		.fallback = "both-ctrl",
		.names = grab_names,
		.brief = "The keys that, pressed together, give all of them to the guest or back",
	},
	{
		.key = "grab_at_start",
		.type = OPT_BOOL,
		.offset = offsetof(struct profile, input.grab_at_start),
		.fallback = "true",
		.brief = "Whether the guest has them from the start on",
	},
};
const struct opt_table profile_input_options = { input_rows, ARRAY_LEN(input_rows) };

/* --- looking_glass --- */

static int accept_file(void *object, const char *text, struct err *err)
{
	(void)object;
	if (*text && (strchr(text, '/') || text[0] == '.'))
		return err_set(err, -EINVAL, "expected a name in /dev/shm, without '/', found %s",
			       opt_quote(text).s);
	return 0;
}

static int accept_mode(void *object, const char *text, struct err *err)
{
	char *end;
	(void)object;
	unsigned long mode = strtoul(text, &end, 8);
	if (*end || end == text || mode > 0777 || (mode & 0600) != 0600)
		return err_set(err, -EINVAL,
			       "expected an octal mode such as \"0660\" that lets the owner read "
			       "and write, found %s",
			       opt_quote(text).s);
	return 0;
}

static const struct opt looking_glass_rows[] = {
	{
		.key = "width",
		.type = OPT_INT,
		.offset = offsetof(struct profile, looking_glass.width),
		.fallback = "none",
		.none = "none",
		.min = 320,
		.max = 16384,
		.unit = "pixels",
		.brief = "The widest picture; `\"none\"` for no such device",
	},
	{
		.key = "height",
		.type = OPT_INT,
		.offset = offsetof(struct profile, looking_glass.height),
		.fallback = "none",
		.none = "none",
		.min = 200,
		.max = 16384,
		.unit = "pixels",
		.brief = "The highest picture",
		.detail = "The memory has room for two frames and 10 MiB beside, rounded up to a "
			  "power "
			  "of two: 32 MiB for 1920x1080, 128 MiB for 3840x2160.",
	},
	{
		.key = "hdr",
		.type = OPT_BOOL,
		.offset = offsetof(struct profile, looking_glass.hdr),
		.fallback = "false",
		.brief = "Frames with 8 bytes a pixel instead of 4",
	},
	{
		.key = "file",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile, looking_glass.file),
		.fallback = "",
		.none = "",
		.max = 100,
		.accept = accept_file,
		.example = "looking-glass",
		.brief = "The file's name in /dev/shm; empty for `looking-glass-NAME`",
		.detail = "It is made at the start and removed at the end.",
	},
	{
		.key = "owner",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile, looking_glass.owner),
		.fallback = "",
		.none = "",
		.max = 65,
		.example = "alice:kvm",
		.brief =
			"Who it belongs to, a user and maybe a group; empty for who runs the guest",
	},
	{
		.key = "mode",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile, looking_glass.mode),
		.fallback = "0660",
		.min = 3,
		.max = 4,
		.accept = accept_mode,
		.example = "0660",
		.brief = "Who may read and write it, in octal",
	},
};
const struct opt_table profile_looking_glass_options = { looking_glass_rows,
							 ARRAY_LEN(looking_glass_rows) };
