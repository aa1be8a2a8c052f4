/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead report PROFILE`: a bundle to send with a bug report. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "report.h"
#include "saved_host.h"

#define NAME_MAX_REPORT 48

/* Of a profile that cannot be read: its file's name, as far as it can be one. */
static void name_of(const char *path, char *ret_name)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t n = strspn(base, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	if (!n || n > NAME_MAX_REPORT)
		n = (size_t)snprintf(ret_name, NAME_MAX_REPORT + 1, "profile");
	else
		memcpy(ret_name, base, n);
	ret_name[n] = 0;
}

/* Who runs this; root says nothing. */
static int know_user(struct redact *redact)
{
	static const char *const variables[] = { "SUDO_USER", "LOGNAME", "USER", "DOAS_USER" };
	int r = 0;
	for (size_t i = 0; !r && i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *name = getenv(variables[i]);
		r = name ? redact_know(redact, REDACT_USER, name) : 0;
	}
	return r;
}

/* For its owner alone; what is there already is not written over. */
static FILE *create(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		err_errno(err, -errno, "%s", path);
		if (err->code == -EEXIST)
			err_hint(err, "move it away, or name another file with --output");
		return NULL;
	}
	FILE *out = fdopen(fd, "w");
	if (!out) {
		err_errno(err, -ENOMEM, "%s", path);
		close(fd);
	}
	return out;
}

static int write_archive(struct report *report, const char *path, struct err *err)
{
	FILE *archive = create(path, err);
	if (!archive)
		return err->code;
	printf("%s, for a bug report:\n", path);
	int r = know_user(&report->redact) ? err_errno(err, -ENOMEM, "report") : 0;
	if (!r)
		r = report_write(report, archive, stdout, err);
	if (fclose(archive) && !r)
		r = err_errno(err, -errno, "%s", path);
	if (r)
		unlink(path);
	else
		printf("Host, user and disk names, serial numbers, MAC and IP addresses, UUIDs and "
		       "secrets are\nreplaced by names like MAC-1. Read it before you send it.\n");
	return r;
}

static int run(struct report *report, const struct cmd_args *args, const char *root)
{
	static struct prepared prepared; /* large */
	struct err err = { 0 }, why = { 0 };
	char path[NAME_MAX_REPORT + 32];
	if (report->profile && prepare(&prepared, report->profile, root, &why))
		report->trouble = why.text;
	else if (report->profile)
		report->prepared = &prepared;
	snprintf(path, sizeof(path), "bulkhead-report-%s.tar", report->name);
	int r = write_archive(report, args->output ? args->output : path, &err);
	if (report->profile)
		prepare_fini(&prepared);
	redact_fini(&report->redact);
	return r ? cli_fail(&err) : CLI_OK;
}

/* A profile that is wrong is worth a report too: its error was printed, and the rest goes on. */
static int report_on(const struct cmd_args *args, const struct saved_host *saved)
{
	struct profile profile;
	char name[NAME_MAX_REPORT + 1];
	struct report report = { .host = &saved->host,
				 .profile_path = args->profile,
				 .trouble = "" };
	int status = cmd_load_profile(args, &profile);
	if (status == CLI_GO) {
		report.profile = &profile;
		report.name = profile.name;
	} else {
		name_of(args->profile, name);
		report.name = name;
		report.trouble = "the profile cannot be read: `bulkhead check` says why";
	}
	status = run(&report, args, saved->root);
	if (report.profile)
		profile_fini(&profile);
	return status;
}

int cmd_report(int argc, char **argv)
{
	struct cmd_args args = { 0 };
	struct saved_host saved;
	struct err err = { 0 };
	int status = cmd_parse(CMD_REPORT, argc, argv, &args);
	if (status != CLI_GO)
		return status;
	if (saved_host_open(&saved, args.host, &err))
		return cli_fail(&err);
	status = report_on(&args, &saved);
	saved_host_close(&saved);
	return status;
}
