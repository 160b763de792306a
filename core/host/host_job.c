/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_job.c
 * \brief Jobs as modules see them: lyre/job.h.
 */
#include "host/host_internal.h"

static int host_job_progress(lyre_call *call, uint64_t done, uint64_t total)
{
	return call->job ? job_progress(call->job, done, total, &call->err) : 0;
}

static const char *host_job_id(lyre_call *call)
{
	return call->job ? call->job->id : NULL;
}

const struct lyre_job_api host_job_api = {
	.size = (uint32_t)sizeof(struct lyre_job_api),

	.job_progress = host_job_progress,
	.job_id = host_job_id,
};
