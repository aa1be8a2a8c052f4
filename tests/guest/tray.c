// SPDX-License-Identifier: GPL-2.0-or-later
/* tray: opens or closes a CD-ROM drive's tray, as eject(1) does. */
#include "labguest.h"

#include <fcntl.h>
#include <linux/cdrom.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int tray_main(int argc, char **argv)
{
	if (argc != 3 || (strcmp(argv[2], "open") != 0 && strcmp(argv[2], "close") != 0))
		return 2;
	int fd = open(argv[1], O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return failed(argv[1]);
	int r = ioctl(fd, strcmp(argv[2], "open") ? CDROMCLOSETRAY : CDROMEJECT);
	close(fd);
	return r ? failed(argv[2]) : 0;
}
