/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_inventory SNAPSHOT [RUNS]: what reading that host costs, and showing it as `devices` does.
 */
// with: fake/count_opens.c
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "devices_load.h"
#include "fake/count_opens.h"
#include "saved_host.h"

#define RUNS_MAX 1000

struct run {
	double read, shown; /* milliseconds */
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int one(const struct host *host, struct run *ret, size_t *ret_functions)
{
	static struct devices_loaded loaded;
	const struct devices_choice all = { NULL, NULL };
	struct err err = { 0 };
	double start = now();
	if (devices_load(&loaded, host, &all, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	ret->read = now() - start;
	FILE *out = fopen("/dev/null", "we");
	int r = out ? devices_table(&loaded.view, out, false, 0) : -1;
	if (out)
		fclose(out);
	ret->shown = now() - start;
	*ret_functions = loaded.inv.devs.n;
	devices_unload(&loaded);
	return r;
}

static int by_read(const void *a, const void *b)
{
	const struct run *x = a, *y = b;
	return x->read < y->read ? -1 : x->read > y->read;
}

int main(int argc, char **argv)
{
	static struct run runs[RUNS_MAX];
	struct saved_host saved;
	struct err err = { 0 };
	size_t functions = 0;
	int n = argc > 2 ? atoi(argv[2]) : 21;
	if (argc < 2 || n < 1 || n > RUNS_MAX || saved_host_open(&saved, argv[1], &err)) {
		fprintf(stderr, "usage: bench_inventory SNAPSHOT [RUNS]\n%s\n", err.text);
		return 1;
	}
	int r = one(&saved.host, &runs[0], &functions); /* the first one fills caches */
	count_opens = count_links = 0;
	for (int i = 0; !r && i < n; i++)
		r = one(&saved.host, &runs[i], &functions);
	saved_host_close(&saved);
	if (r)
		return 1;
	qsort(runs, (size_t)n, sizeof(*runs), by_read);
	double files = (double)(count_opens + count_links) / n;
	printf("%zu functions: inventory %.1f ms (best %.1f, worst %.1f of %d), with names and "
	       "verdicts "
	       "%.1f ms\n%.0f files and links read, %.1f a function\n",
	       functions, runs[n / 2].read, runs[0].read, runs[n - 1].read, n, runs[n / 2].shown,
	       files, files / (double)functions);
	return 0;
}
