/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's picture and its keyboard and mouse for VNC clients (RFB, RFC 6143), by libvncserver,
 * in a thread of its own: a client that stalls or floods costs that thread's time alone. It sleeps
 * while nobody is connected, and copies the picture only while somebody is.
 */
#ifndef BULKHEAD_VNC_H
#define BULKHEAD_VNC_H

#include "base/err.h"
#include "hw/i8042.h"
#include "hw/ramfb.h"
#include "profile.h"

#define VNC_PASSWORD_MAX 8 /* the length of a DES key, RFC 6143 §7.2.2 */
#define VNC_MAX_LISTENERS 2
#define VNC_MAX_CLIENTS 4

struct vnc;

/* Whether the profile wants a server at all. */
bool vnc_is_wanted(const struct profile_vnc *config);

/*
 * Why it could not be started now: address not loopback or taken, no password or a file that others
 * may read, a socket in use, no library. Opens nothing for longer than the look takes. -errno.
 */
int vnc_check(const struct profile_vnc *config, struct err *err);

/* Starts serving. Picture and controller outlive it; `name` is shown as the desktop's. -errno. */
int vnc_start(struct vnc **ret_vnc, const struct profile_vnc *config, const char *name,
	      struct ramfb *ramfb, struct i8042 *kbc, struct err *err);
/* Ends all connections and removes the socket. NULL ok. */
void vnc_stop(struct vnc *vnc);

/* --- for the files of vnc ---------------------------------------------------------------------*/

/*
 * Listening sockets, not blocking: for the UNIX socket (mode 0600; a dead one in its place is
 * removed) and the address. ret_fd holds -1 for what is not wanted. -EADDRINUSE, -EACCES, ...
 */
int vnc_listen(const struct profile_vnc *config, int ret_fd[VNC_MAX_LISTENERS], struct err *err);
/* Closes them, and removes the UNIX socket. */
void vnc_unlisten(const struct profile_vnc *config, int fd[VNC_MAX_LISTENERS]);
/* All that vnc_check looks at but the library; nothing stays behind. */
int vnc_check_places(const struct profile_vnc *config, struct err *err);

/* The first line of the file. -EACCES when others may read it, -EINVAL empty or too long, -errno.
 */
int vnc_read_password(const char *path, char ret_password[VNC_PASSWORD_MAX + 1], struct err *err);

#endif
