/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/job_request.c
 * \brief A request that a job makes: another operation, run on the job's thread as the job's user, whose answer is passed on
 * piece by piece while it is written.
 */
#include "dispatch/dispatch_internal.h"

#include "query/query.h"

/** An answer is passed on in pieces of about this many bytes ... */
#define PIECE 65536
/** ... and no snapshot is held longer than this to make one. */
#define SLICE_NS 5000000

/** The request with its call, which has its own memory: however long the answer, the job's does not grow. */
struct request {
	lyre_call call;
	struct charge charge;
	struct arena arena;
	struct buf out;
	struct call_sink sink;
	const char **labels;
};

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
	if (!(decl->flags & LYRE_O_READS) || decl->run == LYRE_RUN_JOB)
		return err_set(e, LYRE_EINVAL, "Operation '%s' cannot be run as part of a job", name->s);
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

static int run(struct request *r)
{
	lyre_call *call = &r->call;

	int rc = call->operation->decl->handler(call);
	while (rc == LYRE_PENDING)
		rc = job_wait(call);
	call_moment_end(call);
	if (!rc && (call->fd >= 0 || call->text_type))
		rc = err_set(
			&call->err, LYRE_EINVAL, "'%s' answers with a file or with text, not with a value", call->operation->name);
	if (!rc && call->rows)
		rc = pass_on_rows(call);
	if (rc)
		return rc;
	out_finish(&call->out);
	return r->out.failed ? err_nomem(&call->err) : call_pass_on(call, true);
}

/* ---- the request ---- */

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
		rc = authorise(call, &call->err);
	return rc ? rc : arguments_check(call, r->labels, &call->err);
}

/** Its failure becomes that of the job's call, with what it denies, in memory that outlives the request. */
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

	if (!r)
		return NULL;
	charge_init(&r->charge, &outer->dispatch->budget, 0);
	r->charge.known = true;
	arena_init_charged(&r->arena, &r->charge);
	buf_init_charged(&r->out, &r->charge);
	r->sink = (struct call_sink){ .take = from->take, .arg = from->arg };
	r->call = (lyre_call){
		.job = outer->job,
		.dispatch = outer->dispatch,
		.store = outer->store,
		.arena = &r->arena,
		.decoder = outer->decoder,
		.who = outer->who,
		.fd = -1,
		.works_long = true,
		.only_reads = true,
		.sink = &r->sink,
	};
	return r;
}

int call_request(lyre_call *outer, const struct lyre_request *request)
{
	const struct format *format = format_accepted(request->type);

	if (!outer->job)
		return err_set(
			&outer->err, LYRE_EINTERNAL, "'%s' is not a job, and cannot run other operations", outer->operation->name);
	if (!format || !format->encoder)
		return err_set(&outer->err, LYRE_ENOTACCEPTABLE, "This server cannot answer with '%s'", request->type);
	if (!request->body)
		return err_nomem(&outer->err);
	struct request *r = make(outer, request);
	if (!r)
		return err_nomem(&outer->err);
	int rc = prepare(r, request, format->encoder);
	if (!rc)
		rc = run(r);
	call_end(&r->call);
	if (rc)
		rc = pass_failure_on(r, outer, rc);
	buf_free(&r->out);
	arena_free(&r->arena);
	return rc;
}
