/* SPDX-License-Identifier: Apache-2.0 */
/** Jobs of every kind, with configurable duration. */
#include <lyre/lyre.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

static atomic_int at_once, most;

static int64_t number(lyre_call *call, const char *name)
{
	return lyre_value_int(lyre_arg(call, name));
}

static void pause_ms(int64_t ms)
{
	const struct timespec t = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000) };

	nanosleep(&t, NULL);
}

static int check(lyre_call *call)
{
	const char *refuse = lyre_arg_string(call, "refuse"), *say = lyre_arg_string(call, "say");

	if (refuse)
		return lyre_fail(call, LYRE_ECONFLICT, "%s", refuse);
	return say ? lyre_reply_message(call, "%s", say) : 0;
}

static int steps(lyre_call *call)
{
	int64_t n = number(call, "steps");

	for (int64_t i = 0; i < n; i++) {
		int rc = lyre_arg(call, "deaf") ? 0 : lyre_job_progress(call, (uint64_t)i, (uint64_t)n);

		if (rc)
			return rc;
		pause_ms(number(call, "ms"));
	}
	return 0;
}

/** Works for a while, and answers as requested. */
static int slow(lyre_call *call)
{
	int now = atomic_fetch_add(&at_once, 1) + 1, before = atomic_load(&most);

	while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
		continue;
	int rc = steps(call);
	atomic_fetch_sub(&at_once, 1);
	if (rc)
		return rc;
	if (lyre_arg(call, "fail"))
		return lyre_fail(call, LYRE_EINVAL, "%s", lyre_arg_string(call, "fail"));
	if (lyre_arg(call, "answer"))
		lyre_out_value(lyre_reply(call), lyre_arg(call, "answer"));
	return 0;
}

/** Answers the maximum number of jobs that ran at once. */
static int slow_most(lyre_call *call)
{
	lyre_out_int(lyre_reply(call), atomic_load(&most));
	return 0;
}

static int open_table(lyre_call *call, lyre_table **ret)
{
	return lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), ret);
}

static int slow_rows(lyre_call *call)
{
	struct lyre_query query = { .size = sizeof query, .limit = UINT64_MAX };
	lyre_cursor *cursor;

	int rc = open_table(call, &query.table);
	if (!rc)
		rc = lyre_query_open(call, &query, &cursor);
	return rc ? rc : lyre_reply_rows(call, cursor);
}

static int written(lyre_call *call, const struct lyre_write_result *result, void *arg)
{
	(void)arg;
	return lyre_reply_message(call, "%zu written by job %d characters long", result->done, (int)strlen(lyre_job_id(call)));
}

/** A job's handler may return LYRE_PENDING like any other. */
static int slow_write(lyre_call *call)
{
	lyre_table *table;

	int rc = open_table(call, &table);
	return rc ? rc : lyre_write(call, table, LYRE_INSERT, lyre_arg(call, "records"), written, NULL);
}

/** Copies each record of a table under another key, in nested scopes, while it continues to read. */
static int copy_one(lyre_call *call, lyre_table *table, const lyre_value *row, int nested)
{
	const char *names[] = { "id", "copy" };
	const lyre_value *id = lyre_make_copy(call, lyre_value_get(row, "id"));
	const struct lyre_write_result *result;

	int rc = nested ? lyre_scope_begin(call) : 0;
	if (rc)
		return rc;
	const lyre_value *values[] = { lyre_make_int(call, -lyre_value_int(id)), lyre_make_copy(call, row) };
	const lyre_value *record = lyre_make_object(call, names, values, 2);
	lyre_table *again;
	rc = open_table(call, &again);
	if (!rc)
		rc = lyre_write_wait(call, again, LYRE_INSERT, lyre_make_array(call, &record, 1), &result);
	if (!rc && result->done != 1)
		rc = lyre_fail(call, LYRE_EINTERNAL, "not written");
	if (nested)
		lyre_scope_end(call);
	if (!rc && lyre_value_type(id) != LYRE_INT)
		rc = lyre_fail(call, LYRE_EINTERNAL, "the outer scope lost its value");
	(void)table;
	return rc;
}

static int slow_copy(lyre_call *call)
{
	struct lyre_query query = { .size = sizeof query, .limit = 100 };
	const lyre_value *row;
	lyre_cursor *cursor;
	int n = 0;

	const lyre_value *parts[] = { lyre_make_string(call, "id", 2), lyre_make_string(call, "greater_than", 12),
		lyre_make_int(call, 0) };
	static const char *const names[] = { "attribute", "comparator", "value" };
	const lyre_value *condition = lyre_make_object(call, names, parts, 3);
	int rc = open_table(call, &query.table);
	query.conditions = lyre_make_array(call, &condition, 1);
	if (!rc)
		rc = lyre_query_open(call, &query, &cursor);
	while (!rc && !(rc = lyre_scope_begin(call))) {
		rc = lyre_cursor_next(call, cursor, &row);
		if (!rc)
			rc = copy_one(call, query.table, row, n++ % 2);
		if (rc == 0 && n == 50 && lyre_arg(call, "fail")) /* the call ends a scope that is left open */
			return lyre_fail(call, LYRE_EINVAL, "%s", lyre_arg_string(call, "fail"));
		lyre_scope_end(call);
	}
	return rc == LYRE_END ? lyre_reply_message(call, "%d copied", n) : rc;
}

#define NUMBER(n)                                                                       \
	{                                                                               \
		.name = n, .types = LYRE_T_NUMBER, .fallback = "0", .help = "A number." \
	}
#define TEXT(n)                                                      \
	{                                                            \
		.name = n, .types = LYRE_T_STRING, .help = "A text." \
	}

static const struct lyre_param slow_params[] = {
	NUMBER("steps"),
	NUMBER("ms"),
	TEXT("refuse"),
	TEXT("say"),
	TEXT("fail"),
	TEXT("deaf"),
	{ .name = "answer", .types = LYRE_T_ANY, .help = "Anything." },
};

static const struct lyre_param table_params[] = {
	TEXT("database"),
	TEXT("table"),
	TEXT("fail"),
	{ .name = "records", .types = LYRE_T_ARRAY, .help = "Records." },
};

static const struct lyre_operation operations[] = {
	{ .name = "slow",
		.handler = slow,
		.access = LYRE_ACCESS_USER,
		.run = LYRE_RUN_JOB,
		.check = check,
		.params = LYRE_LIST(slow_params),
		.help = "Work." },
	{ .name = "slow_most", .handler = slow_most, .access = LYRE_ACCESS_USER, .help = "Show how many jobs ran at once." },
	{ .name = "slow_rows",
		.handler = slow_rows,
		.access = LYRE_ACCESS_USER,
		.run = LYRE_RUN_JOB,
		.params = LYRE_LIST(table_params),
		.help = "Rows." },
	{ .name = "slow_write",
		.handler = slow_write,
		.access = LYRE_ACCESS_USER,
		.run = LYRE_RUN_JOB,
		.params = LYRE_LIST(table_params),
		.help = "Write and wait." },
	{ .name = "slow_copy",
		.handler = slow_copy,
		.access = LYRE_ACCESS_USER,
		.run = LYRE_RUN_JOB,
		.params = LYRE_LIST(table_params),
		.help = "Copy." },
};

LYRE_MODULE(slow, "1.0", "Jobs for tests", .operations = LYRE_LIST(operations));
