/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/gate.c
 * \brief Checks of credentials on the pool, a few at a time, the others in a short queue.
 */
#include "dispatch/dispatch_internal.h"

/** Checks that may wait for their turn. */
#define WAITING_MAX 256

void gate_init(struct gate *g, struct auth *a, struct pool *p, unsigned limit)
{
	*g = (struct gate){ .auth = a, .pool = p, .limit = limit ? limit : 1 };
	g->last = &g->first;
	pthread_mutex_init(&g->lock, NULL);
}

void gate_destroy(struct gate *g)
{
	pthread_mutex_destroy(&g->lock);
}

/** Gives the place that became free to the one that waits the longest. */
static void pass_on(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	struct verification *next = g->first;
	if (next) {
		g->first = next->next;
		if (!g->first)
			g->last = &g->first;
		g->waiting--;
	} else {
		g->running--;
	}
	pthread_mutex_unlock(&g->lock);
	if (next)
		pool_submit(g->pool, &next->task);
}

static void verify(struct pool_task *task)
{
	struct verification *v = (struct verification *)((char *)task - offsetof(struct verification, task));
	const struct credentials *c = v->credentials;

	v->rc = auth_verify(v->gate->auth, c->user, c->user_len, c->password, c->password_len, v->arena, &v->identity,
		&v->err);
	pass_on(v->gate);
	v->done(v);
}

unsigned gate_waiting(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	unsigned waiting = g->waiting;
	pthread_mutex_unlock(&g->lock);
	return waiting;
}

int gate_submit(struct gate *g, struct verification *v, struct err *e)
{
	bool now = false;
	int rc = 0;

	v->gate = g;
	v->next = NULL;
	v->task.run = verify;
	pthread_mutex_lock(&g->lock);
	if (g->running < g->limit) {
		g->running++;
		now = true;
	} else if (g->waiting < WAITING_MAX) {
		*g->last = v;
		g->last = &v->next;
		g->waiting++;
	} else {
		rc = err_set(e, LYRE_EBUSY, "Too many credentials wait to be checked");
	}
	pthread_mutex_unlock(&g->lock);
	if (now)
		pool_submit(g->pool, &v->task);
	return rc;
}
