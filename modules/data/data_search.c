/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file data/data_search.c
 * \brief search_by_id, search_by_value, search_by_conditions.
 */
#include "data.h"

#include <string.h>
#include <strings.h>

/** Fills in what the searches have in common: limit, offset, order, attributes to return. */
static void query_begin(lyre_call *call, lyre_table *table, struct lyre_query *q)
{
	const lyre_value *limit = lyre_arg(call, "limit");
	*q = (struct lyre_query){
		.size = sizeof *q,
		.table = table,
		.select = lyre_arg(call, "get_attributes"),
		.sort = lyre_arg(call, "sort"),
		.offset = (uint64_t)lyre_value_int(lyre_arg(call, "offset")),
		.limit = limit ? (uint64_t)lyre_value_int(limit) : UINT64_MAX,
		.reverse = lyre_value_bool(lyre_arg(call, "desc")) || lyre_value_bool(lyre_arg(call, "reverse")),
	};
}

static int query_reply(lyre_call *call, const struct lyre_query *q)
{
	lyre_cursor *rows;
	int rc = lyre_query_open(call, q, &rows);
	return rc < 0 ? rc : lyre_reply_rows(call, rows);
}

int data_search_by_id(lyre_call *call)
{
	lyre_table *table;
	lyre_cursor *rows;
	int rc = lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), &table);
	if (rc >= 0)
		rc = lyre_lookup(call, table, lyre_arg(call, "ids"), lyre_arg(call, "get_attributes"), &rows);
	return rc < 0 ? rc : lyre_reply_rows(call, rows);
}

/** \return 1, 0, or a failure. */
static int has_attribute(lyre_call *call, lyre_table *table, const char *name)
{
	struct lyre_table_spec spec = { .size = sizeof spec };
	int rc = lyre_table_spec(call, table, &spec);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < spec.attribute_count; i++)
		if (strcmp(lyre_attribute_at(&spec, i)->name, name) == 0)
			return 1;
	return 0;
}

/**
 * Returns the comparator that the wildcards of a value imply, and in \p ret the value without them. A '*' that is neither
 * first nor last is an ordinary character. A list of one item means the item, as in the index.
 */
static const char *value_read(lyre_call *call, const lyre_value *value, const lyre_value **ret)
{
	size_t len = 0;
	const char *text = lyre_value_type(value) == LYRE_STRING ? lyre_value_string(value, &len) : "";
	int first = len > 1 && text[0] == '*';
	int last = len > 1 && text[len - 1] == '*';
	if (!first && !last) {
		int wrapped = lyre_value_type(value) == LYRE_ARRAY && lyre_value_count(value) == 1;
		*ret = wrapped ? lyre_value_at(value, 0) : value;
		return "equals";
	}
	*ret = lyre_make_string(call, text + first, len - (size_t)first - (size_t)last);
	return first && last ? "contains" : first ? "ends_with" : "starts_with";
}

static int is_star(const lyre_value *value)
{
	size_t len;
	const char *text = lyre_value_type(value) == LYRE_STRING ? lyre_value_string(value, &len) : NULL;
	return text && len == 1 && *text == '*';
}

int data_search_by_value(lyre_call *call)
{
	const char *attribute = lyre_arg_string(call, "attribute");
	const lyre_value *value = lyre_arg(call, "value");
	lyre_table *table;
	struct lyre_query q;
	int rc = lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), &table);
	if (rc < 0)
		return rc;
	query_begin(call, table, &q);

	if (is_star(value)) {
		/* every record, even those without a value: so no condition */
		rc = has_attribute(call, table, attribute);
		if (rc < 0)
			return rc;
		if (!rc)
			return lyre_fail(call, LYRE_EINVAL, "unknown attribute '%s'", attribute);
		return query_reply(call, &q);
	}
	const char *comparator = value_read(call, value, &value);
	q.conditions = lyre_make_condition(call, attribute, comparator, value);
	return q.conditions ? query_reply(call, &q) : lyre_fail_no_memory(call);
}

static int visit_none(void *arg, lyre_table *table)
{
	(void)arg;
	(void)table;
	return LYRE_END;
}

static int database_exists(lyre_call *call, const char *database)
{
	return lyre_tables(call, database, visit_none, NULL) >= 0;
}

int data_search_by_conditions(lyre_call *call)
{
	const char *database = lyre_arg_string(call, "database");
	const char *operator= lyre_arg_string(call, "operator");
	const char *name = lyre_arg_string(call, "table");
	lyre_table *table;
	struct lyre_query q;
	int any = strcasecmp(operator, "or") == 0;
	if (!any && strcasecmp(operator, "and") != 0)
		return lyre_fail(call, LYRE_EINVAL, "'operator' must be one of [and, or]");
	int rc = lyre_table_open(call, database, name, &table);
	if (rc == LYRE_ENOTFOUND && database_exists(call, database))
		return lyre_fail(call, LYRE_EINVAL, "Table %s not found", name); /* the error that clients expect here */
	if (rc < 0)
		return rc;
	query_begin(call, table, &q);
	q.conditions = lyre_arg(call, "conditions");
	q.match_any = (uint32_t)any;
	return query_reply(call, &q);
}
