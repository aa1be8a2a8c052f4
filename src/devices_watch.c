/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices_watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/loop.h"
#include "cli.h"
#include "core/hotplug.h"
#include "verdict.h"

#define SETTLE_MS 200 /* events come in bursts: a bind is several, a VF count hundreds */
#define LOOK_MS 5000  /* mounts, routes and profiles announce nothing */

/* What is compared of a device from one look to the next. */
struct row {
	struct bdf bdf;
	char driver[NAME_MAX_SHORT];
	char verdict[200];
};

struct watch {
	const struct host *host;
	const struct devices_choice *choice;
	bool json, terminal;
	struct loop loop;
	struct hotplug *hotplug;
	struct loop_fd events, reader;
	struct loop_timer settle, look;
	vec(struct row) rows;         /* as last shown, by address */
	struct devices_loaded loaded; /* of the present look */
	bool shown;                   /* once at least */
	int r;
	struct err *err;
};

unsigned devices_terminal_width(void)
{
	struct winsize size;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

static void end(struct watch *w, int r)
{
	if (!w->r)
		w->r = r;
	loop_stop(&w->loop);
}

/* --- a terminal --- */

#define SCREEN_ON "\033[?1049h" /* xterm: the alternate screen */
#define SCREEN_OFF "\033[?1049l"
#define SCREEN_CLEAR "\033[H\033[J" /* ECMA-48 CUP, ED */

/* As many lines as the screen has; what it has no room for is counted. */
static void print_lines(const char *text, unsigned room)
{
	unsigned more = 0;
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		if (room)
			printf("%.*s\n", (int)strcspn(line, "\n"), line);
		else
			more++;
		room -= room > 0;
	}
	if (more)
		printf("… %u more", more);
}

static int draw(const struct devices_view *view)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	autofree char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	if (!out)
		return -ENOMEM;
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	int r = view->one ? devices_detail(view, out, cli_colour(stdout))
			  : devices_table(view, out, cli_colour(stdout), size.ws_col);
	if (fclose(out) || r)
		return r ? r : -ENOMEM;
	fputs(SCREEN_CLEAR, stdout);
	print_lines(text, size.ws_row > 1 ? size.ws_row - 1u : 1);
	return 0;
}

/* --- a pipe --- */

static int print_json(const struct devices_view *view, const char *event, const struct pci_dev *dev,
		      struct bdf bdf)
{
	struct devices_view one = *view;
	json_t *json, *list;
	one.one = dev;
	if (dev) {
		list = devices_json(&one);
		json = json_pack("{s:s, s:O}", "event", event, "device", json_array_get(list, 0));
		json_decref(list);
	} else {
		json = json_pack("{s:s, s:{s:s}}", "event", event, "device", "address",
				 bdf_text(bdf).s);
	}
	int r = !json ? -ENOMEM : json_dumpf(json, stdout, JSON_COMPACT) ? -EIO : 0;
	json_decref(json);
	putchar('\n');
	return r;
}

static void print_change(const char *event, struct bdf bdf, const struct row *before,
			 const struct row *now)
{
	char clock[16] = "";
	time_t t = time(NULL);
	struct tm tm;
	if (localtime_r(&t, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	printf("%s %-7s %s", clock, event, bdf_text(bdf).s);
	if (now && before && strcmp(before->driver, now->driver) != 0)
		printf(" (%s -> %s)", *before->driver ? before->driver : "no driver",
		       *now->driver ? now->driver : "no driver");
	else if (now)
		printf(" (%s)", *now->driver ? now->driver : "no driver");
	if (now)
		printf(": %s", now->verdict);
	putchar('\n');
}

/* One of the two is there at least. */
static int tell(struct watch *w, const char *event, const struct row *before, const struct row *now)
{
	const struct devices_view *view = &w->loaded.view;
	const struct row *row = now ? now : before;
	if (row && w->json)
		return print_json(view, event, now ? inventory_find(view->inv, now->bdf) : NULL,
				  row->bdf);
	if (row && w->shown)
		print_change(event, row->bdf, before, now);
	return 0;
}

static bool differ(const struct row *a, const struct row *b)
{
	return strcmp(a->driver, b->driver) != 0 || strcmp(a->verdict, b->verdict) != 0;
}

/* Both are in order of address; `n` rows are new. */
static int tell_changes(struct watch *w, const struct row *now, size_t n)
{
	size_t old = 0, new = 0;
	int r = 0;
	while (!r && (old < w->rows.n || new < n)) {
		const struct row *a = old < w->rows.n ? &w->rows.at[old] : NULL;
		const struct row *b = new < n ? &now[new] : NULL;
		int order = !a ? 1 : !b ? -1 : bdf_compare(a->bdf, b->bdf);
		if (order < 0)
			r = tell(w, "removed", a, NULL);
		else if (order > 0)
			r = tell(w, w->shown ? "added" : "present", NULL, b);
		else if (differ(a, b))
			r = tell(w, "changed", a, b);
		old += order <= 0;
		new += order >= 0;
	}
	return r;
}

/* --- a look --- */

static int list_rows(const struct devices_view *view, struct row **ret_rows, size_t *ret_n)
{
	struct row *rows = calloc(view->inv->devs.n + 1, sizeof(*rows));
	size_t n = 0;
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < view->inv->devs.n; i++) {
		const struct pci_dev *dev = &view->inv->devs.at[i];
		if (!devices_shows(view, dev))
			continue;
		struct verdict verdict = verdict_of(view->inv, view->claims, view->n_claims, dev);
		struct row *row = &rows[n++];
		row->bdf = dev->bdf;
		memcpy(row->driver, dev->driver, sizeof(row->driver));
		memcpy(row->verdict, verdict.text, sizeof(row->verdict));
	}
	*ret_rows = rows;
	*ret_n = n;
	return 0;
}

static int show_rows(struct watch *w, const struct row *rows, size_t n)
{
	if (w->terminal)
		return draw(&w->loaded.view);
	int r = 0;
	if (!w->shown && !w->json)
		r = w->loaded.view.one ? devices_detail(&w->loaded.view, stdout, false)
				       : devices_table(&w->loaded.view, stdout, false, 0);
	return r ? r : tell_changes(w, rows, n);
}

static int show_loaded(struct watch *w)
{
	struct row *rows;
	size_t n;
	int r = list_rows(&w->loaded.view, &rows, &n);
	if (r)
		return r;
	r = show_rows(w, rows, n);
	vec_free(&w->rows);
	w->rows.at = rows;
	w->rows.n = w->rows.cap = n;
	w->shown = true;
	if (!r && (fflush(stdout) || ferror(stdout)))
		r = -EPIPE;
	return r;
}

/* The chosen device may go, and come again: that is a change like another. */
static int look_at_nothing(struct watch *w)
{
	w->err->code = 0;
	w->err->text[0] = 0;
	if (inventory_read(&w->loaded.inv, w->host, w->err))
		return w->err->code;
	w->loaded.inv.devs.n = 0;
	w->loaded.view = (struct devices_view){ .inv = &w->loaded.inv,
						.claims = w->loaded.claims,
						.group = DEVICES_ANY_GROUP,
						.host = w->host };
	return 0;
}

static void look(void *ctx)
{
	struct watch *w = ctx;
	int r = devices_load(&w->loaded, w->host, w->choice, w->err);
	if ((r == -ENODEV || r == -ENOENT) && w->shown)
		r = look_at_nothing(w);
	if (!r) {
		r = show_loaded(w);
		devices_unload(&w->loaded);
	}
	if (r)
		end(w, r == -EPIPE ? 0 : r);
	loop_timer_cancel(&w->loop, &w->look);
	loop_timer_arm(&w->loop, &w->look, LOOK_MS);
}

static void on_events(void *ctx, uint32_t events)
{
	struct watch *w = ctx;
	(void)events;
	if (hotplug_take(w->hotplug) && !w->settle.armed)
		loop_timer_arm(&w->loop, &w->settle, SETTLE_MS);
}

static void on_reader_gone(void *ctx, uint32_t events)
{
	(void)events;
	end(ctx, 0);
}

static void on_signal(void *ctx, int signo)
{
	struct watch *w = ctx;
	if (signo == SIGWINCH)
		look(w);
	else
		end(w, 0);
}

static int set_up(struct watch *w)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (w->terminal)
		sigaddset(&set, SIGWINCH);
	int r = loop_signals(&w->loop, &set, on_signal, w);
	if (r)
		return r;
	w->settle = (struct loop_timer){ .expired = look, .ctx = w };
	w->look = (struct loop_timer){ .expired = look, .ctx = w };
	w->events = (struct loop_fd){ hotplug_fd(w->hotplug), on_events, w };
	r = loop_add(&w->loop, &w->events, EPOLLIN);
	/* Only of a pipe or a terminal one hears that; a file cannot be watched. */
	w->reader = (struct loop_fd){ STDOUT_FILENO, on_reader_gone, w };
	if (!r && loop_add(&w->loop, &w->reader, 0))
		w->reader.fd = -1;
	return r;
}

static void watch(struct watch *w)
{
	int r = set_up(w);
	if (r) {
		w->r = err_errno(w->err, r, "watching devices");
		return;
	}
	if (w->terminal)
		fputs(SCREEN_ON, stdout);
	look(w);
	if (!w->r)
		loop_run(&w->loop);
	if (w->terminal)
		fputs(SCREEN_OFF, stdout);
	loop_timer_cancel(&w->loop, &w->settle);
	loop_timer_cancel(&w->loop, &w->look);
	if (w->reader.fd >= 0)
		loop_remove(&w->loop, &w->reader);
	loop_remove(&w->loop, &w->events);
}

int devices_watch(const struct host *host, const struct devices_choice *choice, bool json,
		  struct err *err)
{
	autofree struct watch *w = calloc(1, sizeof(*w));
	if (!w)
		return err_errno(err, -ENOMEM, "watching devices");
	*w = (struct watch){ .host = host, .choice = choice, .json = json, .err = err };
	w->terminal = !json && isatty(STDOUT_FILENO);
	int r = loop_init(&w->loop);
	if (r)
		return err_errno(err, r, "watching devices");
	r = hotplug_open(&w->hotplug, err);
	if (!r) {
		watch(w);
		r = w->r;
		if (r && !err->code)
			err_errno(err, r, "devices");
	}
	hotplug_close(w->hotplug);
	loop_fini(&w->loop);
	vec_free(&w->rows);
	return r;
}
