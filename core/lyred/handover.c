/* SPDX-License-Identifier: Apache-2.0 */
#include "lyred/handover.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VARIABLE "LYRED_HANDOVER"
#define LISTEN_FIRST 3
/** FileDescriptorName= of the socket for TLS; other names are ignored. */
#define SECURE_NAME "secure"
/* The kernel accepts no longer string. Connections beyond this are closed; they are idle. */
#define VARIABLE_MAX ((size_t)100 << 10)

/** Sets close-on-exec on a descriptor. \return false if there is no such descriptor */
static bool keep(int fd)
{
	return fd >= LISTEN_FIRST && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static int option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

/** A socket that cannot be used is an error: dropping it would leave its clients waiting, or make the server listen elsewhere. */
static int take_socket(struct http_sockets *s, int fd, bool secure, struct err *e)
{
	char name[HTTP_SOCKET_NAME], other[HTTP_SOCKET_NAME];
	int family = option(fd, SO_DOMAIN);
	bool domain = family == AF_UNIX;
	struct http_socket *place = domain ? &s->domain : secure ? &s->secure : &s->tcp;

	if (!keep(fd) || option(fd, SO_ACCEPTCONN) != 1 || (!domain && family != AF_INET && family != AF_INET6))
		return err_set(e, LYRE_EINVAL, "the service manager passes %s, which is not a listening stream socket",
			http_socket_name(fd, name));
	if (place->fd >= 0)
		return err_set(e, LYRE_EINVAL, "the service manager passes %s and %s, but at most one %s socket can be used%s",
			http_socket_name(place->fd, other), http_socket_name(fd, name), domain ? "domain" : "TCP",
			domain || secure ? "" : "; the one for TLS must have FileDescriptorName=" SECURE_NAME);
	*place = (struct http_socket){ .fd = fd, .managed = true };
	return 0;
}

/** Whether the next name of the list is \p name; advances the list past it. */
static bool take_name(const char **names, const char *name)
{
	const char *s = *names;
	size_t len = s ? strcspn(s, ":") : 0;

	if (s)
		*names = s[len] ? s + len + 1 : NULL;
	return len == strlen(name) && !strncmp(s, name, len);
}

static int take_managed(struct handover *h, struct err *e)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	long n = pid && count && strtol(pid, NULL, 10) == (long)getpid() ? strtol(count, NULL, 10) : 0;
	int rc = 0;

	for (long i = 0; i < n && i < 1024 && !rc; i++)
		rc = take_socket(&h->sockets, LISTEN_FIRST + (int)i, take_name(&names, SECURE_NAME), e);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return rc;
}

/** "12", or "12@192.0.2.7" if the client is not the peer. */
static void take_connection(struct http_sockets *s, const char *item)
{
	struct http_connection c = { .fd = (int)strtol(item, NULL, 10) };
	const char *client = strchr(item, '@');

	if (client)
		snprintf(c.client, sizeof c.client, "%s", client + 1);
	if (keep(c.fd))
		s->connections[s->connection_count++] = c;
}

static void take_connections(struct http_sockets *s, char *list)
{
	size_t count = 1;

	for (const char *p = list; *p; p++)
		count += *p == ',';
	s->connections = calloc(count, sizeof *s->connections);
	for (char *item; s->connections && (item = strsep(&list, ","));)
		take_connection(s, item);
}

static void take_word(struct handover *h, char *word)
{
	char *value = strchr(word, '=') + 1;
	int fd = (int)strtol(value, NULL, 10);

	if (!strncmp(word, "connections=", 12))
		take_connections(&h->sockets, value);
	else if (!strncmp(word, "managed=", 8))
		h->sockets.domain.managed = fd;
	else if (!strncmp(word, "tcp-managed=", 12))
		h->sockets.tcp.managed = fd;
	else if (!strncmp(word, "secure-managed=", 15))
		h->sockets.secure.managed = fd;
	else if (keep(fd) && !strncmp(word, "lock=", 5))
		h->lock = fd;
	else if (keep(fd) && !strncmp(word, "tcp=", 4))
		h->sockets.tcp.fd = fd;
	else if (keep(fd) && !strncmp(word, "secure=", 7))
		h->sockets.secure.fd = fd;
	else if (keep(fd) && !strncmp(word, "domain=", 7))
		h->sockets.domain.fd = fd;
}

int handover_take(struct handover *h, struct err *e)
{
	const char *text = getenv(VARIABLE);
	char *copy = text ? strdup(text) : NULL;

	*h = (struct handover)HANDOVER_NONE;
	unsetenv(VARIABLE);
	int rc = take_managed(h, e);
	for (char *rest = copy, *word; (word = strsep(&rest, " "));) {
		if (strchr(word, '='))
			take_word(h, word);
	}
	free(copy);
	return rc;
}

static void leave(struct buf *b, const char *name, int fd)
{
	if (fd >= 0 && fcntl(fd, F_SETFD, 0) == 0)
		buf_addf(b, "%s=%d ", name, fd);
}

int handover_leave(const struct handover *h, struct err *e)
{
	const struct http_sockets *s = &h->sockets;
	struct buf b;

	buf_init(&b);
#ifdef CLOSE_RANGE_CLOEXEC
	/* If work is still in progress, descriptors of libraries are open, too, some without the flag. */
	close_range(LISTEN_FIRST, ~0U, CLOSE_RANGE_CLOEXEC);
#endif
	leave(&b, "lock", h->lock);
	leave(&b, "tcp", s->tcp.fd);
	leave(&b, "secure", s->secure.fd);
	leave(&b, "domain", s->domain.fd);
	buf_addf(&b, "managed=%d tcp-managed=%d secure-managed=%d connections=", s->domain.managed, s->tcp.managed,
		s->secure.managed);
	for (size_t i = 0; i < s->connection_count && b.len < VARIABLE_MAX; i++) {
		const struct http_connection *c = &s->connections[i];

		if (fcntl(c->fd, F_SETFD, 0) == 0)
			buf_addf(&b, "%s%d%s%s", i ? "," : "", c->fd, *c->client ? "@" : "", c->client);
	}
	int rc = buf_cstr(&b) && setenv(VARIABLE, b.data, 1) == 0 ? 0 : err_nomem(e);
	buf_free(&b);
	return rc;
}
