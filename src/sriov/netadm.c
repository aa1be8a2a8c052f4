/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sriov/netadm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <net/ethernet.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/sriov.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/bytes.h"
#include "base/library.h"

/* --- the library --- */

#define RECEIVE_BUFFER (1 << 20) /* 300 bytes a VF and more */

/* clang-format off */
#define FUNCTIONS(X) \
	X(nl_socket_alloc) X(nl_socket_free) X(nl_connect) X(nl_socket_set_buffer_size) \
	X(nl_socket_modify_err_cb) X(nl_send_sync) X(nl_addr_get_binary_addr) \
	X(nl_addr_get_len) X(nlmsg_alloc_simple) X(nlmsg_append) X(nlmsg_free) X(nla_put) \
	X(nla_nest_start) X(nla_nest_end) X(rtnl_link_get_kernel) X(rtnl_link_put) \
	X(rtnl_link_has_vf_list) X(rtnl_link_vf_get) X(rtnl_link_vf_put) \
	X(rtnl_link_vf_get_addr) X(rtnl_link_vf_get_vlans) X(rtnl_link_vf_vlan_put) \
	X(rtnl_link_vf_get_rate) X(rtnl_link_vf_get_spoofchk) X(rtnl_link_vf_get_linkstate) \
	X(rtnl_link_vf_get_trust)
/* clang-format on */

static const char *const names[] = { FUNCTIONS(LIBRARY_NAME) };
static const struct library libnl = {
	"libnl-route-3.so.200", /* and, as what it needs, libnl-3 */
	"libnl-route-3-200",
	"VF settings",
	names,
	ARRAY_LEN(names),
};

struct netadm {
	struct nl_sock *socket;
	int refused; /* -errno of the kernel's answer to the present request */
	struct netlink_functions {
		FUNCTIONS(LIBRARY_FIELD)
	} fn;
};

/* --- the socket --- */

/* libnl's own codes are fewer than the kernel's: keep what the kernel said. */
static int keep_error(struct sockaddr_nl *from, struct nlmsgerr *answer, void *ctx)
{
	struct netadm *na = ctx;
	(void)from;
	na->refused = answer->error;
	return NL_STOP;
}

static int open_socket(struct netadm *na, struct err *err)
{
	na->socket = na->fn.nl_socket_alloc();
	if (!na->socket)
		return err_errno(err, -ENOMEM, "rtnetlink");
	if (na->fn.nl_connect(na->socket, NETLINK_ROUTE) < 0)
		return err_errno(err, -errno, "rtnetlink: connecting");
	na->fn.nl_socket_set_buffer_size(na->socket, RECEIVE_BUFFER, 0);
	na->fn.nl_socket_modify_err_cb(na->socket, NL_CB_CUSTOM, keep_error, na);
	return 0;
}

static bool is_this_machine(const struct host *host)
{
	struct statfs fs;
	return !fstatfs(host->sys, &fs) && fs.f_type == SYSFS_MAGIC;
}

int netadm_open(struct netadm **ret_netadm, const struct host *host, struct err *err)
{
	if (!is_this_machine(host))
		return err_set(err, -ENOTSUP,
			       "%s is not this machine's: VF settings can be neither read nor made",
			       host->sys_path);
	struct netadm *na = calloc(1, sizeof(*na));
	if (!na)
		return err_errno(err, -ENOMEM, "rtnetlink");
	int r = library_load(&libnl, &na->fn, err);
	if (!r)
		r = open_socket(na, err);
	if (r) {
		netadm_close(na);
		return r;
	}
	*ret_netadm = na;
	return 0;
}

void netadm_close(struct netadm *na)
{
	if (!na)
		return;
	if (na->socket)
		na->fn.nl_socket_free(na->socket);
	free(na);
}

/* --- reading --- */

static void read_mac(struct netadm *na, struct rtnl_link_vf *vf, struct vf_settings *settings)
{
	struct nl_addr *address;
	struct mac mac;
	if (na->fn.rtnl_link_vf_get_addr(vf, &address) ||
	    na->fn.nl_addr_get_len(address) < sizeof(mac.b))
		return;
	memcpy(mac.b, na->fn.nl_addr_get_binary_addr(address), sizeof(mac.b));
	vf_put_mac(settings, mac);
}

static void read_vlan(struct netadm *na, struct rtnl_link_vf *vf, struct vf_settings *settings)
{
	nl_vf_vlans_t *vlans = NULL;
	nl_vf_vlan_info_t none = { 0 }, *vlan = &none;
	if (!na->fn.rtnl_link_vf_get_vlans(vf, &vlans) && vlans->size > 0)
		vlan = &vlans->vlans[0];
	vf_put(settings, VF_VLAN, vlan->vf_vlan);
	vf_put(settings, VF_QOS, vlan->vf_vlan_qos);
	vf_put(settings, VF_PROTO,
	       vlan->vf_vlan_proto == ETH_P_8021AD ? VF_PROTO_8021AD : VF_PROTO_8021Q);
	if (vlans)
		na->fn.rtnl_link_vf_vlan_put(vlans);
}

static void read_rate(struct netadm *na, struct rtnl_link_vf *vf, struct vf_settings *settings)
{
	struct nl_vf_rate rate = { 0 }; /* what it leaves when nothing is set */
	na->fn.rtnl_link_vf_get_rate(vf, &rate);
	vf_put(settings, VF_MIN_RATE, rate.min_tx_rate);
	vf_put(settings, VF_MAX_RATE, rate.max_tx_rate ? rate.max_tx_rate : rate.rate);
}

static void read_rest(struct netadm *na, struct rtnl_link_vf *vf, struct vf_settings *settings)
{
	uint32_t value;
	if (!na->fn.rtnl_link_vf_get_spoofchk(vf, &value))
		vf_put(settings, VF_SPOOFCHK, value);
	if (!na->fn.rtnl_link_vf_get_linkstate(vf, &value))
		vf_put(settings, VF_LINK_STATE, value);
	if (!na->fn.rtnl_link_vf_get_trust(vf, &value))
		vf_put(settings, VF_TRUST, value);
}

static int get_link(struct netadm *na, unsigned ifindex, struct rtnl_link **ret_link)
{
	int r = na->fn.rtnl_link_get_kernel(na->socket, (int)ifindex, NULL, ret_link);
	if (r == -NLE_NODEV || r == -NLE_OBJ_NOTFOUND)
		return -ENODEV;
	if (r < 0)
		return r == -NLE_NOMEM ? -ENOMEM : -EIO;
	return *ret_link ? 0 : -ENODEV;
}

int netadm_read(struct netadm *na, unsigned ifindex, unsigned vf, struct vf_settings *ret)
{
	struct rtnl_link *link = NULL;
	struct vf_settings settings = { 0 };
	int r = get_link(na, ifindex, &link);
	if (r)
		return r;
	/* The library looks into a list that an interface without VFs does not have. */
	bool has_list = na->fn.rtnl_link_has_vf_list(link);
	struct rtnl_link_vf *one = has_list ? na->fn.rtnl_link_vf_get(link, vf) : NULL;
	if (one) {
		read_mac(na, one, &settings);
		read_vlan(na, one, &settings);
		read_rate(na, one, &settings);
		read_rest(na, one, &settings);
		na->fn.rtnl_link_vf_put(one);
		*ret = settings;
	}
	na->fn.rtnl_link_put(link);
	return one ? 0 : -ENXIO;
}

/* --- setting --- */

struct payload {
	int type; /* IFLA_VF_… */
	const void *data;
	int size;
};

static int put_all(struct netadm *na, struct nl_msg *msg, unsigned ifindex,
		   const struct payload *payload)
{
	struct ifinfomsg info = { .ifi_index = (int)ifindex };
	struct nlattr *list, *one;
	if (na->fn.nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) ||
	    !(list = na->fn.nla_nest_start(msg, IFLA_VFINFO_LIST)) ||
	    !(one = na->fn.nla_nest_start(msg, IFLA_VF_INFO)) ||
	    na->fn.nla_put(msg, payload->type, payload->size, payload->data))
		return -EMSGSIZE;
	na->fn.nla_nest_end(msg, one);
	na->fn.nla_nest_end(msg, list);
	return 0;
}

static int set(struct netadm *na, unsigned ifindex, const struct payload *payload)
{
	struct nl_msg *msg = na->fn.nlmsg_alloc_simple(RTM_SETLINK, 0);
	if (!msg)
		return -ENOMEM;
	int r = put_all(na, msg, ifindex, payload);
	if (r) {
		na->fn.nlmsg_free(msg);
		return r;
	}
	na->refused = 0;
	r = na->fn.nl_send_sync(na->socket, msg); /* frees it */
	if (na->refused)
		return na->refused;
	return r < 0 ? -EIO : 0;
}

#define SET(na, ifindex, attribute, data)                                                          \
	set((na), (ifindex), &(struct payload){ (attribute), &(data), (int)sizeof(data) })

int netadm_set_mac(struct netadm *na, unsigned ifindex, unsigned vf, struct mac mac)
{
	struct ifla_vf_mac data = { .vf = vf };
	memcpy(data.mac, mac.b, sizeof(mac.b));
	return SET(na, ifindex, IFLA_VF_MAC, data);
}

/*
 * Plain 802.1Q by the old attribute, which every driver has. The other one is put together here:
 * the library writes its protocol in the byte order of the host (seen up to 3.9), the kernel wants
 * the network's.
 */
int netadm_set_vlan(struct netadm *na, unsigned ifindex, unsigned vf, uint32_t vlan, uint32_t qos,
		    enum vf_proto proto)
{
	if (proto == VF_PROTO_8021Q) {
		struct ifla_vf_vlan data = { .vf = vf, .vlan = vlan, .qos = qos };
		return SET(na, ifindex, IFLA_VF_VLAN, data);
	}
	struct {
		struct nlattr head;
		struct ifla_vf_vlan_info info;
	} data = { { sizeof(data), IFLA_VF_VLAN_INFO },
		   { .vf = vf, .vlan = vlan, .qos = qos, .vlan_proto = htons(ETH_P_8021AD) } };
	return SET(na, ifindex, IFLA_VF_VLAN_LIST, data);
}

int netadm_set_rate(struct netadm *na, unsigned ifindex, unsigned vf, uint32_t min_mbps,
		    uint32_t max_mbps)
{
	struct ifla_vf_rate data = { .vf = vf, .min_tx_rate = min_mbps, .max_tx_rate = max_mbps };
	return SET(na, ifindex, IFLA_VF_RATE, data);
}

int netadm_set_spoofchk(struct netadm *na, unsigned ifindex, unsigned vf, bool on)
{
	struct ifla_vf_spoofchk data = { .vf = vf, .setting = on };
	return SET(na, ifindex, IFLA_VF_SPOOFCHK, data);
}

int netadm_set_link_state(struct netadm *na, unsigned ifindex, unsigned vf,
			  enum vf_link_state state)
{
	struct ifla_vf_link_state data = { .vf = vf, .link_state = state };
	return SET(na, ifindex, IFLA_VF_LINK_STATE, data);
}

int netadm_set_trust(struct netadm *na, unsigned ifindex, unsigned vf, bool on)
{
	struct ifla_vf_trust data = { .vf = vf, .setting = on };
	return SET(na, ifindex, IFLA_VF_TRUST, data);
}
