/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/dsdt.h"

#include <stdio.h>

#include "base/bytes.h"

#define PINS 4
#define ROOT_DEVICES 32

/* PCI Firmware Specification 3.3 §4.5.1. */
#define OSC_UUID "33DB4D5B-1FF7-401C-9657-7441C03DD766"
#define OSC_BAD_UUID 0x04
#define OSC_BAD_REVISION 0x08
#define OSC_MASKED 0x10
/* Hot-plug, SHPC, PME, AER, PCIe capability: the guest's own. LTR is not ours to hand over. */
#define OSC_GRANTED 0x1F

unsigned acpi_pin_gsi(unsigned dev, unsigned pin)
{
	pin %= PINS;
	if (dev <= 24)
		return GSI_PCI_FIRST + 4 + (dev + pin) % PINS;
	return (dev == 30 ? GSI_PCI_FIRST + 4 : GSI_PCI_FIRST) + pin;
}

/* ACPI 6.5 §6.2.13: function 0xFFFF = any, source 0 = the index is a GSI. */
static void prt_entry(struct aml *aml, unsigned dev, unsigned pin, unsigned gsi)
{
	aml_package(aml, 4);
	aml_int(aml, (uint64_t)dev << 16 | 0xFFFF);
	aml_int(aml, pin);
	aml_int(aml, 0);
	aml_int(aml, gsi);
	aml_close(aml);
}

static void root_prt(struct aml *aml)
{
	aml_name_decl(aml, "_PRT");
	aml_package(aml, ROOT_DEVICES * PINS);
	for (unsigned dev = 0; dev < ROOT_DEVICES; dev++)
		for (unsigned pin = 0; pin < PINS; pin++)
			prt_entry(aml, dev, pin, acpi_pin_gsi(dev, pin));
	aml_close(aml);
}

static void root_crs(struct aml *aml, const struct acpi_config *config)
{
	aml_name_decl(aml, "_CRS");
	aml_resources(aml);
	aml_res_bus(aml, 0, 0xFF);
	aml_res_io(aml, PORT_PCI_ADDRESS, 8);
	aml_res_word_io(aml, 0, PORT_PCI_ADDRESS - 1);
	aml_res_word_io(aml, PORT_PCI_ADDRESS + 8, 0xFFFF);
	for (unsigned i = 0; i < ACPI_MAX_WINDOWS32; i++)
		if (config->mmio32[i].size)
			aml_res_dword_memory(aml, (uint32_t)config->mmio32[i].start,
					     (uint32_t)range_last(config->mmio32[i]));
	if (config->mmio64.size)
		aml_res_qword_memory(aml, config->mmio64.start, range_last(config->mmio64), false);
	aml_close(aml);
}

static void dword_field(struct aml *aml, unsigned offset, const char *name)
{
	aml_op(aml, AML_CREATE_DWORD_FIELD);
	aml_op(aml, AML_ARG0 + 3);
	aml_int(aml, offset);
	aml_name(aml, name);
}

/* name |= bits */
static void set_bits(struct aml *aml, const char *name, uint64_t bits)
{
	aml_op(aml, AML_OR);
	aml_name(aml, name);
	aml_int(aml, bits);
	aml_name(aml, name);
}

/* If (!(a == b)): the two operands follow. */
static void if_differ(struct aml *aml)
{
	aml_if(aml);
	aml_op(aml, AML_LNOT);
	aml_op(aml, AML_LEQUAL);
}

static void osc_grant(struct aml *aml)
{
	dword_field(aml, 8, "CDW3");
	aml_op(aml, AML_AND); /* Local0 = CDW3 & OSC_GRANTED */
	aml_name(aml, "CDW3");
	aml_int(aml, OSC_GRANTED);
	aml_op(aml, AML_LOCAL0);
	if_differ(aml);
	aml_op(aml, AML_ARG0 + 1);
	aml_int(aml, 1);
	set_bits(aml, "CDW1", OSC_BAD_REVISION);
	aml_close(aml);
	if_differ(aml);
	aml_name(aml, "CDW3");
	aml_op(aml, AML_LOCAL0);
	set_bits(aml, "CDW1", OSC_MASKED);
	aml_close(aml);
	aml_op(aml, AML_STORE);
	aml_op(aml, AML_LOCAL0);
	aml_name(aml, "CDW3");
}

/* Arg0 UUID, Arg1 revision, Arg2 count, Arg3 capabilities; ACPI 6.5 §6.2.11. */
static void root_osc(struct aml *aml)
{
	aml_method(aml, "_OSC", 4, true);
	dword_field(aml, 0, "CDW1");
	aml_if(aml);
	aml_op(aml, AML_LEQUAL);
	aml_op(aml, AML_ARG0);
	aml_uuid(aml, OSC_UUID);
	osc_grant(aml);
	aml_close(aml);
	aml_else(aml);
	set_bits(aml, "CDW1", OSC_BAD_UUID);
	aml_close(aml);
	aml_op(aml, AML_RETURN);
	aml_op(aml, AML_ARG0 + 3);
	aml_close(aml);
}

/*
 * A link has one device, number 0, so its pins are the port's own after the swizzle of PCIe 6.0
 * §2.2.8.1. Without this _PRT an OS computes the same, but Windows wants it written down.
 */
static void root_port(struct aml *aml, unsigned slot)
{
	char name[8];
	snprintf(name, sizeof(name), "P%02X", slot & 31);
	aml_device(aml, name);
	aml_name_int(aml, "_ADR", (uint64_t)slot << 16);
	aml_name_decl(aml, "_PRT");
	aml_package(aml, PINS);
	for (unsigned pin = 0; pin < PINS; pin++)
		prt_entry(aml, 0, pin, acpi_pin_gsi(slot, pin));
	aml_close(aml);
	aml_close(aml);
}

static void isa_device(struct aml *aml, const char *name, const char *id, uint16_t port,
		       uint8_t n_ports, unsigned irq)
{
	aml_device(aml, name);
	aml_name_eisa(aml, "_HID", id);
	aml_name_int(aml, "_UID", 1);
	aml_name_decl(aml, "_CRS");
	aml_resources(aml);
	aml_res_io(aml, port, n_ports);
	aml_res_irq(aml, irq);
	aml_close(aml);
	aml_close(aml);
}

/* The keyboard has both ports, the mouse no more than its interrupt: they share a controller. */
static void keyboard_and_mouse(struct aml *aml)
{
	aml_device(aml, "KBD");
	aml_name_eisa(aml, "_HID", "PNP0303");
	aml_name_decl(aml, "_CRS");
	aml_resources(aml);
	aml_res_io(aml, PORT_I8042_DATA, 1);
	aml_res_io(aml, PORT_I8042_STATUS, 1);
	aml_res_irq(aml, GSI_KEYBOARD);
	aml_close(aml);
	aml_close(aml);
	aml_device(aml, "MOU");
	aml_name_eisa(aml, "_HID", "PNP0F13");
	aml_name_decl(aml, "_CRS");
	aml_resources(aml);
	aml_res_irq(aml, GSI_MOUSE);
	aml_close(aml);
	aml_close(aml);
}

static void isa_bridge(struct aml *aml, const struct acpi_config *config)
{
	aml_device(aml, "ISA");
	aml_name_int(aml, "_ADR", (uint64_t)SLOT_LPC << 16);
	isa_device(aml, "RTC", "PNP0B00", PORT_RTC, 2, GSI_RTC);
	if (config->serial)
		isa_device(aml, "COM1", "PNP0501", PORT_COM1, 8, GSI_COM1);
	if (config->i8042)
		keyboard_and_mouse(aml);
	aml_close(aml);
}

/* Fixed ranges that belong to no other device, so that no OS hands them out. */
static void board_resources(struct aml *aml, const struct acpi_config *config)
{
	aml_device(aml, "MBRD");
	aml_name_eisa(aml, "_HID", "PNP0C02");
	aml_name_int(aml, "_UID", 0);
	aml_name_decl(aml, "_CRS");
	aml_resources(aml);
	aml_res_memory32(aml, (uint32_t)config->ecam.start, (uint32_t)config->ecam.size, true);
	aml_res_io(aml, PM_BASE, PM_SIZE);
	aml_res_io(aml, PORT_A20, 1);
	aml_close(aml);
	aml_close(aml);
}

/* _STA 0x0B: present and working, but Windows need not ask for a driver. */
static void firmware_configuration(struct aml *aml)
{
	aml_device(aml, "FWCF");
	aml_name_string(aml, "_HID", "QEMU0002");
	aml_name_int(aml, "_STA", 0x0B);
	aml_name_decl(aml, "_CRS");
	aml_resources(aml);
	aml_res_io(aml, PORT_FWCFG, FWCFG_PORTS);
	aml_close(aml);
	aml_close(aml);
}

static void tpm(struct aml *aml)
{
	aml_device(aml, "TPM");
	aml_name_string(aml, "_HID", "MSFT0101");
	aml_name_int(aml, "_UID", 1);
	aml_name_int(aml, "_STA", 0x0F);
	aml_name_decl(aml, "_CRS");
	aml_resources(aml);
	aml_res_memory32(aml, (uint32_t)TPM_CRB_BASE, (uint32_t)TPM_CRB_SIZE, true);
	aml_close(aml);
	aml_close(aml);
}

static void pci_root(struct aml *aml, const struct acpi_config *config)
{
	aml_device(aml, "PCI0");
	aml_name_eisa(aml, "_HID", "PNP0A08"); /* PCIe host bridge, and PCI for older systems */
	aml_name_eisa(aml, "_CID", "PNP0A03");
	aml_name_int(aml, "_UID", 0);
	aml_name_int(aml, "_SEG", 0);
	aml_name_int(aml, "_BBN", 0);
	root_crs(aml, config);
	root_prt(aml);
	root_osc(aml);
	isa_bridge(aml, config);
	board_resources(aml, config);
	if (config->fw_cfg)
		firmware_configuration(aml);
	for (unsigned i = 0; i < config->n_ports; i++)
		root_port(aml, config->port_slots[i]);
	aml_close(aml);
}

static void processors(struct aml *aml, unsigned n)
{
	char name[8];
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "C%03X", i & 0xFFF);
		aml_device(aml, name);
		aml_name_string(aml, "_HID", "ACPI0007");
		aml_name_int(aml, "_UID", i);
		aml_close(aml);
	}
}

/* S5 only: assigned devices could not come back from another. SLP_TYP 0 by chipset custom. */
static void sleep_states(struct aml *aml)
{
	aml_name_decl(aml, "\\_S5");
	aml_package(aml, 4);
	for (int i = 0; i < 4; i++)
		aml_int(aml, 0);
	aml_close(aml);
}

void dsdt_fill(struct aml *aml, const struct acpi_config *config)
{
	aml_scope(aml, "\\_SB");
	pci_root(aml, config);
	processors(aml, config->vcpus);
	if (config->tpm_crb)
		tpm(aml);
	aml_close(aml);
	sleep_states(aml);
}
