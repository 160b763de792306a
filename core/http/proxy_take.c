/* SPDX-License-Identifier: Apache-2.0 */
#include "http/complain.h"
#include "http/http_internal.h"
#include "http/proxy_header.h"
#include "log/log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static void complain(const struct connection *c, const char *what, const char *why)
{
	static _Atomic int64_t next;
	log_write(complaint_due(&next) ? LYRE_WARN : LYRE_DEBUG, "http", "%s: connection closed: %s%s", c->peer, what, why);
}

void proxy_end(const struct connection *c)
{
	if (c->header != HEADER_BEGUN)
		return;
	if (atomic_load_explicit(&c->deadline, memory_order_relaxed) <= monotonic_ms())
		complain(c, "its PROXY header did not arrive within ", NETWORK "headersTimeout");
	else
		complain(c, "the proxy closed it in the middle of its PROXY header", "");
}

/* Removes the header. \return as recv() of its last piece */
static ssize_t take(struct connection *c)
{
	char waste[512];
	while (c->header_left) {
		size_t most = c->header_left < sizeof waste ? c->header_left : sizeof waste;
		ssize_t n = recvfrom(c->fd, waste, most, 0, NULL, NULL);
		if (n <= 0)
			return n;
		c->header_left -= (size_t)n;
		atomic_fetch_add(&c->taken, (uint64_t)n);
	}
	c->header = HEADER_OVER;
	atomic_store(&c->busy, false);
	return 1;
}

/* The header stays in the kernel until it is complete, in however many pieces it arrives. */
static ssize_t look(struct connection *c)
{
	char s[PROXY_LINE_MAX];
	struct proxy_header h;
	ssize_t n = recvfrom(c->fd, s, sizeof s, MSG_PEEK, NULL, NULL);
	if (n <= 0)
		return n;
	enum proxy_answer answer = proxy_header_read(&h, s, (size_t)n);
	c->header = answer == PROXY_NONE || answer == PROXY_BAD ? HEADER_OVER : answer == PROXY_MORE ? HEADER_DUE : HEADER_BEGUN;
	switch (answer) {
	case PROXY_READ:
		atomic_store(&c->busy, true);
		c->header_left = h.size;
		c->told = *h.client;
		if (c->told)
			memcpy(c->peer, h.client, sizeof c->peer);
		return take(c);
	case PROXY_BAD:
		complain(c, "its PROXY header is not valid: ", h.why);
		errno = ECONNRESET;
		return -1;
	case PROXY_NONE:
		return 1;
	default:
		if (connection_hung_up(c))
			return 1; /* no more will arrive: let libmicrohttpd see the end */
		errno = EAGAIN;
		return -1;
	}
}

ssize_t proxy_take(struct connection *c)
{
	return c->header_left ? take(c) : look(c);
}
