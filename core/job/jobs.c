/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file job/jobs.c
 * \brief The life of jobs, from the queue to their outcome.
 */
#include "job/jobs.h"

#include "base/metric_report.h"
#include "base/round.h"
#include "base/text.h"
#include "base/thread.h"
#include "job/records.h"
#include "log/log.h"
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/** How often a job's progress is recorded, ms. */
#define PROGRESS_MS 1000
/** How often old records are searched for: a fraction of the retention, between a second and an hour. */
#define TEND_PART 4
#define TEND_MIN_MS 1000
#define TEND_MAX_MS (3600 * 1000)

struct jobs {
	struct store *store;
	struct pool *pool;
	struct jobs_options options;
	atomic_bool stopping;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	unsigned left;    /**< jobs that have not ended */
	unsigned limited; /**< those of them that are limited */
	unsigned running; /**< those of them that are running */
	metric_count complete, failed;
	struct pool_task sweep;
	atomic_bool sweeping;
	int64_t tend_at; /**< monotonic ms; used only by the thread that calls jobs_tend() */
};

/** A full disk must not prevent the start: the server is needed to free space. */
static int record_cut_off(struct store *s, struct err *e)
{
	size_t count;
	int rc = records_interrupt(
		s, "The job was interrupted: the server stopped before it was finished", round_down(now_ms()), &count, e);

	if (rc == LYRE_ENOSPACE) {
		log_error("job", "jobs interrupted when the server last stopped appear unfinished until it is restarted: %s",
			e->text);
		e->code = rc = 0;
	}
	if (count)
		log_warn("job", "jobs interrupted when the server last stopped: %zu", count);
	return rc;
}

int jobs_open(struct jobs **ret, struct store *s, const struct jobs_options *o, struct err *e)
{
	int rc = records_open(s, e);
	if (!rc)
		rc = record_cut_off(s, e);
	if (rc)
		return rc;

	struct jobs *j = calloc(1, sizeof *j);
	if (!j)
		return err_nomem(e);
	j->store = s;
	j->options = *o;
	rc = pool_open(&j->pool, "job", o->parallel, 0, e);
	if (rc) {
		free(j);
		return rc;
	}
	cond_init_monotonic(&j->ended);
	pthread_mutex_init(&j->lock, NULL);
	*ret = j;
	return 0;
}

void jobs_close(struct jobs *j)
{
	if (!j)
		return;
	jobs_stop(j);
	pool_close(j->pool);
	pthread_cond_destroy(&j->ended);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

/* ---- one job ---- */

static void forget(struct jobs *j, bool limited, unsigned ran)
{
	pthread_mutex_lock(&j->lock);
	j->left--;
	j->limited -= limited;
	j->running -= ran;
	pthread_cond_broadcast(&j->ended);
	pthread_mutex_unlock(&j->lock);
}

static void set_begun(struct job *job)
{
	job->status = JOB_IN_PROGRESS;
	job->started = round_down(now_ms());
	job->recorded_at = monotonic_ms();
}

/** Records the start of a job that had to wait. */
static void begin(struct job *job)
{
	struct err e;

	if (job->status == JOB_IN_PROGRESS)
		return;
	set_begun(job);
	if (records_put(job->jobs->store, job, NULL, &e))
		log_warn("job", "the start of job %s (%s) could not be recorded: %s", job->id, job->type, e.text);
}

/** An outcome that cannot be stored, such as a result that is too large, must not leave a job that never ends. */
static void record_end(struct job *job, struct job_outcome *o)
{
	struct err e;

	if (records_put(job->jobs->store, job, o, &e) == 0)
		return;
	log_error("job", "the end of job %s (%s) could not be recorded: %s", job->id, job->type, e.text);
	struct job_outcome instead = { .result = NULL };
	err_set(&instead.err, e.code, "%s, and its outcome could not be recorded: %s",
		o->err.code ? "The job failed" : "The job succeeded", e.text);
	job->status = JOB_ERROR;
	if (records_put(job->jobs->store, job, &instead, &e))
		log_error("job", "job %s (%s) stays unfinished until the server is restarted: %s", job->id, job->type, e.text);
}

static void end(struct job *job, struct job_outcome *o)
{
	char usual[80];

	job->status = o->err.code ? JOB_ERROR : JOB_COMPLETE;
	job->ended = round_down(now_ms());
	if (!o->message) {
		snprintf(usual, sizeof usual, "Successfully completed job: %s", job->id);
		o->message = usual;
	}
	if (o->err.code)
		log_warn("job", "job %s, %s by '%s', failed: %s", job->id, job->type, job->user, o->err.text);
	else
		log_info("job", "job %s, %s by '%s': %s", job->id, job->type, job->user, o->message);
	record_end(job, o);
}

static void run(struct pool_task *task)
{
	struct job *job = (struct job *)((char *)task - offsetof(struct job, task));
	struct jobs *j = job->jobs;
	struct job_outcome o = { .message = NULL };
	bool limited = job->limited;

	pthread_mutex_lock(&j->lock);
	j->running++;
	pthread_mutex_unlock(&j->lock);
	/* A job recorded as started is run: job_progress() tells it to stop. */
	if (job->status != JOB_IN_PROGRESS && atomic_load(&j->stopping)) {
		err_set(&o.err, LYRE_EBUSY, "The job was cancelled before it started: the server was stopped or restarted");
	} else {
		begin(job);
		job->run(job, &o);
	}
	end(job, &o);
	metric_add(job->status == JOB_ERROR ? &j->failed : &j->complete, 1);
	job->end(job);
	forget(j, limited, 1);
}

/** Whether there is no place for one more. With the lock held. */
static bool is_full(const struct jobs *j, bool limited)
{
	const struct jobs_options *o = &j->options;

	return j->left >= o->parallel + o->waiting || (limited && j->limited >= o->parallel + (o->waiting + 1) / 2);
}

/** Whether a thread is free for the job that came last. With the lock held. */
static bool is_thread_free(const struct jobs *j, bool limited)
{
	unsigned threads = j->options.parallel;

	return j->left <= threads && (!limited || threads < 2 || j->limited < threads);
}

/** Reserves a place for a job, running or waiting. \param[out] at_once  whether a thread is free for it */
static int reserve(struct jobs *j, bool limited, bool *at_once, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&j->lock);
	if (atomic_load(&j->stopping))
		rc = err_set(e, LYRE_EBUSY, "The server is stopping");
	else if (is_full(j, limited))
		rc = err_set(e, LYRE_EBUSY, "Too many jobs are waiting: try again later");
	j->left += !rc;
	j->limited += !rc && limited;
	*at_once = is_thread_free(j, limited);
	pthread_mutex_unlock(&j->lock);
	return rc;
}

int jobs_submit(struct jobs *j, struct job *job, char id[37], struct err *e)
{
	bool at_once;

	int rc = reserve(j, job->limited, &at_once, e);

	if (rc)
		return rc;
	job->jobs = j;
	job->status = JOB_CREATED;
	job->created = round_down(now_ms());
	job->started = job->ended = 0;
	job->done = job->total = 0;
	job->task = (struct pool_task){ .run = run, .owner = job->user, .limited = job->limited };
	uuid_text(job->id);
	/* Clients that query the job immediately expect this status of a running job. */
	if (at_once)
		set_begun(job);
	rc = records_put(j->store, job, NULL, e);
	if (rc) {
		forget(j, job->limited, 0);
		return rc;
	}
	for (unsigned i = 0; i < sizeof job->id; i++)
		id[i] = job->id[i];
	pool_submit(j->pool, &job->task);
	return 0;
}

int job_wanted(const struct job *job, struct err *e)
{
	if (!atomic_load(&job->jobs->stopping))
		return 0;
	return err_set(e, LYRE_EBUSY, "The job was cancelled: the server was stopped or restarted");
}

int job_progress(struct job *job, uint64_t done, uint64_t total, struct err *e)
{
	struct jobs *j = job->jobs;
	struct err why;

	int rc = job_wanted(job, e);
	if (rc)
		return rc;
	int64_t now = monotonic_ms();
	if (now - job->recorded_at < PROGRESS_MS)
		return 0;
	job->recorded_at = now;
	job->done = done;
	job->total = total;
	if (records_put_progress(j->store, job, &why))
		log_warn("job", "the progress of job %s (%s) could not be recorded: %s", job->id, job->type, why.text);
	return 0;
}

/* ---- the end ---- */

void jobs_stop(struct jobs *j)
{
	pthread_mutex_lock(&j->lock);
	atomic_store(&j->stopping, true);
	pthread_mutex_unlock(&j->lock);
}

unsigned jobs_left(struct jobs *j, int64_t deadline_ms)
{
	const struct timespec until = timespec_of_ms(deadline_ms);

	pthread_mutex_lock(&j->lock);
	while (j->left && pthread_cond_timedwait(&j->ended, &j->lock, &until) != ETIMEDOUT)
		continue;
	unsigned left = j->left;
	pthread_mutex_unlock(&j->lock);
	return left;
}

/* ---- metrics ---- */

void jobs_report(struct jobs *j, struct metric_sink *s)
{
	static const struct metric_about running = { METRIC_GAUGE, "jobs_running", "Jobs running.", NULL };
	static const struct metric_about waiting = { METRIC_GAUGE, "jobs_waiting", "Jobs waiting for their turn.", NULL };
	static const struct metric_about ended = { METRIC_COUNTER, "jobs_ended_total", "Finished jobs, by status.", "status" };

	pthread_mutex_lock(&j->lock);
	unsigned at_work = j->running, left = j->left;
	pthread_mutex_unlock(&j->lock);
	metric_report(s, &running, NULL, at_work);
	metric_report(s, &waiting, NULL, left - at_work);
	metric_report(s, &ended, "complete", (double)metric_read(&j->complete));
	metric_report(s, &ended, "error", (double)metric_read(&j->failed));
}

/* ---- retention ---- */

static double oldest_kept(const struct jobs *j)
{
	return round_down(now_ms()) - (double)j->options.retention;
}

static void sweep(struct pool_task *task)
{
	struct jobs *j = (struct jobs *)((char *)task - offsetof(struct jobs, sweep));
	double time = oldest_kept(j);
	size_t count = store_hold() <= monotonic_ms(), all = 0;
	struct err e;

	while (count && !atomic_load(&j->stopping)) {
		if (records_remove_before(j->store, time, &count, &e)) {
			log_error("job", "the records of old jobs could not be removed: %s", e.text);
			break;
		}
		all += count;
	}
	if (all)
		log_info("job", "records of old jobs removed: %zu", all);
	atomic_store(&j->sweeping, false);
}

int jobs_tend(struct jobs *j)
{
	bool any = false;
	struct err e;

	if (!j->options.retention)
		return -1;
	int64_t now = monotonic_ms();
	if (now < j->tend_at)
		return (int)(j->tend_at - now);
	int64_t pause = j->options.retention / TEND_PART;
	if (pause < TEND_MIN_MS)
		pause = TEND_MIN_MS;
	if (pause > TEND_MAX_MS)
		pause = TEND_MAX_MS;
	j->tend_at = now + pause;
	if (atomic_load(&j->sweeping) || atomic_load(&j->stopping))
		return (int)pause;
	if (records_any_before(j->store, oldest_kept(j), &any, &e)) {
		log_error("job", "old jobs could not be searched for: %s", e.text);
	} else if (any) {
		atomic_store(&j->sweeping, true);
		j->sweep.run = sweep;
		pool_submit(j->pool, &j->sweep);
	}
	return (int)pause;
}
