/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_log.c
 * \brief The log as modules read it: lyre/server.h.
 */
#include "log/log.h"
#include "host/host_server.h"

int host_log_read(
	lyre_call *call, const struct lyre_log_query *query, int (*visit)(void *arg, const struct lyre_log_entry *entry), void *arg)
{
	struct lyre_log_query full;
	int rc = host_may_manage(call);
	if (rc < 0)
		return rc;
	rc = host_take(call, &full, sizeof full, query, SIZE_UP_TO(struct lyre_log_query, reserved), "lyre_log_query");
	return rc < 0 ? rc : log_read(&full, visit, arg, &call->err);
}
