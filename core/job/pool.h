/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file job/pool.h
 * \brief Worker threads for work that may block: password hashes, backups, schema changes; and for jobs.
 */
#ifndef JOB_POOL_H
#define JOB_POOL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct pool;

/** A piece of work; its memory is the submitter's, and is not touched by the pool once run() has begun. */
struct pool_task {
	void (*run)(struct pool_task *task);
	/**
	 * Tasks of one owner are run in order, and owners take turns, so that an owner of many tasks delays others by only one
	 * of them. NULL: the pool's own. Lives as long as the task waits.
	 */
	const char *owner;
	/** All such tasks together leave a thread, if there are several, to others, however long they take. */
	bool limited;
	/* internal */
	struct pool_task *next;        /**< in the first task of an owner: the first of the next owner; else the next of the same */
	struct pool_task *more, *last; /**< in the first task of an owner: those after it */
};

/**
 * \param name     of the threads in the log: name/1, name/2 …; a constant string
 * \param threads  maximum number; they start when there is work and end when idle for ten seconds
 * \param nice     steps of nice(2) below the other threads of the server
 */
int pool_open(struct pool **ret, const char *name, unsigned threads, int nice, struct err *e);
/** Maximum number of threads. */
unsigned pool_threads(const struct pool *p);
/** Number of tasks now waiting for a thread. */
size_t pool_queued(struct pool *p);
/** Any thread. Does not block, unless the system provides no thread at all: then the task is run before this returns. */
void pool_submit(struct pool *p, struct pool_task *task);
/** The same, but if there is no thread at all, nothing is done. \return whether the task will run. Never blocks. */
bool pool_offer(struct pool *p, struct pool_task *task);
/** Ends the threads once all work is done; only tasks may still submit. \p p may be NULL. */
void pool_close(struct pool *p);

#endif
