/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_netadm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "fake/fake_sysfs.h"
#include "sriov/netadm.h"

struct fake_netadm fake_netadm;

struct netadm {
	const struct host *host;
};

static int call(void)
{
	int number = ++fake_netadm.calls;
	if (number == fake_netadm.die_at)
		_exit(FAKE_DEATH);
	return number == fake_netadm.fail_at ? fake_netadm.fail_with : 0;
}

int netadm_open(struct netadm **ret_netadm, const struct host *host, struct err *err)
{
	int r = call();
	if (r)
		return err_errno(err, r, "fake rtnetlink");
	*ret_netadm = malloc(sizeof(**ret_netadm));
	(*ret_netadm)->host = host;
	fake_netadm.open++;
	return 0;
}

void netadm_close(struct netadm *na)
{
	if (na)
		fake_netadm.open--;
	free(na);
}

static int load(struct netadm *na, unsigned ifindex, unsigned vf, struct vf_settings *settings)
{
	char path[96], text[64];
	unsigned index;
	snprintf(path, sizeof(path), "bus/pci/devices/0000:02:00.0/fake_vf%u", vf);
	if (ifindex != 5)
		return -ENODEV;
	if (file_read(na->host->sys, path, text, sizeof(text)) < 0)
		return -ENXIO;
	return vf_settings_unpack(text, &index, settings) || index != vf ? -EIO : 0;
}

static int store(struct netadm *na, unsigned vf, const struct vf_settings *settings)
{
	char path[96], text[64];
	snprintf(path, sizeof(path), "bus/pci/devices/0000:02:00.0/fake_vf%u", vf);
	vf_settings_pack(vf, settings, text, sizeof(text));
	int fd = openat(na->host->sys, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 || dprintf(fd, "%s\n", text) < 0)
		return -EIO;
	close(fd);
	return 0;
}

int netadm_read(struct netadm *na, unsigned ifindex, unsigned vf, struct vf_settings *ret)
{
	int r = call();
	if (!r)
		r = load(na, ifindex, vf, ret);
	if (!r)
		ret->known &= ~fake_netadm.untold;
	return r;
}

static int set(struct netadm *na, unsigned ifindex, unsigned vf, const struct vf_settings *some)
{
	struct vf_settings now, heard = *some;
	int r = call();
	fake_netadm.sets++;
	if (r)
		return r;
	if (some->known & fake_netadm.lacks)
		return -EOPNOTSUPP;
	r = load(na, ifindex, vf, &now);
	if (r)
		return r == -ENXIO ? -EINVAL : r;
	heard.known &= ~fake_netadm.deaf;
	now = vf_settings_over(&now, &heard);
	return store(na, vf, &now);
}

int netadm_set_mac(struct netadm *na, unsigned ifindex, unsigned vf, struct mac mac)
{
	struct vf_settings some = { 0 };
	vf_put_mac(&some, mac);
	return mac_is_multicast(mac) ? -EINVAL : set(na, ifindex, vf, &some);
}

int netadm_set_vlan(struct netadm *na, unsigned ifindex, unsigned vf, uint32_t vlan, uint32_t qos,
		    enum vf_proto proto)
{
	struct vf_settings some = { 0 };
	vf_put(&some, VF_VLAN, vlan);
	vf_put(&some, VF_QOS, qos);
	vf_put(&some, VF_PROTO, proto);
	return set(na, ifindex, vf, &some);
}

int netadm_set_rate(struct netadm *na, unsigned ifindex, unsigned vf, uint32_t min_mbps,
		    uint32_t max_mbps)
{
	struct vf_settings some = { 0 };
	vf_put(&some, VF_MIN_RATE, min_mbps);
	vf_put(&some, VF_MAX_RATE, max_mbps);
	return min_mbps || max_mbps > 1000 ? -EINVAL : set(na, ifindex, vf, &some);
}

static int set_one(struct netadm *na, unsigned ifindex, unsigned vf, enum vf_key key,
		   uint32_t value)
{
	struct vf_settings some = { 0 };
	vf_put(&some, key, value);
	return set(na, ifindex, vf, &some);
}

int netadm_set_spoofchk(struct netadm *na, unsigned ifindex, unsigned vf, bool on)
{
	return set_one(na, ifindex, vf, VF_SPOOFCHK, on);
}

int netadm_set_link_state(struct netadm *na, unsigned ifindex, unsigned vf,
			  enum vf_link_state state)
{
	return set_one(na, ifindex, vf, VF_LINK_STATE, state);
}

int netadm_set_trust(struct netadm *na, unsigned ifindex, unsigned vf, bool on)
{
	return set_one(na, ifindex, vf, VF_TRUST, on);
}
