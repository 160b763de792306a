/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/restart_operations.c
 * \brief restart, restart_service
 */
#include "system_module.h"

#include <string.h>

/** Names of the connection threads: separate services elsewhere, one here. */
static const char *const workers[] = { "http_workers", "http", "custom_functions", "custom functions", "harperdb" };
static const char *const clusters[] = { "clustering", "clustering_config" };

static int is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(name, names[i]))
			return 1;
	}
	return 0;
}

#define IS_ONE_OF(name, names) is_one_of(name, names, sizeof names / sizeof *names)

int system_restart(lyre_call *call)
{
	int rc = lyre_restart(call);

	if (rc)
		return rc;
	lyre_log(lyre_call_module(call), LYRE_NOTIFY, "'%s' requested the restart", lyre_call_user(call));
	return lyre_reply_message(call, "Restarting HarperDB. This may take up to 60 seconds.");
}

int system_restart_service_check(lyre_call *call)
{
	const char *name = lyre_arg_string(call, "service");
	const lyre_value *replicated = lyre_arg(call, "replicated");

	if (!name)
		name = "";
	if (IS_ONE_OF(name, clusters))
		return lyre_fail(call, LYRE_EINVAL, "Clustering is not enabled");
	if (!IS_ONE_OF(name, workers))
		return lyre_fail(call, LYRE_EINVAL, "Invalid service");
	if (replicated && lyre_value_type(replicated) != LYRE_BOOL)
		return lyre_fail(call, LYRE_EINVAL, "'replicated' must be a boolean");
	return lyre_reply_message(call, "Restarting %s", name);
}

int system_restart_service(lyre_call *call)
{
	/* There is no cluster to replicate to; the job fails, as clients expect. */
	const lyre_value *replicated = lyre_arg(call, "replicated");

	if (replicated && lyre_value_bool(replicated))
		return lyre_fail(call, LYRE_ENOTSUP, "Replication not implemented.");
	return lyre_restart_workers(call);
}
