/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/netaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

/* 169.254.0.0/16 (RFC 3927) and 127.0.0.0/8 say nothing of whether an interface is needed. */
static bool is_global_v4(const struct sockaddr_in *address)
{
	uint32_t host_order = ntohl(address->sin_addr.s_addr);
	return host_order >> 16 != 0xa9fe && host_order >> 24 != 127;
}

static bool address_text(const struct sockaddr *address, char *buf, socklen_t size)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;
	if (address && address->sa_family == AF_INET)
		return is_global_v4(v4) && inet_ntop(AF_INET, &v4->sin_addr, buf, size);
	if (address && address->sa_family == AF_INET6)
		return !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) &&
		       !IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) &&
		       inet_ntop(AF_INET6, &v6->sin6_addr, buf, size);
	return false;
}

int net_addresses(const struct host *host,
		  int (*each)(void *ctx, const char *interface, const char *address), void *ctx)
{
	struct ifaddrs *list;
	int r = 0;
	if (strcmp(host->sys_path, "/sys") != 0)
		return 0;
	if (getifaddrs(&list))
		return -errno;
	for (const struct ifaddrs *at = list; at && !r; at = at->ifa_next) {
		char text[INET6_ADDRSTRLEN];
		if (address_text(at->ifa_addr, text, sizeof(text)))
			r = each(ctx, at->ifa_name, text);
	}
	freeifaddrs(list);
	return r;
}
