/* SPDX-License-Identifier: Apache-2.0 */
#include "job/tasks.h"

#include "base/text.h"
#include "base/thread.h"
#include "log/log.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

/** A time that is as good as never, ms. */
#define AGES ((uint64_t)INT64_MAX / 4)
/** When a run is tried again for which the system had no thread, ms. */
#define NO_THREAD_PAUSE 1000
/** How long a task may take to end before that is logged, ms. */
#define SLOW_END 2000

struct tasks {
	pthread_mutex_t lock;   /* stopping is set with it, and read without */
	pthread_cond_t changed; /* a task was woken, or has ended; or all are to end */
	void (*wake)(void *arg);
	void *arg;
	struct task *first;
	struct pool *pool; /* NULL: not begun, without tasks, or ended */
	int64_t told;      /* when tasks_tend() is to be called, monotonic ms */
	unsigned running;
	atomic_bool stopping;
	int64_t stopped_at; /* monotonic ms */
	bool complained;
};

int tasks_open(struct tasks **ret, void (*wake)(void *arg), void *arg, struct err *e)
{
	struct tasks *t = calloc(1, sizeof *t);

	if (!t)
		return err_nomem(e);
	pthread_mutex_init(&t->lock, NULL);
	cond_init_monotonic(&t->changed);
	t->wake = wake;
	t->arg = arg;
	*ret = t;
	return 0;
}

/* ---- when ---- */

static int64_t after(uint64_t ms)
{
	return monotonic_ms() + (int64_t)(ms < AGES ? ms : AGES);
}

/** With the lock held. The task waits until then. */
static void wait_until(struct task *task, int64_t due)
{
	struct tasks *t = task->tasks;

	task->state = TASK_WAITS;
	task->due = due;
	if (due < t->told && !atomic_load(&t->stopping)) {
		t->told = due;
		t->wake(t->arg);
	}
}

/** With the lock held, for a task that waits. */
static void submit(struct task *task)
{
	if (pool_offer(task->tasks->pool, &task->work))
		task->state = TASK_QUEUED;
	else
		wait_until(task, after(NO_THREAD_PAUSE));
}

int tasks_tend(struct tasks *t)
{
	int64_t now = monotonic_ms();

	pthread_mutex_lock(&t->lock);
	t->told = INT64_MIN; /* whatever is put off now is seen below */
	for (struct task *task = t->first; task; task = task->next_task) {
		if (t->pool && task->state == TASK_WAITS && task->due <= now && !atomic_load(&t->stopping))
			submit(task);
	}
	t->told = INT64_MAX;
	for (struct task *task = t->first; task; task = task->next_task) {
		if (t->pool && task->state == TASK_WAITS && task->due < t->told)
			t->told = task->due;
	}
	int64_t told = t->told;
	pthread_mutex_unlock(&t->lock);
	return told == INT64_MAX ? -1 : told <= now ? 0 : told - now > INT_MAX ? INT_MAX : (int)(told - now);
}

/* ---- a run ---- */

/** With the lock held. When the task is to run again, after a run. */
static void put_off(struct task *task)
{
	if (task->woken && !atomic_load(&task->tasks->stopping))
		submit(task);
	else if (task->next_set || task->every)
		wait_until(task, after(task->next_set ? task->next : task->every));
	else
		wait_until(task, INT64_MAX);
}

static void run(struct pool_task *work)
{
	struct task *task = (struct task *)((char *)work - offsetof(struct task, work));
	struct tasks *t = task->tasks;

	pthread_mutex_lock(&t->lock);
	bool wanted = !atomic_load(&t->stopping);
	task->woken = task->next_set = false;
	if (wanted) {
		task->state = TASK_RUNS;
		t->running++;
		pthread_mutex_unlock(&t->lock);
		metric_add(&task->runs, 1);
		task->run(task);
		pthread_mutex_lock(&t->lock);
		t->running--;
	}
	put_off(task);
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

void task_wake(struct task *task)
{
	struct tasks *t = task->tasks;

	pthread_mutex_lock(&t->lock);
	task->woken = true;
	task->due = 0;
	if (!t->pool || atomic_load(&t->stopping))
		; /* it runs at the beginning, or never */
	else if (task->state == TASK_WAITS)
		submit(task);
	else
		pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

int task_wanted(const struct task *task, struct err *e)
{
	return atomic_load(&task->tasks->stopping) ? err_set(e, LYRE_EBUSY, "The server is stopping") : 0;
}

int task_sleep(struct task *task, uint64_t ms, struct err *e)
{
	struct tasks *t = task->tasks;
	const struct timespec until = timespec_of_ms(after(ms));
	int rc = 0;

	pthread_mutex_lock(&t->lock);
	while (!task->woken && !atomic_load(&t->stopping) && !rc)
		rc = pthread_cond_timedwait(&t->changed, &t->lock, &until);
	task->woken = false;
	pthread_mutex_unlock(&t->lock);
	return task_wanted(task, e);
}

void task_next(struct task *task, uint64_t ms)
{
	pthread_mutex_lock(&task->tasks->lock);
	task->next = ms;
	task->next_set = true;
	pthread_mutex_unlock(&task->tasks->lock);
}

/* ---- begin and end ---- */

void tasks_add(struct tasks *t, struct task *task)
{
	pthread_mutex_lock(&t->lock);
	task->tasks = t;
	task->work.run = run;
	task->state = TASK_WAITS;
	task->next_task = t->first;
	t->first = task;
	pthread_mutex_unlock(&t->lock);
}

void tasks_remove(struct tasks *t, struct task *task)
{
	struct task **at = &t->first;

	pthread_mutex_lock(&t->lock);
	while (*at != task)
		at = &(*at)->next_task;
	*at = task->next_task;
	pthread_mutex_unlock(&t->lock);
}

int tasks_begin(struct tasks *t, struct err *e)
{
	unsigned count = 0;
	int rc = 0;

	pthread_mutex_lock(&t->lock);
	for (struct task *task = t->first; task; task = task->next_task, count++)
		if (!task->woken)
			task->due = task->every ? after(task->delay) : INT64_MAX;
	if (count)
		rc = pool_open(&t->pool, "task", count, 0, e);
	pthread_mutex_unlock(&t->lock);
	return rc;
}

void tasks_stop(struct tasks *t)
{
	pthread_mutex_lock(&t->lock);
	if (!atomic_exchange(&t->stopping, true))
		t->stopped_at = monotonic_ms();
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

/** With the lock held. */
static void complain(struct tasks *t)
{
	if (t->complained || monotonic_ms() < t->stopped_at + SLOW_END)
		return;
	t->complained = true;
	for (const struct task *task = t->first; task; task = task->next_task) {
		if (task->state == TASK_RUNS)
			log_warn("task", "%s has not ended, %d seconds after it was told to", task->label, SLOW_END / 1000);
	}
}

unsigned tasks_left(struct tasks *t, int64_t deadline_ms)
{
	const struct timespec until = timespec_of_ms(deadline_ms);

	pthread_mutex_lock(&t->lock);
	while (t->running && pthread_cond_timedwait(&t->changed, &t->lock, &until) != ETIMEDOUT)
		continue;
	unsigned left = t->running;
	if (left)
		complain(t);
	pthread_mutex_unlock(&t->lock);
	return left;
}

void tasks_end(struct tasks *t)
{
	if (!t)
		return;
	tasks_stop(t);
	while (tasks_left(t, monotonic_ms() + SLOW_END))
		continue;
	pthread_mutex_lock(&t->lock);
	struct pool *pool = t->pool;
	t->pool = NULL;
	pthread_mutex_unlock(&t->lock);
	pool_close(pool);
}

void tasks_close(struct tasks *t)
{
	if (!t)
		return;
	tasks_end(t);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
