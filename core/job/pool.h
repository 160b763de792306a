/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file job/pool.h
 * \brief Worker threads for what may block: password hashes, backups, changes of the schema; and those of jobs.
 */
#ifndef JOB_POOL_H
#define JOB_POOL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct pool;

/** A piece of work; the memory is the submitter's, and untouched after run() has begun. */
struct pool_task {
	void (*run)(struct pool_task *task);
	/**
	 * Whose it is: tasks of one owner are run in their order, and owners take turns, so that who submits many keeps nobody
	 * waiting for more than one of them. NULL: of the pool's own. Lives as long as the task waits.
	 */
	const char *owner;
	/* the pool's */
	struct pool_task *next; /**< of the first of an owner: the first of the next owner; else the next of the same */
	struct pool_task *more, *last; /**< of the first of an owner: those behind it */
};

/**
 * \param name     of the threads, in the log: name/1, name/2 …; constant
 * \param threads  how many at the most; they start when work comes and end when idle for ten seconds
 * \param nice     steps of nice(2) by which they come after the other threads of the server
 */
int pool_open(struct pool **ret, const char *name, unsigned threads, int nice, struct err *e);
/** How many threads there are at the most. */
unsigned pool_threads(const struct pool *p);
/** Tasks that wait for a thread, at this moment. */
size_t pool_queued(struct pool *p);
/** Any thread. Does not block, but when the system gives no thread at all: then the task is run before this returns. */
void pool_submit(struct pool *p, struct pool_task *task);
/** Ends the threads when all work is done; only tasks may still submit. NULL is nothing to close. */
void pool_close(struct pool *p);

#endif
