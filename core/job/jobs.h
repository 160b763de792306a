/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file job/jobs.h
 * \brief Work that continues after its request is answered: queued, run on its own threads, recorded in system.hdb_job.
 *
 * A job's record is on disk before its id is returned, and is updated when the job starts and ends. A user's jobs run in the
 * order in which they were submitted, and users take turns; jobs.parallel run at once. Limited jobs leave one of several threads,
 * and half the places of those that wait, to others.
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

/** The outcome of a job; what it points to lives until job.end(). */
struct job_outcome {
	struct err err;           /**< its failure; code 0: none */
	const char *message;      /**< NULL: the default one */
	const lyre_value *denial; /**< reported in place of the failure's message; NULL: the message is */
	const lyre_value *result; /**< NULL: none */
};

/** A job. Its memory belongs to the submitter again when end() is called. */
struct job {
	/* in */
	const char *type; /**< the operation */
	const char *user;
	bool limited; /**< anybody may submit them */
	/** Does the work, on a job thread. */
	void (*run)(struct job *job, struct job_outcome *ret);
	/** The last use of the job, after the outcome is on disk. */
	void (*end)(struct job *job);
	/* internal */
	struct pool_task task;
	struct jobs *jobs;
	char id[37];
	enum job_status status;
	double created, started, ended; /**< ms since the epoch, integral; 0: not yet */
	uint64_t done, total;           /**< as last recorded; both 0: no progress was reported */
	int64_t recorded_at;            /**< when that was, monotonic ms */
};

struct jobs_options {
	unsigned parallel; /**< jobs running at once */
	unsigned waiting;  /**< jobs that may wait */
	int64_t retention; /**< ms that a job's record is kept after its end; 0: forever */
};

/** Creates the table if it is missing. Jobs in progress when the server last stopped become errors. Blocks. */
int jobs_open(struct jobs **ret, struct store *s, const struct jobs_options *o, struct err *e);
/** Waits for all jobs; jobs_stop() makes them end soon. \p j may be NULL. */
void jobs_close(struct jobs *j);

/**
 * Records a job and queues it: as in progress if a thread is free for it. Blocks until the record is on disk. Any thread.
 * \param[out] id  of the job, which may already have ended when this returns
 * \return 0; LYRE_EBUSY if too many wait, or after jobs_stop(). After any failure, end() is not called
 */
int jobs_submit(struct jobs *j, struct job *job, char id[37], struct err *e);

/** 0; LYRE_EBUSY with its message if the job must stop. Any thread. */
int job_wanted(const struct job *job, struct err *e);
/** Called on the job's thread, between two pieces of its work. \return as job_wanted() */
int job_progress(struct job *job, uint64_t done, uint64_t total, struct err *e);

/** Makes jobs stop: waiting jobs do not start, running ones are told by job_progress(). Any thread. */
void jobs_stop(struct jobs *j);
/** Waits until no job is left, at most until \p deadline_ms (monotonic_ms()). \return the number of jobs left */
unsigned jobs_left(struct jobs *j, int64_t deadline_ms);

/** Reports the number of jobs, and of those ended since the start by status. */
void jobs_report(struct jobs *j, struct metric_sink *s);

/**
 * To be called periodically by one thread: starts the removal of records older than the retention, on a job thread.
 * \return ms after which to call again; negative: never
 */
int jobs_tend(struct jobs *j);

#endif
