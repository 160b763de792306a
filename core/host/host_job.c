/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_job.c
 * \brief Jobs as modules see them: lyre/job.h.
 */
#include "host/host_internal.h"

static int host_job_progress(lyre_call *call, uint64_t done, uint64_t total)
{
	if (!call->job)
		return 0;
	int rc = job_progress(call->job, done, total, &call->err);
	return rc < 0 ? rc : call_job_permitted(call);
}

static const char *host_job_id(lyre_call *call)
{
	return call->job ? call->job->id : NULL;
}

static int host_job_vmessage(lyre_call *call, const char *fmt, va_list ap)
{
	if (!call->job)
		return err_set(&call->err, LYRE_EINTERNAL, "'%s' is not a job, and has no message", call->operation->name);
	const char *message = arena_vprintf(call_arena(call), fmt, ap);
	if (!message)
		return err_nomem(&call->err);
	call->job_message = message;
	return 0;
}

static int host_request_run(lyre_call *call, const struct lyre_request *request)
{
	struct lyre_request full;
	int rc = host_take(call, &full, sizeof full, request, SIZE_UP_TO(struct lyre_request, arg), "lyre_request");
	return rc < 0 ? rc : call_request(call, &full);
}

static int host_request_value(lyre_call *call, const lyre_value *body, uint32_t flags, size_t limit, const lyre_value **ret)
{
	return call_request_value(call, body, flags, limit, ret);
}

const struct lyre_job_api host_job_api = {
	.size = (uint32_t)sizeof(struct lyre_job_api),

	.job_progress = host_job_progress,
	.job_id = host_job_id,
	.job_vmessage = host_job_vmessage,
	.request_run = host_request_run,

	.request_value = host_request_value,
};
