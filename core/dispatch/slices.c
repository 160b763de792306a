/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/slices.c
 * \brief Rows of an answer: made on the connection's thread if that is quick, else in slices by other threads.
 *
 * A query begins on the connection's thread, in a light slice (query/query.h): most finish before the clock is read once.
 * A query that does not finish is "slow": the pool of queries, a few threads of low priority, makes all further pieces.
 * There a slice lasts a few milliseconds; then the run goes to the end of the queue, in which clients take turns: a
 * client is a user at an address, however many connections it has.
 *
 * Pieces: the first is the whole answer or its first FIRST_PIECE bytes, and is made before the answer is queued (the step
 * "answer"); http asks for each further piece with dispatch_stream(), when it has sent the previous one. A format that
 * begins with its length has one piece, held in the request's memory.
 *
 * Who owns the run, the call and x->out:
 *   the connection's thread    from dispatch_begin() on, and again after resume();
 *   the pool                   from pool_submit() in hand_over() until the last use of the run in work(): its run_wake().
 * The hand-over is like any other wait: holds are counted (the connection's thread, and the pool), and the last to
 * release continues: the connection's thread at once (go(), dispatch_stream()), or the pool through x->resume(). In
 * between the run counts as waiting, its connection is suspended, and dispatch_end() is not called.
 *
 * What ends a query early: its time is up (operationsApi.queryTimeout), or still_wanted(), called every tenth of a
 * second, says so: the client has closed the connection, which libmicrohttpd does not check while it is suspended; the
 * caller may no longer sign in; or a drain's time is over (dispatch_cut()). Before the first piece was sent, the failure
 * is the answer; afterwards the connection is closed. Modules' cursors check the same, in query_next().
 */
#include "dispatch/dispatch_internal.h"

#include "base/text.h"
#include "log/log.h"

/** Rows up to this many bytes are answered whole, with their length known. */
#define FIRST_PIECE 65536
/** Length of a slice on a connection's thread: when no query is slow, and when some are. */
#define LIGHT_NS 2000000
#define LIGHT_BUSY_NS 500000
/** How long a query may work on a connection's thread in total. */
#define LIGHT_ALL_NS 10000000
#define SLICE_NS 4000000
/** Steps of priority below the rest of the server. */
#define NICE 10

int slices_open(struct dispatch *d, struct err *e)
{
	const struct config *c = d->services.config;

	if (c) {
		d->conditions_max = (size_t)config_int(c, "operationsApi.maxConditions");
		d->query_ns =
			config_is_null(c, "operationsApi.queryTimeout") ? 0 : config_int(c, "operationsApi.queryTimeout") * 1000000;
	}
	unsigned threads = c ? (unsigned)config_int(c, "threads") : 1;
	int rc = pool_open(&d->queries, "query", threads, NICE, e);
	return rc ? rc : pool_open(&d->longs, "long", threads, NICE, e);
}

/* ---- the limits ---- */

/** A client may take hours to read: rows are sent only while the caller may sign in. The role at the start applies,
 * as the query uses it. */
static int check_receiver(struct run *r, struct err *e)
{
	if (!r->call.who)
		return 0;
	if (!r->receiver)
		r->receiver = principal_ref(r->call.who);
	return auth_renew(r->dispatch->services.auth, &r->receiver, e);
}

/** Whether a query is to continue; query_limits::check. */
static int still_wanted(void *arg, struct err *e)
{
	lyre_call *call = arg;

	if (atomic_load_explicit(&call->dispatch->cutting, memory_order_relaxed))
		return err_set(e, LYRE_EBUSY, "The server is stopping");
	while (call->outer)
		call = call->outer;
	if (call->task)
		return task_wanted(call->task, e);
	if (!call->x)
		return call->job ? job_wanted(call->job, e) : 0;
	struct run *r = RUN_OF(call, call);
	if (r->x->gone && r->x->gone(r->x)) {
		r->gone = true;
		return err_set(e, LYRE_EBUSY, "The client has closed the connection");
	}
	return r->rows ? check_receiver(r, e) : 0;
}

int call_wanted(lyre_call *call)
{
	for (const struct call_moment *m = call->moments; m; m = m->next) {
		if (snapshot_is_overdue(&m->snapshot))
			return err_set(&call->err, LYRE_EBUSY,
				"The request was stopped: writes to a database that it reads were waiting for it; try again later");
	}
	return still_wanted(call, &call->err);
}

const struct query_limits *call_limits(lyre_call *call)
{
	call->limits = (struct query_limits){
		.conditions = call->dispatch->conditions_max,
		.time_ns = call->job || call->task ? 0 : call->dispatch->query_ns, /* nobody waits for these */
		.check = still_wanted,
		.arg = call,
	};
	return &call->limits;
}

void call_query_ended(lyre_call *call, const struct query *q)
{
	if (query_late(q))
		metric_add(&counts_here(call->dispatch)->queries_late, 1);
}

/* ---- pieces ---- */

static int write_rows(struct run *r)
{
	struct query *q = r->call.rows->query;
	lyre_out *out = &r->call.out;

	int rc = query_write(q, out, r->want, &r->call.err);
	if (rc == LYRE_END) {
		out_finish(out);
		if (out->buf->failed)
			rc = err_nomem(&r->call.err);
	}
	if (rc < 0)
		call_query_ended(&r->call, q);
	return rc;
}

static bool has_piece(const struct run *r, int rc)
{
	return rc || r->x->out.len >= r->want;
}

/** On a thread of the pool. If no other run waits, it continues at once. */
static void work(struct pool_task *task)
{
	struct run *r = RUN_OF(task, task);
	struct dispatch *d = r->dispatch;
	int rc;

	query_slice(r->call.rows->query, SLICE_NS, false);
	do
		rc = write_rows(r);
	while (!has_piece(r, rc) && !pool_queued(d->queries));
	if (!has_piece(r, rc)) {
		pool_submit(d->queries, task);
		return;
	}
	r->rows_rc = rc;
	atomic_fetch_sub(&d->slow, 1);
	run_wake(r, 1);
}

bool run_owner(struct run *r)
{
	char source[SOURCE_MAX];

	if (r->owner)
		return true;
	source_of(r->x->peer, source);
	r->owner = arena_printf(r->call.arena, "%s\n%s", call_user(&r->call), source);
	return r->owner != NULL;
}

/** \return false if there is no memory for it, which is the outcome */
static bool hand_over(struct run *r)
{
	if (!run_owner(r)) {
		r->rows_rc = err_nomem(&r->call.err);
		return false;
	}
	atomic_store(&r->holds, 2);
	r->task.run = work;
	r->task.owner = r->owner;
	atomic_fetch_add(&r->dispatch->slow, 1);
	pool_submit(r->dispatch->queries, &r->task); /* the pool owns the run from here */
	return true;
}

/** Makes a piece of about \p want bytes; the outcome is rows_rc. \return false: the pool makes it */
static bool make_piece(struct run *r, size_t want)
{
	struct query *q = r->call.rows->query;

	buf_clear(&r->x->out);
	r->want = r->format->encoder->whole ? SIZE_MAX : want;
	if (!r->slow) {
		query_slice(q, atomic_load_explicit(&r->dispatch->slow, memory_order_relaxed) ? LIGHT_BUSY_NS : LIGHT_NS, true);
		r->rows_rc = write_rows(r);
		r->slow = query_worked_ns(q) >= LIGHT_ALL_NS;
		if (has_piece(r, r->rows_rc))
			return true;
		r->slow = true;
	}
	return !hand_over(r);
}

enum flow rows_begin(struct run *r)
{
	if (r->rc || !r->call.rows)
		return FLOW_NEXT;
	if (r->call.out.whole) {
		r->rc = err_set(&r->call.err, LYRE_EINTERNAL, "the operation answered with rows, and with a value");
		return FLOW_NEXT;
	}
	r->rows = true;
	return make_piece(r, FIRST_PIECE) ? FLOW_NEXT : FLOW_WAIT;
}

/** The table may have been dropped meanwhile, or the caller removed: that is not a fault. */
static void log_broken_off(const struct run *r, int rc)
{
	enum lyre_log_level level = r->gone ? LYRE_DEBUG : status_of(rc) < 500 || rc == LYRE_EBUSY ? LYRE_WARN : LYRE_ERROR;

	log_write(level, "dispatch", "%s by '%s' stopped while sending rows: %s", r->call.operation->name, call_user(&r->call),
		r->call.err.text);
}

int dispatch_stream(struct exchange *x, size_t want)
{
	struct run *r = x->state;

	if (r->waiting) {
		run_stop_waiting(r);
	} else {
		r->rows_rc = check_receiver(r, &r->call.err);
		if (!r->rows_rc && !make_piece(r, want) && !run_wait(r))
			return LYRE_PENDING;
	}
	if (r->rows_rc < 0) {
		r->rows_rc = charge_explain(&x->charge, &r->call.err);
		log_broken_off(r, r->rows_rc);
	}
	return r->rows_rc;
}
