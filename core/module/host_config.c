/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/host_config.c
 * \brief The configuration as modules see it: lyre/server.h.
 */
#include "config/config.h"
#include "log/log.h"
#include "module/host.h"
#include "module/module.h"

int host_configuration_reply(lyre_call *call)
{
	int rc = host_may_manage(call);
	return rc < 0 ? rc : config_write(call->operation->instance->config, &call->out, &call->err);
}

/** What is done to the configuration is worth a line; a change that nobody will see the effect of, a warning. */
static void note(void *ctx, const char *key, enum config_source over)
{
	const lyre_call *call = ctx;
	const char *user = *call_user(call) ? call_user(call) : "a user of this machine";

	log_notify("config", "'%s' was set in the configuration file by %s", key, user);
	if (over != CONFIG_FILE)
		log_warn("config", "'%s' has no effect in the file: %s says it too, and is stronger", key,
			over == CONFIG_ENVIRONMENT ? "the environment" : "the command line");
}

int host_configuration_set(lyre_call *call, const lyre_value *settings, int unknown)
{
	int rc = host_may_manage(call);
	return rc < 0 ? rc : config_set(call->operation->instance->config, settings, unknown != 0, note, call, &call->err);
}
