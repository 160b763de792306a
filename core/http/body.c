/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/body.c
 * \brief Collects request bodies in memory: each up to its limit, charged to its request. Of a file, only one piece at a time.
 *
 * Bytes are charged as they arrive, not as announced, so that a large Content-Length alone costs nothing. Small bodies
 * get their memory at once.
 */
#include "base/text.h"
#include "http/complain.h"
#include "http/http_internal.h"
#include "log/log.h"

/* A body of known length up to this gets its memory at once. */
#define BODY_AT_ONCE ((uint64_t)64 << 10)
/* A compressed body is decoded in pieces of this size; beyond DISPATCH_OPEN_BODY it may grow by at most this factor. */
#define DECODE_PIECE 8192
#define RATIO_MAX 100

static const char too_large[] = "Request body is too large";
static const char too_many[] = "Too many request bodies at once";
static const char no_memory[] = "Out of memory";
static const char not_valid[] = "The compressed body is not valid";
static const char too_dense[] = "The body expands to more than 100 times its compressed size";

static void complain(void)
{
	static _Atomic int64_t next;
	if (complaint_due(&next))
		log_warn("http", "requests are refused: together they would hold more than operationsApi.maxMemory");
}

int body_failure(const struct request *r, const char **why)
{
	switch (r->x.charge.refused) {
	case LYRE_ETOOBIG:
		*why = too_large;
		return MHD_HTTP_CONTENT_TOO_LARGE;
	case LYRE_EBUSY:
		complain();
		*why = too_many;
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	default:
		*why = no_memory;
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
}

bool body_asks(const struct request *r, uint64_t more)
{
	const struct exchange *x = &r->x;
	if (r->begun)
		return false;
	if (x->body.len > DISPATCH_OPEN_BODY || r->framing.content_length > DISPATCH_OPEN_BODY)
		return true;
	bool named = x->authorization || x->cookie || x->certified;
	if (!named || x->charge.known || !more)
		return false;
	return r->framing.encoding != ENCODING_NONE || !buf_covers(&x->body, (size_t)more + 1);
}

int body_expect(struct request *r, bool asks, const char **why)
{
	struct http *h = r->http;
	uint64_t length = r->framing.content_length;
	if (r->x.query)
		return 0;
	if (length > h->body_max) {
		*why = too_large;
		return MHD_HTTP_CONTENT_TOO_LARGE;
	}
	if (length > BODY_AT_ONCE) {
		if (budget_has_room(h->budget, (size_t)length))
			return 0;
		complain();
		*why = too_many;
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	return asks || buf_reserve(&r->x.body, (size_t)length + 1) ? 0 : body_failure(r, why);
}

/* Appends a piece to the exchange's body. */
static int add(struct request *r, const char *data, size_t size, const char **why)
{
	struct buf *body = &r->x.body;
	if (!r->x.query && body->len + (uint64_t)size > r->x.body_max) {
		*why = too_large;
		return MHD_HTTP_CONTENT_TOO_LARGE;
	}
	buf_add(body, data, size);
	return body->failed ? body_failure(r, why) : 0;
}

/* ---- compressed bodies ---- */

/* A small body that expands enormously is an attack. */
static bool is_bomb(const struct request *r)
{
	return r->x.body.len > DISPATCH_OPEN_BODY && r->x.body.len / RATIO_MAX > r->body_sent;
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

static bool begin_decoding(struct request *r)
{
	if (r->decoder)
		return true;
	if (!charge_take(&r->x.charge, DECODER_MEMORY))
		return false;
	r->decoder = decoder_new(r->framing.encoding);
	if (!r->decoder)
		charge_give(&r->x.charge, DECODER_MEMORY);
	return r->decoder != NULL;
}

void body_release(struct request *r)
{
	if (!r->decoder)
		return;
	decoder_free(r->decoder);
	r->decoder = NULL;
	charge_give(&r->x.charge, DECODER_MEMORY);
}

int body_add(struct request *r, const char *data, size_t size, const char **why)
{
	if (r->framing.encoding == ENCODING_NONE)
		return add(r, data, size, why);
	if (!begin_decoding(r))
		return body_failure(r, why);
	r->body_sent += size;
	decoder_feed(r->decoder, data, size);
	return decode(r, why);
}

int body_end(struct request *r, const char **why)
{
	bool cut_off = r->decoder && decoder_end(r->decoder);
	*why = not_valid;
	body_release(r);
	return cut_off ? MHD_HTTP_BAD_REQUEST : 0;
}
