/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file greeting.c
 * \brief A module that greets people and counts its greetings. ../GUIDE.md explains it piece by piece.
 */
#include <lyre/lyre.h>

#include <string.h>

#define DATABASE "greeting"
#define TABLE "people"

/** Opens the table, and creates it for the first greeting. */
static int open_table(lyre_call *call, lyre_table **ret)
{
	static const struct lyre_attribute attributes[] = {
		{ .size = sizeof(struct lyre_attribute), .name = "name", .type = "String", .flags = LYRE_A_PRIMARY_KEY },
		{ .size = sizeof(struct lyre_attribute), .name = "count", .type = "Int", .flags = LYRE_A_INDEXED },
	};
	static const struct lyre_table_spec spec = {
		.size = sizeof spec,
		.database = DATABASE,
		.name = TABLE,
		.primary_key = "name",
		.attributes = attributes,
		.attribute_count = sizeof attributes / sizeof *attributes,
		.expiration = -1,
		.audit = -1,
	};
	return lyre_table_ensure(call, &spec, ret);
}

/** How often the person with this key has been greeted. */
static int count_so_far(lyre_call *call, lyre_table *table, const lyre_value *key, int64_t *ret)
{
	const lyre_value *row;
	lyre_cursor *rows;
	int rc = lyre_lookup(call, table, lyre_make_array(call, &key, 1), NULL, &rows);
	if (rc < 0)
		return rc;
	rc = lyre_cursor_next(call, rows, &row);
	*ret = rc == 0 ? lyre_value_int(lyre_value_get(row, "count")) : 0;
	return rc < 0 ? rc : 0;
}

/** Answers once the count is on disk. */
static int greeted(lyre_call *call, const struct lyre_write_result *result, void *arg)
{
	const int64_t *count = arg;
	const char *word = lyre_setting_string(lyre_call_module(call), "word");
	const char *name = lyre_arg_string(call, "name");
	(void)result;
	if (*count == 1)
		return lyre_reply_message(call, "%s, %s!", word, name);
	return lyre_reply_message(call, "%s again, %s! This is greeting number %lld.", word, name, (long long)*count);
}

static int greet(lyre_call *call)
{
	static const char *const names[] = { "name", "count" };
	const lyre_value *values[2], *record;
	const char *name = lyre_arg_string(call, "name");
	int64_t *count = lyre_alloc(call, sizeof *count);
	lyre_table *table;
	int rc;

	if (!name || !count)
		return lyre_fail_no_memory(call);
	values[0] = lyre_make_text(call, name);
	rc = open_table(call, &table);
	if (rc == 0)
		rc = count_so_far(call, table, values[0], count);
	if (rc < 0)
		return rc;
	++*count;
	values[1] = lyre_make_int(call, *count);
	record = lyre_make_object(call, names, values, 2);
	return lyre_write(call, table, LYRE_UPSERT, lyre_make_array(call, &record, 1), greeted, count);
}

/** Streams everyone who was greeted. */
static int greetings(lyre_call *call)
{
	struct lyre_query query = { .size = sizeof query, .limit = UINT64_MAX };
	lyre_cursor *rows;
	int rc = lyre_table_open(call, DATABASE, TABLE, &query.table);
	if (rc == 0)
		rc = lyre_query_open(call, &query, &rows);
	return rc < 0 ? rc : lyre_reply_rows(call, rows);
}

static const struct lyre_param greet_params[] = {
	{ .name = "name",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NOT_EMPTY,
		.fallback = "\"world\"",
		.help = "Name of the person to greet." },
};

static const struct lyre_operation operations[] = {
	{ .name = "greet",
		.handler = greet,
		.run = LYRE_RUN_POOL, /* creating the table blocks */
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(greet_params),
		.help = "Greet someone and count it." },
	{ .name = "greetings",
		.handler = greetings,
		.access = LYRE_ACCESS_SUPER_USER,
		.help = "List everyone who was greeted, and how often." },
};

static const struct lyre_setting settings[] = {
	{ .key = "word", .type = LYRE_S_STRING, .fallback = "Hello", .help = "The word to greet with." },
};

static int start(lyre_instance *self)
{
	if (lyre_setting_string(self, "word")[0] == '\0')
		return lyre_start_fail(self, LYRE_EINVAL, "modules.greeting.word must not be empty");
	lyre_log(self, LYRE_INFO, "ready to greet");
	return 0;
}

LYRE_MODULE(greeting, "1.0.0", "Greets people and counts its greetings", .settings = LYRE_LIST(settings),
	.operations = LYRE_LIST(operations), .start = start);
