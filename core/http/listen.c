/* SPDX-License-Identifier: Apache-2.0 */
#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_FLAGS (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)
#define SETTING "operationsApi.network.domainSocket: "

enum purpose { TO_LISTEN, TO_TRY };

/* \return the socket, or a negative errno. A trial socket is only bound, which fails if another socket listens there. */
static int open_tcp(const struct sockaddr *a, socklen_t len, enum purpose purpose)
{
	int one = 1, zero = 0;
	int fd = socket(a->sa_family, SOCKET_FLAGS, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if ((a->sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero) != 0) ||
		bind(fd, a, len) != 0 || (purpose == TO_LISTEN && listen(fd, SOMAXCONN) != 0)) {
		int n = errno;
		close(fd);
		return -n;
	}
	return fd;
}

static int open_any(int port, enum purpose purpose)
{
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = in6addr_any,
	};
	int fd = open_tcp((const struct sockaddr *)&v6, sizeof v6, purpose);
	if (fd != -EAFNOSUPPORT && fd != -EADDRNOTAVAIL && fd != -EPROTONOSUPPORT)
		return fd;
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	return open_tcp((const struct sockaddr *)&v4, sizeof v4, purpose);
}

static int open_host(int *ret, const char *host, int port, enum purpose purpose, struct err *e)
{
	char service[16];
	struct addrinfo *list = NULL;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	snprintf(service, sizeof service, "%d", port);
	int r = getaddrinfo(host, service, &hints, &list);
	if (r)
		return err_set(e, LYRE_EINVAL, "operationsApi.network.host: '%s' is not an address of this machine: %s", host,
			gai_strerror(r));
	*ret = open_tcp(list->ai_addr, list->ai_addrlen, purpose);
	freeaddrinfo(list);
	return LYRE_OK;
}

int listen_port(int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof a;
	if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		return 0;
	if (a.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
	return ntohs(((struct sockaddr_in *)&a)->sin_port);
}

static int open_at(int *ret, const char *host, int port, enum purpose purpose, struct err *e)
{
	int fd = -1;
	if (host) {
		int r = open_host(&fd, host, port, purpose, e);
		if (r)
			return r;
	} else {
		fd = open_any(port, purpose);
	}
	if (fd < 0) {
		char where[300];
		snprintf(where, sizeof where, "%s, port %d", host ? host : "all addresses", port);
		err_errno(e, -fd, "listen on", where);
		if (fd == -EADDRINUSE)
			e->code = LYRE_EBUSY;
		return e->code;
	}
	*ret = fd;
	return LYRE_OK;
}

int listen_tcp(int *ret, const char *host, int *port, struct err *e)
{
	int r = open_at(ret, host, *port, TO_LISTEN, e);
	if (!r)
		*port = listen_port(*ret);
	return r;
}

int listen_try_tcp(const char *host, int port, struct err *e)
{
	int fd, r = open_at(&fd, host, port, TO_TRY, e);
	if (!r)
		close(fd);
	return r;
}

/* ---- existing sockets ---- */

static bool listens(int fd, struct sockaddr_storage *a, socklen_t *len)
{
	int yes = 0;
	socklen_t size = sizeof yes;
	memset(a, 0, sizeof *a);
	*len = sizeof *a;
	return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 && yes &&
		getsockname(fd, (struct sockaddr *)a, len) == 0;
}

void listen_take(int *ret, int *given)
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

static bool is_host(const struct sockaddr_storage *a, const char *host)
{
	struct addrinfo *list = NULL;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	if (getaddrinfo(host, NULL, &hints, &list))
		return false;
	bool same = false;
	for (const struct addrinfo *i = list; i && !same; i = i->ai_next)
		same = same_address(a, i->ai_addr);
	freeaddrinfo(list);
	return same;
}

bool listen_is_any(int fd)
{
	struct sockaddr_storage a;
	socklen_t len;
	if (!listens(fd, &a, &len))
		return false;
	if (a.ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&a)->sin6_addr);
	return a.ss_family == AF_INET && ((const struct sockaddr_in *)&a)->sin_addr.s_addr == htonl(INADDR_ANY);
}

bool listen_is_tcp(int fd, const char *host, int port)
{
	struct sockaddr_storage a;
	socklen_t len;
	return listens(fd, &a, &len) && (a.ss_family == AF_INET || a.ss_family == AF_INET6) && (!port || port == listen_port(fd)) &&
		(!host || is_host(&a, host));
}

bool listen_is_domain(int fd, const char *path)
{
	struct sockaddr_storage a;
	socklen_t len;
	return listens(fd, &a, &len) && a.ss_family == AF_UNIX &&
		(!path || strcmp(((const struct sockaddr_un *)&a)->sun_path, path) == 0);
}

const char *listen_name(int fd, char text[LISTEN_NAME])
{
	struct sockaddr_storage a = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof a;
	char host[INET6_ADDRSTRLEN] = "";
	if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		len = 0;
	if (a.ss_family == AF_INET6)
		snprintf(text, LISTEN_NAME, "[%s]:%d",
			inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)&a)->sin6_addr, host, sizeof host), listen_port(fd));
	else if (a.ss_family == AF_INET)
		snprintf(text, LISTEN_NAME, "%s:%d",
			inet_ntop(AF_INET, &((const struct sockaddr_in *)&a)->sin_addr, host, sizeof host), listen_port(fd));
	else if (a.ss_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path)) {
		const char *path = ((const struct sockaddr_un *)&a)->sun_path;
		size_t most = len - offsetof(struct sockaddr_un, sun_path);
		snprintf(text, LISTEN_NAME, *path ? "unix:%.*s" : "unix:@%.*s", (int)(*path ? most : most - 1),
			*path ? path : path + 1);
	} else {
		snprintf(text, LISTEN_NAME, "descriptor %d", fd);
	}
	return text;
}

bool listen_adopt_tcp(int *ret, int *given, const char *host, int *port)
{
	if (!listen_is_tcp(*given, host, *port) || (!host && !listen_is_any(*given)))
		return false;
	listen_take(ret, given);
	*port = listen_port(*ret);
	return true;
}

/* The file may have been removed or replaced: then no client can reach this socket any more. */
bool listen_adopt_domain(int *ret, int *given, const char *path)
{
	struct stat st;
	if (!listen_is_domain(*given, path) || lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	listen_take(ret, given);
	return true;
}

/* A killed process leaves its socket file behind; connecting to it shows whether this is such a file.
 * \param[out] stale  whether there is one */
static int look_in_the_way(const struct sockaddr_un *a, bool *stale, struct err *e)
{
	struct stat st;
	*stale = false;
	if (lstat(a->sun_path, &st) != 0)
		return errno == ENOENT ? LYRE_OK : err_errno(e, errno, "look at", a->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, LYRE_EEXISTS, SETTING "'%s' exists and is not a socket", a->sun_path);
	int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
	if (fd < 0)
		return err_errno(e, errno, "create a socket for", a->sun_path);
	bool alive = connect(fd, (const struct sockaddr *)a, sizeof *a) == 0 || errno != ECONNREFUSED;
	close(fd);
	if (alive)
		return err_set(e, LYRE_EBUSY, SETTING "another process listens on '%s'", a->sun_path);
	*stale = true;
	return LYRE_OK;
}

static int domain_address(struct sockaddr_un *ret, const char *path, struct err *e)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof ret->sun_path)
		return err_set(e, LYRE_EINVAL, SETTING "the path has %zu bytes, the system allows %zu: '%s'", strlen(path),
			sizeof ret->sun_path - 1, path);
	memcpy(ret->sun_path, path, strlen(path) + 1);
	return LYRE_OK;
}

int listen_try_domain(const char *path, struct err *e)
{
	struct sockaddr_un a;
	bool stale;
	int r = domain_address(&a, path, e);
	return r ? r : look_in_the_way(&a, &stale, e);
}

int listen_domain(int *ret, const char *path, struct err *e)
{
	struct sockaddr_un a;
	bool stale;
	int r = domain_address(&a, path, e);
	if (!r)
		r = look_in_the_way(&a, &stale, e);
	if (!r && stale && unlink(path) != 0 && errno != ENOENT)
		r = err_errno(e, errno, "remove", path);
	if (r)
		return r;
	int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
	if (fd < 0)
		return err_errno(e, errno, "create a socket for", path);
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
