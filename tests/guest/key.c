// SPDX-License-Identifier: GPL-2.0-or-later
// Waits for one key press on any input device, and says which key it was.
#include "labguest.h"

#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MAX_INPUTS = 32 };

static int open_inputs(struct pollfd *inputs)
{
	char path[32];
	int count = 0;

	for (int i = 0; i < MAX_INPUTS; i++) {
		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		inputs[count].fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		inputs[count].events = POLLIN;
		if (inputs[count].fd >= 0)
			count++;
	}
	return count;
}

/* The code of a key press among the events now readable; 0 if there is none. */
static int pressed(int fd)
{
	struct input_event event;

	while (read(fd, &event, sizeof(event)) == sizeof(event)) {
		if (event.type == EV_KEY && event.value == 1)
			return event.code;
	}
	return 0;
}

static int any_pressed(const struct pollfd *inputs, int count)
{
	for (int i = 0; i < count; i++) {
		int code = inputs[i].revents ? pressed(inputs[i].fd) : 0;

		if (code)
			return code;
	}
	return 0;
}

int key_main(int argc, char **argv)
{
	struct pollfd inputs[MAX_INPUTS];
	int count, code = 0;
	time_t end;

	if (argc != 3)
		return 2;
	count = open_inputs(inputs);
	if (!count) {
		printf("no input device\n");
		return 1;
	}
	end = time(NULL) + atoi(argv[2]);
	while (!code && time(NULL) < end) {
		if (poll(inputs, (nfds_t)count, 1000) > 0)
			code = any_pressed(inputs, count);
	}
	printf("key %d on %d devices\n", code, count);
	return code != atoi(argv[1]);
}
