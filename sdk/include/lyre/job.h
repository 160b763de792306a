/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/job.h
 * \brief Operations that continue after their answer.
 *
 * An operation declared LYRE_RUN_JOB is answered at once with a job id, after its arguments and the caller's rights have
 * been checked. Its handler runs later on a thread of its own, as a call by the same user with the same arguments. Its
 * answer is stored with the job for get_job: {"message": …} alone becomes the job's message, anything else its result. The
 * answer may be empty or rows, but not a file. A failure becomes the job's error. Jobs are kept in the system database
 * across restarts; one that a crash interrupted is reported as failed.
 */
#ifndef LYRE_JOB_H
#define LYRE_JOB_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

/** The host's implementation of the functions in this header. */
struct lyre_job_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	int (*job_progress)(lyre_call *call, uint64_t done, uint64_t total);
	const char *(*job_id)(lyre_call *call);
};

/**
 * Reports the progress of a job. Its handler must call this often, between short pieces of work. Progress is stored at
 * most once a second. Does nothing if the call is not a job.
 * \param done   finished pieces of work, in any unit
 * \param total  number of pieces; 0 if unknown
 * \return 0; LYRE_EBUSY, with the call's failure set, when the job must end now: return it
 */
static inline int lyre_job_progress(lyre_call *call, uint64_t done, uint64_t total)
{
	return lyre_host->job->job_progress(call, done, total);
}

/** \return the id of the job that this call runs as, 36 characters; NULL if it is not a job. Lives as long as the call. */
static inline const char *lyre_job_id(lyre_call *call)
{
	return lyre_host->job->job_id(call);
}

LYRE_END_DECLS

#endif
