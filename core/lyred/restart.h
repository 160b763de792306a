/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/restart.h
 * \brief Restarts requested by operations: tried on the requesting thread, done by the main thread.
 */
#ifndef RESTART_H
#define RESTART_H

#include "dispatch/dispatch.h"

#include <pthread.h>

/** A request to the main thread. */
enum restart_wish { WISH_NONE, WISH_WORKERS, WISH_RESTART };

struct restart {
	struct control control; /**< must be first: dispatch sees only this */
	pthread_mutex_t lock;
	pthread_cond_t answered;
	pthread_t main;
	char *binary; /**< NULL: unknown, so that a restart is not possible */
	char *const *argv;
	bool trying;         /**< a restart is being tried, or requested */
	struct asked *asked; /**< the pending request; NULL: none */
	bool ending;         /**< further requests are refused */
};

/** On the main thread, which requests wake with PROCESS_WAKE_SIGNAL. \param argv  of this process */
void restart_init(struct restart *r, char *const *argv);
void restart_free(struct restart *r);
/** Lets the main thread look at what it is to do. Any thread; does not block. \param r  a struct restart */
void restart_wake(void *r);
/** The next request. On the main thread. */
enum restart_wish restart_next(struct restart *r);
/** Reports that the request taken is done (a restart: will be done), or its failure. */
void restart_answer(struct restart *r, const struct err *outcome);
/** From now on every request is refused. */
void restart_end(struct restart *r);

#endif
