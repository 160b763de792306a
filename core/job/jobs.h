/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file job/jobs.h
 * \brief Work that goes on after its answer: queued, run on threads of its own, and told of in the table system.hdb_job.
 *
 * A job's record is on the disk before anybody learns its id, and again when it begins and when it ends. Jobs run in the
 * order of their making, so many at once as jobs.parallel says.
 */
#ifndef JOB_JOBS_H
#define JOB_JOBS_H

#include "base/err.h"
#include "base/value.h"
#include "job/pool.h"

struct metric_sink;

struct jobs;
struct store;

enum job_status { JOB_CREATED, JOB_IN_PROGRESS, JOB_COMPLETE, JOB_ERROR };

/** What came of a job: what it points to lives until job.end(). */
struct job_outcome {
	struct err err;           /**< its failure; code 0: none */
	const char *message;      /**< NULL: the usual one */
	const lyre_value *denial; /**< told in place of the failure's sentence; NULL: that */
	const lyre_value *result; /**< NULL: none */
};

/** A job; the memory is the submitter's again when end() is called. */
struct job {
	/* in */
	const char *type;         /**< the operation */
	const char *user;
	/** Does the work, on a job's thread. */
	void (*run)(struct job *job, struct job_outcome *ret);
	/** The last use of this, after the outcome is on the disk. */
	void (*end)(struct job *job);
	/* the room's */
	struct pool_task task;
	struct jobs *jobs;
	char id[37];
	enum job_status status;
	double created, started, ended; /**< ms since the epoch, whole; 0: not yet */
	uint64_t done, total;           /**< as last recorded; done 0 and total 0: no progress was told of */
	int64_t recorded_at;            /**< when that was, monotonic ms */
};

struct jobs_options {
	unsigned parallel;  /**< jobs at once */
	unsigned waiting;   /**< jobs that may wait for their turn */
	int64_t retention;  /**< ms that a job is told of after its end; 0: for ever */
};

/** Makes the table where there is none. What was under way when the server last ended becomes an error. Blocks. */
int jobs_open(struct jobs **ret, struct store *s, const struct jobs_options *o, struct err *e);
/** Waits for all jobs; jobs_stop() has them end soon. NULL is nothing to close. */
void jobs_close(struct jobs *j);

/**
 * Records a job and queues it: as in progress where a thread is free for it. Blocks until it is on the disk. Any thread.
 * \param[out] id  of the job, which may have ended when this returns
 * \return 0; LYRE_EBUSY when too many wait, or after jobs_stop(): end() is not called then, nor after another failure
 */
int jobs_submit(struct jobs *j, struct job *job, char id[37], struct err *e);

/**
 * On the job's thread, between two pieces of its work.
 * \return 0; LYRE_EBUSY with its sentence when the job must end
 */
int job_progress(struct job *job, uint64_t done, uint64_t total, struct err *e);

/** Has jobs end: those that wait do not begin, those at work learn it from job_progress(). Any thread. */
void jobs_stop(struct jobs *j);
/** Waits until no job is left or the time (monotonic_ms()) \p deadline_ms has come. \return how many are left */
unsigned jobs_left(struct jobs *j, int64_t deadline_ms);

/** Reports how many there are, and how those since the start ended. */
void jobs_report(struct jobs *j, struct metric_sink *s);

/**
 * To be called now and then by one thread: has the records removed that are older than the retention, on a job's thread.
 * \return ms after which to call again; negative: never
 */
int jobs_tend(struct jobs *j);

#endif
