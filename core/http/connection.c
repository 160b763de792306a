/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"
#include "http/http_internal.h"
#include "log/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WATCH_MS 1000
#define WATCH_LINGER_MS 50
/* After this many closed connections it is worth looking for memory to give back. */
#define GONE_MAX 1024

/* ---- the watcher: closes connections past their deadline and lingering sockets ---- */

/* Memory freed after a burst of requests is scattered; by itself glibc returns only what is at the top of the heap. */
static void give_back_memory(struct http *h)
{
	if (atomic_exchange_explicit(&h->dropped, false, memory_order_relaxed))
		memory_trim();
}

/* The client has closed its side after we had read everything: libmicrohttpd, woken by changes only, does not look again. */
static bool has_left(int fd)
{
	char c;
	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* A connection with TLS is closed by its own thread, which notifies the client, unless that was tried before. */
static void cut(struct connection *c)
{
	shutdown(c->fd, c->secure && !c->left ? SHUT_RD : SHUT_RDWR);
	c->left = true;
}

/* libmicrohttpd has only an inactivity timeout, which a client defeats by sending a byte now and then. Connections with a
 * deadline are those we wait for. Shutting down is safe under the lock: a connection leaves the list before its socket is
 * closed. */
static void cut_late(struct http *h, int64_t now)
{
	for (struct connection *c = h->connections; c; c = c->next) {
		if (c->paused)
			continue; /* a request may have arrived that is not read yet */
		int64_t deadline = atomic_load_explicit(&c->deadline, memory_order_relaxed);
		if (deadline <= now || (deadline != INT64_MAX && has_left(c->fd)))
			cut(c);
	}
}

static void *watch(void *arg)
{
	struct http *h = arg;
	log_thread("http/watch");
	int64_t next = monotonic_ms() + WATCH_MS;
	pthread_mutex_lock(&h->lock);
	while (!h->ending) {
		int64_t now = monotonic_ms();
		if (now >= next) {
			cut_late(h, now);
			next = now + WATCH_MS;
			pthread_mutex_unlock(&h->lock);
			give_back_memory(h);
			pthread_mutex_lock(&h->lock);
			continue;
		}
		if (h->linger.count)
			linger_run(&h->linger, now);
		int64_t pause = h->linger.count ? WATCH_LINGER_MS : next - now;
		const struct timespec until = timespec_of_ns(monotonic_ns() + pause * 1000000);
		pthread_cond_timedwait(&h->wake, &h->lock, &until);
	}
	linger_close(&h->linger);
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

int connections_open(struct http *h, struct err *e)
{
	int r = wires_open(e);
	if (r)
		return r;
	r = thread_start(watch, h, &h->watcher);
	if (r)
		return err_errno(e, r, "start a thread", "http/watch");
	h->watching = true;
	return LYRE_OK;
}

void connections_close(struct http *h)
{
	if (!h->watching)
		return;
	pthread_mutex_lock(&h->lock);
	h->ending = true;
	pthread_cond_signal(&h->wake);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->watcher, NULL);
	h->watching = false;
}

void connection_linger(struct connection *c)
{
	struct http *h = c->http;
	pthread_mutex_lock(&h->lock);
	if (!h->ending)
		linger_add(&h->linger, c->fd, monotonic_ms());
	pthread_cond_signal(&h->wake);
	pthread_mutex_unlock(&h->lock);
}

/* ---- one connection ---- */

/* \return the number of this serving thread, as shown in the log */
static unsigned name_thread(void)
{
	static atomic_uint count;
	static _Thread_local unsigned number;
	if (!number) {
		number = atomic_fetch_add(&count, 1) + 1;
		char name[24];
		snprintf(name, sizeof name, "http/%u", number);
		log_thread(name);
	}
	return number;
}

static void set_peer(struct connection *c, const struct sockaddr *a)
{
	c->trusted = false;
	c->peer[0] = '\0';
	if (!a)
		return;
	if (a->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)a;
		address_write(c->peer, AF_INET, &v4->sin_addr);
	} else if (a->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)a;
		address_write(c->peer, AF_INET6, &v6->sin6_addr);
	}
}

static void set_peer_domain(struct connection *c)
{
	struct ucred who;
	socklen_t len = sizeof who;
	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0 || len != sizeof who) {
		snprintf(c->peer, sizeof c->peer, "domain socket");
		c->trusted = false;
		return;
	}
	snprintf(c->peer, sizeof c->peer, "domain socket, uid %ld", (long)who.uid);
	c->trusted = who.uid == 0 || who.uid == geteuid();
}

static int descriptor_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static void connection_begin(struct http *h, struct MHD_Connection *mhd, void **context)
{
	unsigned thread = name_thread();
	const union MHD_ConnectionInfo *address = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct pulse *pulse = address ? pulse_of(address->client_addr) : NULL;
	if (pulse) {
		pulse_answer(pulse, thread);
		return;
	}
	atomic_fetch_add(&h->begun, 1);
	int fd = descriptor_of(mhd);
	if (domain_hold_here(h, fd))
		return;
	char *note = seats_begin(&h->seats, fd);
	struct connection *c = calloc(1, sizeof *c);
	if (!c) {
		free(note);
		return; /* the first request finds no connection and is closed */
	}
	c->http = h;
	c->fd = fd;
	if (!secure_begin(c, mhd)) {
		free(note);
		free(c);
		shutdown(fd, SHUT_RDWR);
		return;
	}
	int domain;
	socklen_t len = sizeof domain;
	if (getsockopt(c->fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX) {
		set_peer_domain(c);
		atomic_init(&c->uncounted, true);
	} else {
		c->tcp = true;
		set_peer(c, address ? address->client_addr : NULL);
		c->proxied = proxies_trust(&h->proxies, c->peer);
		if (note)
			connection_resume(c, note);
		else if (c->proxied)
			c->header = HEADER_DUE;
	}
	free(note);
	int64_t now = monotonic_ms();
	atomic_init(&c->last, now);
	atomic_init(&c->deadline, now + h->headers_ms);
	*context = c;
	wire_begin(c);
	metric_add(&dispatch_traffic(h->dispatch)->opened, 1);
	pthread_mutex_lock(&h->lock);
	c->next = h->connections;
	if (c->next)
		c->next->prev = c;
	h->connections = c;
	pthread_mutex_unlock(&h->lock);
}

static void connection_end(struct connection *c)
{
	struct http *h = c->http;
	wire_end(c);
	secure_end(c->secure);
	proxy_end(c);
	metric_add(&dispatch_traffic(h->dispatch)->closed, 1);
	pthread_mutex_lock(&h->lock);
	if (c->prev)
		c->prev->next = c->next;
	else
		h->connections = c->next;
	if (c->next)
		c->next->prev = c->prev;
	/* libmicrohttpd is about to free its memory. */
	if (++h->gone >= GONE_MAX) {
		h->gone = 0;
		atomic_store_explicit(&h->dropped, true, memory_order_relaxed);
	}
	pthread_mutex_unlock(&h->lock);
	free(c);
}

void connection_notify(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		connection_begin(cls, mhd, context);
		return;
	}
	struct http *h = cls;
	if (*context)
		connection_end(*context);
	*context = NULL;
	seats_end(&h->seats, descriptor_of(mhd));
}

struct connection *connection_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return i ? i->socket_context : NULL;
}

bool connection_hung_up(const struct connection *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };
	return poll(&p, 1, 0) == 1;
}

size_t connection_took_head(struct connection *c, struct MHD_Connection *mhd, bool chunked)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	if (!i || chunked)
		atomic_store(&c->uncounted, true);
	else
		atomic_fetch_add_explicit(&c->taken, i->header_size, memory_order_relaxed);
	return i ? i->header_size : 0;
}

void *connection_request_line(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct http *h = cls;
	struct connection *c = connection_of(mhd);
	if (!c)
		return NULL;
	c->target_len = strlen(uri);
	c->target_blank = strchr(uri, ' ') != NULL;
	atomic_store(&c->busy, true);
	atomic_store(&c->partial, false);
	atomic_store_explicit(&c->deadline, monotonic_ms() + h->headers_ms, memory_order_relaxed);
	return NULL;
}
