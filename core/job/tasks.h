/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file job/tasks.h
 * \brief Work that repeats: at intervals, or when it is woken. Runs of the same task do not overlap.
 *
 * One thread calls tasks_tend() when it is time for the next run; the runs are on threads that exist only while there is
 * something to do, one for each task that is running, so that none waits for another.
 */
#ifndef JOB_TASKS_H
#define JOB_TASKS_H

#include "base/metric.h"
#include "job/pool.h"

#include <stdint.h>

struct tasks;

/** A task; its memory is that of whoever adds it, until tasks_remove() or tasks_close(). */
struct task {
	/* in */
	void (*run)(struct task *task);
	const char *label; /**< in the log: "module/name" */
	uint64_t delay;    /**< before the first run, ms */
	uint64_t every;    /**< from the end of a run to the next, ms; 0: only when it is woken */
	/* internal */
	struct pool_task work;
	struct tasks *tasks;
	struct task *next_task;
	enum { TASK_WAITS, TASK_QUEUED, TASK_RUNS } state;
	bool woken;    /**< since the last run began */
	bool next_set; /**< the run has called task_next() */
	uint64_t next; /**< with what, ms */
	int64_t due;   /**< while it waits, monotonic ms; INT64_MAX: when it is woken */
	metric_count runs;
};

/** \p wake is called, on any thread, when tasks_tend() is to be called earlier than it has said; it must not block. */
int tasks_open(struct tasks **ret, void (*wake)(void *arg), void *arg, struct err *e);
/** Before tasks_begin(). */
void tasks_add(struct tasks *t, struct task *task);
void tasks_remove(struct tasks *t, struct task *task);
/** From now on tasks run. */
int tasks_begin(struct tasks *t, struct err *e);
/** Starts what is due. By one thread. \return ms after which to call again; negative: when woken */
int tasks_tend(struct tasks *t);

/** Runs a task soon; if it is running, once more. Any thread; short, does not block. */
void task_wake(struct task *task);
/** 0; LYRE_EBUSY with its message if the task must end. Any thread. */
int task_wanted(const struct task *task, struct err *e);
/** In a run: waits for \p ms, or until the task is woken. \return as task_wanted() */
int task_sleep(struct task *task, uint64_t ms, struct err *e);
/** In a run: the next one comes \p ms after its end. */
void task_next(struct task *task, uint64_t ms);

/** Makes tasks end: none begins, and those that run are told by task_wanted(). Any thread. */
void tasks_stop(struct tasks *t);
/**
 * After tasks_stop(): waits until no task runs, at most until \p deadline_ms (monotonic_ms()). Those that do not end for
 * some seconds are logged, once. \return the number of tasks that still run
 */
unsigned tasks_left(struct tasks *t, int64_t deadline_ms);
/** tasks_stop(), and waits for all of them. They may still be woken, without effect. \p t may be NULL. */
void tasks_end(struct tasks *t);
/** The same, and frees. */
void tasks_close(struct tasks *t);

#endif
