/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/dispatch.c
 * \brief Takes exchanges through the steps, suspends and resumes them, and counts them.
 */
#include "dispatch/dispatch.h"

#include "base/machine.h"
#include "base/text.h"
#include "config/config.h"
#include "dispatch/dispatch_internal.h"
#include "log/log.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- opening and closing ---- */

/** Memory for requests: a share that leaves enough for the databases' pages and the server itself. */
static void open_budget(struct budget *b, const struct config *c)
{
	const size_t most = SIZE_MAX / 2;
	uint64_t memory = machine_memory() / 4, each = 0;

	if (!config_is_null(c, "operationsApi.maxMemory"))
		memory = (uint64_t)config_int(c, "operationsApi.maxMemory");
	if (!config_is_null(c, "operationsApi.maxRequestMemory"))
		each = (uint64_t)config_int(c, "operationsApi.maxRequestMemory");
	budget_init(b, memory < most ? (size_t)memory : most, each < most ? (size_t)each : most,
		(size_t)config_int(c, "operationsApi.network.maxConnections"));
}

/** How many passwords are hashed at once: half of the processors are left for signed-in users. */
static unsigned gate_threads(const struct config *c)
{
	int64_t threads = c ? config_int(c, "authentication.argon2.threads") : 0;

	if (threads > 0)
		return (unsigned)threads;
	unsigned processors = machine_processors();
	return processors > 2 ? processors / 2 : 1;
}

int dispatch_open(struct dispatch **ret, const struct dispatch_services *services, struct err *e)
{
	struct dispatch *d = calloc(1, sizeof *d);

	if (!d)
		return err_nomem(e);
	d->services = *services;
	registry_init(&d->registry);
	if (services->config)
		open_budget(&d->budget, services->config);
	int rc = gate_start(&d->gate, services->auth, gate_threads(services->config), e);
	if (!rc)
		rc = request_metrics_open(d, e);
	if (!rc)
		rc = slices_open(d, e);
	if (rc) {
		dispatch_close(d);
		return rc;
	}
	*ret = d;
	return 0;
}

void dispatch_close(struct dispatch *d)
{
	if (!d)
		return;
	gate_stop(d->gate);
	pool_close(d->queries);
	pool_close(d->longs);
	request_metrics_close(d);
	registry_free(&d->registry);
	free(d);
}

int dispatch_register(struct dispatch *d, const char *owner, lyre_instance *instance, struct lyre_list operations, struct err *e)
{
	int rc = registry_add(&d->registry, owner, instance, operations, e);

	return rc ? rc : request_metrics_make_room(d, e);
}

const struct operation *const *dispatch_operations(const struct dispatch *d, size_t *count)
{
	*count = d->registry.count;
	return d->registry.operations;
}

struct budget *dispatch_budget(struct dispatch *d)
{
	return &d->budget;
}

struct control *dispatch_control(const struct dispatch *d)
{
	return d->services.control;
}

struct auth *dispatch_auth(const struct dispatch *d)
{
	return d->services.auth;
}

struct tls *dispatch_tls(const struct dispatch *d)
{
	return d->services.tls;
}

struct store *dispatch_store(const struct dispatch *d)
{
	return d->services.store;
}

struct tasks *dispatch_tasks(const struct dispatch *d)
{
	return d->services.tasks;
}

unsigned dispatch_waiting(const struct dispatch *d)
{
	return atomic_load(&d->waiting);
}

void dispatch_hurry(struct dispatch *d)
{
	gate_drain(d->gate, false);
}

bool dispatch_drain(struct dispatch *d, int64_t deadline_ms)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };

	atomic_store(&d->draining, true);
	/* A flood of sign-ins may take longer than a shutdown may; those do not count as requests in progress. */
	gate_drain(d->gate, true);
	while (atomic_load(&d->open)) {
		if (monotonic_ms() >= deadline_ms)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

void dispatch_cut(struct dispatch *d)
{
	atomic_store(&d->cutting, true);
}

/* ---- one exchange ---- */

bool run_release(struct run *r, int n)
{
	return atomic_fetch_sub(&r->holds, n) == n;
}

void run_wake(struct run *r, int n)
{
	struct exchange *x = r->x;

	if (run_release(r, n))
		x->resume(x);
}

void call_resume(lyre_call *call)
{
	if (call->outer)
		call_request_resume(call);
	else if (call->job)
		job_resume(call);
	else
		run_wake(RUN_OF(call, call), 1);
}

static void finish(struct run *r)
{
	struct exchange *x = r->x;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t took = (int64_t)(now.tv_sec - r->begun.tv_sec) * 1000000000 + (now.tv_nsec - r->begun.tv_nsec);
	x->duration_ms = (double)took / 1e6;
	request_metrics_add(r, (uint64_t)took);
	/* Clients expect the answer to any kind of restart to be the connection's last. */
	const struct operation *o = r->call.operation;
	if (atomic_load_explicit(&r->dispatch->draining, memory_order_relaxed) || (o && o->decl->flags & LYRE_O_LAST_ANSWER))
		x->close = true;
}

void run_stop_waiting(struct run *r)
{
	r->waiting = false;
	atomic_fetch_sub(&r->dispatch->waiting, 1);
}

bool run_wait(struct run *r)
{
	atomic_fetch_add(&r->dispatch->waiting, 1);
	r->waiting = true;
	if (!run_release(r, 1))
		return false;
	run_stop_waiting(r);
	return true;
}

static enum dispatch_result go(struct run *r)
{
	struct dispatch *d = r->dispatch;

	for (;;) {
		const step_function *step = r->next++;
		enum flow flow = (*step)(r);

		if (flow == FLOW_DONE) {
			finish(r);
			return DISPATCH_DONE;
		}
		if (flow == FLOW_REPEAT)
			r->next = step;
		if (flow == FLOW_NEXT)
			continue;
		if (flow == FLOW_BODY || flow == FLOW_PIECE) {
			/* A client may take any time to send it: a drain does not wait for that. */
			r->body_coming = true;
			atomic_fetch_sub(&d->open, 1);
			return flow == FLOW_BODY ? DISPATCH_BODY : DISPATCH_PIECE;
		}
		if (!run_wait(r))
			return DISPATCH_WAIT; /* another thread has the run */
	}
}

#define BEGIN(err) offsetof(struct run, err.text) + 1
#define END(err) offsetof(struct run, err.text) + sizeof r->err.text

/** Clears everything but the messages at the end, which are most of the struct and start out empty. */
static void run_clear(struct run *r)
{
	const struct {
		size_t begin, end;
	} stretches[] = {
		{ 0, BEGIN(verification.err) },
		{ END(verification.err), BEGIN(call.err) },
		{ END(call.err), BEGIN(call.write.err) },
		{ END(call.write.err), sizeof *r },
	};
	for (size_t i = 0; i < sizeof stretches / sizeof *stretches; i++)
		memset((char *)r + stretches[i].begin, 0, stretches[i].end - stretches[i].begin);
}

enum dispatch_result dispatch_begin(struct dispatch *d, struct exchange *x)
{
	x->dispatch = d;
	x->state = NULL;
	x->fd = -1;
	x->iso_date = false;
	x->disposition = NULL;
	x->set_cookie = NULL;
	x->more_count = 0;
	x->retry_after = 0;
	struct run *r = arena_alloc(&x->arena, sizeof *r);
	if (!r) {
		answer_no_memory(x, NULL);
		dispatch_count(x);
		return DISPATCH_DONE;
	}
	run_clear(r);
	r->x = x;
	r->dispatch = d;
	r->call.x = x;
	r->call.dispatch = d;
	r->call.store = d->services.store;
	r->call.arena = &x->arena;
	r->call.fd = -1;
	clock_gettime(CLOCK_MONOTONIC, &r->begun);
	r->next = steps;
	r->received = x->body.len;
	x->state = r;
	atomic_fetch_add(&d->open, 1);
	return go(r);
}

enum dispatch_result dispatch_continue(struct exchange *x)
{
	struct run *r = x->state;

	run_stop_waiting(r);
	return go(r);
}

enum dispatch_result dispatch_body(struct exchange *x)
{
	struct run *r = x->state;

	r->body_coming = false;
	r->received = x->body.len;
	atomic_fetch_add(&r->dispatch->open, 1);
	clock_gettime(CLOCK_MONOTONIC, &r->begun);
	return go(r);
}

/** A job that was refused: its request may contain credentials of other servers. */
static bool is_job(const struct run *r)
{
	return r->call.operation && r->call.operation->decl->run == LYRE_RUN_JOB;
}

void dispatch_end(struct exchange *x)
{
	struct run *r = x->state;

	if (!r)
		return;
	call_end(&r->call);
	principal_unref(r->call.who);
	principal_unref(r->verification.who);
	principal_unref(r->receiver);
	if (x->fd >= 0)
		close(x->fd);
	credentials_clear(&r->credentials);
	if (r->body_secret || is_job(r))
		secure_clear(x->body.data, x->body.len);
	x->state = NULL;
	x->fd = -1;
	if (r->waiting)
		run_stop_waiting(r); /* the connection had closed before resume() */
	if (!r->body_coming)
		atomic_fetch_sub(&r->dispatch->open, 1);
}

void dispatch_refuse(struct exchange *x, int status, const char *text)
{
	answer_error(x, NULL, status, text);
	dispatch_count(x);
}
