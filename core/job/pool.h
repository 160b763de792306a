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
	struct pool_task *next;
	void (*run)(struct pool_task *task);
};

/**
 * \param name     of the threads, in the log: name/1, name/2 …; constant
 * \param threads  how many at the most; they start when work comes and end when idle for ten seconds
 */
int pool_open(struct pool **ret, const char *name, unsigned threads, struct err *e);
/** How many threads there are at the most. */
unsigned pool_threads(const struct pool *p);
/** Tasks that wait for a thread, at this moment. */
size_t pool_queued(struct pool *p);
/** Any thread. Does not block, but when the system gives no thread at all: then the task is run before this returns. */
void pool_submit(struct pool *p, struct pool_task *task);
/** Ends the threads when all work is done; only tasks may still submit. NULL is nothing to close. */
void pool_close(struct pool *p);

#endif
