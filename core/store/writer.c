/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's thread, which starts with the first request and ends when there has been none for a while; from then on the
 * upkeep thread does the background work of the database (upkeep.c). One thread at a time is the writer. All waiting
 * requests go into one transaction, up to a limit of memory, which is flushed once. A request that cannot succeed fails
 * before it changes anything; if the storage fails in the middle of one, the transaction is undone and each request runs
 * alone.
 */
#include "base/text.h"
#include "base/thread.h"
#include "log/log.h"
#include "store/store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/** With storage.writeAsync: how long after the answers the flush may come, ms. */
#define SYNC_DELAY 500
/** The thread ends after this time without a request, ms. */
#define IDLE 2000

void writer_init(struct writer *w)
{
	*w = (struct writer){
		.due = INT64_MAX, .sync_at = INT64_MAX, .sweep_at = INT64_MAX, .trim_at = INT64_MAX, .drop_at = INT64_MAX
	};
	pthread_mutex_init(&w->lock, NULL);
	cond_init_monotonic(&w->wake);
	pthread_cond_init(&w->ended, NULL);
	w->tail = &w->head;
	w->enough = 1;
	buf_init(&w->record);
	buf_init(&w->old);
	buf_init(&w->changes);
	batch_init(&w->batch);
	arena_init(&w->scratch);
}

/* Frees buffers that are kept between transactions only to save time. */
static void free_buffers(struct writer *w)
{
	buf_free(&w->record);
	buf_free(&w->old);
	buf_free(&w->changes);
	batch_free(&w->batch);
	arena_free(&w->scratch);
	free(w->cell_of);
	w->cell_of = NULL;
	w->cell_of_cap = 0;
	free(w->edits);
	w->edits = NULL;
	w->edit_cap = 0;
}

void writer_free(struct writer *w)
{
	pthread_cond_destroy(&w->ended);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free_buffers(w);
}

/* ---- steps that make the database fail if a page is invalid ---- */

struct step {
	struct database *db;
	struct record_write *list;
	size_t count, done;
	int64_t until;
};

static void apply_step(void *arg)
{
	struct step *s = arg;
	s->done = writer_apply(s->db, s->list, s->count);
}

static void apart_step(void *arg)
{
	struct step *s = arg;
	struct definition_change *c = (struct definition_change *)s->list;
	(void)c->apply(s->db, c, &c->write.err);
}

static void background_step(void *arg)
{
	struct step *s = arg;
	s->until = background_run(s->db);
}

/* \return how many have their results */
static size_t apply_guarded(struct database *db, struct record_write *list, size_t count)
{
	struct step s = { .db = db, .list = list, .count = count };
	if (!guard_run(db, apply_step, &s))
		return s.done;
	transaction_leave(db);
	for (struct record_write *r = db->writer.applying; r; r = r->next)
		(void)database_usable(db, &r->err);
	return count;
}

static void apart_guarded(struct database *db, struct record_write *r)
{
	struct step s = { .db = db, .list = r };
	r->err = (struct err){ 0 };
	if (!guard_run(db, apart_step, &s))
		return;
	transaction_leave(db);
	(void)database_usable(db, &r->err);
}

/* \return when work is due again, monotonic ms */
static int64_t background_guarded(struct database *db)
{
	struct step s = { .db = db, .until = INT64_MAX };
	if (db->abandoned)
		return INT64_MAX;
	if (guard_run(db, background_step, &s))
		transaction_leave(db);
	return s.until;
}

/* ---- the thread ---- */

/* With the lock held: waits until \p enough requests wait, or until \p until, monotonic ns. */
static void wait_for(struct writer *w, size_t enough, int64_t until)
{
	const struct timespec at = timespec_of_ns(until);
	int rc = 0;
	w->enough = enough;
	while (w->queued < enough && !w->stopping && !rc)
		rc = pthread_cond_timedwait(&w->wake, &w->lock, &at);
	w->enough = 1;
}

/*
 * With the lock held and nothing queued: this thread stops being the writer. Once the lock is free the database may be gone.
 */
static void end_writing(struct database *db, int64_t due)
{
	struct writer *w = &db->writer;
	free_buffers(w);
	w->running = false;
	w->due = due;
	pthread_cond_broadcast(&w->ended);
	if (!w->stopping)
		upkeep_at(db->upkeep, due);
}

/*
 * Takes all waiting requests; NULL when background work is due at \p until or, after the end of writing, it is time to end.
 *
 * A commit costs almost the same for one request as for many, so clients just answered get time to send the next request
 * before the next commit begins: as long as the last commit took, or none if all expected requests already wait. A single
 * client never waits.
 */
static struct record_write *take(struct database *db, int64_t until, int64_t idle_at, bool *end, size_t *count)
{
	struct writer *w = &db->writer;
	pthread_mutex_lock(&w->lock);
	wait_for(w, 1, (until < idle_at ? until : idle_at) * 1000000);
	if (w->head && w->queued < w->expected)
		wait_for(w, w->expected, monotonic_ns() + w->commit_ns);
	struct record_write *list = w->head;
	*end = !list && (w->stopping || monotonic_ms() >= idle_at);
	*count = w->queued;
	w->head = NULL;
	w->tail = &w->head;
	w->queued = 0;
	if (*end)
		end_writing(db, until);
	pthread_mutex_unlock(&w->lock);
	return list;
}

/* Before the \p count requests of a transaction are answered: estimates how many will be in the next. */
static void expect(struct writer *w, size_t count)
{
	pthread_mutex_lock(&w->lock);
	w->expected = count + w->queued;
	pthread_mutex_unlock(&w->lock);
}

/* \return the requests after the first \p count */
static struct record_write *answer(struct record_write *list, size_t count)
{
	for (; count; count--) {
		struct record_write *next = list->next;
		list->done(list);
		list = next;
	}
	return list;
}

/* Applies and answers requests, in as many transactions as they need. */
static void apply_list(struct database *db, struct record_write *list, size_t count)
{
	struct writer *w = &db->writer;
	for (size_t left = count, done; left; left -= done) {
		done = apply_guarded(db, list, left);
		if (db->options.write_async && w->sync_at == INT64_MAX)
			w->sync_at = monotonic_ms() + SYNC_DELAY;
		/* more requests than a transaction takes are no reason to wait for others */
		expect(w, done == count ? count : 0);
		list = answer(list, done);
	}
}

/* Runs requests that do not belong in a transaction. \return the others */
static struct record_write *run_apart(struct database *db, struct record_write *list, size_t *count)
{
	struct record_write **at = &list;
	while (*at) {
		struct record_write *r = *at;
		if (r->kind != WRITE_APART) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		--*count;
		apart_guarded(db, r);
		r->done(r);
	}
	return list;
}

/* Works as the writer until there is nothing to do. */
static void serve(struct database *db, int64_t until)
{
	int64_t idle_at = monotonic_ms() + IDLE;
	for (;;) {
		bool end;
		size_t count;
		struct record_write *list = take(db, until, idle_at, &end, &count);
		if (end)
			return;
		if (list)
			idle_at = monotonic_ms() + IDLE;
		list = run_apart(db, list, &count);
		apply_list(db, list, count);
		until = background_guarded(db);
	}
}

static void *run(void *arg)
{
	struct database *db = arg;
	char name[64];
	snprintf(name, sizeof name, "writer/%.40s", db->name);
	log_thread(name);
	serve(db, background_guarded(db));
	return NULL;
}

/* With the queue's lock held. */
static int start(struct database *db, struct err *e)
{
	struct writer *w = &db->writer;
	if (w->running)
		return 0;
	int rc = thread_start(run, db, NULL);
	if (rc)
		return err_errno(e, rc, "start the writer of", db->name);
	w->running = true;
	return 0;
}

/* Stops being the writer, or passes the role to a thread if requests have come in the meantime. */
static void hand_on(struct database *db, int64_t due)
{
	struct writer *w = &db->writer;
	pthread_mutex_lock(&w->lock);
	bool waiting = w->head != NULL;
	if (!waiting)
		end_writing(db, due);
	pthread_mutex_unlock(&w->lock);
	if (waiting && thread_start(run, db, NULL))
		serve(db, due); /* no thread is available: the requests must not wait for one */
}

int64_t writer_tend(struct database *db)
{
	struct writer *w = &db->writer;
	pthread_mutex_lock(&w->lock);
	int64_t due = w->running || w->stopping ? INT64_MAX : w->due;
	bool now = due <= monotonic_ms();
	if (now)
		w->running = true;
	pthread_mutex_unlock(&w->lock);
	if (!now)
		return due;
	hand_on(db, background_guarded(db));
	return INT64_MAX;
}

void writer_stop(struct database *db)
{
	struct writer *w = &db->writer;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->wake);
	while (w->running)
		pthread_cond_wait(&w->ended, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

int writer_submit(struct database *db, struct record_write *r, struct err *e)
{
	struct writer *w = &db->writer;
	r->next = NULL;
	pthread_mutex_lock(&w->lock);
	int rc = w->stopping ? err_set(e, LYRE_ENOTFOUND, "database '%s' does not exist", db->name) : start(db, e);
	if (!rc) {
		*w->tail = r;
		w->tail = &r->next;
		if (++w->queued >= w->enough)
			pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

/* ---- changes of definitions ---- */

static void change_done(struct record_write *r)
{
	struct definition_change *c = (struct definition_change *)r;
	pthread_mutex_lock(&c->lock);
	c->done = true;
	pthread_cond_signal(&c->ended);
	pthread_mutex_unlock(&c->lock);
}

int writer_change(struct database *db, struct definition_change *c, struct err *e)
{
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->ended, NULL);
	if (c->write.kind == WRITE_RECORDS)
		c->write.kind = WRITE_DEFINITION;
	c->write.done = change_done;
	c->done = false;
	int rc = writer_submit(db, &c->write, e);
	if (!rc) {
		pthread_mutex_lock(&c->lock);
		while (!c->done)
			pthread_cond_wait(&c->ended, &c->lock);
		pthread_mutex_unlock(&c->lock);
		rc = c->write.err.code;
		if (rc)
			*e = c->write.err;
	}
	pthread_cond_destroy(&c->ended);
	pthread_mutex_destroy(&c->lock);
	return rc;
}
