/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seat.h"

#include <errno.h>

#include "base/bytes.h"
#include "input.h"
#include "looking_glass.h"
#include "vnc.h"

static int check_display(const struct profile *profile, const struct host *host, struct err *err)
{
	(void)host;
	bool shown = profile->display.type != DISPLAY_NONE;
	if (shown && profile->firmware.type != FIRMWARE_UEFI)
		return err_set(
			err, -EINVAL,
			"display.type: \"ramfb\" is a framebuffer that UEFI firmware sets up; "
			"set firmware.type to \"uefi\", or leave the display out");
	if (!shown && vnc_is_wanted(&profile->display.vnc))
		return err_set(err, -EINVAL,
			       "display.vnc: there is no picture to show; set display.type to "
			       "\"ramfb\"");
	return 0;
}

static int check_vnc(const struct profile *profile, const struct host *host, struct err *err)
{
	(void)host;
	return vnc_is_wanted(&profile->display.vnc) ? vnc_check(&profile->display.vnc, err) : 0;
}

static int check_input(const struct profile *profile, const struct host *host, struct err *err)
{
	(void)host;
	return input_check(profile, err);
}

int seat_check(struct plan *plan, const struct profile *profile, const struct host *host)
{
	static int (*const checks[])(const struct profile *profile, const struct host *host,
				     struct err *err) = {
		check_display,
		check_vnc,
		check_input,
		looking_glass_check,
	};
	int r = 0;
	for (unsigned i = 0; !r && i < ARRAY_LEN(checks); i++) {
		struct err why = { 0 };
		if (checks[i](profile, host, &why))
			r = plan_refuse(plan, &why);
	}
	return r;
}
