/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of an entry of `devices`. To add one: a field in profile.h and a row here. */
#include "profile_options.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/parse.h"
#include "core/layout.h"
#include "identity.h"
#include "profile.h"

static int accept_pci(void *object, const char *text, struct err *err)
{
	struct profile_device *device = object;
	struct bdf bdf;
	uint16_t vendor, id;
	if (!*text)
		return 0;
	if (!bdf_parse(text, &bdf)) {
		device->by_id = false;
		device->bdf = bdf;
		device->vendor = device->device = 0;
		return 0;
	}
	if (parse_pci_id(text, &vendor, &id))
		return err_set(err, -EINVAL,
			       "expected an address such as \"0000:01:00.0\" or vendor:device such "
			       "as \"8086:10ca\", found %s",
			       opt_quote(text).s);
	device->by_id = true;
	device->bdf = (struct bdf){ 0 };
	device->vendor = vendor;
	device->device = id;
	return 0;
}

static int accept_mac(void *object, const char *text, struct err *err)
{
	struct vf_settings settings = { 0 };
	char assignment[64];
	(void)object;
	if (!strcmp(text, "auto"))
		return 0;
	snprintf(assignment, sizeof(assignment), "mac=%s", text);
	return vf_settings_parse(&settings, assignment, err);
}

/* 8-4-4-4-12 hexadecimal digits, as the kernel reads a UUID (lib/uuid.c). */
static int accept_token(void *object, const char *text, struct err *err)
{
	size_t n = strlen(text), i = 0;
	(void)object;
	while (i < n && (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] == '-'
								 : isxdigit((unsigned char)text[i])))
		i++;
	if (!n || (n == 36 && i == n))
		return 0;
	return err_set(err, -EINVAL, "expected a UUID such as "
				     "\"14d63f20-8445-11ea-8900-1f9ce7d5650d\"");
}

static const char *const group_names[] = {
	[GROUP_REFUSE] = "refuse", [GROUP_HOLD] = "hold", [GROUP_TAKE] = "take", NULL
};
/* Of a VF's settings; the first leaves it as it is, the others are in the order of sriov/settings.h. */
static const char *const proto_names[] = { "keep", "802.1q", "802.1ad", NULL };
static const char *const switch_names[] = { "keep", "off", "on", NULL };
static const char *const link_names[] = { "keep", "auto", "enable", "disable", NULL };
static const char *const clique_names[] = { "none", "0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",
					    "8",    "9",  "10", "11", "12", "13", "14", "15", NULL };
static const char *const bridges_names[] = {
	[IGD_BRIDGES_HOST] = "host", [IGD_BRIDGES_OWN] = "own", NULL
};
static const char *const rom_words[] = { "device", "off", NULL };

static int accept_ids(void *object, const char *text, struct err *err)
{
	(void)object;
	return *text ? identity_accept("ids", text, err) : 0;
}

static int accept_subsystem(void *object, const char *text, struct err *err)
{
	(void)object;
	return *text ? identity_accept("subsystem", text, err) : 0;
}

static int accept_serial(void *object, const char *text, struct err *err)
{
	(void)object;
	return *text ? identity_accept("serial", text, err) : 0;
}

static int accept_slot(void *object, const char *text, struct err *err)
{
	(void)object;
	return *text ? identity_accept("slot", text, err) : 0;
}

static const struct opt identity_rows[] = {
	{
		.key = "ids",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile_device, identity.ids),
		.fallback = "",
		.none = "",
		.max = 159,
		.accept = accept_ids,
		.example = "8086:10c9",
		.brief = "Vendor and device",
	},
	{
		.key = "subsystem",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile_device, identity.subsystem),
		.fallback = "",
		.none = "",
		.max = 159,
		.accept = accept_subsystem,
		.example = "8086:a03c",
		.brief = "Vendor and device of its subsystem",
	},
	{
		.key = "serial",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile_device, identity.serial),
		.fallback = "",
		.none = "",
		.max = 159,
		.accept = accept_serial,
		.example = "00-1b-21-ff-ff-a3-b4-c5",
		.brief = "PCIe device serial number",
	},
	{
		.key = "slot",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile_device, identity.slot),
		.fallback = "",
		.none = "",
		.max = 159,
		.accept = accept_slot,
		.example = "0000:00/01.0/00.0",
		.brief = "The way to it: its root bus, then device and function of each hop",
	},
};
static const struct opt_table identity_table = { identity_rows, ARRAY_LEN(identity_rows) };

static const struct opt device_rows[] = {
	{
		.key = "pci",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile_device, pci),
		.fallback = "",
		.none = "",
		.min = 1,
		.max = 20,
		.accept = accept_pci,
		.example = "0000:01:00.0",
		.brief = "Which device: its PCI address, or `vendor:device` that exactly one "
			 "device has",
		.detail = "An address names a slot and survives a change of the card; "
			  "`vendor:device` names the card and survives a change of the slot. "
			  "`bulkhead devices` lists both. An entry has either `pci` or `vf`.",
	},
	{
		.key = "identity",
		.type = OPT_GROUP,
		.table = &identity_table,
		.brief = "Who the device must be, whatever its address; `bulkhead devices ADDRESS` prints it",
		.detail = "An address is only where a card was: another card or a firmware update "
			  "may renumber the buses. A device that differs in one of these is refused, "
			  "and the refusal says where the one that is meant is now.",
	},
	{
		.key = "rom",
		.type = OPT_PATH,
		.offset = offsetof(struct profile_device, rom),
		.fallback = "device",
		.none = "device",
		.words = rom_words,
		.min = 1,
		.brief = "The option ROM that the guest sees",
		.detail = "`\"device\"` shows the device's own, `\"off\"` none; anything else is a "
			  "file with a ROM image. A file that happens to be called so is written "
			  "`\"./off\"`.",
	},
	{
		.key = "group",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile_device, group),
		.fallback = "refuse",
		.names = group_names,
		.brief = "What to do with the other functions of the device's IOMMU group",
		.detail = "The IOMMU cannot tell devices of one group apart, so none of them may "
			  "stay "
			  "with a driver of the host. `\"refuse\"` names them and does not start; "
			  "`\"hold\"` binds them to vfio-pci for as long as the guest runs; "
			  "`\"take\"` gives them to the guest as well.",
	},
	{
		.key = "p2p",
		.type = OPT_BOOL,
		.offset = offsetof(struct profile_device, p2p),
		.fallback = "false",
		.brief = "Let the guest's other devices reach this one's BARs by DMA",
		.detail = "Peer-to-peer, as GPUDirect and NVMe controller memory want it. Where the "
			  "IOMMU or its back end cannot map BARs, the guest runs without.",
	},
	{
		.key = "gpudirect_clique",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile_device, gpudirect_clique),
		.fallback = "none",
		.names = clique_names,
		.brief = "NVIDIA adapters with the same number are told that they may reach each other",
		.detail = "Their driver asks for it before it uses GPUDirect between guest devices, "
			  "which needs `p2p` as well, and hardware where such transfers work.",
	},
	{
		.key = "guest_slot",
		.type = OPT_INT,
		.offset = offsetof(struct profile_device, guest_slot),
		.fallback = "auto",
		.none = "auto",
		.min = SLOT_FIRST,
		.max = SLOT_LAST,
		.brief = "The slot of the guest's bus 0 for the device, or for the port it is behind",
		.detail = "`\"auto\"` deals one and keeps it, but graphics of Intel's processors are at "
			  "00:02.0, where their drivers look for them.",
	},
	{
		.key = "igd_stolen",
		.type = OPT_SIZE,
		.offset = offsetof(struct profile_device, igd_stolen),
		.fallback = "0",
		.max = IGD_STOLEN_SIZE,
		.multiple = IGD_STOLEN_SIZE,
		.example = "32M",
		.brief = "Memory in place of what firmware takes for graphics of Intel's processors: 0 or 32M",
		.detail = "Only their UEFI driver (\"GOP\") and old systems need it; it is pinned in "
			  "addition to `memory`.",
	},
	{
		.key = "igd_bridges",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile_device, igd_bridges),
		.fallback = "host",
		.names = bridges_names,
		.brief = "Who the guest's LPC bridge says it is beside graphics of Intel's processors",
		.detail = "Their drivers tell the chipset by the ids of the host's. With `\"own\"` it "
			  "stays an ICH9, and the driver has to guess.",
	},
	{
		.key = "boot_index",
		.type = OPT_INT,
		.offset = offsetof(struct profile_device, boot_index),
		.fallback = "none",
		.none = "none",
		.max = 255,
		.brief = "Place in the firmware's boot order, the lowest first",
		.detail = "Shared with `disks`. Once one has a place, the firmware leaves all that "
			  "have none alone, but for displays and keyboards.",
	},
	{
		.key = "vf",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile_device, vf.pf),
		.fallback = "",
		.none = "",
		.min = 1,
		.max = 32,
		.example = "enp2s0f0",
		.brief = "Instead of `pci`: the SR-IOV device of which a virtual function is "
			 "wanted, by network interface, address or `vendor:device`",
		.detail = "Where it has too few VFs and none of them is held, their number is "
			  "changed for as long as the guest runs. docs/sriov.md says more.",
	},
	{
		.key = "index",
		.type = OPT_INT,
		.offset = offsetof(struct profile_device, vf.index),
		.fallback = "any",
		.none = "any",
		.max = 65534,
		.brief = "Which VF of `vf`, counted from 0; `\"any\"` takes one that is free",
	},
	{
		.key = "mac",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile_device, vf.mac),
		.fallback = "auto",
		.none = "auto",
		.max = 17,
		.accept = accept_mac,
		.example = "52:54:00:0b:01:00",
		.brief = "The VF's Ethernet address",
		.detail = "`\"auto\"` leaves the one it has. One that has none gets a stable one, "
			  "the same at every start on this host.",
	},
	{
		.key = "vlan",
		.type = OPT_INT,
		.offset = offsetof(struct profile_device, vf.vlan),
		.fallback = "keep",
		.none = "keep",
		.max = 4095,
		.brief = "The VLAN that the PF puts the VF in, tagging and untagging for it; 0 is "
			 "none",
	},
	{
		.key = "qos",
		.type = OPT_INT,
		.offset = offsetof(struct profile_device, vf.qos),
		.fallback = "keep",
		.none = "keep",
		.max = 7,
		.brief = "802.1p priority in the tag of `vlan`",
	},
	{
		.key = "proto",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile_device, vf.proto),
		.fallback = "keep",
		.names = proto_names,
		.brief = "Kind of the tag of `vlan`; `\"802.1ad\"` is the outer one of QinQ",
	},
	{
		.key = "trust",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile_device, vf.trust),
		.fallback = "keep",
		.names = switch_names,
		.brief = "Whether the guest may change its MAC and be promiscuous",
	},
	{
		.key = "spoofchk",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile_device, vf.spoofchk),
		.fallback = "keep",
		.names = switch_names,
		.brief = "Whether frames with another sender's MAC are dropped",
		.detail = "`\"off\"` for bonding, VRRP or bridging inside the guest.",
	},
	{
		.key = "link_state",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile_device, vf.link_state),
		.fallback = "keep",
		.names = link_names,
		.brief = "Whether the VF's link follows the port's, is up or is down",
	},
	{
		.key = "min_rate",
		.type = OPT_INT,
		.offset = offsetof(struct profile_device, vf.min_rate),
		.fallback = "keep",
		.none = "keep",
		.max = UINT32_MAX - 1,
		.unit = "Mb/s",
		.brief = "The share of the link that the VF can count on; 0 is none",
	},
	{
		.key = "max_rate",
		.type = OPT_INT,
		.offset = offsetof(struct profile_device, vf.max_rate),
		.fallback = "keep",
		.none = "keep",
		.max = UINT32_MAX - 1,
		.unit = "Mb/s",
		.brief = "The most that the VF may send; 0 is no limit",
	},
	{
		.key = "queues",
		.type = OPT_INT,
		.offset = offsetof(struct profile_device, vf.queues),
		.fallback = "auto",
		.none = "auto",
		.min = 1,
		.max = 65534,
		.brief = "I/O queues, and as many interrupts, that an NVMe VF is brought online with",
		.detail = "`\"auto\"` is one for each vCPU, or as many as the controller can give.",
	},
	{
		.key = "vf_token",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile_device, vf_token),
		.fallback = "",
		.none = "",
		.max = 36,
		.accept = accept_token,
		.example = "14d63f20-8445-11ea-8900-1f9ce7d5650d",
		.brief = "A UUID that the user of a PF on vfio-pci and the users of its VFs share",
		.detail = "Given with such a PF it is set, given with a VF of it it must be the same. "
			  "VFIO containers (`\"type1\"`) take it, iommufd does not.",
	},
};
const struct opt_table profile_device_options = { device_rows, ARRAY_LEN(device_rows) };
