/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where VNC clients come in, and who is let in there: never anybody by default. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "vnc.h"

#define BACKLOG 4

bool vnc_is_wanted(const struct profile_vnc *config)
{
	return config->socket || config->address;
}

/* --- password --- */

static int check_password_file(int fd, const char *path, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st))
		return err_errno(err, -errno, "VNC password file %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "VNC password file %s: is no regular file", path);
	if (st.st_mode & 077)
		return err_set(err, -EACCES,
			       "VNC password file %s: others than its owner may read it; run "
			       "`chmod 600` on it",
			       path);
	return 0;
}

int vnc_read_password(const char *path, char ret_password[VNC_PASSWORD_MAX + 1], struct err *err)
{
	char text[VNC_PASSWORD_MAX + 2] = { 0 };
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_errno(err, -errno, "VNC password file %s", path);
	int r = check_password_file(fd, path, err);
	if (r)
		return r;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return err_errno(err, -errno, "VNC password file %s", path);
	size_t len = strcspn(text, "\r\n");
	if (!len)
		r = err_set(err, -EINVAL, "VNC password file %s: its first line is empty", path);
	else if (len > VNC_PASSWORD_MAX)
		r = err_set(err, -EINVAL,
			    "VNC password file %s: the password is longer than %d characters, and "
			    "VNC would ignore the rest; shorten it",
			    path, VNC_PASSWORD_MAX);
	else
		memcpy(ret_password, text, len);
	if (!r)
		ret_password[len] = 0;
	explicit_bzero(text, sizeof(text));
	return r;
}

/* --- addresses --- */

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;
		return ntohl(in->sin_addr.s_addr) >> 24 == 127;
	}
	const struct sockaddr_in6 *in6 = (const void *)address;
	return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static int resolve(const struct profile_vnc *config, struct sockaddr_storage *ret_address,
		   socklen_t *ret_len, struct err *err)
{
	struct addrinfo *found;
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	char port[8];
	snprintf(port, sizeof(port), "%u", config->port);
	if (getaddrinfo(config->address, port, &hints, &found))
		return err_set(err, -EINVAL,
			       "display.vnc.address: '%s' is no IP address; give one such as "
			       "127.0.0.1",
			       config->address);
	memcpy(ret_address, found->ai_addr, found->ai_addrlen);
	*ret_len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static int check_address(const struct profile_vnc *config, const struct sockaddr *address,
			 struct err *err)
{
	if (!is_loopback(address) && !config->remote)
		return err_set(
			err, -EACCES,
			"display.vnc.address: other machines could reach %s, and VNC does not "
			"encrypt; use 127.0.0.1 and a tunnel, or set display.vnc.remote",
			config->address);
	if (!config->password_file)
		return err_set(
			err, -EACCES,
			"display.vnc.address: every user of this machine could connect to %s; "
			"set display.vnc.password_file, or use display.vnc.socket",
			config->address);
	return 0;
}

static int listen_address(const struct profile_vnc *config, int *ret_fd, struct err *err)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = 0;
	int r = resolve(config, &address, &len, err);
	if (!r)
		r = check_address(config, (const struct sockaddr *)&address, err);
	if (r)
		return r;
	const int on = 1;
	autoclose int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, -errno, "VNC at %s", config->address);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, len) || listen(fd, BACKLOG)) {
		r = -errno;
		if (r == -EADDRINUSE)
			return err_set(
				err, r,
				"VNC: port %u of %s is taken; `ss -tlnp` says by whom, or set "
				"another display.vnc.port",
				config->port, config->address);
		return err_errno(err, r, "VNC at %s, port %u", config->address, config->port);
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

/* --- UNIX socket --- */

static int unix_address(const char *path, struct sockaddr_un *ret_address, struct err *err)
{
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret_address->sun_path))
		return err_set(err, -ENAMETOOLONG,
			       "display.vnc.socket: %s is longer than the %zu characters that a "
			       "socket's name may have",
			       path, sizeof(ret_address->sun_path) - 1);
	snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "%s", path);
	return 0;
}

/* Something may be there only if it is a socket that nobody listens on any more. */
static int remove_dead(const char *path, const struct sockaddr_un *address, struct err *err)
{
	struct stat st;
	if (lstat(path, &st))
		return errno == ENOENT ? 0 : err_errno(err, -errno, "VNC socket %s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(
			err, -EEXIST,
			"VNC socket %s: there is a file that is no socket; remove it or give "
			"another name",
			path);
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, -errno, "VNC socket %s", path);
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) || errno == EAGAIN)
		return err_set(
			err, -EADDRINUSE,
			"VNC socket %s: another process listens there; end it or give another "
			"name",
			path);
	if (unlink(path))
		return err_errno(err, -errno, "VNC socket %s, of a run that has ended", path);
	return 0;
}

static int listen_unix(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address;
	int r = unix_address(path, &address, err);
	if (!r)
		r = remove_dead(path, &address, err);
	if (r)
		return r;
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The mode of an unbound socket becomes that of its file: never open, not even for a
	 * moment. */
	if (fd < 0 || fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, BACKLOG))
		return err_errno(err, -errno, "VNC socket %s", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* --- both --- */

int vnc_listen(const struct profile_vnc *config, int ret_fd[VNC_MAX_LISTENERS], struct err *err)
{
	int fd[VNC_MAX_LISTENERS] = { -1, -1 };
	int r = config->address ? listen_address(config, &fd[0], err) : 0;
	if (!r && config->socket)
		r = listen_unix(config->socket, &fd[1], err);
	if (r)
		vnc_unlisten(config, fd);
	else
		memcpy(ret_fd, fd, sizeof(fd));
	return r;
}

void vnc_unlisten(const struct profile_vnc *config, int fd[VNC_MAX_LISTENERS])
{
	if (fd[1] >= 0)
		unlink(config->socket);
	for (unsigned i = 0; i < VNC_MAX_LISTENERS; i++)
		close_fd(&fd[i]);
}

int vnc_check_places(const struct profile_vnc *config, struct err *err)
{
	char password[VNC_PASSWORD_MAX + 1];
	int fd[VNC_MAX_LISTENERS];
	int r = vnc_listen(config, fd, err);
	if (r)
		return r;
	vnc_unlisten(config, fd);
	if (config->password_file)
		r = vnc_read_password(config->password_file, password, err);
	explicit_bzero(password, sizeof(password));
	return r;
}
