/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the server's own tables: created if missing, and written by threads that may block.
 */
#include "store/store.h"

#include <pthread.h>

int store_ensure_table(struct store *s, const struct lyre_table_spec *spec, struct err *e)
{
	const struct table *t;
	struct err ignored;
	if (store_table(s, spec->database, spec->name, &t, &ignored) == 0) {
		table_unref(t);
		return 0;
	}
	return store_create_table(s, spec, e);
}

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done;
};

static void wake(struct record_write *w)
{
	struct waiter *waiter = w->arg;
	pthread_mutex_lock(&waiter->lock);
	waiter->done = true;
	pthread_cond_signal(&waiter->ended);
	pthread_mutex_unlock(&waiter->lock);
}

int store_write_wait(struct record_write *w, struct err *e)
{
	struct waiter waiter = { .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER };
	w->done = wake;
	w->arg = &waiter;
	int rc = store_write(w, e);
	if (!rc) {
		pthread_mutex_lock(&waiter.lock);
		while (!waiter.done)
			pthread_cond_wait(&waiter.ended, &waiter.lock);
		pthread_mutex_unlock(&waiter.lock);
		if (w->err.code)
			*e = w->err;
		rc = w->err.code;
	}
	pthread_cond_destroy(&waiter.ended);
	pthread_mutex_destroy(&waiter.lock);
	return rc;
}
