/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/expire.c
 * \brief delete_records_before: deletes the records of a table created before a date, a few at a time.
 */
#include "system_module.h"

#include <string.h>

#define CREATED "__createdtime__"
/** Records per write: few, so that other writers never wait long. */
#define BATCH 250

/** Reads the date. It is declared with any type, because clients expect these errors. */
static int date_of(lyre_call *call, double *ret)
{
	const lyre_value *v = lyre_arg(call, "date");
	size_t len;

	if (lyre_value_type(v) != LYRE_STRING)
		return lyre_fail(call, LYRE_EINVAL, "'date' must be a valid date");
	const char *text = lyre_value_string(v, &len);
	if (lyre_time_parse(text, len, ret))
		return lyre_fail(call, LYRE_EINVAL, "'date' must be in ISO 8601 date format");
	return 0;
}

int system_delete_records_before_check(lyre_call *call)
{
	double before;

	return date_of(call, &before);
}

static int has_created_time(const struct lyre_table_spec *spec, int *is_date)
{
	for (uint32_t i = 0; i < spec->attribute_count; i++) {
		const struct lyre_attribute *a = lyre_attribute_at(spec, i);

		if (strcmp(a->name, CREATED) != 0)
			continue;
		*is_date = a->type && !strcmp(a->type, "Date");
		return 1;
	}
	return 0;
}

/** What to delete: the table, and the search for its old records. */
struct expiry {
	lyre_table *table;
	const char *key; /**< name of the primary key */
	struct lyre_query query;
	size_t batch; /**< records per write: reduced when the disk was too full */
	uint64_t found, deleted;
};

static int find(lyre_call *call, struct expiry *x)
{
	struct lyre_table_spec spec = { .size = sizeof spec };
	int is_date;
	double before;
	char text[32];

	int rc = date_of(call, &before);
	if (!rc)
		rc = lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), &x->table);
	if (!rc)
		rc = lyre_table_spec(call, x->table, &spec);
	if (rc)
		return rc;
	if (!has_created_time(&spec, &is_date))
		return lyre_fail(call, LYRE_EINVAL,
			"Table must have a '" CREATED "' attribute or @createdTime timestamp defined to perform this operation");
	x->key = spec.primary_key;
	const lyre_value *key = lyre_make_text(call, x->key);
	const lyre_value *time =
		is_date ? lyre_make_string(call, text, lyre_time_text(text, before)) : lyre_make_double(call, before);
	x->query = (struct lyre_query){
		.size = sizeof x->query,
		.table = x->table,
		.conditions = lyre_make_condition(call, CREATED, "less_than", time),
		.select = lyre_make_array(call, &key, 1),
		.limit = UINT64_MAX,
	};
	return x->query.conditions && x->query.select ? 0 : lyre_fail_no_memory(call);
}

static int count(lyre_call *call, struct expiry *x)
{
	const lyre_value *row;
	lyre_cursor *cursor;

	int rc = lyre_query_open(call, &x->query, &cursor);
	while (!rc && (rc = lyre_cursor_next(call, cursor, &row)) == 0) {
		if (++x->found % BATCH == 0)
			rc = lyre_job_progress(call, 0, 0);
	}
	return rc == LYRE_END ? 0 : rc;
}

/** Deletes in smaller batches if the disk is too full for larger ones. */
static int delete_keys(lyre_call *call, struct expiry *x, const lyre_value *const *keys, size_t n)
{
	const struct lyre_write_result *result;
	size_t at = 0;

	while (at < n) {
		size_t part = n - at < x->batch ? n - at : x->batch;
		int rc = lyre_write_wait(call, x->table, LYRE_DELETE, lyre_make_array(call, keys + at, part), &result);
		if (rc == LYRE_ENOSPACE && part > 1) {
			x->batch = part / 2;
			continue;
		}
		if (rc)
			return rc;
		x->deleted += result->done;
		at += part;
	}
	return 0;
}

/** Deletes the next batch. \return LYRE_END if there are no more */
static int delete_some(lyre_call *call, struct expiry *x, lyre_cursor *cursor, uint64_t left)
{
	const lyre_value *keys[BATCH], *row;
	size_t n = 0;
	int rc = 0;

	while (n < BATCH && n < left && (rc = lyre_cursor_next(call, cursor, &row)) == 0)
		keys[n++] = lyre_make_copy(call, lyre_value_get(row, x->key));
	if (rc < 0 || n == 0)
		return rc ? rc : LYRE_END;
	int deleted = delete_keys(call, x, keys, n);
	return deleted ? deleted : rc;
}

/** Deletes no more records than were counted: if the date is in the future, records written meanwhile stay. */
static int delete_found(lyre_call *call, struct expiry *x)
{
	lyre_cursor *cursor;
	uint64_t seen = 0;

	int rc = lyre_query_open(call, &x->query, &cursor);
	while (!rc && seen < x->found) {
		rc = lyre_job_progress(call, x->deleted, x->found);
		if (!rc)
			rc = lyre_scope_begin(call);
		if (rc)
			break;
		rc = delete_some(call, x, cursor, x->found - seen);
		lyre_scope_end(call);
		seen += BATCH;
	}
	return rc == LYRE_END ? 0 : rc;
}

int system_delete_records_before(lyre_call *call)
{
	struct expiry x = { .batch = BATCH };

	int rc = find(call, &x);
	if (!rc)
		rc = count(call, &x);
	if (!rc)
		rc = delete_found(call, &x);
	if (rc)
		return rc;
	if (!x.found)
		return lyre_reply_message(call, "No records found to delete");
	return lyre_reply_message(call, "%llu of %llu %s successfully deleted", (unsigned long long)x.deleted,
		(unsigned long long)x.found, x.found == 1 ? "record" : "records");
}
