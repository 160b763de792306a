/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The background work of databases whose writers have no thread: one thread does it for all of them, one step for one
 * database at a time.
 */
#include "base/text.h"
#include "base/thread.h"
#include "log/log.h"
#include "store/store_internal.h"

/* A reference to the first database after \p last in the list, or the first of all; NULL at the end */
static struct database *next_database(struct store *s, const struct database *last)
{
	rwlock_read(&s->lock);
	struct database *db = store_after(s, last);
	if (db)
		(void)database_ref(db);
	rwlock_read_end(&s->lock);
	return db;
}

/* \return when the next database is due, monotonic ms */
static int64_t tend_all(struct store *s)
{
	int64_t at = INT64_MAX;
	struct database *last = NULL, *db;
	while ((db = next_database(s, last))) {
		int64_t due = writer_tend(db);
		at = due < at ? due : at;
		database_unref(last);
		last = db;
	}
	database_unref(last);
	return at;
}

/* With the lock held. \return false: the thread must end */
static bool wait_until_due(struct upkeep *u)
{
	while (!u->stopping && monotonic_ms() < u->at) {
		const struct timespec at = timespec_of_ms(u->at);
		if (u->at == INT64_MAX)
			pthread_cond_wait(&u->wake, &u->lock);
		else
			pthread_cond_timedwait(&u->wake, &u->lock, &at);
	}
	return !u->stopping;
}

static void *run(void *arg)
{
	struct store *s = arg;
	struct upkeep *u = &s->upkeep;
	log_thread("store/upkeep");
	pthread_mutex_lock(&u->lock);
	while (wait_until_due(u)) {
		u->at = INT64_MAX; /* databases that become due from now on announce it again */
		pthread_mutex_unlock(&u->lock);
		int64_t at = tend_all(s);
		pthread_mutex_lock(&u->lock);
		u->at = at < u->at ? at : u->at;
	}
	pthread_mutex_unlock(&u->lock);
	return NULL;
}

void upkeep_init(struct upkeep *u)
{
	*u = (struct upkeep){ .at = INT64_MAX };
	pthread_mutex_init(&u->lock, NULL);
	cond_init_monotonic(&u->wake);
}

int upkeep_start(struct store *s, struct err *e)
{
	int rc = thread_start(run, s, &s->upkeep.thread);
	if (rc)
		return err_errno(e, rc, "start the upkeep of", s->path);
	s->upkeep.running = true;
	return 0;
}

void upkeep_at(struct upkeep *u, int64_t when)
{
	pthread_mutex_lock(&u->lock);
	if (when < u->at) {
		u->at = when;
		pthread_cond_signal(&u->wake);
	}
	pthread_mutex_unlock(&u->lock);
}

void upkeep_stop(struct upkeep *u)
{
	pthread_mutex_lock(&u->lock);
	u->stopping = true;
	pthread_cond_signal(&u->wake);
	pthread_mutex_unlock(&u->lock);
	if (u->running)
		pthread_join(u->thread, NULL);
	u->running = false;
}

void upkeep_free(struct upkeep *u)
{
	pthread_cond_destroy(&u->wake);
	pthread_mutex_destroy(&u->lock);
}
