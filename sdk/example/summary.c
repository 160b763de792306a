/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file summary.c
 * \brief A module that counts how often each value of an attribute occurs. Its answer is built with json-c: see "With
 * json-c" in ../handlers.md.
 */
#include <lyre/lyre.h>
#include <lyre/json-c.h>

#include <string.h>

/** Limits the memory, whatever the table: at most this many names of this many bytes. */
#define VALUES_MAX 1000
#define TEXT_MAX 1000

/** Adds a member, taking ownership of it; NULL: it could not be created. */
static int add(lyre_call *call, struct json_object *to, const char *name, struct json_object *member)
{
	if (member && json_object_object_add(to, name, member) == 0)
		return 0;
	json_object_put(member);
	return lyre_fail_no_memory(call);
}

/** Counts one more occurrence of the value with this text. */
static int count_text(lyre_call *call, struct json_object *counts, const char *text)
{
	struct json_object *count;
	if (!text)
		return lyre_fail_no_memory(call);
	if (json_object_object_get_ex(counts, text, &count)) {
		json_object_int_inc(count, 1);
		return 0;
	}
	if (json_object_object_length(counts) == VALUES_MAX || strlen(text) > TEXT_MAX)
		return lyre_fail(
			call, LYRE_ETOOBIG, "at most %d different values of %d bytes each can be counted", VALUES_MAX, TEXT_MAX);
	return add(call, counts, text, json_object_new_int64(1));
}

static int count_value(lyre_call *call, struct json_object *counts, const lyre_value *value)
{
	struct json_object *object;
	int rc = lyre_value_to_json_c(call, value, &object);
	if (rc == 0)
		rc = count_text(call, counts, json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return rc;
}

/** Reads the rows into the answer: their number, and how often each value occurs. */
static int count_rows(lyre_call *call, lyre_cursor *rows, struct json_object *answer)
{
	const char *attribute = lyre_arg_string(call, "attribute");
	struct json_object *counts = json_object_new_object();
	int64_t records = 0;
	int rc = add(call, answer, "counts", counts);
	while (rc == 0) {
		const lyre_value *row;
		rc = lyre_cursor_next(call, rows, &row);
		if (rc == LYRE_END)
			return add(call, answer, "records", json_object_new_int64(records));
		if (rc == 0)
			rc = count_value(call, counts, lyre_value_get(row, attribute));
		records++;
	}
	return rc;
}

static int count_values(lyre_call *call)
{
	const lyre_value *attribute = lyre_arg(call, "attribute");
	struct lyre_query query = { .size = sizeof query, .limit = UINT64_MAX };
	struct json_object *answer;
	lyre_cursor *rows;
	int rc = lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), &query.table);
	query.select = lyre_make_array(call, &attribute, 1);
	if (rc == 0)
		rc = query.select ? lyre_query_open(call, &query, &rows) : lyre_fail_no_memory(call);
	if (rc != 0)
		return rc;
	answer = json_object_new_object();
	rc = answer ? count_rows(call, rows, answer) : lyre_fail_no_memory(call);
	if (rc == 0)
		rc = lyre_reply_json_c(call, answer);
	json_object_put(answer);
	return rc;
}

static const struct lyre_param count_values_params[] = {
	{ .name = "database",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NAME,
		.fallback = "\"data\"",
		.help = "Name of the database." },
	{ .name = "table", .types = LYRE_T_STRING, .flags = LYRE_P_NAME | LYRE_P_REQUIRED, .help = "Name of the table." },
	{ .name = "attribute",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NOT_EMPTY | LYRE_P_REQUIRED | LYRE_P_READS,
		.help = "Name of the attribute whose values are counted." },
};

static const struct lyre_operation operations[] = {
	{ .name = "count_values",
		.handler = count_values,
		.run = LYRE_RUN_POOL, /* there may be many rows */
		.access = LYRE_ACCESS_USER,
		.permissions = LYRE_PERMIT_READ,
		.params = LYRE_LIST(count_values_params),
		.help = "Count how often each value of an attribute occurs." },
};

LYRE_MODULE(summary, "1.0.0", "Counts the values of an attribute", .operations = LYRE_LIST(operations));
