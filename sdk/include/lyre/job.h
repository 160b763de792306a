/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/job.h
 * \brief Operations that go on after their answer.
 *
 * An operation declared LYRE_RUN_JOB is answered at once with a job's id, after its arguments and its caller's rights were
 * checked; its handler runs later on a thread of its own, as a call of the same user with the same arguments. What it
 * answers is kept with the job for get_job: {"message": …} alone is the job's message, anything else its result; it may
 * answer nothing, or rows, but no file. What it fails with is the job's error. Jobs are kept over restarts in the system database; one that a crash cut off is reported
 * as failed.
 */
#ifndef LYRE_JOB_H
#define LYRE_JOB_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

/** The functions of this header, as the host has them. */
struct lyre_job_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	int (*job_progress)(lyre_call *call, uint64_t done, uint64_t total);
	const char *(*job_id)(lyre_call *call);
};

/**
 * To be called by the handler of a job, often: between two pieces of its work, each short. Says how far it is, for those
 * who look at the job; it is written down once a second at the most. Nothing where the call is no job.
 * \param done   pieces of work that are done, of whatever kind
 * \param total  of them all; 0 when that is not known
 * \return 0; LYRE_EBUSY, with the call's failure set, when the job must end now: return it
 */
static inline int lyre_job_progress(lyre_call *call, uint64_t done, uint64_t total)
{
	return lyre_host->job->job_progress(call, done, total);
}

/** \return the id of the job that this call runs as, 36 characters; NULL when it is no job. Lives as long as the call. */
static inline const char *lyre_job_id(lyre_call *call)
{
	return lyre_host->job->job_id(call);
}

LYRE_END_DECLS

#endif
