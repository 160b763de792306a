/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/socket_handover.c
 * \brief Hands sockets over to the next server without losing a request.
 *
 * A client may send its next request at the very moment its idle connection is closed. So idle connections are not closed
 * but handed over, with the data that the kernel holds for them. For this, libmicrohttpd must stop reading them: TCP
 * sockets are told not to wake anyone for new data (SO_RCVLOWAT), and byte counts prove that everything read belonged to
 * answered requests. Domain sockets support neither; the one thread that serves them is held instead.
 */
#include "base/text.h"
#include "http/http_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <linux/tcp.h> /* the C library's own tcp_info lacks tcpi_bytes_received */
#else
#include <netinet/tcp.h>
#endif

/* More than a client sends before it waits for an answer, except in large bodies; up to this much stays in the kernel. */
#define PAUSED_LOWAT (1 << 20)
/* After this silence, a connection from which nothing, or only part of a request line, was read is not waited for. */
#define SILENCE_MS 1000
/* The same for a connection whose requests cannot be counted; it then starts over. */
#define SILENCE_UNCOUNTED_MS 50
/* How long a connection may take from the accepting thread to its own, and its thread to be held. */
#define ARRIVAL_MS 1000
/* A thread may have been woken for data just before the pause: the settled state must persist. */
#define SETTLED_TIMES 4
/* How often to retry reading a number that keeps changing. */
#define COUNT_TIMES 10

/* ---- the old server ---- */

void http_pause(struct http *h)
{
	atomic_store(&h->phase, HTTP_QUIESCING);
	h->settled = 0;
	acceptor_stop(&h->tcp);
	acceptor_stop(&h->secure);
	acceptor_stop(&h->domain);
	h->paused_at = monotonic_ms();
}

static int unread(int fd)
{
	int n = 0;
	return ioctl(fd, FIONREAD, &n) == 0 ? n : -1;
}

/* How many bytes we have read from the connection; false if it keeps changing, or the system does not tell. */
static bool bytes_read(int fd, uint64_t *ret)
{
	struct tcp_info before, after;
	socklen_t size = sizeof before;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &before, &size) != 0 ||
		size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof before.tcpi_bytes_received)
		return false;
	int queued = unread(fd);
	size = sizeof after;
	if (queued < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &after, &size) != 0 ||
		before.tcpi_bytes_received != after.tcpi_bytes_received)
		return false;
	*ret = after.tcpi_bytes_received - (uint64_t)queued;
	return true;
}

static void set_paused(struct connection *c, bool paused)
{
	int lowat = paused ? PAUSED_LOWAT : 1;
	if (c->paused != paused && setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &lowat, sizeof lowat) == 0)
		c->paused = paused;
}

static bool idle(const struct connection *c)
{
	return !atomic_load(&c->busy) && !atomic_load(&c->partial);
}

static bool between_requests(const struct connection *c)
{
	uint64_t n;
	return idle(c) && !atomic_load(&c->uncounted) && bytes_read(c->fd, &n) && n == atomic_load(&c->taken);
}

/* Starts from what was read before this server had the connection. */
static void count_on(struct connection *c)
{
	uint64_t n = 0;
	bool known = false;
	for (int i = 0; i < COUNT_TIMES && !known; i++)
		known = bytes_read(c->fd, &n);
	atomic_store(&c->uncounted, !known);
	atomic_store(&c->taken, n);
}

/* The last request, or the pause if later, was at least this long ago. */
static bool silent_for(const struct connection *c, int64_t now, int64_t ms)
{
	int64_t since = atomic_load(&c->last);
	if (since < c->http->paused_at)
		since = c->http->paused_at;
	return now - since >= ms;
}

/* A held thread reads nothing more, so its counts are final. */
static bool domain_settled(struct connection *c, int64_t now)
{
	bool held = atomic_load(&c->http->held);
	c->paused = idle(c) && held;
	return idle(c) || (!atomic_load(&c->busy) && silent_for(c, now, SILENCE_MS));
}

/* TLS cannot be handed over. A client that sends a request soon is answered, and told that the connection closes; the
 * others are notified by the connection's thread when there is nothing more to read. */
static bool secure_settled(struct connection *c, int64_t now)
{
	if (atomic_load(&c->busy) || unread(c->fd) > 0 || !silent_for(c, now, SILENCE_MS))
		return false;
	if (!c->left)
		shutdown(c->fd, SHUT_RD);
	c->left = true;
	return silent_for(c, now, 2 * SILENCE_MS);
}

static bool connection_settled(struct connection *c, int64_t now)
{
	if (!c->tcp)
		return domain_settled(c, now);
	if (c->secure)
		return secure_settled(c, now);
	if (between_requests(c)) {
		set_paused(c, true);
		if (c->paused)
			return true;
	}
	set_paused(c, false);
	if (atomic_load(&c->busy) || unread(c->fd) > 0)
		return false;
	if (atomic_load(&c->uncounted) && idle(c) && silent_for(c, now, SILENCE_UNCOUNTED_MS))
		count_on(c);
	return silent_for(c, now, SILENCE_MS);
}

static bool all_arrived(const struct http *h, int64_t now)
{
	return atomic_load(&h->begun) >=
		atomic_load(&h->tcp.added) + atomic_load(&h->secure.added) + atomic_load(&h->domain.added) ||
		now - h->paused_at >= ARRIVAL_MS;
}

/* ---- the domain socket's thread ---- */

bool domain_hold_here(struct http *h, int fd)
{
	if (fd != atomic_load(&h->held_fd))
		return false;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	atomic_store(&h->held, true);
	while (poll(&p, 1, -1) < 0)
		;
	atomic_store(&h->held, false);
	return true;
}

/* Uses a connection in which its thread blocks. */
static void domain_hold(struct http *h)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX };
	int ends[2];
	h->hold_since = monotonic_ms();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		return;
	h->hold_fd = ends[0];
	atomic_store(&h->held_fd, ends[1]);
	acceptor_add(&h->domain, ends[1], (const struct sockaddr *)&address, sizeof address, NULL);
}

void domain_release(struct http *h)
{
	if (h->hold_fd < 0)
		return;
	atomic_store(&h->held_fd, -1);
	close(h->hold_fd);
	h->hold_fd = -1;
	while (atomic_load(&h->held))
		usleep(1000);
}

static bool domain_held(struct http *h, bool settled, int64_t now)
{
	if (!h->domain.thread_count)
		return true;
	if (!settled) {
		if (atomic_load(&h->held))
			domain_release(h);
		return false;
	}
	if (h->hold_fd < 0)
		domain_hold(h);
	return atomic_load(&h->held) || now - h->hold_since >= ARRIVAL_MS;
}

/* ---- the whole ---- */

bool http_settled(struct http *h)
{
	int64_t now = monotonic_ms();
	bool settled = all_arrived(h, now) && atomic_load(&h->waiting) == 0 && requests_in_use(h) == 0;
	pthread_mutex_lock(&h->lock);
	for (struct connection *c = h->connections; c; c = c->next)
		settled = connection_settled(c, now) && settled;
	pthread_mutex_unlock(&h->lock);
	settled = domain_held(h, settled, now) && settled;
	h->settled = settled ? h->settled + 1 : 0;
	return h->settled >= SETTLED_TIMES;
}

void http_freeze(struct http *h)
{
	atomic_store(&h->phase, HTTP_CLOSING);
}

bool http_deserted(struct http *h)
{
	pthread_mutex_lock(&h->lock);
	bool none = !h->connections;
	pthread_mutex_unlock(&h->lock);
	return none && requests_in_use(h) == 0 && all_arrived(h, monotonic_ms());
}

static int copy_of(const struct acceptor *a, struct http_socket *ret, struct err *e)
{
	if (a->fd < 0 || ret->fd >= 0)
		return LYRE_OK;
	*ret = (struct http_socket){ .fd = fcntl(a->fd, F_DUPFD_CLOEXEC, 3), .managed = a->managed };
	return ret->fd >= 0 ? LYRE_OK : err_errno(e, errno, "hand over", "a listening socket");
}

/* A connection that cannot be copied is closed with this process. */
static int copy_connections(struct http *h, struct http_sockets *ret, struct err *e)
{
	size_t count = 0;
	for (struct connection *c = h->connections; c; c = c->next)
		count += c->paused;
	struct http_connection *list = realloc(ret->connections, (ret->connection_count + count + 1) * sizeof *list);
	if (!list)
		return err_nomem(e);
	ret->connections = list;
	for (struct connection *c = h->connections; c; c = c->next) {
		int fd = c->paused && (!c->tcp || between_requests(c)) ? fcntl(c->fd, F_DUPFD_CLOEXEC, 3) : -1;
		if (fd < 0)
			continue;
		struct http_connection *copy = &list[ret->connection_count++];
		*copy = (struct http_connection){ .fd = fd };
		if (c->told)
			memcpy(copy->client, c->peer, sizeof copy->client);
	}
	return LYRE_OK;
}

int http_hand_over(struct http *h, struct http_sockets *ret, struct err *e)
{
	int r = copy_of(&h->tcp, &ret->tcp, e);
	if (!r)
		r = copy_of(&h->secure, &ret->secure, e);
	if (!r)
		r = copy_of(&h->domain, &ret->domain, e);
	if (r)
		return r;
	pthread_mutex_lock(&h->lock);
	r = copy_connections(h, ret, e);
	pthread_mutex_unlock(&h->lock);
	return r;
}

/* ---- the new server ---- */

void connection_resume(struct connection *c, const char *client)
{
	count_on(c);
	c->told = c->proxied && *client;
	if (c->told)
		snprintf(c->peer, sizeof c->peer, "%s", client);
}

static void adopt(struct http *h, const struct http_connection *given)
{
	int fd = given->fd;
	char *note = NULL;
	const int one = 1;
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	uint64_t n = 0;
	bool known = getpeername(fd, (struct sockaddr *)&address, &len) == 0;
	struct acceptor *a = known && address.ss_family == AF_UNIX ? &h->domain : &h->tcp;
	if (!known || !a->thread_count) {
		close(fd);
		return;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* A connection from which nothing was read is as good as new. */
	if (a == &h->tcp && (!bytes_read(fd, &n) || n) && !(note = strdup(given->client))) {
		close(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
	acceptor_add(a, fd, (struct sockaddr *)&address, len, note);
}

void connections_adopt(struct http *h, struct http_sockets *given)
{
	for (size_t i = 0; i < given->connection_count; i++)
		adopt(h, &given->connections[i]);
	given->connection_count = 0;
}

void http_sockets_close(struct http_sockets *s, bool remove)
{
	struct sockaddr_un a = { 0 };
	socklen_t len = sizeof a;
	if (s->tcp.fd >= 0)
		close(s->tcp.fd);
	if (s->secure.fd >= 0)
		close(s->secure.fd);
	if (s->domain.fd >= 0) {
		if (remove && !s->domain.managed && getsockname(s->domain.fd, (struct sockaddr *)&a, &len) == 0 && a.sun_path[0])
			unlink(a.sun_path);
		close(s->domain.fd);
	}
	for (size_t i = 0; i < s->connection_count; i++)
		close(s->connections[i].fd);
	free(s->connections);
	*s = (struct http_sockets)HTTP_NO_SOCKETS;
}
