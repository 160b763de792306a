/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "http/http_internal.h"
#include "log/log.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* ---- waiting ---- */

static void request_resume(struct exchange *x)
{
	struct request *r = (struct request *)((char *)x - offsetof(struct request, x));
	struct MHD_Connection *mhd = r->mhd;
	struct http *h = r->http;
	int was = REQUEST_RUNNING;
	while (!atomic_compare_exchange_weak(&r->state, &was, REQUEST_RESUMED))
		if (was == REQUEST_ABANDONED)
			return;
	/* The request may be freed from here on. */
	if (was == REQUEST_SUSPENDED) {
		MHD_resume_connection(mhd);
		atomic_fetch_sub(&h->waiting, 1);
	}
}

void requests_abandon(struct http *h)
{
	pthread_mutex_lock(&h->all_lock);
	for (struct request *r = h->all; r; r = r->next_all) {
		int was = REQUEST_SUSPENDED;
		if (atomic_compare_exchange_strong(&r->state, &was, REQUEST_ABANDONED)) {
			MHD_resume_connection(r->mhd);
			atomic_fetch_sub(&h->waiting, 1);
		}
	}
	pthread_mutex_unlock(&h->all_lock);
}

/* Leaves a request to whoever resumes it. \return false if it was already resumed: continue at once */
static bool request_suspend(struct request *r)
{
	int state = REQUEST_RESUMED;
	if (atomic_compare_exchange_strong(&r->state, &state, REQUEST_RUNNING))
		return false;
	atomic_fetch_add(&r->http->waiting, 1);
	MHD_suspend_connection(r->mhd);
	if (atomic_compare_exchange_strong(&r->state, &state, REQUEST_SUSPENDED))
		return true;
	MHD_resume_connection(r->mhd); /* called again with the state RESUMED */
	atomic_fetch_sub(&r->http->waiting, 1);
	return true;
}

int request_stream(struct request *r)
{
	int state = REQUEST_RESUMED;
	if (r->stream_due && !atomic_compare_exchange_strong(&r->state, &state, REQUEST_RUNNING))
		return LYRE_EBUSY; /* abandoned */
	do {
		int got = dispatch_stream(&r->x, STREAM_PIECE);
		r->stream_due = got == LYRE_PENDING;
		if (!r->stream_due)
			return got;
	} while (!request_suspend(r));
	return LYRE_PENDING;
}

/* The client has closed its side. Nobody else touches a suspended connection. */
static bool request_gone(const struct exchange *x)
{
	const struct request *r = (const struct request *)((const char *)x - offsetof(struct request, x));
	return connection_hung_up(r->connection);
}

/* Runs dispatch until there is an answer, it wants the body, or it waits and the connection is suspended. */
static enum dispatch_result request_run(struct request *r)
{
	struct exchange *x = &r->x;
	for (;;) {
		enum dispatch_result done;
		if (!r->begun) {
			r->begun = true;
			done = dispatch_begin(r->http->dispatch, x);
		} else if (r->body_due) {
			r->body_due = false;
			done = dispatch_body(x);
		} else {
			done = dispatch_continue(x);
		}
		if (done != DISPATCH_WAIT) {
			r->body_due = done != DISPATCH_DONE;
			return done;
		}
		if (request_suspend(r))
			return DISPATCH_WAIT;
	}
}

static enum MHD_Result request_answer(struct request *r)
{
	return request_run(r) == DISPATCH_DONE ? answer_send(r) : MHD_YES;
}

/* ---- start ---- */

static enum method method_of(const char *name)
{
	static const struct {
		const char *name;
		enum method method;
	} methods[] = {
		{ "POST", METHOD_POST },
		{ "GET", METHOD_GET },
		{ "HEAD", METHOD_HEAD },
		{ "PUT", METHOD_PUT },
		{ "PATCH", METHOD_PATCH },
		{ "DELETE", METHOD_DELETE },
		{ "OPTIONS", METHOD_OPTIONS },
	};
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strcmp(name, methods[i].name) == 0)
			return methods[i].method;
	return METHOD_OTHER;
}

/* The path of a target in absolute form, "http://host:port/path", which servers must accept. */
static const char *path_of(const char *target)
{
	size_t skip = strncasecmp(target, "http://", 7) == 0 ? 7 : strncasecmp(target, "https://", 8) == 0 ? 8 : 0;
	if (!skip)
		return target;
	const char *slash = strchr(target + skip, '/');
	return slash ? slash : "/";
}

/* An answer before the body has arrived: the connection closes after it. */
static enum MHD_Result answer_early(struct request *r)
{
	r->x.close = true;
	connection_linger(r->connection);
	return answer_send(r);
}

static enum MHD_Result refuse_now(struct request *r, int status, const char *why)
{
	dispatch_refuse(&r->x, status, why);
	return answer_early(r);
}

enum MHD_Result request_cut(struct request *r, int status, const char *why)
{
	dispatch_refuse(&r->x, status, why);
	return answer_past(r);
}

/* From now on, the client has this long for what it is to send next; INT64_MAX: nothing is expected of it. */
static void give_time(struct request *r, int64_t ms)
{
	int64_t deadline = ms == INT64_MAX ? ms : monotonic_ms() + ms;

	atomic_store_explicit(&r->connection->deadline, deadline, memory_order_relaxed);
}

/* Asks dispatch whether it wants a large body before that is read. \return as request_run() */
static enum dispatch_result request_ask(struct request *r)
{
	r->x.body_later = true;
	enum dispatch_result done = request_run(r);
	r->asking = done == DISPATCH_WAIT;
	if (r->asking) /* not for the client: a password is checked, or a piece written */
		give_time(r, INT64_MAX);
	return done;
}

/* Who is asking: the peer, or the client that a trusted proxy reports. */
static void set_client(struct request *r)
{
	struct exchange *x = &r->x;
	memcpy(r->client, r->connection->peer, sizeof r->client);
	if (!r->connection->proxied)
		return;
	proxy_client(&r->http->proxies, &r->framing, r->client);
	x->secure = x->secure || proxy_is_secure(&r->framing);
	if (r->framing.forwarded_host)
		x->host = r->framing.forwarded_host;
}

/* After the framing was read. The exchange's memory is kept. */
static void exchange_begin(struct request *r, const char *method, const char *url)
{
	const struct connection *conn = r->connection;
	const struct framing *f = &r->framing;
	struct exchange *x = &r->x;
	x->charge.known = conn->trusted;
	x->charge.refused = 0;
	*x = (struct exchange){
		.charge = x->charge,
		.arena = x->arena,
		.body = x->body,
		.out = x->out,
		.method = method_of(method),
		.path = path_of(url),
		.content_type = f->content_type,
		.accept = f->accept,
		.authorization = f->authorization,
		.cookie = f->cookie,
		.origin = f->origin,
		.host = f->host,
		.origin_named = answer_names_origin(r),
		.secure = conn->secure != NULL,
		.certified = conn->secure ? secure_user(conn->secure) : NULL,
		.trusted = conn->trusted,
		.peer = r->client,
		.status = MHD_HTTP_OK,
		.fd = -1,
		.body_sent = f->has_content_length ? f->content_length : UINT64_MAX,
		.body_size = f->has_content_length && f->encoding == ENCODING_NONE ? f->content_length : UINT64_MAX,
		.body_max = r->http->body_max,
		.each_header = request_each_header,
		.each_param = request_each_param,
		.resume = request_resume,
		.gone = request_gone,
		.dispatch = r->http->dispatch,
	};
	set_client(r);
}

/* For a path whose body may be a file, described only by the query string. \return 0, or a status to refuse it with */
static int read_query(struct request *r, const char **why)
{
	struct exchange *x = &r->x;
	if (!dispatch_takes_file(x))
		return 0;
	int rc = query_read(&r->query, r->mhd, &x->arena, why);
	if (rc)
		return rc == LYRE_ENOMEM ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_BAD_REQUEST;
	if (!value_get(&r->query, "operation"))
		return 0;
	x->query = &r->query;
	return 0;
}

static enum MHD_Result request_begin(
	struct http *h, struct MHD_Connection *c, const char *url, const char *method, const char *version, void **context)
{
	struct connection *conn = connection_of(c);
	struct request *r = conn ? request_take(h) : NULL;
	if (!r) {
		log_error("http", "out of memory: connection closed");
		return MHD_NO;
	}
	*context = r;
	r->connection = conn;
	r->mhd = c;
	r->begun = r->asking = r->ask_first = r->body_due = r->preflight = r->stream_ended = r->stream_due = false;
	r->stream_at = r->body_sent = r->held = 0;
	give_time(r, h->request_ms);

	struct framing *f = &r->framing;
	struct request_line line = {
		.method = method,
		.target = url,
		.version = version,
		.target_len = conn->target_len,
		.target_blank = conn->target_blank,
	};
	framing_read(f, c, &line);
	size_t head_len = connection_took_head(conn, c, f->chunked);
	const char *refusal;
	int refused = conn->secure ? secure_check(conn->secure, &refusal) : 0;
	exchange_begin(r, method, url);
	conn->request = r;
	if (f->refuse)
		return request_cut(r, f->refuse, f->why);
	const char *why;
	int status = read_query(r, &why);
	if (status)
		return request_cut(r, status, why);
	if (!wire_body(conn, method + head_len, f->chunked && f->in_place))
		return MHD_NO;
	if (refused)
		return refuse_now(r, refused, refusal);
	if (f->encoding == ENCODING_OTHER || (r->x.query && f->encoding != ENCODING_NONE))
		return refuse_now(r, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "Unsupported Content-Encoding");
	bool ask = body_asks(r, f->content_length) || r->x.query;
	status = body_expect(r, ask, &why);
	if (status)
		return refuse_now(r, status, why);
	enum dispatch_result done = ask ? request_ask(r) : DISPATCH_BODY;
	r->ask_first = done == DISPATCH_WAIT;
	return done == DISPATCH_DONE ? answer_early(r) : MHD_YES;
}

/* Asks further. \return DISPATCH_WAIT while the connection is suspended; the same call comes again */
static enum dispatch_result request_asked(struct request *r)
{
	int state = REQUEST_RESUMED;
	if (!atomic_compare_exchange_strong(&r->state, &state, REQUEST_RUNNING))
		return DISPATCH_WAIT;
	give_time(r, r->http->request_ms);
	return request_ask(r);
}

/* A file is written to disk in pieces, and its sender may be silent for as long as others may take for the whole body. */
static enum MHD_Result request_piece(struct request *r, size_t size, size_t *left)
{
	struct http *h = r->http;
	if (atomic_load_explicit(&h->phase, memory_order_relaxed) == HTTP_CLOSING)
		return request_cut(r, MHD_HTTP_SERVICE_UNAVAILABLE, "Server is stopping");
	give_time(r, h->request_ms);
	if (r->x.body.len < DISPATCH_PIECE_MIN)
		return MHD_YES;
	enum dispatch_result done = request_ask(r);
	if (done == DISPATCH_WAIT)
		r->held = *left = size;
	return done == DISPATCH_DONE ? answer_past(r) : MHD_YES;
}

/*
 * Dispatch is asked about a body of unknown length once it has become large, or before it takes of what all share: then these
 * bytes are left until it has decided. The bytes that complete a piece of a file count as read only when the piece is written:
 * so libmicrohttpd calls again at once, not only when the client has sent more.
 */
static enum MHD_Result request_body(struct request *r, const char *data, size_t *left)
{
	bool unknown = r->x.body_size == UINT64_MAX; /* else it was decided by the header */
	if (unknown && body_asks(r, *left)) {
		enum dispatch_result done = request_ask(r);
		if (done != DISPATCH_BODY)
			return done == DISPATCH_DONE ? answer_past(r) : MHD_YES;
	}
	size_t held = r->held, size = *left - held;
	data += held;
	r->held = 0;
	*left = 0;
	atomic_fetch_add_explicit(&r->connection->taken, size, memory_order_relaxed);
	if (!r->framing.chunked)
		wire_reached(r->connection, data + size);
	const char *why;
	int status = body_add(r, data, size, &why);
	if (status)
		return request_cut(r, status, why);
	if (r->x.query)
		return request_piece(r, held + size, left);
	if (!unknown || !body_asks(r, 0))
		return MHD_YES;
	enum dispatch_result done = request_ask(r);
	if (done == DISPATCH_WAIT) /* no bytes are left that would call again when it has decided: the client must go on */
		give_time(r, r->http->request_ms);
	return done == DISPATCH_DONE ? answer_past(r) : MHD_YES;
}

static enum MHD_Result refuse_late(struct request *r, int status, const char *why)
{
	dispatch_refuse(&r->x, status, why);
	r->x.close = true;
	return answer_send(r);
}

static enum MHD_Result request_end_of_body(struct request *r)
{
	give_time(r, INT64_MAX);
	if (r->framing.chunked && r->framing.in_place && r->connection->wire.chunks.state != CHUNKS_END)
		return request_cut(r, MHD_HTTP_BAD_REQUEST, "The chunked body is not valid");
	const char *why;
	int status = body_end(r, &why);
	if (status)
		return refuse_late(r, status, why);
	r->x.body_whole = true;
	if (!buf_cstr(&r->x.body))
		return refuse_late(r, body_failure(r, &why), why);
	if (atomic_load_explicit(&r->http->phase, memory_order_relaxed) == HTTP_CLOSING)
		return refuse_late(r, MHD_HTTP_SERVICE_UNAVAILABLE, "Server is stopping");
	if (answer_preflight(r)) {
		dispatch_count(&r->x);
		return answer_send(r);
	}
	return request_answer(r);
}

enum MHD_Result request_handle(void *cls, struct MHD_Connection *c, const char *url, const char *method, const char *version,
	const char *data, size_t *size, void **context)
{
	struct request *r = *context;
	if (!r)
		return request_begin(cls, c, url, method, version, context);
	if (r->asking) {
		if (atomic_load(&r->state) == REQUEST_ABANDONED)
			return *size ? MHD_NO : answer_abandoned(r);
		/* A request suspended in libmicrohttpd's first call gets that call again. */
		bool first = r->ask_first;
		enum dispatch_result done = request_asked(r);
		r->ask_first = first && done == DISPATCH_WAIT;
		if (done == DISPATCH_DONE)
			return first ? answer_early(r) : answer_past(r);
		if (first || done == DISPATCH_WAIT)
			return MHD_YES;
	}
	if (*size)
		return request_body(r, data, size);
	if (!r->begun || r->body_due)
		return request_end_of_body(r);
	int state = REQUEST_RESUMED;
	if (atomic_compare_exchange_strong(&r->state, &state, REQUEST_RUNNING))
		return request_answer(r);
	return answer_abandoned(r);
}

void request_completed(void *cls, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode code)
{
	struct http *h = cls;
	(void)c;
	struct request *r = *context;
	if (!r)
		return;
	*context = NULL;
	struct connection *conn = r->connection;
	conn->request = NULL;
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		wire_next(conn);
	int64_t now = monotonic_ms();
	atomic_store_explicit(&conn->deadline, now + h->idle_ms, memory_order_relaxed);
	atomic_store_explicit(&conn->last, now, memory_order_relaxed);
	atomic_store(&conn->busy, false);
	if (r->begun && atomic_load(&r->state) != REQUEST_ABANDONED)
		dispatch_end(&r->x);
	request_give_back(r);
}
