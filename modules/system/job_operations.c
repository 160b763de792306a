/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/job_operations.c
 * \brief get_job, search_jobs_by_start_date: the server's records of jobs.
 */
#include "system_module.h"

#include <string.h>

#define DATABASE "system"
#define TABLE "hdb_job"
#define START "start_datetime"
#define CREATED "created_datetime"
#define END "end_datetime"

/** Repeats a time, if there is one, in readable form. */
static void answer_converted(lyre_out *o, const lyre_value *job, const char *name, const char *converted)
{
	const lyre_value *v = lyre_value_get(job, name);
	char text[32];

	if (lyre_value_type(v) == LYRE_NULL)
		return;
	size_t len = lyre_time_text(text, lyre_value_double(v));
	lyre_out_key(o, converted);
	lyre_out_string(o, text, len);
}

/** Writes one job; members that it does not have, such as an end while it runs, are left out. */
static void answer_job(lyre_out *o, const lyre_value *job, int converted)
{
	static const char *const names[] = { "id", "result", "status", "message", END, "type", START, CREATED, "user", "progress" };

	lyre_out_object_begin(o);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const lyre_value *v = lyre_value_get(job, names[i]);

		if (lyre_value_type(v) == LYRE_NULL)
			continue;
		lyre_out_key(o, names[i]);
		lyre_out_value(o, v);
	}
	if (converted) {
		answer_converted(o, job, START, START "_converted");
		answer_converted(o, job, END, END "_converted");
	}
	lyre_out_object_end(o);
}

/**
 * Super_users, for whom \p caller is NULL, see all jobs, others only their own, and not those of an earlier user with the
 * same name.
 */
static int may_see(const struct lyre_user *caller, const lyre_value *job)
{
	const char *user = lyre_value_string(lyre_value_get(job, "user"), NULL);

	return !caller ||
		(user && *user && !strcmp(user, caller->name) &&
			lyre_value_double(lyre_value_get(job, CREATED)) >= caller->created);
}

/** Jobs are the server's own records: this file decides who sees them. */
static int open_jobs(lyre_call *call, lyre_table **ret)
{
	lyre_server_rights_begin(call);
	int rc = lyre_table_open(call, DATABASE, TABLE, ret);
	lyre_server_rights_end(call);
	return rc;
}

static int answer_jobs(lyre_call *call, lyre_cursor *cursor, int converted)
{
	struct lyre_user caller = { .size = sizeof caller };
	int super_user = lyre_call_super_user(call), rc = super_user ? 0 : lyre_user(call, NULL, &caller);
	lyre_out *o = lyre_reply(call);
	const lyre_value *job;

	if (rc < 0)
		return rc;
	lyre_out_array_begin(o);
	while ((rc = lyre_cursor_next(call, cursor, &job)) == 0)
		if (may_see(super_user ? NULL : &caller, job))
			answer_job(o, job, converted);
	lyre_out_array_end(o);
	return rc == LYRE_END ? 0 : rc;
}

int system_get_job(lyre_call *call)
{
	const char *id = lyre_arg_string(call, "id");
	lyre_table *table;
	lyre_cursor *cursor;

	if (!id)
		return lyre_fail_no_memory(call);
	if (!*id)
		return lyre_fail(call, LYRE_EINVAL, "Invalid job ID specified.");
	int rc = open_jobs(call, &table);
	if (rc)
		return rc;
	const lyre_value *key = lyre_make_text(call, id);
	rc = lyre_lookup(call, table, lyre_make_array(call, &key, 1), NULL, &cursor);
	return rc ? rc : answer_jobs(call, cursor, 0);
}

static int date_argument(lyre_call *call, const char *name, double *ret)
{
	const lyre_value *v = lyre_arg(call, name);
	size_t len;
	const char *text = lyre_value_type(v) == LYRE_STRING ? lyre_value_string(v, &len) : NULL;

	return text ? lyre_time_parse(text, len, ret) : LYRE_EINVAL;
}

int system_search_jobs_by_start_date(lyre_call *call)
{
	lyre_table *table;
	lyre_cursor *cursor;
	double from, to;

	if (date_argument(call, "from_date", &from))
		return lyre_fail(call, LYRE_EINVAL,
			"There was an error searching jobs by date: Error: Invalid 'from' date, must be in ISO-8601 format (YYYY-MM-DD).");
	if (date_argument(call, "to_date", &to))
		return lyre_fail(call, LYRE_EINVAL,
			"There was an error searching jobs by date: Error: Invalid 'to' date, must be in ISO-8601 format (YYYY-MM-DD)");
	int rc = open_jobs(call, &table);
	if (rc)
		return rc;
	const lyre_value *bounds[] = { lyre_make_double(call, from), lyre_make_double(call, to) };
	const struct lyre_query query = {
		.size = sizeof query,
		.table = table,
		.conditions = lyre_make_condition(call, START, "between", lyre_make_array(call, bounds, 2)),
		.limit = UINT64_MAX,
	};
	if (!query.conditions)
		return lyre_fail_no_memory(call);
	rc = lyre_query_open(call, &query, &cursor);
	return rc ? rc : answer_jobs(call, cursor, 1);
}
