/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/host_job.c
 * \brief Jobs as modules see them: lyre/job.h.
 */
#include "module/host.h"

int host_job_progress(lyre_call *call, uint64_t done, uint64_t total)
{
	return call->job ? job_progress(call->job, done, total, &call->err) : 0;
}

const char *host_job_id(lyre_call *call)
{
	return call->job ? call->job->id : NULL;
}
