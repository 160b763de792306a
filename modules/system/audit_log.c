/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/audit_log.c
 * \brief read_transaction_log and read_audit_log, which list the writes to a table, and the removal of old entries.
 */
#include "audit_log.h"

#include <math.h>
#include <string.h>

static const char *const modes[] = { "insert", "update", "upsert", "delete" };

/* ---- the arguments ---- */

int value_is_number(const lyre_value *v)
{
	enum lyre_type type = lyre_value_type(v);

	return type == LYRE_INT || type == LYRE_DOUBLE || type == LYRE_BIGINT;
}

/** Reads milliseconds, or a date. */
static int time_of(const lyre_value *v, double *ret)
{
	size_t len;

	if (value_is_number(v)) {
		*ret = lyre_value_double(v);
		return 0;
	}
	if (lyre_value_type(v) != LYRE_STRING)
		return LYRE_EINVAL;
	const char *text = lyre_value_string(v, &len);
	return lyre_time_parse(text, len, ret);
}

static int time_argument(lyre_call *call, const char *name, double *ret)
{
	if (lyre_arg_given(call, name) && time_of(lyre_arg(call, name), ret))
		return lyre_fail(call, LYRE_EINVAL, "'%s' must be in timestamp or number of milliseconds format", name);
	return 0;
}

static int open_table(lyre_call *call, lyre_table **ret)
{
	return lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), ret);
}

struct lyre_change_query changes_of_all(lyre_call *call)
{
	return (struct lyre_change_query){
		.size = sizeof(struct lyre_change_query),
		.from = NAN,
		.until = NAN,
		.limit = lyre_arg_given(call, "limit") ? (uint64_t)lyre_value_int(lyre_arg(call, "limit")) : UINT64_MAX,
	};
}

/* ---- writes as objects ---- */

/**
 * The changes of a write come one by one, but its object has all keys first, then all records: so the records are kept, as
 * copies in a scope of the call, until the write ends.
 */
struct kept_record {
	struct kept_record *next;
	const lyre_value *value;
};

struct answer {
	lyre_call *call;
	lyre_out *out;
	const char *user;  /**< user of the list, written before it; NULL: none */
	int begun;         /**< the list has been started */
	uint64_t sequence; /**< of the write whose object is open; 0 for none */
	struct kept_record *first, **last;
	size_t bytes;
};

/** The approximate size of a value as JSON, bytes. */
static size_t size_of(const lyre_value *v)
{
	size_t len = 0, size = 8;

	switch (lyre_value_type(v)) {
	case LYRE_STRING:
	case LYRE_BIGINT:
		(void)lyre_value_string(v, &len);
		return len + 2;
	case LYRE_OBJECT:
	case LYRE_ARRAY:
		for (size_t i = 0; i < lyre_value_count(v); i++) {
			(void)lyre_value_name(v, i, &len);
			size += size_of(lyre_value_at(v, i)) + len + 4;
		}
		return size;
	default:
		return size;
	}
}

int changes_add_size(lyre_call *call, size_t *bytes, const struct lyre_change *c)
{
	*bytes += 150 + size_of(c->key) + size_of(c->after);
	if (*bytes <= ANSWER_MAX)
		return 0;
	return lyre_fail(
		call, LYRE_ETOOBIG, "the answer would exceed %d MiB: narrow the request by time, key or 'limit'", ANSWER_MAX >> 20);
}

void changes_write_head(lyre_out *o, const struct lyre_change *c)
{
	const char *mode = c->mode < sizeof modes / sizeof *modes ? modes[c->mode] : c->operation;

	lyre_out_text(o, "operation", mode);
	lyre_out_text(o, "user_name", c->user);
	lyre_out_key(o, "timestamp");
	lyre_out_double(o, c->time);
	lyre_out_key(o, "hash_values");
	lyre_out_array_begin(o);
}

static void end_write(struct answer *a)
{
	if (!a->sequence)
		return;
	lyre_out_array_end(a->out);
	lyre_out_key(a->out, "records");
	lyre_out_array_begin(a->out);
	for (struct kept_record *k = a->first; k; k = k->next)
		lyre_out_value(a->out, k->value);
	lyre_out_array_end(a->out);
	lyre_out_object_end(a->out);
	lyre_scope_end(a->call);
	a->sequence = 0;
}

static int begin_write(struct answer *a, const struct lyre_change *c)
{
	int rc = lyre_scope_begin(a->call);

	if (rc)
		return rc;
	if (a->user && !a->begun)
		lyre_out_key(a->out, a->user);
	if (!a->begun)
		lyre_out_array_begin(a->out);
	a->begun = 1;
	a->sequence = c->sequence;
	a->first = NULL;
	a->last = &a->first;
	lyre_out_object_begin(a->out);
	changes_write_head(a->out, c);
	return 0;
}

static int answer_change(void *arg, const struct lyre_change *c)
{
	struct answer *a = arg;
	int rc = changes_add_size(a->call, &a->bytes, c);

	if (!rc && a->sequence != c->sequence) {
		end_write(a);
		rc = begin_write(a, c);
	}
	if (rc)
		return rc;
	lyre_out_value(a->out, c->key);
	struct kept_record *k = lyre_alloc(a->call, sizeof *k);
	if (k && c->after)
		k->value = lyre_make_copy(a->call, c->after);
	if (!k || (c->after && !k->value))
		return lyre_fail_no_memory(a->call);
	*a->last = k;
	a->last = &k->next;
	return 0;
}

/** Answers a list of writes; the list of a user is left out if it is empty. */
static int answer_list(lyre_call *call, lyre_table *table, const struct lyre_change_query *q, const char *user, size_t *bytes)
{
	struct answer a = { .call = call, .out = lyre_reply(call), .user = user, .bytes = *bytes };

	if (!user) {
		lyre_out_array_begin(a.out);
		a.begun = 1;
	}
	int rc = lyre_changes(call, table, q, answer_change, &a);
	if (rc)
		return rc;
	end_write(&a);
	if (a.begun)
		lyre_out_array_end(a.out);
	*bytes = a.bytes;
	return 0;
}

/* ---- the two operations ---- */

static int search_by_time(lyre_call *call, lyre_table *table, const lyre_value *values)
{
	struct lyre_change_query q = changes_of_all(call);
	double *const bounds[] = { &q.from, &q.until };
	size_t count = lyre_value_count(values), bytes = 0;

	if (count > 2)
		return lyre_fail(call, LYRE_EINVAL, "'search_values' must contain one or two times");
	for (size_t i = 0; i < count; i++) {
		if (time_of(lyre_value_at(values, i), bounds[i]))
			return lyre_fail(
				call, LYRE_EINVAL, "'search_values[%zu]' must be in timestamp or number of milliseconds format", i);
	}
	return answer_list(call, table, &q, NULL, &bytes);
}

/** Whether the same text occurs earlier in the list. */
static int is_repeated(const lyre_value *values, size_t i)
{
	const char *text = lyre_value_string(lyre_value_at(values, i), NULL);

	for (size_t j = 0; j < i; j++) {
		if (!strcmp(text, lyre_value_string(lyre_value_at(values, j), NULL)))
			return 1;
	}
	return 0;
}

/** Reads the log once for each user: users are few, and skipping the writes of others is quick. */
static int search_by_user(lyre_call *call, lyre_table *table, const lyre_value *values)
{
	size_t count = lyre_value_count(values), bytes = 0;
	int rc = 0;

	if (count > 100)
		return lyre_fail(call, LYRE_EINVAL, "'search_values' must contain at most 100 users");
	for (size_t i = 0; i < count; i++) {
		if (lyre_value_type(lyre_value_at(values, i)) != LYRE_STRING)
			return lyre_fail(call, LYRE_EINVAL, "'search_values[%zu]' must be a string", i);
	}
	lyre_out_object_begin(lyre_reply(call));
	for (size_t i = 0; !rc && i < count; i++) {
		const lyre_value *user = lyre_value_at(values, i);
		struct lyre_change_query q = changes_of_all(call);

		if (is_repeated(values, i))
			continue;
		q.users = lyre_make_array(call, &user, 1);
		if (!q.users)
			return lyre_fail_no_memory(call);
		rc = answer_list(call, table, &q, lyre_value_string(user, NULL), &bytes);
	}
	lyre_out_object_end(lyre_reply(call));
	return rc;
}

int system_read_audit_log(lyre_call *call)
{
	static const struct {
		const char *name;
		int (*search)(lyre_call *call, lyre_table *table, const lyre_value *values);
	} searches[] = {
		{ "timestamp", search_by_time },
		{ "username", search_by_user },
		{ "hash_value", changes_by_key },
	};
	struct lyre_change_query q = changes_of_all(call);
	const lyre_value *type = lyre_arg(call, "search_type"), *values = lyre_arg(call, "search_values");
	lyre_table *table;
	size_t bytes = 0;

	int rc = open_table(call, &table);
	if (rc)
		return rc;
	if (!lyre_arg_given(call, "search_type"))
		return answer_list(call, table, &q, NULL, &bytes);
	for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
		if (lyre_value_type(type) != LYRE_STRING || strcmp(lyre_value_string(type, NULL), searches[i].name) != 0)
			continue;
		if (!lyre_arg_given(call, "search_values"))
			return lyre_fail(call, LYRE_EINVAL, "'search_values' is required");
		return searches[i].search(call, table, values);
	}
	return lyre_fail(call, LYRE_EINVAL, "'search_type' must be one of [timestamp, username, hash_value]");
}

/** Clients of older releases search this log like the audit log. */
int system_read_transaction_log(lyre_call *call)
{
	struct lyre_change_query q = changes_of_all(call);
	lyre_table *table;
	size_t bytes = 0;

	if (lyre_arg_given(call, "search_type")) {
		if (lyre_arg_given(call, "from") || lyre_arg_given(call, "to"))
			return lyre_fail(call, LYRE_EINVAL, "'search_type' cannot be combined with 'from' or 'to'");
		return system_read_audit_log(call);
	}
	int rc = time_argument(call, "from", &q.from);
	if (!rc)
		rc = time_argument(call, "to", &q.until);
	if (!rc)
		rc = open_table(call, &table);
	return rc ? rc : answer_list(call, table, &q, NULL, &bytes);
}

/* ---- removal ---- */

static int is_transactions(lyre_call *call)
{
	return !strcmp(lyre_call_operation(call), "delete_transaction_logs_before");
}

/** Times are numbers in read_audit_log, but may be dates in read_transaction_log: the same holds for removal. */
static int before_argument(lyre_call *call, double *ret)
{
	const lyre_value *v = lyre_arg(call, "timestamp");

	if (is_transactions(call))
		return time_argument(call, "timestamp", ret);
	if (!value_is_number(v))
		return lyre_fail(call, LYRE_EINVAL, "'timestamp' is invalid");
	*ret = lyre_value_double(v);
	return 0;
}

int system_delete_logs_check(lyre_call *call)
{
	double before;

	return before_argument(call, &before);
}

static int report(void *arg, uint64_t removed)
{
	return lyre_job_progress(arg, removed, 0);
}

static int delete_before(lyre_call *call)
{
	lyre_table *table;
	double before = NAN;
	uint64_t removed;

	int rc = before_argument(call, &before);
	if (!rc)
		rc = open_table(call, &table);
	return rc ? rc : lyre_changes_remove(call, table, before, report, call, &removed);
}

int system_delete_transaction_logs_before(lyre_call *call)
{
	return delete_before(call);
}

int system_delete_audit_logs_before(lyre_call *call)
{
	return delete_before(call);
}
