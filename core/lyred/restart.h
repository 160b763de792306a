/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/restart.h
 * \brief Restarts that operations ask for: tried out on the asker's thread, done by the main one.
 */
#ifndef RESTART_H
#define RESTART_H

#include "dispatch/dispatch.h"

#include <pthread.h>

/** What the main thread is asked for. */
enum restart_wish { WISH_NONE, WISH_WORKERS, WISH_RESTART };

struct restart {
	struct control control; /**< first: it is what dispatch knows of this */
	pthread_mutex_t lock;
	pthread_cond_t answered;
	pthread_t main;
	char *binary;      /**< NULL: not known, so that nothing can be restarted */
	char *const *argv;
	bool trying;       /**< a restart is tried out, or wished for */
	struct asked *asked; /**< what somebody waits for; NULL: nothing */
	bool ending;       /**< nothing is taken any more */
};

/** On the main thread, which is woken by PROCESS_WAKE_SIGNAL. \param argv  of this process */
void restart_init(struct restart *r, char *const *argv);
void restart_free(struct restart *r);
/** What to do next. On the main thread. */
enum restart_wish restart_next(struct restart *r);
/** The wish that was taken is fulfilled or, for a restart, will be; or, with a failure, not. */
void restart_answer(struct restart *r, const struct err *outcome);
/** From now on every wish is refused. */
void restart_end(struct restart *r);

#endif
