/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an entry of `devices` says about a VF. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/opt.h"
#include "profile_options.h"

struct profile_device_name profile_device_name(const struct profile_device *device)
{
	struct profile_device_name name;
	if (!device->vf.pf)
		snprintf(name.s, sizeof(name.s), "%s", device->pci);
	else if (device->vf.index == OPT_NONE)
		snprintf(name.s, sizeof(name.s), "a VF of %s", device->vf.pf);
	else
		snprintf(name.s, sizeof(name.s), "VF %u of %s", device->vf.index, device->vf.pf);
	return name;
}

static void put_number(struct vf_settings *settings, enum vf_key key, unsigned value)
{
	if (value != OPT_NONE)
		vf_put(settings, key, value);
}

static void put_choice(struct vf_settings *settings, enum vf_key key, unsigned choice)
{
	if (choice)
		vf_put(settings, key, choice - 1);
}

struct vf_settings profile_vf_settings(const struct profile_vf *vf)
{
	struct vf_settings settings = { 0 };
	struct mac mac;
	if (vf->mac && !mac_parse(vf->mac, &mac))
		vf_put_mac(&settings, mac);
	put_number(&settings, VF_VLAN, vf->vlan);
	put_number(&settings, VF_QOS, vf->qos);
	put_number(&settings, VF_MIN_RATE, vf->min_rate);
	put_number(&settings, VF_MAX_RATE, vf->max_rate);
	put_choice(&settings, VF_PROTO, vf->proto);
	put_choice(&settings, VF_SPOOFCHK, vf->spoofchk);
	put_choice(&settings, VF_LINK_STATE, vf->link_state);
	put_choice(&settings, VF_TRUST, vf->trust);
	return settings;
}

/* A setting of an entry that is no VF, "" = none. */
static const char *stray_key(const struct profile_device *device)
{
	struct vf_settings settings = profile_vf_settings(&device->vf);
	if (device->vf.index != OPT_NONE)
		return "index";
	if (device->vf.queues != OPT_NONE)
		return "queues";
	for (unsigned i = 0; i < N_VF_KEYS; i++)
		if (settings.known & VF_BIT(i))
			return vf_key_word((enum vf_key)i);
	return "";
}

static int at_key(const struct profile *profile, unsigned index, const char *key, int code,
		  const char *text, struct err *err)
{
	const struct profile_device *device = &profile->device[index];
	struct opt_at at = { .source = device->line ? profile->path : "--set",
			     .line = device->line };
	snprintf(at.path, sizeof(at.path), "devices[%u].%s", index, key);
	return opt_error(&at, err, code, "%s", text);
}

static int check_device(const struct profile *profile, unsigned index, struct err *err)
{
	const struct profile_device *device = &profile->device[index];
	const struct vf_settings settings = profile_vf_settings(&device->vf);
	struct err why = { 0 };
	if (device->pci && device->vf.pf)
		return at_key(profile, index, "vf", -EINVAL,
			      "the entry has `pci` too; it names a device by one of them", err);
	if (!device->pci && !device->vf.pf)
		return at_key(profile, index, "pci", -EINVAL,
			      "missing; give a text such as \"0000:01:00.0\", or the PF of a VF "
			      "as `vf`",
			      err);
	if (device->pci && *stray_key(device))
		return at_key(profile, index, stray_key(device), -EINVAL,
			      "only a VF has it: name its PF as `vf` instead of `pci`", err);
	if (vf_settings_check(&settings, &why))
		return at_key(profile, index, "vf", why.code, why.text, err);
	return 0;
}

int profile_check_devices(const struct profile *profile, struct err *err)
{
	int r = 0;
	for (unsigned i = 0; !r && i < profile->n_devices; i++)
		r = check_device(profile, i, err);
	return r;
}
