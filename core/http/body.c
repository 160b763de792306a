/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/body.c
 * \brief Bodies of requests, collected in memory: each up to its limit, all of them up to a budget.
 *
 * What is counted is what was sent, not what was promised, so that promises cost nothing; small bodies get their memory
 * at once and count so.
 */
#include "base/text.h"
#include "http/http_internal.h"
#include "log/log.h"

/* A body of known length up to this is given its memory at once. */
#define BODY_AT_ONCE ((uint64_t)64 << 10)
/* A compressed body is taken apart in such pieces, and may grow so many times beyond BODY_UNASKED. */
#define DECODE_PIECE 8192
#define RATIO_MAX 100
/* Lines about the budget are at least so far apart. */
#define COMPLAIN_MS 10000

static const char too_large[] = "Request body is too large";
static const char too_many[] = "Too many request bodies at once";
static const char no_memory[] = "Out of memory";
static const char not_valid[] = "The compressed body is not valid";
static const char too_dense[] = "The body is compressed more than 100 times";

static void complain(const struct http *h)
{
	static _Atomic int64_t next;
	int64_t now = monotonic_ms(), due = atomic_load(&next);
	if (now < due || !atomic_compare_exchange_strong(&next, &due, now + COMPLAIN_MS))
		return;
	log_warn("http", "requests are refused: their bodies together would take more than "
		"operationsApi.network.maxBodyMemory, %zu bytes", h->body_memory_max);
}

static bool take(struct request *r, size_t more)
{
	struct http *h = r->http;
	size_t before = atomic_fetch_add_explicit(&h->body_memory, more, memory_order_relaxed);
	r->body_memory += more;
	if (before <= h->body_memory_max && more <= h->body_memory_max - before)
		return true;
	body_release(r);
	complain(h);
	return false;
}

void body_release(struct request *r)
{
	if (r->decoder)
		decoder_free(r->decoder);
	r->decoder = NULL;
	if (r->body_memory)
		atomic_fetch_sub_explicit(&r->http->body_memory, r->body_memory, memory_order_relaxed);
	r->body_memory = 0;
}

int body_expect(struct request *r, const char **why)
{
	struct http *h = r->http;
	uint64_t length = r->framing.content_length;
	if (length > h->body_max) {
		*why = too_large;
		return MHD_HTTP_CONTENT_TOO_LARGE;
	}
	if (length > BODY_AT_ONCE) {
		size_t taken = atomic_load_explicit(&h->body_memory, memory_order_relaxed);
		if (taken <= h->body_memory_max && length <= h->body_memory_max - taken)
			return 0;
		complain(h);
		*why = too_many;
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	if (length && !take(r, (size_t)length)) {
		*why = too_many;
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	if (!buf_reserve(&r->x.body, (size_t)length + 1)) {
		*why = no_memory;
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	return 0;
}

/* A piece as it goes into the exchange. */
static int add(struct request *r, const char *data, size_t size, const char **why)
{
	struct buf *body = &r->x.body;
	if (size > r->http->body_max - body->len) {
		*why = too_large;
		return MHD_HTTP_CONTENT_TOO_LARGE;
	}
	size_t need = body->len + size + (r->decoder ? DECODER_MEMORY : 0);
	if (need > r->body_memory && !take(r, need - r->body_memory)) {
		*why = too_many;
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	buf_add(body, data, size);
	*why = no_memory;
	return body->failed ? MHD_HTTP_SERVICE_UNAVAILABLE : 0;
}

/* ---- compressed ones ---- */

/* A small body that becomes a very large one is meant to do harm. */
static bool is_bomb(const struct request *r)
{
	return r->x.body.len > BODY_UNASKED && r->x.body.len / RATIO_MAX > r->body_sent;
}

static int decode(struct request *r, const char **why)
{
	char piece[DECODE_PIECE];
	for (;;) {
		size_t n = sizeof piece;
		int rc = decoder_read(r->decoder, piece, &n);
		*why = rc == LYRE_ENOMEM ? no_memory : not_valid;
		if (rc)
			return rc == LYRE_ENOMEM ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_BAD_REQUEST;
		if (!n)
			return 0;
		int status = add(r, piece, n, why);
		if (status)
			return status;
		*why = too_dense;
		if (is_bomb(r))
			return MHD_HTTP_CONTENT_TOO_LARGE;
	}
}

int body_add(struct request *r, const char *data, size_t size, const char **why)
{
	if (r->framing.encoding == ENCODING_NONE)
		return add(r, data, size, why);
	*why = no_memory;
	if (!r->decoder)
		r->decoder = decoder_new(r->framing.encoding);
	if (!r->decoder)
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	r->body_sent += size;
	decoder_feed(r->decoder, data, size);
	return decode(r, why);
}

int body_end(struct request *r, const char **why)
{
	*why = not_valid;
	return r->decoder && decoder_end(r->decoder) ? MHD_HTTP_BAD_REQUEST : 0;
}
