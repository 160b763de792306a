/* SPDX-License-Identifier: Apache-2.0 */
/** Counts in a table of one's own. */
#include <lyre/lyre.h>

/** Adds one to the record of a name in own.TABLE, which is created if missing. */
static int count_name(lyre_call *call, const char *table_name, const char *name)
{
	static const char *const names[] = { "name", "count" };
	const struct lyre_table_spec spec = {
		.size = sizeof spec, .database = "own", .name = table_name, .primary_key = "name", .expiration = -1, .audit = -1
	};
	const struct lyre_write_result *result;
	const lyre_value *values[2], *row, *record;
	lyre_table *table;
	lyre_cursor *rows;
	int rc = lyre_table_ensure(call, &spec, &table);
	values[0] = lyre_make_text(call, name);
	if (rc == 0)
		rc = lyre_lookup(call, table, lyre_make_array(call, values, 1), NULL, &rows);
	if (rc == 0)
		rc = lyre_cursor_next(call, rows, &row);
	if (rc < 0)
		return rc;
	values[1] = lyre_make_int(call, rc == 0 ? lyre_value_int(lyre_value_get(row, "count")) + 1 : 1);
	record = lyre_make_object(call, names, values, 2);
	return lyre_write_wait(call, table, LYRE_UPSERT, lyre_make_array(call, &record, 1), &result);
}
