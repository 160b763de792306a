/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/call_request.c
 * \brief A request that a call makes: another operation, run on the same thread for the same user, whose answer is passed on
 * piece by piece while it is written.
 */
#include "dispatch/dispatch_internal.h"

#include "query/query.h"

/** An answer is passed on in pieces of about this many bytes ... */
#define PIECE 65536
/** ... and no snapshot is held longer than this to make one. */
#define SLICE_NS 5000000

/** The request with its call, which has its own memory: however long the answer, that of the outer call does not grow. */
struct request {
	lyre_call call;
	struct charge charge;
	struct arena arena;
	struct buf out;
	struct call_sink sink;
	const char **labels;
	/* for a handler's pending answer */
	pthread_mutex_t lock;
	pthread_cond_t resumed;
	bool ready;
};

static struct request *request_of(lyre_call *call)
{
	return (struct request *)((char *)call - offsetof(struct request, call));
}

int call_pass_on(lyre_call *call, bool all)
{
	struct buf *out = call->out.buf;
	struct call_sink *sink = call->sink;

	if (!sink || !out->len || (!all && (out->len < PIECE || call->out.encoder->whole)))
		return 0;
	int rc = sink->take(sink->arg, out->data, out->len, call->out.rows);
	sink->failed = rc < 0;
	buf_clear(out);
	return rc;
}

static int find(struct request *r, const lyre_value *body, struct err *e)
{
	const lyre_value *name = value_get(body, "operation");

	if (!value_is(name, LYRE_STRING))
		return err_set(e, LYRE_EINVAL, "'operation' must be a string");
	r->call.operation = registry_find(&r->call.dispatch->registry, name->s, name->len);
	if (!r->call.operation)
		return err_set(e, LYRE_EINVAL, "Operation '%s' not found", name->s);
	const struct lyre_operation *decl = r->call.operation->decl;
	const uint32_t never = LYRE_O_SIGN_IN | LYRE_O_LAST_ANSWER;
	if (decl->flags & never || decl->run == LYRE_RUN_JOB)
		return err_set(e, LYRE_EINVAL, "Operation '%s' cannot be run as part of another", name->s);
	if (r->call.only_reads && !(decl->flags & LYRE_O_READS))
		return err_set(e, LYRE_EINVAL, "Operation '%s' cannot be run as part of one that only reads", name->s);
	return 0;
}

/* ---- the answer ---- */

static int pass_on_rows(lyre_call *call)
{
	struct query *q = call->rows->query;
	int rc;

	query_slice(q, SLICE_NS, false);
	do {
		rc = query_write(q, &call->out, PIECE, &call->err);
		int passed = rc < 0 ? rc : call_pass_on(call, false);
		rc = passed < 0 ? passed : rc;
	} while (rc == 0);
	if (rc < 0)
		call_query_ended(call, q);
	return rc == LYRE_END ? 0 : rc;
}

void call_request_resume(lyre_call *call)
{
	struct request *r = request_of(call);

	pthread_mutex_lock(&r->lock);
	r->ready = true;
	pthread_cond_signal(&r->resumed);
	pthread_mutex_unlock(&r->lock);
}

static int run(struct request *r)
{
	lyre_call *call = &r->call;

	int rc = call_returned(call, call->operation->decl->handler(call));
	while (rc == LYRE_PENDING)
		rc = call_wait(call, &r->lock, &r->resumed, &r->ready);
	call_moment_end(call);
	if (!rc && (call->fd >= 0 || call->text_type))
		rc = err_set(
			&call->err, LYRE_EINVAL, "'%s' answers with a file or with text, not with a value", call->operation->name);
	if (!rc && call->rows)
		rc = pass_on_rows(call);
	if (rc)
		return rc;
	if (out_misshapen(&call->out))
		return err_set(&call->err, LYRE_EINTERNAL, "the answer of '%s' is not one value", call->operation->name);
	out_finish(&call->out);
	return r->out.failed ? err_nomem(&call->err) : call_pass_on(call, true);
}

/* ---- the request ---- */

/** Not even the server's rights change the system's tables by operations. */
static int permit_request(lyre_call *call)
{
	const struct principal *who = call->who;

	if (call->server_rights)
		call->who = principal_server();
	int rc = authorise(call, &call->err);
	call->who = who;
	return rc;
}

static int prepare(struct request *r, const struct lyre_request *request, const struct encoder *encoder)
{
	lyre_call *call = &r->call;
	int rc = find(r, request->body, &call->err);

	if (rc)
		return rc;
	call->body = *request->body;
	out_begin(&call->out, encoder, &r->out, &r->arena);
	if (arguments_bind(call, &r->labels))
		return err_nomem(&call->err);
	rc = arguments_decode(call, call->operation, &call->err);
	if (!rc)
		rc = permit_request(call);
	return rc ? rc : arguments_check(call, r->labels, &call->err);
}

/** Its failure becomes that of the outer call, with what it denies, in memory that outlives the request. */
static int pass_failure_on(struct request *r, lyre_call *outer, int rc)
{
	struct err *e = &r->call.err;

	if (r->sink.failed)
		return rc;
	if (rc == e->code)
		rc = charge_explain(&r->charge, e);
	outer->err = *e;
	outer->err.code = rc < 0 ? rc : LYRE_EINTERNAL;
	const struct denial *d = &r->call.denial;
	struct arena *a = call_arena(outer);
	if (rc != LYRE_EDENIED || !value_copy(a, &d->unauthorized, NULL, 0, &outer->denial.unauthorized) ||
		!value_copy(a, &d->invalid, NULL, 0, &outer->denial.invalid))
		outer->denial = (struct denial){ 0 };
	return outer->err.code;
}

static struct request *make(lyre_call *outer, const struct lyre_request *from)
{
	struct request *r = ARENA_NEW(outer->arena, struct request);
	bool reads = outer->only_reads || !(from->flags & LYRE_REQUEST_WRITES);

	if (!r)
		return NULL;
	charge_init(&r->charge, &outer->dispatch->budget, 0);
	r->charge.known = true;
	arena_init_charged(&r->arena, &r->charge);
	buf_init_charged(&r->out, &r->charge);
	r->sink = (struct call_sink){ .take = from->take, .arg = from->arg };
	r->call = (lyre_call){
		.job = outer->job,
		.task = outer->task,
		.outer = outer,
		.depth = outer->depth + 1,
		.may_block = true,
		.server_rights = outer->server_rights > 0,
		.dispatch = outer->dispatch,
		.store = outer->store,
		.arena = &r->arena,
		.decoder = outer->decoder,
		.who = outer->who,
		.fd = -1,
		.works_long = true,
		.only_reads = reads,
		.sink = &r->sink,
	};
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->resumed, NULL);
	return r;
}

static void drop(struct request *r)
{
	call_end(&r->call);
	buf_free(&r->out);
	arena_free(&r->arena);
	pthread_cond_destroy(&r->resumed);
	pthread_mutex_destroy(&r->lock);
}

/** Whether the call may make requests at all. */
static int check_outer(lyre_call *outer)
{
	if (outer->x && !outer->may_block)
		return err_set(&outer->err, LYRE_EINTERNAL,
			"'%s' runs another operation on the connection's thread: declare it LYRE_RUN_LONG or LYRE_RUN_POOL",
			outer->operation->name);
	if (outer->moments)
		return err_set(&outer->err, LYRE_EINTERNAL,
			"'%s' runs another operation before lyre_moment_end(): writes could then wait for each other",
			outer->operation->name);
	if (outer->depth == LYRE_REQUEST_DEPTH_MAX)
		return err_set(&outer->err, LYRE_EINVAL, "Operations run each other deeper than %d levels", LYRE_REQUEST_DEPTH_MAX);
	return 0;
}

int call_request(lyre_call *outer, const struct lyre_request *request)
{
	const struct format *format = format_accepted(request->type);

	int rc = check_outer(outer);
	if (rc)
		return rc;
	if (!format || !format->encoder)
		return err_set(&outer->err, LYRE_ENOTACCEPTABLE, "This server cannot answer with '%s'", request->type);
	if (!request->body)
		return err_nomem(&outer->err);
	struct request *r = make(outer, request);
	if (!r)
		return err_nomem(&outer->err);
	rc = prepare(r, request, format->encoder);
	if (!rc)
		rc = run(r);
	if (rc)
		rc = pass_failure_on(r, outer, rc);
	drop(r);
	return rc;
}

/* ---- the answer as a value ---- */

struct collecting {
	lyre_call *call;
	struct buf text;
	size_t limit;
};

static int collect(void *arg, const char *bytes, size_t len, uint64_t rows)
{
	struct collecting *c = arg;

	(void)rows;
	if (len > c->limit - c->text.len)
		return err_set(&c->call->err, LYRE_ETOOBIG, "The answer of the operation is longer than %zu bytes", c->limit);
	buf_add(&c->text, bytes, len);
	return c->text.failed ? err_nomem(&c->call->err) : 0;
}

int call_request_value(lyre_call *call, const lyre_value *body, uint32_t flags, size_t limit, const lyre_value **ret)
{
	struct collecting c = { .call = call, .limit = limit };
	const struct lyre_request request = {
		.size = sizeof request, .flags = flags, .body = body, .type = format_json->type, .take = collect, .arg = &c
	};
	lyre_value *v = ARENA_NEW(call->arena, lyre_value);

	if (!v)
		return err_nomem(&call->err);
	buf_init_charged(&c.text, call->arena->charge);
	int rc = call_request(call, &request);
	if (!rc && c.text.len)
		rc = json_decode_copy(call->arena, c.text.data, c.text.len, v, &call->err);
	else
		*v = value_null();
	buf_free(&c.text);
	*ret = rc ? NULL : v;
	return rc;
}
