/* SPDX-License-Identifier: Apache-2.0 */
#include "http/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_FLAGS (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
#define SETTING "operationsApi.network.domainSocket: "

/* \return the socket, or a negative errno */
static int open_tcp(const struct sockaddr *a, socklen_t len)
{
	int one = 1, zero = 0;
	int fd = socket(a->sa_family, SOCKET_FLAGS, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if ((a->sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero) != 0)
		|| bind(fd, a, len) != 0 || listen(fd, SOMAXCONN) != 0) {
		int n = errno;
		close(fd);
		return -n;
	}
	return fd;
}

static int open_any(int port)
{
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = in6addr_any,
	};
	int fd = open_tcp((const struct sockaddr *)&v6, sizeof v6);
	if (fd != -EAFNOSUPPORT && fd != -EADDRNOTAVAIL && fd != -EPROTONOSUPPORT)
		return fd;
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	return open_tcp((const struct sockaddr *)&v4, sizeof v4);
}

static int open_host(int *ret, const char *host, int port, struct err *e)
{
	char service[16];
	struct addrinfo *list = NULL;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	snprintf(service, sizeof service, "%d", port);
	int r = getaddrinfo(host, service, &hints, &list);
	if (r)
		return err_set(e, LYRE_EINVAL, "operationsApi.network.host: '%s' is not an address of this machine: %s",
			host, gai_strerror(r));
	*ret = open_tcp(list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	return LYRE_OK;
}

static int port_of(int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof a;
	if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		return 0;
	if (a.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
	return ntohs(((struct sockaddr_in *)&a)->sin_port);
}

int listen_tcp(int *ret, const char *host, int *port, struct err *e)
{
	int fd = -1;
	if (host) {
		int r = open_host(&fd, host, *port, e);
		if (r)
			return r;
	} else {
		fd = open_any(*port);
	}
	if (fd < 0) {
		char where[300];
		snprintf(where, sizeof where, "%s, port %d", host ? host : "all addresses", *port);
		return err_errno(e, -fd, "listen on", where);
	}
	*port = port_of(fd);
	*ret = fd;
	return LYRE_OK;
}

/* ---- sockets that are there already ---- */

static bool listens(int fd, struct sockaddr_storage *a, socklen_t *len)
{
	int yes = 0;
	socklen_t size = sizeof yes;
	memset(a, 0, sizeof *a);
	*len = sizeof *a;
	return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 && yes &&
		getsockname(fd, (struct sockaddr *)a, len) == 0;
}

static void take(int *ret, int *given)
{
	int flags = fcntl(*given, F_GETFL);
	fcntl(*given, F_SETFL, flags | O_NONBLOCK);
	fcntl(*given, F_SETFD, FD_CLOEXEC);
	*ret = *given;
	*given = -1;
}

static bool same_address(const struct sockaddr_storage *a, const struct sockaddr *b)
{
	if (a->ss_family != b->sa_family)
		return false;
	if (a->ss_family == AF_INET6)
		return !memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr, &((const struct sockaddr_in6 *)b)->sin6_addr,
			sizeof(struct in6_addr));
	return a->ss_family == AF_INET &&
		((const struct sockaddr_in *)a)->sin_addr.s_addr == ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

static bool is_any(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)a)->sin6_addr);
	return a->ss_family == AF_INET && ((const struct sockaddr_in *)a)->sin_addr.s_addr == htonl(INADDR_ANY);
}

static bool is_host(const struct sockaddr_storage *a, const char *host)
{
	struct addrinfo *list = NULL;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	if (getaddrinfo(host, NULL, &hints, &list))
		return false;
	bool same = same_address(a, list->ai_addr);
	freeaddrinfo(list);
	return same;
}

bool listen_adopt_tcp(int *ret, int *given, const char *host, int *port)
{
	struct sockaddr_storage a;
	socklen_t len;
	if (!listens(*given, &a, &len) || (a.ss_family != AF_INET && a.ss_family != AF_INET6))
		return false;
	int has = port_of(*given);
	if ((*port && *port != has) || !(host ? is_host(&a, host) : is_any(&a)))
		return false;
	take(ret, given);
	*port = has;
	return true;
}

/* The file may have been removed, or be another's by now: then nobody finds this socket any more. */
bool listen_adopt_domain(int *ret, int *given, const char *path)
{
	struct sockaddr_storage a;
	struct stat st;
	socklen_t len;
	if (!listens(*given, &a, &len) || a.ss_family != AF_UNIX || strcmp(((struct sockaddr_un *)&a)->sun_path, path))
		return false;
	if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	take(ret, given);
	return true;
}

/* A socket file stays behind when a process is killed. Whether it is one of those shows when one knocks. */
static int clear_the_way(const struct sockaddr_un *a, struct err *e)
{
	struct stat st;
	if (lstat(a->sun_path, &st) != 0)
		return errno == ENOENT ? LYRE_OK : err_errno(e, errno, "look at", a->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, LYRE_EEXISTS, SETTING "'%s' exists and is not a socket", a->sun_path);
	int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
	if (fd < 0)
		return err_errno(e, errno, "make a socket for", a->sun_path);
	bool alive = connect(fd, (const struct sockaddr *)a, sizeof *a) == 0 || errno != ECONNREFUSED;
	close(fd);
	if (alive)
		return err_set(e, LYRE_EEXISTS, SETTING "another process listens on '%s'", a->sun_path);
	if (unlink(a->sun_path) != 0 && errno != ENOENT)
		return err_errno(e, errno, "remove", a->sun_path);
	return LYRE_OK;
}

int listen_domain(int *ret, const char *path, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof a.sun_path)
		return err_set(e, LYRE_EINVAL, SETTING "the path has %zu bytes, the system allows %zu: '%s'",
			strlen(path), sizeof a.sun_path - 1, path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	int r = clear_the_way(&a, e);
	if (r)
		return r;
	int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
	if (fd < 0)
		return err_errno(e, errno, "make a socket for", path);
	if (bind(fd, (const struct sockaddr *)&a, sizeof a) != 0) {
		r = err_errno(e, errno, "listen on", path);
		close(fd);
		return r;
	}
	/* Nobody can connect before listen(), so nobody sees the wider mode that bind() gave it. */
	if (chmod(path, 0660) != 0 || listen(fd, SOMAXCONN) != 0) {
		r = err_errno(e, errno, "listen on", path);
		unlink(path);
		close(fd);
		return r;
	}
	*ret = fd;
	return LYRE_OK;
}
