/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "base/thread.h"
#include "config/config.h"
#include "http/complain.h"
#include "http/http_internal.h"
#include "http/listen.h"
#include "log/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long http_close() waits for exchanges that should have been drained and for answers being sent. */
#define WAITING_MS 5000
#define ANSWERS_MS 2000
/* How libmicrohttpd's message about a refusal begins; the status follows. */
#define REFUSAL "Error processing request (HTTP response code is %u"
/* Its message about a failed handshake, logged before it closes the connection. */
#define HANDSHAKE "Error: received handshake message out of context"

/* ---- libmicrohttpd's own messages ---- */

/*
 * libmicrohttpd refuses requests that it cannot parse with HTML of its own, and logs this just before. We send our answer
 * at that moment and shut the socket, so its HTML is never sent.
 */
static void refuse_for_library(const char *fmt, va_list ap)
{
	static const struct {
		unsigned status;
		const char *why;
	} sentences[] = {
		{ MHD_HTTP_URI_TOO_LONG, "The address is too long" },
		{ MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large" },
		{ MHD_HTTP_CONTENT_TOO_LARGE, "Request body is too large" },
		{ MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED, "Only HTTP/1.1 and HTTP/1.0 are supported" },
		{ MHD_HTTP_BAD_REQUEST, "The request is not valid" },
		{ MHD_HTTP_INTERNAL_SERVER_ERROR, "The request could not be read" },
	};
	struct connection *c = wire_current();
	if (c && strstr(fmt, "Content-Length"))
		answer_bare(c, MHD_HTTP_BAD_REQUEST, "The Content-Length header is not valid");
	if (c && c->secure && !strncmp(fmt, HANDSHAKE, sizeof HANDSHAKE - 1))
		secure_failed(c->secure);
	if (!c || strncmp(fmt, REFUSAL, sizeof REFUSAL - 1) != 0)
		return;
	unsigned status = va_arg(ap, unsigned);
	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
		if (sentences[i].status == status)
			answer_bare(c, status, sentences[i].why);
}

/* Messages about requests may quote them, so only the format string is logged. Reaching a system limit concerns the
 * operator, but not a thousand times a second. */
static void log_library(void *cls, const char *fmt, va_list ap)
{
	struct http *h = cls;
	char text[300];
	if (atomic_load(&h->phase) == HTTP_STARTING) {
		vsnprintf(text, sizeof text, fmt, ap);
		text[strcspn(text, "\n")] = '\0';
		log_error("http", "%s", text);
		return;
	}
	refuse_for_library(fmt, ap);
	static _Atomic int64_t next;
	bool limit = strstr(fmt, "limit") != NULL;
	if (limit && !complaint_due(&next))
		return;
	snprintf(text, sizeof text, "%s", fmt);
	text[strcspn(text, "\n")] = '\0';
	log_write(limit ? LYRE_WARN : LYRE_DEBUG, "http", "%s", text);
}

/* Paths are compared as they were sent; libmicrohttpd would cut one at an encoded NUL. */
static size_t leave_escaped(void *cls, struct MHD_Connection *c, char *s)
{
	(void)cls;
	(void)c;
	return strlen(s);
}

/* ---- start ---- */

static void read_settings(struct http *h, const struct config *c)
{
	h->idle_ms = config_int(c, NETWORK "keepAliveTimeout");
	h->headers_ms = config_int(c, NETWORK "headersTimeout");
	h->request_ms = config_int(c, NETWORK "timeout");
	h->body_max = (size_t)config_int(c, NETWORK "maxBodySize");
	if (h->body_max > h->budget->each)
		h->body_max = h->budget->each; /* a larger body would never fit */
	h->pool_kept = h->budget->max / POOLS_SHARE / REQUEST_POOLS;
	if (h->pool_kept > POOL_MEMORY_KEPT)
		h->pool_kept = POOL_MEMORY_KEPT;
	h->cors = config_bool(c, NETWORK "cors");
	h->origins = config_list(c, NETWORK "corsAccessList", &h->origin_count);
	for (size_t i = 0; i < h->origin_count; i++)
		h->cors_any = h->cors_any || strcmp(h->origins[i], "*") == 0;
	snprintf(h->keep_alive, sizeof h->keep_alive, "timeout=%lld", (long long)(h->idle_ms / 1000));
}

int http_proxies(struct proxies *ret, const struct config *c, struct err *e)
{
	size_t count;
	const char *const *list = config_list(c, NETWORK "trustedProxies", &count);
	return proxies_read(ret, list, count, e);
}

/* The inactivity timeout, no shorter than the watcher's. */
static unsigned library_timeout_s(const struct http *h)
{
	int64_t longest = h->idle_ms > h->request_ms ? h->idle_ms : h->request_ms;
	return (unsigned)((longest + 999) / 1000);
}

/* One thread each. Its connection limits are never reached: see seats.h. */
static struct MHD_Daemon *start_daemon(struct http *h, bool secure)
{
	struct MHD_OptionItem secure_options[SECURE_OPTIONS + 1] = { { MHD_OPTION_END, 0, NULL } };
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_ARRAY, 0, secure_options },
		{ MHD_OPTION_CONNECTION_LIMIT, INT_MAX, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)library_timeout_s(h), NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)CONNECTION_MEMORY, NULL },
		{ MHD_OPTION_THREAD_STACK_SIZE, (intptr_t)thread_stack(), NULL },
		/* framing.c is stricter; up to 0.9.76 libmicrohttpd's own refusal of a missing Host is garbled. */
		{ MHD_OPTION_STRICT_FOR_CLIENT, 0, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG |
		MHD_USE_NO_LISTEN_SOCKET;
	if (secure)
		flags |= secure_options_fill(secure_options);
	return MHD_start_daemon(flags, 0, NULL, NULL, request_handle, h, MHD_OPTION_EXTERNAL_LOGGER, log_library, h,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_URI_LOG_CALLBACK, connection_request_line, h,
		MHD_OPTION_NOTIFY_CONNECTION, connection_notify, h, MHD_OPTION_NOTIFY_COMPLETED, request_completed, h,
		MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

/* A listener without an open socket is not wanted. */
static int start_threads(struct http *h, struct acceptor *a, struct seat_limit *limit, unsigned count, struct err *e)
{
	if (a->fd < 0)
		return LYRE_OK;
	a->limit = limit;
	a->seats = &h->seats;
	a->dispatch = h->dispatch;
	a->threads = calloc(count, sizeof *a->threads);
	if (!a->threads)
		return err_nomem(e);
	while (a->thread_count < count) {
		struct MHD_Daemon *daemon = start_daemon(h, a->secure);
		if (!daemon)
			return err_set(e, LYRE_EIO, "cannot start the threads that serve HTTP; the log says why");
		a->threads[a->thread_count++].daemon = daemon;
	}
	return LYRE_OK;
}

static int start_all(struct http *h, struct err *e)
{
	h->network = (struct seat_limit){ .most = h->limits.connections, .per_address = h->limits.per_address };
	h->local = (struct seat_limit){ .most = h->limits.connections };
	int r = start_threads(h, &h->tcp, &h->network, h->limits.threads, e);
	if (!r)
		r = start_threads(h, &h->secure, &h->network, h->limits.threads, e);
	if (!r)
		r = start_threads(h, &h->domain, &h->local, 1, e);
	if (r)
		return r;
	atomic_store(&h->phase, HTTP_SERVING);
	struct acceptor *all[] = { &h->tcp, &h->secure, &h->domain };
	for (size_t i = 0; i < sizeof all / sizeof *all && !r; i++)
		if (all[i]->thread_count)
			r = acceptor_start(all[i], e);
	return r;
}

static void log_address(const struct acceptor *a, const char *host)
{
	const char *scheme = a->secure ? "https" : "http";
	char name[LISTEN_NAME];
	if (!a->thread_count)
		return;
	if (!host && listen_is_any(a->fd))
		log_notify("http", "listening on %s://127.0.0.1:%d, and on all other addresses", scheme, a->port);
	else if (!host)
		log_notify("http", "listening on %s://%s", scheme, listen_name(a->fd, name));
	else
		log_notify(
			"http", strchr(host, ':') ? "listening on %s://[%s]:%d" : "listening on %s://%s:%d", scheme, host, a->port);
}

static void log_addresses(const struct http *h, const struct config *c)
{
	const char *host = config_is_null(c, NETWORK "host") ? NULL : config_string(c, NETWORK "host");
	log_address(&h->tcp, host);
	log_address(&h->secure, host);
	if (h->secure.thread_count && !tls_is_ready(dispatch_tls(h->dispatch)))
		log_warn("http", "TLS: no module has provided a certificate yet, so no client can connect to port %d",
			h->secure.port);
	if (h->domain.thread_count)
		log_notify("http", "listening on unix:%s", h->domain_path);
}

static struct http *http_new(void)
{
	struct http *h = aligned_alloc(_Alignof(struct http), sizeof *h);
	if (!h)
		return NULL;
	memset(h, 0, sizeof *h);
	h->tcp.fd = h->secure.fd = h->domain.fd = h->hold_fd = -1;
	h->secure.secure = true;
	atomic_init(&h->held_fd, -1);
	cond_init_monotonic(&h->wake);
	pthread_mutex_init(&h->lock, NULL);
	seats_init(&h->seats);
	pthread_mutex_init(&h->all_lock, NULL);
	for (size_t i = 0; i < REQUEST_POOLS; i++)
		pthread_mutex_init(&h->pools[i].lock, NULL);
	return h;
}

int http_open(struct http **ret, const struct config *c, struct dispatch *d, struct http_sockets *given, struct err *e)
{
	struct http_sockets none = HTTP_NO_SOCKETS;
	struct http *h = http_new();
	if (!h)
		return err_nomem(e);
	h->dispatch = d;
	h->budget = dispatch_budget(d);
	read_settings(h, c);
	int r = http_proxies(&h->proxies, c, e);
	if (!r)
		r = limits_read(&h->limits, c, e);
	if (!r)
		r = connections_open(h, e);
	if (!r)
		r = listeners_open(h, c, given ? given : &none, e);
	if (!r)
		r = start_all(h, e);
	if (r) {
		http_close(h);
		return r;
	}
	log_addresses(h, c);
	http_pulse(h, &(struct http_silent){ .missed = 0 }); /* registers their names */
	if (h->limits.connections < h->limits.wanted)
		log_warn("http",
			"at most %u connections at once, not %u as operationsApi.network.maxConnections says: the process "
			"may open only %lu files; raise ulimit -n or LimitNOFILE=",
			h->limits.connections, h->limits.wanted, h->limits.files);
	if (given)
		connections_adopt(h, given);
	*ret = h;
	return LYRE_OK;
}

/* ---- signs of life ---- */

static void note_silence(struct http_silent *ret, const struct pulse *p, bool accepts)
{
	if (p->missed <= ret->missed)
		return;
	ret->missed = p->missed;
	ret->tid = atomic_load(&p->tid);
	if (accepts)
		snprintf(ret->name, sizeof ret->name, "http/accept");
	else if (ret->tid)
		snprintf(ret->name, sizeof ret->name, "http/%u", atomic_load(&p->number));
	else
		snprintf(ret->name, sizeof ret->name, "http");
}

static void pulse_acceptor(struct acceptor *a, struct http_silent *ret)
{
	for (unsigned i = 0; i < a->thread_count; i++) {
		struct serving_thread *t = &a->threads[i];
		if (pulse_due(&t->pulse))
			pulse_ask_daemon(&t->pulse, t->daemon);
		note_silence(ret, &t->pulse, false);
	}
	if (!a->running)
		return;
	if (pulse_due(&a->pulse))
		acceptor_ask(a);
	note_silence(ret, &a->pulse, true);
}

void http_pulse(struct http *h, struct http_silent *ret)
{
	pulse_acceptor(&h->tcp, ret);
	pulse_acceptor(&h->secure, ret);
	pulse_acceptor(&h->domain, ret);
}

/* ---- end ---- */

/* The socket is closed as well: new clients are refused instead of left waiting. */
static void quiesce(struct acceptor *a)
{
	acceptor_stop(a);
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

void http_retire(struct http *h, const struct http *heir)
{
	atomic_store(&h->phase, HTTP_QUIESCING);
	h->paused_at = monotonic_ms();
	domain_release(h);
	quiesce(&h->tcp);
	quiesce(&h->secure);
	quiesce(&h->domain);
	bool inherited = heir && h->domain_path && heir->domain_path && !strcmp(h->domain_path, heir->domain_path);
	if (h->domain_path && !h->domain.managed && !inherited)
		unlink(h->domain_path);
	free(h->domain_path);
	h->domain_path = NULL;
}

void http_quiesce(struct http *h)
{
	http_retire(h, NULL);
}

static bool none_waiting(struct http *h)
{
	return atomic_load(&h->waiting) == 0;
}

static bool none_in_use(struct http *h)
{
	return requests_in_use(h) == 0 && none_waiting(h);
}

static bool wait_until(struct http *h, bool (*done)(struct http *h), int ms)
{
	int64_t end = monotonic_ms() + ms;
	while (!done(h)) {
		if (monotonic_ms() >= end)
			return false;
		usleep(1000);
	}
	return true;
}

static void stop_threads(struct acceptor *a)
{
	for (unsigned i = 0; i < a->thread_count; i++)
		MHD_stop_daemon(a->threads[i].daemon);
	free(a->threads);
}

void http_close(struct http *h)
{
	if (!h)
		return;
	http_quiesce(h);
	atomic_store(&h->phase, HTTP_CLOSING);
	if (!wait_until(h, none_waiting, WAITING_MS)) {
		log_error("http", "requests are still waiting for answers: they are told that the server is stopping");
		requests_abandon(h);
	}
	wait_until(h, none_in_use, ANSWERS_MS);
	wait_until(h, none_waiting, WAITING_MS); /* whoever resumed the last exchange no longer uses our memory after this */
	connections_close(h);
	stop_threads(&h->tcp);
	stop_threads(&h->secure);
	stop_threads(&h->domain);
	requests_free(h);
	proxies_free(&h->proxies);
	for (size_t i = 0; i < REQUEST_POOLS; i++)
		pthread_mutex_destroy(&h->pools[i].lock);
	seats_destroy(&h->seats);
	pthread_mutex_destroy(&h->all_lock);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->wake);
	free(h);
}
