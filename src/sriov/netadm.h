/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's VF administration by rtnetlink (linux/if_link.h, IFLA_VFINFO_LIST), one typed
 * function a request, over libnl-route-3. The library is loaded when a socket is first opened:
 * nothing that has no business with VFs pays for it. Tests put a twin in this file's place.
 *
 * `ifindex` is the PF's network interface. One request carries one attribute, because the kernel
 * stops at the first that fails and keeps those before it. Setters return 0 or the kernel's -errno
 * (-EOPNOTSUPP: the driver has no such setting); the driver may accept and ignore: read back.
 */
#ifndef BULKHEAD_SRIOV_NETADM_H
#define BULKHEAD_SRIOV_NETADM_H

#include "base/err.h"
#include "core/host.h"
#include "sriov/settings.h"

struct netadm;

/*
 * -ENOENT with a text when the library is not installed, -ENOTSUP when `host` is not this machine:
 * its interface numbers would mean others here.
 */
int netadm_open(struct netadm **ret_netadm, const struct host *host, struct err *err);
void netadm_close(struct netadm *netadm); /* NULL allowed */

/*
 * What is set for VF `vf` now; what the driver does not tell is left unknown. -ENODEV when there is
 * no such interface, -ENXIO when the interface reports no such VF.
 */
int netadm_read(struct netadm *netadm, unsigned ifindex, unsigned vf, struct vf_settings *ret);

int netadm_set_mac(struct netadm *netadm, unsigned ifindex, unsigned vf, struct mac mac);
int netadm_set_vlan(struct netadm *netadm, unsigned ifindex, unsigned vf, uint32_t vlan,
		    uint32_t qos, enum vf_proto proto);
int netadm_set_rate(struct netadm *netadm, unsigned ifindex, unsigned vf, uint32_t min_mbps,
		    uint32_t max_mbps);
int netadm_set_spoofchk(struct netadm *netadm, unsigned ifindex, unsigned vf, bool on);
int netadm_set_link_state(struct netadm *netadm, unsigned ifindex, unsigned vf,
			  enum vf_link_state state);
int netadm_set_trust(struct netadm *netadm, unsigned ifindex, unsigned vf, bool on);

#endif
