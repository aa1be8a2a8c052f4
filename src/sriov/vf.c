/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sriov/vf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "sriov/netadm.h"

/* One VF with a socket to its PF's driver. */
struct target {
	struct netadm *na;
	const struct pf *pf;
	unsigned index;
};

static int send_mac(const struct target *t, const struct vf_settings *s)
{
	return netadm_set_mac(t->na, t->pf->ifindex, t->index, s->mac);
}

static int send_vlan(const struct target *t, const struct vf_settings *s)
{
	return netadm_set_vlan(t->na, t->pf->ifindex, t->index, s->value[VF_VLAN], s->value[VF_QOS],
			       (enum vf_proto)s->value[VF_PROTO]);
}

static int send_rate(const struct target *t, const struct vf_settings *s)
{
	return netadm_set_rate(t->na, t->pf->ifindex, t->index, s->value[VF_MIN_RATE],
			       s->value[VF_MAX_RATE]);
}

static int send_spoofchk(const struct target *t, const struct vf_settings *s)
{
	return netadm_set_spoofchk(t->na, t->pf->ifindex, t->index, s->value[VF_SPOOFCHK]);
}

static int send_link_state(const struct target *t, const struct vf_settings *s)
{
	return netadm_set_link_state(t->na, t->pf->ifindex, t->index,
				     (enum vf_link_state)s->value[VF_LINK_STATE]);
}

static int send_trust(const struct target *t, const struct vf_settings *s)
{
	return netadm_set_trust(t->na, t->pf->ifindex, t->index, s->value[VF_TRUST]);
}

/* In the order in which the kernel takes them from one message (net/core/rtnetlink.c). */
static const struct attribute {
	unsigned keys; /* what one request carries */
	int (*send)(const struct target *target, const struct vf_settings *settings);
} attributes[] = {
	{ VF_BIT(VF_MAC), send_mac },
	{ VF_BIT(VF_VLAN) | VF_BIT(VF_QOS) | VF_BIT(VF_PROTO), send_vlan },
	{ VF_BIT(VF_MIN_RATE) | VF_BIT(VF_MAX_RATE), send_rate },
	{ VF_BIT(VF_SPOOFCHK), send_spoofchk },
	{ VF_BIT(VF_LINK_STATE), send_link_state },
	{ VF_BIT(VF_TRUST), send_trust },
};

struct changes {
	char s[128];
};

/* "vlan=100 qos=3": those of `keys` as `settings` has them. */
static struct changes changes_text(const struct vf_settings *settings, unsigned keys)
{
	struct changes changes = { "" };
	struct text text = text_in(changes.s, sizeof(changes.s));
	for (unsigned i = 0; i < N_VF_KEYS; i++)
		if (keys & VF_BIT(i))
			text_put(&text, "%s%s=%s", text.n ? " " : "", vf_key_word((enum vf_key)i),
				 vf_value_text(settings, (enum vf_key)i).s);
	return changes;
}

static int refused_err(const struct target *t, const struct vf_settings *want, unsigned keys,
		       int code, struct err *err)
{
	const char *driver = *t->pf->driver ? t->pf->driver : "the driver";
	struct changes changes = changes_text(want, keys);
	if (code == -EPERM || code == -EACCES)
		return err_set(err, code, "%s: only root may change it", changes.s);
	if (code == -EOPNOTSUPP)
		return err_set(err, code, "%s: %s has no such setting", changes.s, driver);
	err_errno(err, code, "%s: %s refused it", changes.s, driver);
	if ((keys & VF_BIT(VF_MAX_RATE)) && !t->pf->has_carrier)
		err_hint(err, "%s has no link, and rates are measured against its speed",
			 t->pf->netdev);
	else
		err_hint(err, "the kernel log may say why");
	return code;
}

static int read_now(const struct target *t, struct vf_settings *ret, struct err *err)
{
	int r = netadm_read(t->na, t->pf->ifindex, t->index, ret);
	if (r == -ENXIO)
		return err_set(err, r,
			       "%s reports no settings of it: is the eswitch in switchdev "
			       "mode?",
			       t->pf->netdev);
	return r ? err_errno(err, r, "reading its settings from %s", t->pf->netdev) : 0;
}

/* The driver took it: does it say so too? */
static int verify(const struct target *t, const struct vf_settings *want, unsigned keys,
		  struct err *err)
{
	struct vf_settings now;
	int r = read_now(t, &now, err);
	if (r)
		return r;
	unsigned differ = vf_settings_differ(want, &now) & keys;
	if (!differ)
		return 0;
	return err_set(err, -EIO, "%s did not stick: the driver says %s",
		       changes_text(want, differ).s, changes_text(&now, differ).s);
}

static int apply(const struct target *t, const struct vf_settings *now,
		 const struct vf_settings *want, struct err *err)
{
	/* A setting that the driver does not tell is one that it does not have. */
	unsigned differ = vf_settings_differ(now, want) | (want->known & ~now->known);
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		unsigned keys = attributes[i].keys & differ;
		if (!keys)
			continue;
		int r = attributes[i].send(t, want);
		r = r ? refused_err(t, want, keys, r, err) : verify(t, want, keys, err);
		if (r)
			return r;
	}
	return 0;
}

static int read_and_apply(const struct target *t, const struct vf_settings *want, struct err *err)
{
	struct vf_settings now;
	int r = read_now(t, &now, err);
	if (r)
		return r;
	struct vf_settings then = vf_settings_over(&now, want);
	r = vf_settings_check(&then, err);
	return r ? r : apply(t, &now, &then, err);
}

static int open_target(const struct host *host, const struct pf *pf, unsigned index,
		       struct target *ret, struct err *err)
{
	*ret = (struct target){ .pf = pf, .index = index };
	if (!*pf->netdev)
		return err_set(err, -ENODATA,
			       "%s has no network interface, so its VFs have no settings",
			       bdf_text(pf->bdf).s);
	return netadm_open(&ret->na, host, err);
}

static int closed(struct target *t, int r, struct err *err)
{
	netadm_close(t->na);
	if (r)
		err_prefix(err, "%s: VF %u", bdf_text(t->pf->bdf).s, t->index);
	return r;
}

int vf_read(const struct host *host, const struct pf *pf, unsigned index, struct vf_settings *ret,
	    struct err *err)
{
	struct target t;
	int r = open_target(host, pf, index, &t, err);
	return r ? r : closed(&t, read_now(&t, ret, err), err);
}

int vf_apply(const struct host *host, const struct pf *pf, unsigned index,
	     const struct vf_settings *want, struct err *err)
{
	struct target t;
	int r = open_target(host, pf, index, &t, err);
	return r ? r : closed(&t, read_and_apply(&t, want, err), err);
}
