/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/gate.c
 * \brief Checks passwords: two queues, and threads that start when there is work, end when idle, and yield to others.
 */
#include "dispatch/dispatch_internal.h"

#include "base/text.h"
#include "base/thread.h"
#include "dispatch/lane.h"
#include "log/log.h"

#include <stdio.h>
#include <stdlib.h>

/** How many attempts may wait for a thread, and how many for their time. */
#define FRESH_MAX 256
#define DELAYED_MAX 1024
/** How long a thread waits for work before it ends. */
#define IDLE_MS 10000
/** Steps of priority below the rest of the server. */
#define NICE 10

enum checker_state { CHECKER_FREE, CHECKER_RUNNING, CHECKER_ENDED };

struct checker {
	struct gate *gate;
	pthread_t thread;
	enum checker_state state;
	unsigned number;
};

struct gate {
	struct auth *auth;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct lane fresh;
	struct lane delayed; /* separate, so that many failed attempts do not displace others */
	bool delayed_next;   /* the lanes take turns */
	bool hurrying;       /**< attempts no longer wait for their time */
	bool draining;       /**< attempts no longer wait at all */
	bool closing;
	unsigned running, idle;
	unsigned count;
	struct checker checkers[];
};

static struct attempt attempt_of(const struct verification *v)
{
	const struct credentials *c = v->credentials;

	return (struct attempt){
		.user = c->user,
		.user_len = c->user_len,
		.password = c->password,
		.password_len = c->password_len,
		.source = v->source,
	};
}

/** With the lock held. NULL: nothing is due. */
static struct verification *take(struct gate *g, int64_t now)
{
	bool delayed = lane_is_due(&g->delayed, now), fresh = lane_is_due(&g->fresh, now);

	if (!delayed && !fresh)
		return NULL;
	bool from_delayed = delayed && (g->delayed_next || !fresh);
	g->delayed_next = !from_delayed;
	return lane_take(from_delayed ? &g->delayed : &g->fresh);
}

/** \return as auth_delay(); for a refused attempt, when to retry */
static int64_t delay_of(struct gate *g, struct verification *v)
{
	const struct attempt a = attempt_of(v);
	int64_t delay = auth_delay(g->auth, &a);

	v->retry_after = delay < 0 ? (unsigned)((-delay + 999) / 1000) : 0;
	return delay;
}

static void fail(struct verification *v, const char *why)
{
	v->rc = err_set(&v->err, LYRE_EBUSY, "%s", why);
	v->done(v);
}

/** Refuses an attempt without checking it. */
static void refuse_unseen(struct gate *g, struct verification *v, const char *why)
{
	auth_refused(g->auth, v->credentials->user, v->peer, why);
	fail(v, why);
}

static const char too_many[] = "Too many credentials are waiting to be checked";
static const char too_many_failed[] = "Too many attempts to sign in as this user have failed: try again later";
static const char stopping[] = "The server is stopping";

/* ---- the threads ---- */

static void *run_checker(void *arg);

/** With the lock held. \return whether a thread was started */
static bool start_checker(struct gate *g)
{
	for (unsigned i = 0; i < g->count; i++) {
		struct checker *c = &g->checkers[i];

		if (c->state == CHECKER_RUNNING)
			continue;
		if (c->state == CHECKER_ENDED)
			pthread_join(c->thread, NULL); /* it has released its last lock: this does not wait */
		c->state = CHECKER_FREE;
		if (thread_start(run_checker, c, &c->thread))
			return false;
		c->state = CHECKER_RUNNING;
		g->running++;
		return true;
	}
	return false;
}

/** With the lock held: makes a thread look at what is due. */
static void call_checker(struct gate *g)
{
	if (g->idle)
		pthread_cond_signal(&g->work);
	else
		start_checker(g);
}

/** With the lock held. Waits until the next attempt is due, or until \p until (monotonic_ms()). */
static void wait_for_work(struct gate *g, int64_t until)
{
	const struct verification *next = g->delayed.first;

	if (next && next->due < until)
		until = next->due;
	const struct timespec at = timespec_of_ms(until);
	g->idle++;
	pthread_cond_timedwait(&g->work, &g->lock, &at);
	g->idle--;
}

/** With the lock held. \return NULL: the thread is to end */
static struct verification *next_attempt(struct gate *g)
{
	int64_t end = monotonic_ms() + IDLE_MS;

	for (;;) {
		int64_t now = monotonic_ms();
		struct verification *v = take(g, now);

		if (v) {
			if (lane_is_due(&g->fresh, now) || lane_is_due(&g->delayed, now))
				call_checker(g);
			return v;
		}
		if (g->closing)
			return NULL;
		if (now < end) {
			wait_for_work(g, end);
		} else if (g->delayed.first && !g->idle) {
			end = now + IDLE_MS; /* the last thread stays for attempts that wait for their time */
		} else {
			pthread_cond_signal(&g->work); /* a thread remains that may not know yet when the next attempt is due */
			return NULL;
		}
	}
}

/** \return whether the attempt was put back, because others of its user and source have failed since it arrived */
static bool must_wait(struct gate *g, struct verification *v)
{
	int64_t delay = delay_of(g, v);

	if (!delay)
		return false;
	pthread_mutex_lock(&g->lock);
	bool room = delay > 0 && !g->hurrying && lane_has_room(&g->delayed, 0);
	if (room) {
		v->due = monotonic_ms() + delay;
		v->delayed = true;
		v->turn = 0;
		lane_insert(&g->delayed, v);
		pthread_cond_signal(&g->work); /* an idle thread may be waiting for a later attempt */
	}
	pthread_mutex_unlock(&g->lock);
	if (!room)
		refuse_unseen(g, v, delay < 0 ? too_many_failed : too_many);
	return true;
}

static void check(struct gate *g, struct verification *v)
{
	const struct credentials *c = v->credentials;

	if (!v->delayed && must_wait(g, v))
		return;
	v->rc = auth_verify(g->auth, c->user, c->user_len, c->password, c->password_len, &v->who, &v->err);
	if (!v->rc || v->rc == LYRE_EUNAUTHENTICATED || v->rc == LYRE_EDENIED) {
		const struct attempt a = attempt_of(v);

		auth_count(g->auth, !v->rc, &a);
		auth_audit(g->auth, v->rc, c->user, v->peer);
	}
	if (v->rc == LYRE_EDENIED) /* clients see one status for every failed sign-in */
		v->rc = v->err.code = LYRE_EUNAUTHENTICATED;
	v->done(v);
}

static void *run_checker(void *arg)
{
	struct checker *c = arg;
	struct gate *g = c->gate;
	struct verification *v;
	char name[24];

	snprintf(name, sizeof name, "auth/%u", c->number);
	log_thread(name);
	thread_lower_priority(NICE); /* a flood of sign-ins gets only the processor time that is left over */
	pthread_mutex_lock(&g->lock);
	while ((v = next_attempt(g))) {
		pthread_mutex_unlock(&g->lock);
		check(g, v);
		pthread_mutex_lock(&g->lock);
	}
	c->state = CHECKER_ENDED;
	g->running--;
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

/* ---- from outside ---- */

int gate_start(struct gate **ret, struct auth *a, unsigned threads, struct err *e)
{
	if (threads < 1)
		threads = 1;
	struct gate *g = calloc(1, sizeof *g + threads * sizeof *g->checkers);
	if (!g)
		return err_nomem(e);

	cond_init_monotonic(&g->work);
	pthread_mutex_init(&g->lock, NULL);
	g->auth = a;
	g->fresh.max = FRESH_MAX;
	g->delayed.max = DELAYED_MAX;
	g->count = threads;
	for (unsigned i = 0; i < threads; i++)
		g->checkers[i] = (struct checker){ .gate = g, .number = i + 1 };
	*ret = g;
	return 0;
}

void gate_stop(struct gate *g)
{
	if (!g)
		return;
	pthread_mutex_lock(&g->lock);
	g->closing = true;
	pthread_cond_broadcast(&g->work);
	pthread_mutex_unlock(&g->lock);
	for (unsigned i = 0; i < g->count; i++) {
		pthread_mutex_lock(&g->lock);
		bool join = g->checkers[i].state != CHECKER_FREE;
		pthread_mutex_unlock(&g->lock);
		if (join)
			pthread_join(g->checkers[i].thread, NULL);
	}
	pthread_cond_destroy(&g->work);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

int gate_submit(struct gate *g, struct verification *v, struct err *e)
{
	const struct credentials *c = v->credentials;
	int64_t delay = delay_of(g, v);
	struct verification *gone = NULL;
	bool started = false;
	int rc = 0;

	v->due = monotonic_ms() + (delay > 0 ? delay : 0);
	v->delayed = delay > 0;
	pthread_mutex_lock(&g->lock);
	v->turn = v->delayed ? 0 : lane_turn(&g->fresh, v->source);
	struct lane *l = v->delayed ? &g->delayed : &g->fresh;
	if (delay < 0)
		rc = err_set(e, LYRE_EBUSY, "%s", too_many_failed);
	else if ((v->delayed ? g->hurrying : g->draining) || !lane_has_room(l, v->turn))
		rc = err_set(e, LYRE_EBUSY, "%s", too_many);
	else if (!g->running && !(started = start_checker(g)))
		rc = err_set(e, LYRE_EBUSY, "No thread can be started to check credentials");
	if (!rc) {
		gone = lane_insert(l, v);
		if (!started && g->fresh.count > g->idle)
			start_checker(g);
		pthread_cond_signal(&g->work);
	}
	pthread_mutex_unlock(&g->lock);
	if (rc)
		auth_refused(g->auth, c->user, v->peer, e->text);
	if (gone)
		refuse_unseen(g, gone, too_many);
	return rc;
}

/** The attempts belong to their owners again. */
static void fail_all(struct verification *v)
{
	while (v) {
		struct verification *next = v->next;

		fail(v, stopping);
		v = next;
	}
}

void gate_drain(struct gate *g, bool all)
{
	struct verification *fresh = NULL;

	pthread_mutex_lock(&g->lock);
	g->hurrying = true;
	struct verification *delayed = lane_empty(&g->delayed);
	if (all) {
		g->draining = true;
		fresh = lane_empty(&g->fresh);
	}
	pthread_mutex_unlock(&g->lock);
	fail_all(delayed);
	fail_all(fresh);
}

unsigned gate_waiting(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	unsigned waiting = g->fresh.count + g->delayed.count;
	pthread_mutex_unlock(&g->lock);
	return waiting;
}
