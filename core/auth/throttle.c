/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/throttle.c
 * \brief A set-associative table of the pairs of user and source that failed, under one lock.
 */
#include "auth/throttle.h"

#include "base/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SETS 1024
#define WAYS 4
/** No attempt waits longer than this many maximum delays: further attempts are refused. */
#define DELAYS_MAX 2

/** A pair; empty if it has no failures. */
struct pair {
	uint64_t print[2];
	unsigned failures;  /**< including attempts in progress, which count as failed until their outcome is known */
	unsigned under_way; /**< attempts that got a delay and have not been noted yet */
	int64_t last;       /**< time of the last delay or note */
	int64_t turn;       /**< when the last attempt that got a delay starts */
};

struct throttle {
	uint8_t key[16];
	struct throttle_options options;
	pthread_mutex_t lock;
	struct pair pairs[SETS][WAYS];
};

int throttle_open(struct throttle **ret, const struct throttle_options *o, struct err *e)
{
	struct throttle *t = calloc(1, sizeof *t);

	if (!t)
		return err_nomem(e);
	random_bytes(t->key, sizeof t->key);
	t->options = *o;
	pthread_mutex_init(&t->lock, NULL);
	*ret = t;
	return 0;
}

void throttle_close(struct throttle *t)
{
	if (!t)
		return;
	pthread_mutex_destroy(&t->lock);
	secure_clear(t, sizeof *t);
	free(t);
}

/** The time from which the next attempt waits. */
static int64_t begin_of_wait(const struct pair *p)
{
	return p->turn > p->last ? p->turn : p->last;
}

/** Whether nothing is known of a pair, or no longer. */
static bool is_free(const struct throttle *t, const struct pair *p, int64_t now)
{
	return !p->failures || now - begin_of_wait(p) >= t->options.memory;
}

/** With the lock held. NULL if nothing is known of the pair. */
static struct pair *find(struct throttle *t, const uint64_t print[2], int64_t now)
{
	struct pair *set = t->pairs[print[0] % SETS];

	for (int i = 0; i < WAYS; i++) {
		struct pair *p = &set[i];

		if (!is_free(t, p, now) && p->print[0] == print[0] && p->print[1] == print[1])
			return p;
	}
	return NULL;
}

static bool is_worth_less(const struct pair *a, const struct pair *b)
{
	return a->failures != b->failures ? a->failures < b->failures : a->last < b->last;
}

/** With the lock held. The place for a new pair. */
static struct pair *place(struct throttle *t, const uint64_t print[2], int64_t now)
{
	struct pair *set = t->pairs[print[0] % SETS], *best = set;

	for (int i = 1; i < WAYS && !is_free(t, best, now); i++) {
		if (is_free(t, &set[i], now) || is_worth_less(&set[i], best))
			best = &set[i];
	}
	*best = (struct pair){ .print = { print[0], print[1] } };
	return best;
}

/** The delay between two attempts after this many failures. */
static int64_t delay_after(const struct throttle_options *o, unsigned failures)
{
	int64_t delay = o->delay;

	for (unsigned n = failures - o->free; n > 1 && delay < o->max_delay; n--)
		delay *= 2;
	return delay < o->max_delay ? delay : o->max_delay;
}

int64_t throttle_delay(struct throttle *t, const struct attempt *a, int64_t now)
{
	const struct throttle_options *o = &t->options;
	uint64_t print[2];
	int64_t wait = 0;

	if (o->delay <= 0 || o->max_delay <= 0)
		return 0;
	attempt_print(t->key, a, print);
	pthread_mutex_lock(&t->lock);
	struct pair *p = find(t, print, now);
	if (p && p->failures > o->free) {
		int64_t turn = begin_of_wait(p) + delay_after(o, p->failures);

		wait = turn > now ? turn - now : 1; /* must not be 0, which would mean that the attempt was not counted */
		if (wait <= DELAYS_MAX * o->max_delay) {
			p->turn = now + wait;
			p->last = now;
			p->failures++;
			p->under_way++;
		} else {
			wait = -wait;
		}
	}
	pthread_mutex_unlock(&t->lock);
	return wait;
}

void throttle_note(struct throttle *t, const struct attempt *a, bool right, int64_t now)
{
	uint64_t print[2];

	if (t->options.delay <= 0 || t->options.max_delay <= 0)
		return;
	attempt_print(t->key, a, print);
	pthread_mutex_lock(&t->lock);
	struct pair *p = find(t, print, now);
	if (right) {
		if (p)
			*p = (struct pair){ .failures = 0 };
	} else {
		if (!p)
			p = place(t, print, now);
		if (p->under_way)
			p->under_way--; /* it was counted when it got its delay */
		else
			p->failures++;
		p->last = now;
	}
	pthread_mutex_unlock(&t->lock);
}
