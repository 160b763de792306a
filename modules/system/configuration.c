/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/configuration.c
 * \brief set_configuration, get_configuration
 */
#include "system_module.h"

#include <string.h>

int system_get_configuration(lyre_call *call)
{
	return lyre_configuration_reply(call, lyre_value_bool(lyre_arg(call, "effective")));
}

/** Members that every request may have and that are not settings. */
static int is_of_request(const char *name)
{
	static const char *const names[] = { "operation", "username", "password", "hdb_user", "hdb_auth_header", "bypass_auth",
		"replicated" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(name, names[i]))
			return 1;
	return 0;
}

int system_set_configuration(lyre_call *call)
{
	const lyre_value *body = lyre_call_body(call);
	size_t count = lyre_value_count(body), kept = 0;
	const char **names = lyre_alloc(call, (count + 1) * sizeof *names);
	const lyre_value **values = lyre_alloc(call, (count + 1) * sizeof *values);
	if (!names || !values)
		return lyre_fail_no_memory(call);
	for (size_t i = 0; i < count; i++) {
		names[kept] = lyre_value_name(body, i, NULL);
		values[kept] = lyre_value_at(body, i);
		kept += !is_of_request(names[kept]);
	}
	const lyre_value *settings = lyre_make_object(call, names, values, kept);
	if (!settings)
		return lyre_fail_no_memory(call);
	/* Clients of other versions send settings that are unknown here: those are ignored. */
	int rc = lyre_configuration_set(call, settings, 0);
	if (rc)
		return rc;
	system_restart_needed();
	return lyre_reply_message(
		call, "Configuration successfully set. You must restart HarperDB for new config settings to take effect.");
}
