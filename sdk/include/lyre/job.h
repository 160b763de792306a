/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/job.h
 * \brief Operations that continue after their answer; and operations that are run as a part of a call.
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
	int (*request_run)(lyre_call *call, const struct lyre_request *request);

	int (*request_value)(lyre_call *call, const lyre_value *body, uint32_t flags, size_t limit, const lyre_value **ret);
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

/** The request may write; without this, only operations with LYRE_O_READS can be run, and their writes are refused. */
#define LYRE_REQUEST_WRITES (1u << 0)

/** Operations that run each other are refused beyond this many levels. */
#define LYRE_REQUEST_DEPTH_MAX 4

/** Another operation that a call runs. */
struct lyre_request {
	uint32_t size;          /**< sizeof(struct lyre_request) */
	uint32_t flags;         /**< LYRE_REQUEST_… */
	const lyre_value *body; /**< {"operation": …}, as a client would send it */
	/** media type of its answer: "application/json", "text/csv", or another one that the server can answer with */
	const char *type;
	/**
	 * Receives the answer piece by piece, each about 64 KiB, as it is made. The piece lives until this returns.
	 * \param rows  number of rows written so far, this piece included; 0 for an answer that is not rows
	 * \return 0, or what lyre_fail() returned for the call that makes it, which ends the request
	 */
	int (*take)(void *arg, const char *bytes, size_t len, uint64_t rows);
	void *arg; /**< passed to take */
};

/**
 * Runs another operation as a part of this call, as its caller, whose permission is checked; between
 * lyre_server_rights_begin() and lyre_server_rights_end(), and in work outside a request, with the server's rights. Rows are
 * not collected: however many there are, memory does not grow. For handlers that may block, jobs and work outside a
 * request: on the connection's thread it is refused. Blocks until the answer is complete, and takes as long as the
 * operation: if that may work for seconds, declare the handler with LYRE_RUN_LONG.
 * \return 0; LYRE_EINVAL if there is no such operation, or it cannot be run like this: jobs, operations that sign users in or
 *         end the server, answers that are files or text, too many levels; LYRE_EINTERNAL where it is not allowed, such as
 *         within a moment; LYRE_ENOTACCEPTABLE if the server has no such type; or the operation's failure, which becomes that
 *         of the call
 */
static inline int lyre_request_run(lyre_call *call, const struct lyre_request *request)
{
	return lyre_host->job->request_run(call, request);
}

/**
 * The same for an answer that is wanted as a value.
 * \param flags     LYRE_REQUEST_…
 * \param limit     bytes of the answer as JSON
 * \param[out] ret  until the call or its scope ends
 * \return as lyre_request_run(); LYRE_ETOOBIG if the answer is longer
 */
static inline int lyre_request_value(lyre_call *call, const lyre_value *body, uint32_t flags, size_t limit, const lyre_value **ret)
{
	return lyre_host->job->request_value(call, body, flags, limit, ret);
}

LYRE_END_DECLS

#endif
