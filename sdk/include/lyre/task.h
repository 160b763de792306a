/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/task.h
 * \brief Work of a module that no request asks for: at intervals, when it is woken, or all the time.
 *
 * A task is added in start(). It runs on threads of the server, which exist only while tasks run, and with the rights of
 * the server; it may block. The first run begins when all modules have started and the server listens. Two runs of a task
 * never overlap. When the server stops or restarts, no run begins any more, and one in progress learns of it from
 * lyre_call_wanted() or lyre_task_sleep(); stop() is called when all have ended.
 */
#ifndef LYRE_TASK_H
#define LYRE_TASK_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

struct lyre_task;

/** The host's implementation of the functions in this header. */
struct lyre_task_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	int (*task_add)(lyre_instance *self, const struct lyre_task *task);
	int (*task_wake)(lyre_instance *self, const char *name);
	int (*task_sleep)(lyre_call *call, uint64_t ms);
	int (*task_next)(lyre_call *call, uint64_t ms);
};

/** A task. */
struct lyre_task {
	uint32_t size;  /**< sizeof(struct lyre_task) */
	uint32_t flags; /**< 0 */
	uint64_t delay; /**< ms before the first run; without every, it has no effect */
	uint64_t every; /**< ms from the end of a run to the beginning of the next; 0: it runs only when it is woken */
	/** for lyre_task_wake(), the log and the metrics: 1 to 31 of a to z, 0 to 9, _ and -; unique in the module */
	const char *name;
	/**
	 * One run; as for lyre_run(), the call and its memory end when it returns. A failure is logged: a task that keeps failing
	 * with the same message, once a minute. The next run comes as if it had succeeded.
	 */
	int (*work)(lyre_call *call, void *arg);
	void *arg;
	const void *reserved; /**< NULL */
};

/**
 * Adds a task; in start() only. \p task is copied, but not what it points to.
 * \return 0; as lyre_start_fail() with a message: LYRE_EEXISTS if the module has one of this name, LYRE_EINVAL, LYRE_ENOMEM
 */
static inline int lyre_task_add(lyre_instance *self, const struct lyre_task *task)
{
	return lyre_host->task->task_add(self, task);
}

/**
 * Runs a task as soon as possible; if it is running, once more. Several calls before a run begins cause one run. From
 * start() to stop(), on any thread, also in a listener (lyre/event.h); short, does not block.
 * \return 0; LYRE_ENOTFOUND, which is logged, if the module has no such task
 */
static inline int lyre_task_wake(lyre_instance *self, const char *name)
{
	return lyre_host->task->task_wake(self, name);
}

/**
 * In a task that works all the time: waits until \p ms have passed or the task is woken, without using the processor. Hold no
 * moment and no cursor meanwhile; wrap what is done between two waits in lyre_scope_begin() and lyre_scope_end().
 * \return 0; LYRE_EBUSY if the server is stopping: return it; LYRE_EINVAL in a call that is not a task's
 */
static inline int lyre_task_sleep(lyre_call *call, uint64_t ms)
{
	return lyre_host->task->task_sleep(call, ms);
}

/**
 * In a task: the next run begins \p ms after the end of this one, instead of after lyre_task.every. For intervals that
 * change, and to try again after a failure.
 * \return 0; LYRE_EINVAL in a call that is not a task's
 */
static inline int lyre_task_next(lyre_call *call, uint64_t ms)
{
	return lyre_host->task->task_next(call, ms);
}

LYRE_END_DECLS

#endif
