/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead vf list|create|set|remove`: virtual functions of SR-IOV devices, without a VM. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/parse.h"
#include "cmd.h"
#include "json.h"
#include "vf_change.h"
#include "vf_show.h"

struct request {
	const struct cmd_args *args;
	const struct host *host;
	struct pf pf; /* unset for `list` without one */
};

/* --- list --- */

struct listing {
	const struct request *request;
	json_t *list; /* with --json */
	unsigned n;
	struct err err;
};

static unsigned terminal_width(void)
{
	struct winsize size;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

static int show_view(struct listing *listing, const struct pf_view *view)
{
	if (listing->request->args->json)
		return json_array_append_new(listing->list, pf_view_json(view)) ? -ENOMEM : 0;
	if (listing->n)
		putchar('\n');
	return pf_view_print(view, stdout, cli_colour(stdout), terminal_width());
}

static int show_pf(void *ctx, const struct pf *pf)
{
	struct listing *listing = ctx;
	struct pf_view view;
	int r = pf_view_read(listing->request->host, pf, &view, &listing->err);
	if (!r) {
		r = show_view(listing, &view);
		if (r)
			err_errno(&listing->err, r, "vf list");
	}
	pf_view_fini(&view);
	listing->n++;
	return r;
}

static int show_listed(struct listing *listing, struct err *err)
{
	const struct request *request = listing->request;
	int r = request->args->device ? show_pf(listing, &request->pf)
				      : pf_each(request->host, show_pf, listing, &listing->err);
	if (r) {
		*err = listing->err;
		return r;
	}
	if (!listing->n && !request->args->json)
		puts("this host has no device with SR-IOV");
	return 0;
}

static int list(const struct request *request, struct err *err)
{
	struct listing listing = { .request = request };
	if (!request->args->json)
		return show_listed(&listing, err);
	listing.list = json_array();
	int r = listing.list ? show_listed(&listing, err) : err_errno(err, -ENOMEM, "vf list");
	if (r) {
		json_decref(listing.list);
		return r;
	}
	r = json_print(listing.list, stdout);
	return r ? err_errno(err, r, "vf list") : 0;
}

/* What it came to: the PF as it is now. */
static int show_result(const struct request *request, struct err *err)
{
	struct request after = *request;
	int r = pf_read(request->host, request->pf.bdf, &after.pf, err);
	return r ? r : list(&after, err);
}

/* --- changes --- */

static int create(const struct request *request, struct err *err)
{
	const char *text = request->args->words.at[0];
	uint64_t count;
	int r = parse_u64(text, &count);
	if (r || !count || count > UINT16_MAX)
		return err_set(err, -EINVAL, "%.32s: expected a number of VFs, 1 to %u", text,
			       request->pf.total);
	r = vf_change_count(request->host, request->pf.bdf, (unsigned)count, err);
	return r ? r : show_result(request, err);
}

static int set(const struct request *request, struct err *err)
{
	const struct cli_list *words = &request->args->words;
	struct vf_settings want = { 0 };
	uint64_t index;
	int r = parse_u64(words->at[0], &index);
	if (r || index > UINT16_MAX)
		return err_set(err, -EINVAL, "%.32s: expected the number of a VF, counted from 0",
			       words->at[0]);
	for (unsigned i = 1; !r && i < words->n; i++)
		r = vf_settings_parse(&want, words->at[i], err);
	if (!r)
		r = vf_change_settings(request->host, request->pf.bdf, (unsigned)index, &want, err);
	return r ? r : show_result(request, err);
}

static int remove_all(const struct request *request, struct err *err)
{
	int r = vf_change_count(request->host, request->pf.bdf, 0, err);
	return r ? r : show_result(request, err);
}

/* --- the command --- */

static const struct verb {
	const char *name;
	unsigned min_words, max_words; /* after PF */
	const char *words[2];          /* what the first ones are */
	bool needs_pf;
	int (*run)(const struct request *request, struct err *err);
} verbs[] = {
	{ "list", 0, 0, { NULL }, false, list },
	{ "create", 1, 1, { "COUNT" }, true, create },
	{ "set", 2, CLI_REPEAT_MAX, { "INDEX", "KEY=VALUE" }, true, set },
	{ "remove", 0, 0, { NULL }, true, remove_all },
};

static const struct verb *find_verb(const char *name)
{
	const struct verb *verb = verbs;
	while (strcmp(verb->name, name) != 0) /* cli_parse let none but these through */
		verb++;
	return verb;
}

static int check_words(const struct cmd_args *args)
{
	const struct verb *verb = find_verb(args->action);
	const struct cli_list *words = &args->words;
	if (verb->needs_pf && !args->device)
		cli_error("vf %s: PF is missing", verb->name);
	else if (words->n < verb->min_words)
		cli_error("vf %s: %s is missing", verb->name, verb->words[words->n]);
	else if (words->n > verb->max_words)
		cli_error("vf %s: one argument too many, '%s'", verb->name,
			  words->at[verb->max_words]);
	else
		return CLI_GO;
	fputs("Try 'bulkhead vf --help'.\n", stderr);
	return CLI_USAGE;
}

static int vf(const struct cmd_args *args, struct host *host, struct err *err)
{
	struct request request = { .args = args, .host = host };
	int r = args->device ? pf_find(host, args->device, &request.pf, err) : 0;
	return r ? r : find_verb(args->action)->run(&request, err);
}

int cmd_vf(int argc, char **argv)
{
	return cmd_on_host(CMD_VF, argc, argv, check_words, vf);
}
