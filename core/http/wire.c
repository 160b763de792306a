/* SPDX-License-Identifier: Apache-2.0 */
#undef _FORTIFY_SOURCE /* with it, some compilers take recv() as defined by the system's header */
#include "http/wire.h"

#include "http/http_internal.h"
#include "log/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* Descriptors above this are not tracked; unused pages of the table cost nothing. */
#define FDS_MAX ((rlim_t)1 << 20)

static _Atomic(struct connection *) *by_fd;
static size_t fd_count;
static _Thread_local struct connection *current;

static void open_once(void)
{
	struct rlimit limit = { .rlim_max = FDS_MAX };
	getrlimit(RLIMIT_NOFILE, &limit);
	size_t n = (size_t)(limit.rlim_max > FDS_MAX ? FDS_MAX : limit.rlim_max);
	by_fd = calloc(n, sizeof *by_fd);
	fd_count = by_fd ? n : 0;
}

int wires_open(struct err *e)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&lock);
	if (!by_fd)
		open_once();
	pthread_mutex_unlock(&lock);
	return by_fd ? LYRE_OK : err_nomem(e);
}

static void set(int fd, struct connection *c)
{
	if (fd >= 0 && (size_t)fd < fd_count)
		atomic_store_explicit(&by_fd[fd], c, memory_order_relaxed);
}

void wire_begin(struct connection *c)
{
	set(c->fd, c);
}

void wire_end(struct connection *c)
{
	set(c->fd, NULL);
	if (current == c)
		current = NULL;
}

struct connection *wire_current(void)
{
	return current;
}

/* ---- chunked bodies ---- */

/* \return false when the body is refused */
static bool read_chunks(struct connection *c, const char *s, size_t len)
{
	struct wire *w = &c->wire;
	w->left = len - chunks_read(&w->chunks, s, len);
	w->chunked = w->chunks.state < CHUNKS_END;
	if (w->chunks.state == CHUNKS_BAD)
		request_cut(c->request, MHD_HTTP_BAD_REQUEST, "The chunked body is not valid");
	else if (w->chunks.state == CHUNKS_TOO_LARGE)
		request_cut(c->request, MHD_HTTP_CONTENT_TOO_LARGE, "Request body is too large");
	return w->chunks.state <= CHUNKS_END;
}

bool wire_body(struct connection *c, const char *body, bool chunked)
{
	struct wire *w = &c->wire;
	wire_reached(c, body);
	w->chunked = false;
	if (!chunked)
		return true;
	if (!w->first || body < w->first || body > w->end) {
		request_cut(c->request, MHD_HTTP_LENGTH_REQUIRED, "A chunked body cannot be checked: send its Content-Length");
		return false;
	}
	w->chunks = (struct chunks){ .max = c->request->x.query ? UINT64_MAX : c->http->body_max };
	return read_chunks(c, body, w->left);
}

void wire_reached(struct connection *c, const char *at)
{
	struct wire *w = &c->wire;
	w->left = at >= w->first && at <= w->end ? (size_t)(w->end - at) : 0;
}

void wire_next(struct connection *c)
{
	struct wire *w = &c->wire;
	w->end = w->first + w->left; /* libmicrohttpd moves it there */
	w->chunked = false;
	atomic_store(&c->partial, w->left != 0);
	current = c;
}

/* ---- the library's reads ---- */

/* The first byte of a client that speaks TLS to a port without it: no request begins this way. */
#define TLS_HANDSHAKE 0x16

bool wire_came(struct connection *c, const char *at, size_t len)
{
	struct wire *w = &c->wire;
	current = c;
	if (!w->first && *at == TLS_HANDSHAKE) {
		log_debug("http", "%s: connection closed: its client speaks TLS to a port without it", c->peer);
		return false;
	}
	if (!w->first)
		w->first = at;
	w->end = at + len;
	if (!atomic_load_explicit(&c->busy, memory_order_relaxed))
		atomic_store(&c->partial, true);
	if (w->chunked)
		return read_chunks(c, at, len);
	w->left += len; /* libmicrohttpd reads on while an answer is pending */
	return true;
}

struct connection *wire_connection(int fd)
{
	return fd >= 0 && (size_t)fd < fd_count ? atomic_load_explicit(&by_fd[fd], memory_order_relaxed) : NULL;
}

ssize_t wire_read(struct connection *c, void *to, size_t max)
{
	ssize_t n = c->header != HEADER_OVER ? proxy_take(c) : 1;
	current = c;
	return n > 0 ? recvfrom(c->fd, to, max, 0, NULL, NULL) : n;
}

/* Like the system's. libmicrohttpd passes no flags; other callers only peek at sockets that are in the table. */
__attribute__((visibility("default"))) ssize_t recv(int fd, void *to, size_t max, int flags)
{
	struct connection *c = flags ? NULL : wire_connection(fd);
	if (!c || c->secure) {
		current = flags ? current : NULL;
		return recvfrom(fd, to, max, flags, NULL, NULL);
	}
	ssize_t n = wire_read(c, to, max);
	if (n <= 0 || wire_came(c, to, (size_t)n))
		return n;
	errno = ECONNRESET; /* libmicrohttpd closes the connection; the client has its answer */
	return -1;
}
