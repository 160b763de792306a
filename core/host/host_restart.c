/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_restart.c
 * \brief Restarts requested by modules: lyre/server.h.
 */
#include "host/host_server.h"

static int cannot(lyre_call *call)
{
	return err_set(&call->err, LYRE_ENOTSUP, "this server cannot be restarted from within");
}

int host_restart(lyre_call *call)
{
	struct control *c = dispatch_control(call->dispatch);

	int rc = host_may_manage(call);
	if (rc < 0)
		return rc;
	return c ? c->restart(c, &call->err) : cannot(call);
}

int host_restart_workers(lyre_call *call)
{
	struct control *c = dispatch_control(call->dispatch);

	int rc = host_may_manage(call);
	if (rc < 0)
		return rc;
	return c ? c->restart_workers(c, &call->err) : cannot(call);
}
