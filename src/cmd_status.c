/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead status [NAME]`: what runs, and what its vCPUs and devices cost the host. */
#include <stdio.h>

#include "base/bytes.h"
#include "base/parse.h"
#include "cmd.h"
#include "control.h"
#include "running.h"

static void print_vcpu(const json_t *vcpu)
{
	const char *kind;
	json_t *count;
	printf("  vCPU %-3lld exits:", (long long)json_integer_value(json_object_get(vcpu, "id")));
	json_object_foreach (json_object_get(vcpu, "exits"), kind, count)
		printf(" %s %lld", kind, (long long)json_integer_value(count));
	printf("\n");
}

static void print_device(const json_t *device)
{
	long long msix = json_integer_value(json_object_get(device, "msix_vectors"));
	long long msi = json_integer_value(json_object_get(device, "msi_vectors"));
	if (json_is_true(json_object_get(device, "gone"))) {
		printf("  %s was %s: gone, taken back by the host or failed\n",
		       json_string_value(json_object_get(device, "host")),
		       json_string_value(json_object_get(device, "guest")));
		return;
	}
	printf("  %s as %s: ", json_string_value(json_object_get(device, "host")),
	       json_string_value(json_object_get(device, "guest")));
	if (msix)
		printf("MSI-X, %lld vectors\n", msix);
	else if (msi)
		printf("MSI, %lld vectors\n", msi);
	else
		printf("%s\n", json_is_true(json_object_get(device, "intx")) ? "INTx"
									     : "no interrupt in use");
}

static void print_status(const json_t *status)
{
	size_t i;
	json_t *item;
	const json_t *iommu = json_object_get(status, "iommu");
	bool paused = json_is_true(json_object_get(status, "paused"));
	bool stopping = json_is_true(json_object_get(status, "stopping"));
	printf("%s: %s, %s of memory, started %lld times\n",
	       json_string_value(json_object_get(status, "profile")),
	       stopping ? "stopping" : paused ? "paused" : "running",
	       size_text((uint64_t)json_integer_value(json_object_get(status, "memory"))).s,
	       (long long)json_integer_value(json_object_get(status, "boots")));
	printf("  DMA: %s, %s in %lld mappings\n", json_string_value(json_object_get(iommu, "backend")),
	       size_text((uint64_t)json_integer_value(json_object_get(iommu, "bytes"))).s,
	       (long long)json_integer_value(json_object_get(iommu, "live")));
	json_array_foreach (json_object_get(status, "devices"), i, item)
		print_device(item);
	json_array_foreach (json_object_get(status, "vcpus"), i, item)
		print_vcpu(item);
}

static void print_registers(const json_t *status)
{
	size_t i;
	json_t *text;
	json_array_foreach (json_object_get(status, "registers"), i, text)
		printf("  vCPU %zu\n%s", i, json_string_value(text));
}

/* Adds the registers to what the machine said of itself. */
static int add_registers(const struct host *host, const char *name, json_t *status, struct err *err)
{
	json_t *answer;
	int r = control_ask(host, name, "registers", &answer, err);
	if (r)
		return r;
	json_object_set(status, "registers", json_object_get(answer, "registers"));
	json_decref(answer);
	return 0;
}

static int show(const struct host *host, const char *name, json_t *all, const struct cmd_args *args)
{
	struct err err = { 0 };
	json_t *status;
	int r = control_ask(host, name, "status", &status, &err);
	if (r)
		return cli_fail(&err);
	if (args->registers)
		r = add_registers(host, name, status, &err);
	if (!args->json) {
		print_status(status);
		print_registers(status);
	}
	json_array_append_new(all, status);
	return r ? cli_fail(&err) : CLI_OK;
}

int cmd_status(int argc, char **argv)
{
	struct cmd_args args = { 0 };
	struct running running;
	struct host host;
	struct err err = { 0 };
	int status = cmd_parse(CMD_STATUS, argc, argv, &args);
	if (status != CLI_GO)
		return status;
	if (host_open(&host, args.host ? args.host : "", &err))
		return cli_fail(&err);
	status = CLI_OK;
	json_t *all = json_array();
	if (args.name) {
		char name[64];
		status = running_pick(&host, args.name, name, sizeof(name), &err)
				 ? cli_fail(&err)
				 : show(&host, name, all, &args);
	} else if (running_list(&host, &running)) {
		status = CLI_FAILED;
		cli_error("%s cannot be read", host.run_path);
	} else {
		for (unsigned i = 0; i < running.n; i++)
			if (show(&host, running.name[i], all, &args))
				status = CLI_FAILED;
		if (!running.n && !args.json)
			printf("no profile is running\n");
	}
	if (args.json) {
		json_dumpf(all, stdout, JSON_INDENT(2));
		printf("\n");
	}
	json_decref(all);
	host_close(&host);
	return status;
}
