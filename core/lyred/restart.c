/* SPDX-License-Identifier: Apache-2.0 */
#include "lyred/restart.h"

#include "log/log.h"
#include "lyred/process.h"
#include "lyred/trial.h"

#include <signal.h>
#include <stdlib.h>

static int busy(struct err *e)
{
	return err_set(e, LYRE_EBUSY, "The server is already restarting or stopping");
}

/** A request to the main thread, while its sender waits. */
struct asked {
	enum restart_wish wish;
	bool taken; /**< the main thread has seen it */
	bool answered;
	struct err *outcome;
};

void restart_wake(void *r)
{
	pthread_kill(((struct restart *)r)->main, PROCESS_WAKE_SIGNAL);
}

/** Passes a request to the main thread. With the lock held. */
static int ask_main(struct restart *r, enum restart_wish wish, struct err *e)
{
	struct asked mine = { .wish = wish, .outcome = e };

	while (r->asked)
		pthread_cond_wait(&r->answered, &r->lock);
	if (r->ending)
		return busy(e);
	r->asked = &mine;
	restart_wake(r);
	while (!mine.answered)
		pthread_cond_wait(&r->answered, &r->lock);
	return e->code;
}

static int ask_restart(struct control *c, struct err *e)
{
	struct restart *r = (struct restart *)c;

	pthread_mutex_lock(&r->lock);
	bool refused = r->ending || r->trying;
	if (!refused)
		r->trying = true;
	pthread_mutex_unlock(&r->lock);
	if (refused)
		return busy(e);
	int rc = r->binary ? trial_run(r->binary, r->argv, e) :
			     err_set(e, LYRE_ENOTSUP, "the path of the server's binary is unknown");
	pthread_mutex_lock(&r->lock);
	if (!rc)
		rc = ask_main(r, WISH_RESTART, e);
	if (rc)
		r->trying = false;
	pthread_mutex_unlock(&r->lock);
	if (rc)
		log_warn("main", "restart refused: %s", e->text);
	return rc;
}

static int ask_workers(struct control *c, struct err *e)
{
	struct restart *r = (struct restart *)c;

	pthread_mutex_lock(&r->lock);
	int rc = r->ending || r->trying || r->asked ? busy(e) : ask_main(r, WISH_WORKERS, e);
	pthread_mutex_unlock(&r->lock);
	return rc;
}

void restart_init(struct restart *r, char *const *argv)
{
	*r = (struct restart){
		.control = { .restart = ask_restart, .restart_workers = ask_workers },
		.main = pthread_self(),
		.binary = trial_binary(),
		.argv = argv,
	};
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->answered, NULL);
}

void restart_free(struct restart *r)
{
	pthread_cond_destroy(&r->answered);
	pthread_mutex_destroy(&r->lock);
	free(r->binary);
}

enum restart_wish restart_next(struct restart *r)
{
	enum restart_wish wish = WISH_NONE;

	pthread_mutex_lock(&r->lock);
	if (r->asked && !r->asked->taken) {
		wish = r->asked->wish;
		r->asked->taken = true;
	}
	pthread_mutex_unlock(&r->lock);
	return wish;
}

/** With the lock. */
static void answer(struct restart *r, const struct err *outcome)
{
	if (!r->asked)
		return;
	*r->asked->outcome = *outcome;
	r->asked->answered = true;
	r->asked = NULL;
	pthread_cond_broadcast(&r->answered);
}

void restart_answer(struct restart *r, const struct err *outcome)
{
	pthread_mutex_lock(&r->lock);
	answer(r, outcome);
	pthread_mutex_unlock(&r->lock);
}

void restart_end(struct restart *r)
{
	struct err e;

	busy(&e);
	pthread_mutex_lock(&r->lock);
	r->ending = true;
	answer(r, &e);
	pthread_mutex_unlock(&r->lock);
}
