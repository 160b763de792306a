/* SPDX-License-Identifier: Apache-2.0 */
/** Makes beginners' mistakes: each operation is answered with advice, and the server continues. */
#include <lyre/lyre.h>

static int no_query_size(lyre_call *call)
{
	struct lyre_query query = { .limit = 1 };
	lyre_cursor *rows;
	return lyre_query_open(call, &query, &rows);
}

static int no_query_table(lyre_call *call)
{
	struct lyre_query query = { .size = sizeof query, .limit = 1 };
	lyre_cursor *rows;
	return lyre_query_open(call, &query, &rows);
}

static int no_spec_size(lyre_call *call)
{
	struct lyre_table_spec spec = { .database = "careless", .name = "t", .primary_key = "id", .expiration = -1, .audit = -1 };
	return lyre_table_create(call, &spec);
}

static int no_attribute_size(lyre_call *call)
{
	const struct lyre_attribute attribute = { .name = "id", .flags = LYRE_A_PRIMARY_KEY };
	const struct lyre_table_spec spec = {
		.size = sizeof spec,
		.database = "careless",
		.name = "t",
		.primary_key = "id",
		.attributes = &attribute,
		.attribute_count = 1,
		.expiration = -1,
		.audit = -1,
	};
	return lyre_table_create(call, &spec);
}

static int no_key(lyre_call *call)
{
	const struct lyre_table_spec spec = {
		.size = sizeof spec, .database = "careless", .name = "t", .expiration = -1, .audit = -1
	};
	return lyre_table_create(call, &spec);
}

/** As with the text of an argument that was not given. */
static int no_name(lyre_call *call)
{
	lyre_table *table;
	return lyre_table_open(call, "careless", lyre_arg_string(call, "table"), &table);
}

static int no_sentence(lyre_call *call)
{
	(void)call;
	return LYRE_EINVAL;
}

/** Reads every type of setting with its function. */
static int settings_of_each_kind(lyre_call *call)
{
	lyre_instance *self = lyre_call_module(call);
	size_t count;
	const char *const *list = lyre_setting_list(self, "list", &count);
	return lyre_reply_message(call, "%s %lld %g %d %s %lld %lld %d %s%s %s", lyre_setting_string(self, "string"),
		(long long)lyre_setting_int(self, "int"), lyre_setting_number(self, "number"), lyre_setting_bool(self, "bool"),
		lyre_setting_string(self, "enum"), (long long)lyre_setting_int(self, "size"),
		(long long)lyre_setting_int(self, "duration"), lyre_setting_is_null(self, "duration"), list[0], list[count - 1],
		lyre_setting_string(self, "folder"));
}

static const struct lyre_operation operations[] = {
	{ .name = "no_query_size", .handler = no_query_size, .access = LYRE_ACCESS_USER },
	{ .name = "no_query_table", .handler = no_query_table, .access = LYRE_ACCESS_USER },
	{ .name = "no_spec_size", .handler = no_spec_size, .access = LYRE_ACCESS_USER, .run = LYRE_RUN_POOL },
	{ .name = "no_attribute_size", .handler = no_attribute_size, .access = LYRE_ACCESS_USER, .run = LYRE_RUN_POOL },
	{ .name = "no_key", .handler = no_key, .access = LYRE_ACCESS_USER, .run = LYRE_RUN_POOL },
	{ .name = "no_name", .handler = no_name, .access = LYRE_ACCESS_USER },
	{ .name = "no_sentence", .handler = no_sentence, .access = LYRE_ACCESS_USER },
	{ .name = "settings_of_each_kind", .handler = settings_of_each_kind, .access = LYRE_ACCESS_USER },
};

static const struct lyre_setting settings[] = {
	{ .key = "string", .type = LYRE_S_STRING, .fallback = "s" },
	{ .key = "int", .type = LYRE_S_INT, .fallback = "-7" },
	{ .key = "number", .type = LYRE_S_NUMBER, .fallback = "0.5" },
	{ .key = "bool", .type = LYRE_S_BOOL, .fallback = "true" },
	{ .key = "enum", .type = LYRE_S_ENUM, .fallback = "up", .values = "up down" },
	{ .key = "size", .type = LYRE_S_SIZE, .fallback = "64K" },
	{ .key = "duration", .type = LYRE_S_DURATION, .flags = LYRE_SF_NULL },
	{ .key = "list", .type = LYRE_S_LIST, .fallback = "[a, b]" },
	{ .key = "folder", .type = LYRE_S_PATH, .fallback = "/p" },
};

LYRE_MODULE(careless, "1.0.0", "Forgets things", .settings = LYRE_LIST(settings), .operations = LYRE_LIST(operations));
