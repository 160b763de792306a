/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "http/http_internal.h"
#include "log/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

/* Size of an answer sent past libmicrohttpd, in bytes: what fits into any socket's buffer. */
#define PAST_MAX ((size_t)8 << 10)

static const char server_name[] = "HarperDB";
/* Seconds. A 503 means waiting for other requests, or for the restart: neither takes long. */
static const char retry_after[] = "2";

/* ---- requests from other origins (CORS) ---- */

/* The origin to repeat in the answer; NULL: none was sent, or it is not allowed. */
static const char *allowed_origin(const struct request *r)
{
	const struct http *h = r->http;
	const char *origin = r->framing.origin;
	if (!h->cors || !origin || !*origin)
		return NULL;
	for (const char *s = origin; *s; s++)
		if (*s <= ' ')
			return NULL;
	if (h->cors_any)
		return origin;
	for (size_t i = 0; i < h->origin_count; i++)
		if (strcmp(h->origins[i], origin) == 0)
			return origin;
	return NULL;
}

bool answer_names_origin(const struct request *r)
{
	const struct http *h = r->http;
	const char *origin = r->framing.origin;
	for (size_t i = 0; origin && h->cors && i < h->origin_count; i++)
		if (strcmp(h->origins[i], "*") != 0 && strcmp(h->origins[i], origin) == 0)
			return true;
	return false;
}

bool answer_preflight(struct request *r)
{
	struct exchange *x = &r->x;
	if (x->method != METHOD_OPTIONS || !r->http->cors)
		return false;
	if (!r->framing.origin) {
		x->status = MHD_HTTP_BAD_REQUEST;
		x->content_type_out = "text/plain";
		buf_add_str(&x->out, "Invalid Preflight Request");
		return true;
	}
	r->preflight = allowed_origin(r) != NULL;
	return r->preflight;
}

/* ---- headers ---- */

/* A response being filled in, or its text; once ok is false it stays so. */
struct filling {
	struct MHD_Response *response;
	struct buf *text;
	bool ok;
};

static void add(struct filling *f, const char *name, const char *value)
{
	if (f->text)
		buf_addf(f->text, "%s: %s\r\n", name, value);
	else
		f->ok = f->ok && MHD_add_response_header(f->response, name, value) == MHD_YES;
}

/* "db;dur=0.240". Formatted by hand, as every answer has one. */
static void timing_text(char out[48], const char *what, double ms, unsigned decimals)
{
	uint64_t unit = decimals == 3 ? 1000 : 100;
	uint64_t n = ms > 0 && ms < 1e12 ? (uint64_t)(ms * (double)unit + 0.5) : 0;
	char digits[24];
	size_t at = sizeof digits;
	uint64_t whole = n / unit, part = n % unit;
	for (unsigned i = 0; i < decimals; i++, part /= 10)
		digits[--at] = (char)('0' + part % 10);
	digits[--at] = '.';
	do {
		digits[--at] = (char)('0' + whole % 10);
		whole /= 10;
	} while (whole);
	size_t len = strlen(what);
	memcpy(out, what, len);
	memcpy(out + len, ";dur=", 5);
	memcpy(out + len + 5, digits + at, sizeof digits - at);
	out[len + 5 + sizeof digits - at] = '\0';
}

static void add_origin(struct filling *f, const struct request *r)
{
	const char *origin = allowed_origin(r);
	if (!origin)
		return;
	add(f, "access-control-allow-origin", origin);
	add(f, "Access-Control-Allow-Credentials", "true");
}

/* Header names separated by commas and blanks. */
static bool is_header_list(const char *s)
{
	for (; *s; s++)
		if (!is_token_char(*s) && !strchr(", ", *s))
			return false;
	return true;
}

/* A page can name any header: none of them changes anything here that it should not. */
static void add_preflight(struct filling *f, const struct request *r)
{
	const char *asked = r->framing.requested_headers;
	add(f, "Access-Control-Allow-Methods", "POST, GET, PUT, DELETE, PATCH, OPTIONS");
	add(f, "Access-Control-Allow-Headers",
		asked && *asked && is_header_list(asked) ? asked : "Accept, Content-Type, Authorization");
}

/* Programs such as wget send a password only when asked for one; but a script in a page, whose posts carry an Origin,
 * must not open a password prompt. */
static bool wants_challenge(const struct request *r)
{
	return r->x.status == MHD_HTTP_UNAUTHORIZED && !r->framing.origin;
}

/* Answers from outside the API (unknown path, wrong credentials) have fewer headers; clients expect this. */
static void add_headers(struct filling *f, const struct request *r)
{
	const struct exchange *x = &r->x;
	char timing[48];
	add(f, "Server", server_name);
	if (r->preflight)
		add_preflight(f, r);
	add_origin(f, r);
	if (x->content_type_out) {
		add(f, "vary", "Origin");
		add(f, "content-type", x->content_type_out);
		if (x->disposition)
			add(f, "content-disposition", x->disposition);
		if (r->encoder)
			add(f, "content-encoding", "gzip");
		timing_text(timing, "db", x->duration_ms, 3);
		add(f, "server-timing", timing);
	} else if (x->status != MHD_HTTP_NOT_FOUND) {
		timing_text(timing, "hdb", x->duration_ms, 2);
		add(f, "Server-Timing", timing);
	}
	if (x->status == MHD_HTTP_UNSUPPORTED_MEDIA_TYPE && r->framing.encoding == ENCODING_OTHER)
		add(f, "Accept-Encoding", encodings_taken());
	if (wants_challenge(r))
		add(f, "WWW-Authenticate", "Basic realm=\"Lyre\", charset=\"UTF-8\"");
	for (size_t i = 0; i < x->more_count; i++)
		add(f, x->more[i].name, x->more[i].value);
	if (x->set_cookie)
		add(f, "set-cookie", x->set_cookie);
	if (x->retry_after) {
		char seconds[16];
		snprintf(seconds, sizeof seconds, "%u", x->retry_after);
		add(f, "Retry-After", seconds);
	} else if (x->status == MHD_HTTP_SERVICE_UNAVAILABLE) {
		add(f, "Retry-After", retry_after);
	}
	if (x->iso_date) {
		char date[32];
		if (iso_time(date, now_ms()))
			add(f, "Date", date);
	}
	if (x->close || atomic_load_explicit(&r->http->phase, memory_order_relaxed) >= HTTP_QUIESCING)
		add(f, "Connection", "close");
	else if (r->framing.keep_alive)
		add(f, "Keep-Alive", r->http->keep_alive);
}

/* ---- bodies ---- */

static ssize_t read_stream(void *cls, uint64_t at, char *to, size_t max)
{
	(void)at;
	struct request *r = cls;
	struct exchange *x = &r->x;
	while (r->stream_due || r->stream_at == x->out.len) {
		if (r->stream_ended)
			return MHD_CONTENT_READER_END_OF_STREAM;
		r->stream_at = 0;
		int got = request_stream(r);
		if (got == LYRE_PENDING)
			return 0;
		if (got < 0)
			return MHD_CONTENT_READER_END_WITH_ERROR;
		r->stream_ended = got == LYRE_END;
	}
	size_t n = x->out.len - r->stream_at;
	if (n > max)
		n = max;
	memcpy(to, x->out.data + r->stream_at, n);
	metric_add(&dispatch_traffic(x->dispatch)->sent, n);
	r->stream_at += n;
	return (ssize_t)n;
}

static ssize_t read_encoder(void *cls, uint64_t at, char *to, size_t max)
{
	(void)at;
	struct request *r = cls;
	ssize_t n = encoder_read(r->encoder, to, max);
	if (n < 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	metric_add(&dispatch_traffic(r->x.dispatch)->sent, (uint64_t)n);
	return n;
}

/* If there is no memory to compress it, a file is sent as it is. */
static void encode_file(struct request *r)
{
	if (!encoder_is_accepted(r->framing.accept_encoding) || !charge_take(&r->x.charge, ENCODER_MEMORY))
		return;
	r->encoder = encoder_new(r->x.fd);
	if (!r->encoder)
		charge_give(&r->x.charge, ENCODER_MEMORY);
}

void answer_release(struct request *r)
{
	if (!r->encoder)
		return;
	encoder_free(r->encoder);
	r->encoder = NULL;
	charge_give(&r->x.charge, ENCODER_MEMORY);
}

static struct MHD_Response *response_of_file(struct request *r)
{
	struct exchange *x = &r->x;
	struct stat st;
	encode_file(r);
	if (r->encoder)
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_PIECE, read_encoder, r, NULL);
	struct MHD_Response *response = fstat(x->fd, &st) == 0 ? MHD_create_response_from_fd64((uint64_t)st.st_size, x->fd) : NULL;
	if (response) {
		metric_add(&dispatch_traffic(x->dispatch)->sent, (uint64_t)st.st_size);
		x->fd = -1; /* closed together with the response */
	}
	return response;
}

static struct MHD_Response *response_of(struct request *r)
{
	struct exchange *x = &r->x;
	static char empty[1];
	struct MHD_Response *response = NULL;
	switch (x->body_kind) {
	case BODY_BYTES:
		if (!x->out.failed)
			response = MHD_create_response_from_buffer(
				x->out.len, x->out.len ? x->out.data : empty, MHD_RESPMEM_PERSISTENT);
		break;
	case BODY_STREAM:
		if (!x->out.failed)
			response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_PIECE, read_stream, r, NULL);
		break;
	case BODY_FILE:
		response = response_of_file(r);
		break;
	}
	return response;
}

enum MHD_Result answer_send(struct request *r)
{
	struct filling f = { .response = response_of(r), .ok = true };
	if (!f.response) {
		log_error("http", "out of memory: an answer was not sent");
		return MHD_NO;
	}
	add_headers(&f, r);
	f.ok = f.ok && MHD_set_response_options(f.response, MHD_RF_SEND_KEEP_ALIVE_HEADER, MHD_RO_END) == MHD_YES &&
		MHD_queue_response(r->mhd, (unsigned)r->x.status, f.response) == MHD_YES;
	if (!f.ok)
		log_error("http", "an answer with status %d was not sent: it cannot be queued", r->x.status);
	MHD_destroy_response(f.response);
	return f.ok ? MHD_YES : MHD_NO;
}

enum MHD_Result answer_abandoned(struct request *r)
{
	static const char text[] = "{\"error\":\"Server is stopping\"}";
	struct filling f = {
		.response = MHD_create_response_from_buffer(sizeof text - 1, (void *)text, MHD_RESPMEM_PERSISTENT),
		.ok = true,
	};
	if (!f.response)
		return MHD_NO;
	add(&f, "Server", server_name);
	add(&f, "content-type", "application/json");
	add(&f, "Retry-After", retry_after);
	add(&f, "Connection", "close");
	f.ok = f.ok && MHD_queue_response(r->mhd, MHD_HTTP_SERVICE_UNAVAILABLE, f.response) == MHD_YES;
	MHD_destroy_response(f.response);
	return f.ok ? MHD_YES : MHD_NO;
}

/* ---- past libmicrohttpd ---- */

/* Nothing else is being sent: libmicrohttpd reads a request only after the previous answer was sent. What does not fit into the
 * socket's buffer at once is not sent. */
static void send_last(struct connection *c, const char *s, size_t len)
{
	bool sent = c->secure ? secure_send_last(c->secure, s, len) : send(c->fd, s, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
	if (!sent)
		log_debug("http", "a refusal was not sent: %s", strerror(errno));
	connection_linger(c);
	shutdown(c->fd, SHUT_WR);
	c->wire.answered = true;
}

void answer_bare(struct connection *c, unsigned status, const char *why)
{
	char text[512];
	if (c->wire.answered)
		return;
	int n = snprintf(text, sizeof text,
		"HTTP/1.1 %u %s\r\nServer: %s\r\ncontent-type: application/json\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n\r\n{\"error\":\"%s\"}",
		status, MHD_get_reason_phrase_for(status), server_name, strlen(why) + sizeof "{\"error\":\"\"}" - 1, why);
	send_last(c, text, (size_t)n);
}

static void add_date(struct filling *f)
{
	char date[40];
	struct tm tm;
	time_t now = time(NULL);
	if (gmtime_r(&now, &tm) && strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm))
		add(f, "Date", date);
}

enum MHD_Result answer_past(struct request *r)
{
	struct exchange *x = &r->x;
	if (r->connection->wire.answered)
		return MHD_NO;
	if (x->body_kind != BODY_BYTES || x->out.failed || x->out.len > PAST_MAX) {
		answer_bare(r->connection, MHD_HTTP_CONTENT_TOO_LARGE, "Request body is too large");
		return MHD_NO;
	}
	struct buf text;
	struct filling f = { .text = &text };
	buf_init(&text);
	x->close = true;
	buf_addf(&text, "HTTP/1.1 %d %s\r\n", x->status, MHD_get_reason_phrase_for((unsigned)x->status));
	add_headers(&f, r);
	if (!x->iso_date)
		add_date(&f);
	buf_addf(&text, "Content-Length: %zu\r\n\r\n", x->out.len);
	if (x->method != METHOD_HEAD)
		buf_add(&text, x->out.data, x->out.len);
	if (text.failed)
		log_error("http", "out of memory: an answer was not sent");
	else
		send_last(r->connection, text.data, text.len);
	buf_free(&text);
	return MHD_NO;
}
