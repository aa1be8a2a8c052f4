// SPDX-License-Identifier: GPL-2.0-or-later
// Lists what the PS/2 keyboard and mouse say until F12 is released: +CODE and -CODE for keys and
// buttons, AXIS:SUM for movement between two of them.
#include "labguest.h"

#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { MAX_INPUTS = 32, MAX_AXES = 16 };

static int sums[MAX_AXES];

static int open_ps2(struct pollfd *inputs)
{
	char path[32];
	int count = 0;

	for (int i = 0; i < MAX_INPUTS; i++) {
		struct input_id id = { 0 };

		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		inputs[count].fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		inputs[count].events = POLLIN;
		if (inputs[count].fd < 0)
			continue;
		if (ioctl(inputs[count].fd, EVIOCGID, &id) || id.bustype != BUS_I8042)
			close(inputs[count].fd);
		else
			count++;
	}
	return count;
}

static void print_sums(void)
{
	for (int i = 0; i < MAX_AXES; i++) {
		if (sums[i])
			printf("%d:%d ", i, sums[i]);
		sums[i] = 0;
	}
}

/* Whether the last key was released. */
static int list(int fd)
{
	struct input_event event;
	int last = 0;

	while (read(fd, &event, sizeof(event)) == sizeof(event)) {
		if (event.type == EV_REL && event.code < MAX_AXES)
			sums[event.code] += event.value;
		if (event.type != EV_KEY || event.value == 2)
			continue;
		print_sums();
		printf("%c%d ", event.value ? '+' : '-', event.code);
		last |= event.code == KEY_F12 && !event.value;
	}
	return last;
}

int events_main(int argc, char **argv)
{
	struct pollfd inputs[MAX_INPUTS];
	int count = open_ps2(inputs), last = 0;
	time_t end;

	if (argc != 2)
		return 2;
	end = time(NULL) + atoi(argv[1]);
	while (count && !last && time(NULL) < end) {
		if (poll(inputs, (nfds_t)count, 1000) <= 0)
			continue;
		for (int i = 0; i < count; i++)
			last |= inputs[i].revents && list(inputs[i].fd);
	}
	print_sums();
	printf("on %d devices\n", count);
	return !last;
}
