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

struct lyre_request;

/** The host's implementation of the functions in this header. */
struct lyre_job_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	int (*job_progress)(lyre_call *call, uint64_t done, uint64_t total);
	const char *(*job_id)(lyre_call *call);
	int (*job_vmessage)(lyre_call *call, const char *fmt, va_list ap);
	int (*job_request)(lyre_call *call, const struct lyre_request *request);
};

/**
 * Reports the progress of a job. Its handler must call this often, between short pieces of work. About once a second,
 * progress is stored, and the caller is looked up again. Does nothing if the call is not a job.
 * \param done   finished pieces of work, in any unit
 * \param total  number of pieces; 0 if unknown
 * \return 0; with the call's failure set, when the job must end now: LYRE_EBUSY if the server is stopping, LYRE_EDENIED if
 *         the caller may not sign in any more, or if the caller's role has changed: return it
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

/** Sets the job's message; what is in lyre_reply() is its result then. \return 0, LYRE_ENOMEM, LYRE_EINTERNAL if it is not a job */
static inline int lyre_job_message(lyre_call *call, const char *fmt, ...) LYRE_PRINTF(2, 3);
static inline int lyre_job_message(lyre_call *call, const char *fmt, ...)
{
	va_list ap;
	int rc;
	va_start(ap, fmt);
	rc = lyre_host->job->job_vmessage(call, fmt, ap);
	va_end(ap);
	return rc;
}

/** Another operation that a job runs. */
struct lyre_request {
	uint32_t size;          /**< sizeof(struct lyre_request) */
	uint32_t reserved;      /**< 0 */
	const lyre_value *body; /**< {"operation": …}, as a client would send it */
	/** media type of its answer: "application/json", "text/csv", or another one that the server can answer with */
	const char *type;
	/**
	 * Receives the answer piece by piece, each about 64 KiB, as it is made. The piece lives until this returns.
	 * \param rows  number of rows written so far, this piece included; 0 for an answer that is not rows
	 * \return 0, or what lyre_fail() returned for the job's call, which ends the request
	 */
	int (*take)(void *arg, const char *bytes, size_t len, uint64_t rows);
	void *arg; /**< passed to take */
};

/**
 * Runs another operation as a part of a job, as the caller, whose permission is checked again. It may only read. Rows are
 * not collected: however many there are, memory does not grow. Only for the handler of a job; blocks until the answer is
 * complete.
 * \return 0; LYRE_EINVAL if there is no such operation, or it cannot be run like this; LYRE_ENOTACCEPTABLE if the server
 *         has no such type; or the operation's failure, which becomes that of the call
 */
static inline int lyre_job_request(lyre_call *call, const struct lyre_request *request)
{
	return lyre_host->job->job_request(call, request);
}

LYRE_END_DECLS

#endif
