/* SPDX-License-Identifier: Apache-2.0 */
/** Works outside operations: in its start(), and on a thread of its own. */
#include <lyre/lyre.h>

#include <pthread.h>
#include <string.h>

static pthread_t thread;

/** Counts under a name, in a table that is created if missing. */
static int count(lyre_call *call, void *arg)
{
	static const char *const names[] = { "name", "count" };
	static const struct lyre_table_spec spec = {
		.size = sizeof spec, .database = "own", .name = "work", .primary_key = "name", .expiration = -1, .audit = -1
	};
	const struct lyre_write_result *result;
	const lyre_value *values[2], *row, *record;
	lyre_table *table;
	lyre_cursor *rows;
	int rc = lyre_table_ensure(call, &spec, &table);
	values[0] = lyre_make_text(call, (const char *)arg);
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

static int fail(lyre_call *call, void *arg)
{
	return lyre_fail(call, LYRE_EINVAL, "there is no work for %s", (const char *)arg);
}

static void *run(void *arg)
{
	lyre_instance *self = (lyre_instance *)arg;
	if (lyre_run(self, count, (void *)"thread") == 0 && lyre_run(self, fail, (void *)"a thread") == LYRE_EINVAL)
		lyre_log(self, LYRE_NOTIFY, "the thread has worked");
	return NULL;
}

static int start(lyre_instance *self)
{
	int rc = lyre_run(self, lyre_setting_bool(self, "fail") ? fail : count, (void *)"start");
	if (rc < 0)
		return rc;
	if (pthread_create(&thread, NULL, run, self) != 0)
		return lyre_start_fail(self, LYRE_EBUSY, "no thread");
	return 0;
}

static void stop(lyre_instance *self)
{
	if (!lyre_setting_bool(self, "fail"))
		pthread_join(thread, NULL);
}

static const struct lyre_setting settings[] = {
	{ .key = "fail", .type = LYRE_S_BOOL, .fallback = "false", .help = "Whether the work fails." },
};

LYRE_MODULE(own_work, "1.0.0", "Works by itself", .settings = LYRE_LIST(settings), .start = start, .stop = stop);
