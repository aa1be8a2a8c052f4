/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot_keep.h"

#include <ctype.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "pci/cap.h"

/* --- in any text --- */

/* `xx:xx:xx:xx:xx:xx`, or as udev writes it into a name: `enx` and twelve digits. */
static size_t mac_at(const char *text)
{
	size_t n = 0;
	if (!strncmp(text, "enx", 3)) {
		while (n < 12 && isxdigit((unsigned char)text[3 + n]))
			n++;
		return n == 12 ? 15 : 0;
	}
	while (n < 17 && (n % 3 == 2 ? text[n] == ':' : isxdigit((unsigned char)text[n])))
		n++;
	return n == 17 && text[17] != ':' && !isxdigit((unsigned char)text[17]) ? 17 : 0;
}

void keep_scrub(char *text)
{
	char before = 0;
	for (char *c = text; *c; c++) {
		size_t n = isxdigit((unsigned char)before) || before == ':' ? 0 : mac_at(c);
		for (size_t i = *c == 'e' && n == 15 ? 3 : 0; i < n; i++)
			if (c[i] != ':')
				c[i] = '0';
		if ((*c < ' ' && *c != '\t' && *c != '\n') || *c > '~')
			*c = '?';
		before = *c;
	}
}

static void zero(uint8_t *cfg, size_t size, size_t at, size_t n)
{
	if (at + n <= size)
		memset(cfg + at, 0, n);
}

void keep_scrub_config(uint8_t *cfg, size_t size)
{
	if (size < PCI_CFG_SIZE)
		return;
	uint16_t vpd = pci_cap_find(cfg, size, PCI_CAP_ID_VPD);
	if (vpd)
		zero(cfg, size, vpd + PCI_VPD_ADDR, 6);
	uint16_t serial =
		size == PCIE_CFG_SIZE ? pci_ext_cap_find(cfg, size, PCI_EXT_CAP_ID_DSN) : 0;
	if (serial)
		zero(cfg, size, serial + 4u, 8); /* PCIe 6.0 §7.9.3 */
}

/* --- lines of /proc --- */

static bool starts(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word));
}

static bool keep_meminfo(char *line)
{
	return starts(line, "Mem") || starts(line, "HugePages") || starts(line, "Hugepagesize");
}

static bool keep_limits(char *line)
{
	return starts(line, "Limit") || starts(line, "Max locked memory");
}

static bool keep_status(char *line)
{
	return starts(line, "CapEff:");
}

static bool keep_devices(char *line)
{
	return strstr(line, " vfio");
}

static bool keep_cpuinfo(char *line)
{
	static const char *const keys[] = { "processor", "vendor_id", "cpu family",
					    "model",     "stepping",  "microcode",
					    "flags",     "vmx flags", "address sizes" };
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (starts(line, keys[i]))
			return true;
	return false;
}

/* Words of the kernel's command line that change what is shown; others may hold secrets. */
static bool keep_cmdline(char *line)
{
	static const char *const words[] = { "intel_iommu",
					     "amd_iommu",
					     "iommu",
					     "pcie_acs_override",
					     "pci=",
					     "pcie_aspm",
					     "vfio",
					     "kvm",
					     "hugepages",
					     "hugepagesz",
					     "default_hugepagesz",
					     "intremap",
					     "efi=disable_early_pci_dma" };
	char kept[1024], *save = NULL;
	struct text text = text_in(kept, sizeof(kept));
	for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			if (starts(word, words[i])) {
				text_put(&text, "%s%s", text.n ? " " : "", word);
				break;
			}
	/* The kept words are a part of the line. */
	memcpy(line, kept, strlen(kept) + 1);
	return true;
}

static bool keep_swaps(char *line)
{
	return starts(line, "Filename") || strstr(line, "partition");
}

/* Below the second directory a mount point's name says more than anybody needs. */
static void shorten_path(char *path)
{
	char *slash = path[0] == '/' ? strchr(path + 1, '/') : NULL;
	if (slash && slash[1])
		memcpy(slash + 1, "*", 2);
}

/* Only what is on a device node; the options of a mount may hold user names. */
static bool keep_mountinfo(char *line)
{
	char device[32], point[1024], type[64], source[1024], kept[2200];
	const char *rest = strstr(line, " - ");
	if (!rest || sscanf(line, "%*s %*s %31s %*s %1023s", device, point) != 2 ||
	    sscanf(rest, " - %63s %1023s", type, source) != 2 || !starts(source, "/dev/"))
		return false;
	shorten_path(point);
	/* Names below /dev/disk are serial numbers; the device number says as much. */
	if (starts(source, "/dev/disk/"))
		memcpy(source, "/dev/disk", sizeof("/dev/disk"));
	int n = snprintf(kept, sizeof(kept), "1 1 %s / %s rw - %s %s rw", device, point, type,
			 source);
	if (n < 0 || (size_t)n > strlen(line))
		return false;
	memcpy(line, kept, (size_t)n + 1);
	return true;
}

/* Only default routes, and not through whom. */
static bool keep_route(char *line)
{
	char iface[64];
	unsigned destination, flags, mask;
	if (sscanf(line, "%63s %x %*x %x %*d %*d %*d %x", iface, &destination, &flags, &mask) !=
		    4 ||
	    destination || mask)
		return false;
	char kept[160];
	int n = snprintf(kept, sizeof(kept), "%s\t00000000\t00000000\t%04x\t0\t0\t0\t00000000",
			 iface, flags);
	if ((size_t)n > strlen(line))
		return false;
	memcpy(line, kept, (size_t)n + 1);
	return true;
}

static bool keep_ipv6_route(char *line)
{
	char *gateway = line + 32 + 1 + 2 + 1 + 32 + 1 + 2 + 1;
	if (strlen(line) < 76 + 32 || strspn(line, "0") != 32 || !starts(line + 32, " 00 "))
		return false;
	for (unsigned i = 0; i < 32 && gateway[i] != ' '; i++)
		gateway[i] = '0';
	return true;
}

const struct keep_file keep_files[] = {
	{ "proc/meminfo", keep_meminfo, false },
	{ "proc/cpuinfo", keep_cpuinfo, true },
	{ "proc/cmdline", keep_cmdline, false },
	{ "proc/devices", keep_devices, false },
	{ "proc/swaps", keep_swaps, false },
	{ "proc/self/limits", keep_limits, false },
	{ "proc/self/status", keep_status, false },
	{ "proc/self/mountinfo", keep_mountinfo, false },
	{ "proc/net/route", keep_route, false },
	{ "proc/net/ipv6_route", keep_ipv6_route, false },
};
const size_t n_keep_files = ARRAY_LEN(keep_files);
