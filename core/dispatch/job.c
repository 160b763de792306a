/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/job.c
 * \brief Operations that run as jobs: the answer with the job's id, and the call that runs after it.
 */
#include "dispatch/dispatch_internal.h"

#include "base/text.h"
#include "job/jobs.h"
#include "query/query.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/** Rows of an answer are fetched in pieces of this many bytes ... */
#define ROWS_PIECE 65536
/** ... and no snapshot is held longer than this. */
#define ROWS_SLICE_NS 5000000
/** How often the user who started a job is looked up again, ms. */
#define LOOK_UP_MS 1000

/** A job with its call, which has its own memory: the request is answered long before it runs. */
struct job_run {
	struct job job;
	struct lyre_call call;
	struct charge charge;
	struct arena arena;
	struct buf body; /**< the request's, into which the arguments' strings point */
	struct buf out;
	const char *user;               /**< who started the job; the user may have changed since */
	const struct principal *latest; /**< the user, as last looked up */
	int64_t looked_up;              /**< when that was, monotonic ms */
	/* for a handler's pending answer */
	pthread_mutex_t lock;
	pthread_cond_t resumed;
	bool ready;
};

static struct job_run *run_of(struct job *job)
{
	return (struct job_run *)((char *)job - offsetof(struct job_run, job));
}

static void free_run(struct job_run *j)
{
	call_end(&j->call);
	principal_unref(j->call.who);
	principal_unref(j->latest);
	secure_clear(j->body.data, j->body.len); /* it may contain credentials */
	buf_free(&j->body);
	buf_free(&j->out);
	arena_free(&j->arena);
	pthread_cond_destroy(&j->resumed);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

/* ---- on the job's thread ---- */

void job_resume(lyre_call *call)
{
	struct job_run *j = run_of(call->job);

	pthread_mutex_lock(&j->lock);
	j->ready = true;
	pthread_cond_signal(&j->resumed);
	pthread_mutex_unlock(&j->lock);
}

int call_wait(lyre_call *call, pthread_mutex_t *lock, pthread_cond_t *resumed, bool *ready)
{
	pthread_mutex_lock(lock);
	while (!*ready)
		pthread_cond_wait(resumed, lock);
	*ready = false;
	pthread_mutex_unlock(lock);

	int (*again)(lyre_call * call) = call->again;
	call->again = NULL;
	return call_returned(call, again(call));
}

static int take_rows(struct job_run *j)
{
	struct err *e = &j->call.err;
	int rc;

	buf_clear(&j->out);
	query_slice(j->call.rows->query, ROWS_SLICE_NS, false);
	do
		rc = query_write(j->call.rows->query, &j->call.out, j->out.len + ROWS_PIECE, e);
	while (rc == 0 && !j->out.failed);
	if (rc < 0)
		call_query_ended(&j->call, j->call.rows->query);
	return rc == LYRE_END ? 0 : rc < 0 ? rc : err_nomem(e);
}

/** An answer with nothing but a message sets the job's message, if that is not set yet; anything else is its result. */
static int take_answer(struct job_run *j, struct job_outcome *ret)
{
	struct err *e = &j->call.err;
	int rc = 0;

	ret->message = j->call.job_message;
	if (j->call.fd >= 0)
		return err_set(e, LYRE_EINTERNAL, "the operation's answer is a file, which a job cannot store");
	if (j->call.rows)
		rc = take_rows(j);
	if (!rc && j->out.failed)
		rc = err_nomem(e);
	if (rc || !j->out.len)
		return rc;
	lyre_value *value = ARENA_NEW(&j->arena, lyre_value);
	if (!value || !buf_reserve(&j->out, 1))
		return err_nomem(e);
	rc = json_decode(&j->arena, j->out.data, j->out.len, value, e);
	if (rc)
		return rc == LYRE_EINVAL ? err_set(e, LYRE_EINTERNAL, "the operation's answer is not JSON") : rc;
	const lyre_value *message = value_get(value, "message");
	if (!ret->message && value_is(message, LYRE_STRING) && value->len == 1)
		ret->message = message->s;
	else
		ret->result = value;
	return 0;
}

/** Looks a job's user up again: it may be gone by now. */
static int renew(lyre_call *call, const struct principal **who)
{
	int rc = *who ? auth_renew(call->dispatch->services.auth, who, &call->err) : 0;

	if (rc == LYRE_EUNAUTHENTICATED)
		call->err.code = rc = LYRE_EDENIED;
	return rc;
}

/** The user who started the job may have fewer permissions now. */
static int permit_job(struct job_run *j)
{
	int rc = renew(&j->call, &j->call.who);

	return rc ? rc : authorise(&j->call, &j->call.err);
}

static bool is_same_role(const struct role *a, const struct role *b)
{
	if (a == b || !a || !b)
		return a == b;
	const lyre_value *was = value_get(&a->record, "__updatedtime__"), *is = value_get(&b->record, "__updatedtime__");
	return !strcmp(a->id, b->id) && was && is && value_number(was) == value_number(is);
}

int call_job_permitted(lyre_call *call)
{
	struct job_run *j = run_of(call->job);
	int64_t now = monotonic_ms();

	if (!call->who || now - j->looked_up < LOOK_UP_MS)
		return 0;
	j->looked_up = now;
	if (!j->latest)
		j->latest = principal_ref(call->who);
	int rc = renew(call, &j->latest);
	if (rc || is_same_role(j->latest->role, call->who->role))
		return rc;
	return err_set(&call->err, LYRE_EDENIED, "The role of user '%s' has changed since the job began: start the job again",
		call->who->name);
}

/** A refusal is stored in full, as in an answer; without the memory for it, only its text. */
static void take_denial(struct job_run *j, struct job_outcome *ret)
{
	lyre_value *value = ARENA_NEW(&j->arena, lyre_value);
	struct err ignored;

	buf_clear(&j->out);
	out_init(&j->call.out, &j->out);
	denial_write(&j->call.out, ret->err.text, &j->call.denial);
	if (value && buf_reserve(&j->out, 1) && !json_decode(&j->arena, j->out.data, j->out.len, value, &ignored))
		ret->denial = value;
}

static int run_handler(struct job_run *j)
{
	int rc = call_returned(&j->call, j->call.operation->decl->handler(&j->call));

	while (rc == LYRE_PENDING)
		rc = call_wait(&j->call, &j->lock, &j->resumed, &j->ready);
	call_moment_end(&j->call);
	return rc;
}

static void work(struct job *job, struct job_outcome *ret)
{
	struct job_run *j = run_of(job);

	int rc = permit_job(j);
	if (!rc)
		rc = run_handler(j);
	if (!rc)
		rc = take_answer(j, ret);
	if (!rc)
		return;
	struct err *e = &j->call.err;
	if (rc == e->code)
		rc = charge_explain(&j->charge, e);
	err_set(&ret->err, rc < 0 ? rc : LYRE_EINTERNAL, "%s",
		e->code && *e->text ? e->text : "The operation failed and did not say why");
	if (rc == LYRE_EDENIED && denial_has_lists(&j->call.denial, ret->err.text))
		take_denial(j, ret);
}

static void ended(struct job *job)
{
	free_run(run_of(job));
}

/* ---- on a worker thread, before the answer ---- */

/** The caller and the arguments as values that outlive the request, whose body is taken over. */
static bool take_over(struct job_run *j, struct run *r)
{
	const lyre_call *from = &r->call;
	lyre_call *to = &j->call;
	size_t n = from->operation->param_count;
	struct buf *body = &r->x->body;

	j->user = arena_strndup(&j->arena, call_user(from), strlen(call_user(from)));
	to->args = ARENA_ARRAY(&j->arena, lyre_value, n);
	to->given = ARENA_ARRAY(&j->arena, bool, n);
	to->present = ARENA_ARRAY(&j->arena, bool, n);
	if (!j->user || !to->args || !to->given || !to->present ||
		!value_copy(&j->arena, &from->body, body->data, body->len, &to->body))
		return false;
	for (size_t i = 0; i < n; i++) {
		to->given[i] = from->given[i];
		to->present[i] = from->present[i];
		if (!value_copy(&j->arena, &from->args[i], body->data, body->len, &to->args[i]))
			return false;
	}
	buf_move(&j->body, body);
	r->body_secret = false;
	to->upload = r->call.upload;
	r->call.upload = NULL;
	return true;
}

static struct job_run *make_run(struct run *r)
{
	struct job_run *j = calloc(1, sizeof *j);

	if (!j)
		return NULL;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->resumed, NULL);
	charge_init(&j->charge, r->x->charge.budget, 0);
	j->charge.known = true;
	arena_init_charged(&j->arena, &j->charge);
	buf_init_charged(&j->body, &j->charge);
	buf_init_charged(&j->out, &j->charge);
	j->call = (struct lyre_call){
		.job = &j->job,
		.dispatch = r->call.dispatch,
		.store = r->call.store,
		.arena = &j->arena,
		.operation = r->call.operation,
		.decoder = r->call.decoder,
		.who = principal_ref(r->call.who),
		.fd = -1,
		.works_long = true,
	};
	out_init(&j->call.out, &j->out);
	if (!take_over(j, r)) {
		r->x->charge.refused = j->charge.refused;
		free_run(j);
		return NULL;
	}
	const struct principal *who = j->call.who;
	j->job = (struct job){
		.type = j->call.operation->name,
		.user = j->user,
		.limited = who && !(who->role && who->role->super_user),
		.run = work,
		.end = ended,
	};
	return j;
}

/** The answer of the operation's check. \p ret NULL: none. In the exchange's arena. */
static int check(struct run *r, const char **ret)
{
	lyre_call *call = &r->call;
	struct buf *out = &r->x->out;
	lyre_value value = value_null();

	*ret = NULL;
	if (!call->operation->decl->check || call->upload) /* it has run when the first piece of the file came */
		return 0;
	out_init(&call->out, out);
	int rc = call->operation->decl->check(call);
	if (rc > 0)
		return err_set(&call->err, LYRE_EINTERNAL, "the operation's check must finish before it returns");
	if (!rc && out->failed)
		rc = err_nomem(&call->err);
	if (!rc && out->len)
		rc = json_decode_copy(call->arena, out->data, out->len, &value, &call->err);
	const lyre_value *message = value_get(&value, "message");
	if (!rc && value_is(message, LYRE_STRING))
		*ret = message->s;
	buf_clear(out);
	out_begin(&call->out, r->format->encoder, out, &r->x->arena);
	return rc;
}

int job_begin(struct run *r)
{
	lyre_call *call = &r->call;
	const char *message;
	char id[37];

	int rc = check(r, &message);
	if (rc)
		return rc;
	struct job_run *j = make_run(r);
	if (!j)
		return err_nomem(&call->err);
	rc = jobs_submit(r->dispatch->services.jobs, &j->job, id, &call->err);
	if (rc) {
		free_run(j);
		return rc;
	}
	if (!message)
		message = arena_printf(call->arena, "Starting job with id %s", id);
	if (!message)
		return err_nomem(&call->err);
	out_object_begin(&call->out);
	out_key(&call->out, "message");
	out_string(&call->out, message, strlen(message));
	out_key(&call->out, "job_id");
	out_string(&call->out, id, sizeof id - 1);
	out_object_end(&call->out);
	return 0;
}
