/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file job/pool.c
 * \brief Worker threads that start when there is work and end when there is none.
 */
#include "job/pool.h"

#include "base/thread.h"
#include "log/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/** Seconds that a thread waits for the next task before it ends. */
#define IDLE_SECONDS 10

enum worker_state { WORKER_FREE, WORKER_RUNNING, WORKER_ENDED };

struct worker {
	struct pool *pool;
	pthread_t thread;
	enum worker_state state;
	unsigned number;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct pool_task *first, **last; /* the first task of each owner, in order of their turns */
	size_t queued;
	unsigned idle;
	unsigned limited; /* such tasks that are running */
	bool closing;
	const char *name;
	int nice;
	unsigned count;
	struct worker workers[];
};

/** The first owner whose first task may run now; a pointer to NULL: none. */
static struct pool_task **next_owner(struct pool *p)
{
	bool all = p->count < 2 || p->limited + 1 < p->count;
	struct pool_task **at = &p->first;

	while (*at && (*at)->limited && !all)
		at = &(*at)->next;
	return at;
}

/** With the lock held. \return true if there is a task; false if the thread must end */
static bool wait_for_work(struct pool *p)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_SECONDS;
	p->idle++;
	while (!*next_owner(p) && !p->closing) {
		if (pthread_cond_timedwait(&p->work, &p->lock, &until) == ETIMEDOUT)
			break;
	}
	p->idle--;
	return *next_owner(p) != NULL;
}

/** Appends to the list of owners. */
static void add_owner(struct pool *p, struct pool_task *first)
{
	first->next = NULL;
	*p->last = first;
	p->last = &first->next;
}

static bool same_owner(const struct pool_task *x, const struct pool_task *y)
{
	return x->owner == y->owner || (x->owner && y->owner && !strcmp(x->owner, y->owner));
}

/** With the lock held. Searches the owners linearly: there are no more of them than clients. */
static void put(struct pool *p, struct pool_task *task)
{
	struct pool_task *first = p->first;

	while (first && !same_owner(first, task))
		first = first->next;
	task->next = task->more = task->last = NULL;
	p->queued++;
	if (!first) {
		add_owner(p, task);
		return;
	}
	if (first->more)
		first->last->next = task;
	else
		first->more = task;
	first->last = task;
}

/** With the lock held. Takes an owner's first task; its next one waits for another turn. */
static struct pool_task *take(struct pool *p)
{
	struct pool_task **at = next_owner(p), *task = *at, *heir = task->more;

	*at = task->next;
	if (!*at)
		p->last = at;
	if (heir) {
		heir->more = heir->next;
		heir->last = task->last;
		add_owner(p, heir);
	}
	p->queued--;
	return task;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct pool *p = w->pool;
	char name[24];

	snprintf(name, sizeof name, "%s/%u", p->name, w->number);
	log_thread(name);
	if (p->nice)
		thread_lower_priority(p->nice);
	pthread_mutex_lock(&p->lock);
	while (wait_for_work(p)) {
		struct pool_task *task = take(p);
		unsigned limited = task->limited;

		p->limited += limited;
		pthread_mutex_unlock(&p->lock);
		task->run(task);
		pthread_mutex_lock(&p->lock);
		p->limited -= limited;
	}
	w->state = WORKER_ENDED;
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/** With the lock held. \return 0 or an errno; EAGAIN also if all threads are busy */
static int start_worker(struct pool *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		struct worker *w = &p->workers[i];

		if (w->state == WORKER_RUNNING)
			continue;
		if (w->state == WORKER_ENDED) {
			pthread_join(w->thread, NULL); /* it has released its last lock: this does not wait */
			w->state = WORKER_FREE;
		}
		int rc = thread_start(work, w, &w->thread);
		if (!rc)
			w->state = WORKER_RUNNING;
		return rc;
	}
	return EAGAIN;
}

static bool has_worker(const struct pool *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (p->workers[i].state == WORKER_RUNNING)
			return true;
	}
	return false;
}

int pool_open(struct pool **ret, const char *name, unsigned threads, int nice, struct err *e)
{
	if (threads < 1)
		threads = 1;
	struct pool *p = calloc(1, sizeof *p + threads * sizeof *p->workers);
	if (!p)
		return err_nomem(e);

	cond_init_monotonic(&p->work);
	pthread_mutex_init(&p->lock, NULL);
	p->last = &p->first;
	p->name = name;
	p->nice = nice;
	p->count = threads;
	for (unsigned i = 0; i < threads; i++)
		p->workers[i] = (struct worker){ .pool = p, .number = i + 1 };
	*ret = p;
	return 0;
}

unsigned pool_threads(const struct pool *p)
{
	return p->count;
}

size_t pool_queued(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	size_t queued = p->queued;
	pthread_mutex_unlock(&p->lock);
	return queued;
}

bool pool_offer(struct pool *p, struct pool_task *task)
{
	pthread_mutex_lock(&p->lock);
	put(p, task);
	/* While closing, only tasks submit, and their own thread is still available. */
	bool taken = p->closing || p->queued <= p->idle || start_worker(p) == 0 || has_worker(p);
	if (taken)
		pthread_cond_signal(&p->work);
	else
		take(p); /* the only one in the queue: other tasks would need workers */
	pthread_mutex_unlock(&p->lock);
	return taken;
}

void pool_submit(struct pool *p, struct pool_task *task)
{
	if (pool_offer(p, task))
		return;
	log_warn("job", "no worker thread could be started: the work is done on the requesting thread");
	task->run(task);
}

void pool_close(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->count; i++) {
		pthread_mutex_lock(&p->lock);
		bool join = p->workers[i].state != WORKER_FREE;
		pthread_mutex_unlock(&p->lock);
		if (join)
			pthread_join(p->workers[i].thread, NULL);
	}
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
