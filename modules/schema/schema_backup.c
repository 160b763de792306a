/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file schema/schema_backup.c
 * \brief get_backup and restore_backup.
 */
#include "schema.h"

#include <string.h>

int schema_get_backup(lyre_call *call)
{
	const char *database = lyre_arg_string(call, "database");
	const char *table = lyre_arg_string(call, "table");
	const lyre_value *list = lyre_arg(call, "tables");
	const char **tables = lyre_alloc(call, (lyre_value_count(list) + 1) * sizeof *tables);
	size_t count = 0;
	if (!tables)
		return lyre_fail_no_memory(call);
	if (table)
		tables[count++] = table;
	for (size_t i = 0; i < lyre_value_count(list); i++) {
		if (lyre_value_type(lyre_value_at(list, i)) != LYRE_STRING)
			return lyre_fail(call, LYRE_EINVAL, "'tables[%zu]' must be a string", i);
		size_t len;
		tables[count] = lyre_value_string(lyre_value_at(list, i), &len);
		if (strlen(tables[count++]) != len)
			return lyre_fail(call, LYRE_EINVAL, "'tables[%zu]' must not contain NUL characters", i);
	}

	int fd;
	int rc = lyre_backup(call, database, count > 0 ? tables : NULL, count, &fd);
	return rc < 0 ? rc : lyre_reply_file(call, fd, database);
}

/** The file is at fault, not the server. */
static int restored(lyre_call *call, int rc)
{
	return rc == LYRE_ECORRUPT ? lyre_fail_as(call, LYRE_EINVAL) : rc;
}

int schema_check_restore(lyre_call *call)
{
	return restored(call, lyre_restore_check(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "path")));
}

int schema_restore_backup(lyre_call *call)
{
	const char *database = lyre_arg_string(call, "database");
	const char *path = lyre_arg_string(call, "path");
	if (path[0] != '/')
		return lyre_fail(call, LYRE_EINVAL, "'path' must be an absolute path");
	int rc = restored(call, lyre_restore(call, database, path));
	if (rc < 0)
		return rc;
	lyre_log(lyre_call_module(call), LYRE_NOTIFY, "'%s' restored the database '%s'", lyre_call_user(call), database);
	return lyre_reply_message(call, "database '%s' successfully restored", database);
}
