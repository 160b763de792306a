/* SPDX-License-Identifier: Apache-2.0 */
#include "unit_json.h"

#include "dispatch/dispatch_internal.h"

#include <stdio.h>
#include <string.h>

static int handler(lyre_call *call)
{
	(void)call;
	return 0;
}

static const struct lyre_param params[] = {
	{ .name = "database", .types = LYRE_T_STRING, .flags = LYRE_P_NAME, .fallback = "\"data\"" },
	{ .name = "table", .types = LYRE_T_STRING | LYRE_T_NUMBER, .flags = LYRE_P_NAME | LYRE_P_REQUIRED },
	{ .name = "primary_key", .types = LYRE_T_STRING, .flags = LYRE_P_NAME | LYRE_P_NULL_IS_ABSENT },
	{ .name = "ids", .types = LYRE_T_ARRAY, .flags = LYRE_P_KEYS, .label = "hash_values" },
	{ .name = "records", .types = LYRE_T_ARRAY, .flags = LYRE_P_OBJECTS | LYRE_P_NOT_EMPTY },
	{ .name = "limit",
		.types = LYRE_T_NUMBER,
		.flags = LYRE_P_NUMERIC_TEXT | LYRE_P_INTEGER | LYRE_P_RANGE,
		.min = 1,
		.max = 1e6 },
	{ .name = "desc", .types = LYRE_T_BOOLEAN },
	{ .name = "sort", .types = LYRE_T_OBJECT },
	{ .name = "value", .types = LYRE_T_ANY },
	{ .name = "conditions", .types = LYRE_T_ARRAY, .flags = LYRE_P_CONDITIONS },
	{ .name = "comparator",
		.types = LYRE_T_STRING | LYRE_T_NUMBER,
		.flags = LYRE_P_NOT_EMPTY,
		.wrong_as = "search_type comparator" },
	{ .name = "attribute", .types = LYRE_T_STRING, .wrong_as = "search_attribute" },
	{ .name = "who", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED | LYRE_P_NULL_IS_ABSENT, .label = "user" },
};

static const struct lyre_operation declared[] = {
	{ .name = "try", .handler = handler, .access = LYRE_ACCESS_USER, .params = LYRE_LIST(params) },
};

static struct registry registry;
static struct arena arena;
static struct lyre_call call;

static void setup(void)
{
	struct err e;

	registry_init(&registry);
	ck_assert_int_eq(registry_add(&registry, "test", NULL, (struct lyre_list)LYRE_LIST(declared), &e), 0);
	arena_init(&arena);
}

static void teardown(void)
{
	arena_free(&arena);
	registry_free(&registry);
}

/** Binds and checks a body. \return the messages, "" if there are none */
static const char *say(const char *body)
{
	static struct err e;
	const char **labels;

	call = (struct lyre_call){ .arena = &arena, .operation = registry_find(&registry, "try", 3) };
	ck_assert_ptr_nonnull(call.operation);
	ck_assert_int_eq(json_read(&arena, body, &call.body, &e), 0);
	ck_assert_int_eq(arguments_bind(&call, &labels), 0);
	e = (struct err){ .code = 0 };
	int rc = arguments_check(&call, labels, &e);
	ck_assert_int_eq(rc, e.code);
	ck_assert(rc == 0 || rc == LYRE_EINVAL);
	return e.text;
}

/** The index of a parameter. */
static size_t at(const char *name)
{
	for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
		if (!strcmp(params[i].name, name))
			return i;
	}
	ck_abort_msg("no parameter %s", name);
}

/* Bodies are given without the members that are always required. */
#define REST ",'table':'t','who':'me'}"

static const struct {
	const char *name, *body, *text;
} cases[] = {
	{ "unknown parameter", "{'x':1" REST, "" },
	{ "nothing that is required", "{}", "'table' is required. 'user' is required" },
	{ "null for a required parameter", "{'table':'t','who':null}", "'user' is required" },
	{ "null for a text", "{'database':null" REST, "'database' must be a string" },
	{ "number for a text", "{'database':5" REST, "'database' must be a string" },
	{ "number under an old name", "{'schema':5" REST, "'schema' must be a string" },
	{ "new name goes before the old one", "{'schema':5,'database':'d'" REST, "" },
	{ "empty name", "{'database':''" REST, "'database' is not allowed to be empty" },
	{ "backtick in a name", "{'database':'a\\u0060b'" REST, "'database' names cannot include backticks or forward slashes" },
	{ "slash in a name", "{'database':'a/b'" REST, "'database' names cannot include backticks or forward slashes" },
	{ "name outside ASCII", "{'database':'d\xc3\xa5ta'" REST, "'database' names cannot include backticks or forward slashes" },
	{ "control character in a name", "{'database':'a\\u007f'" REST,
		"'database' names cannot include backticks or forward slashes" },
	{ "zero byte in a name", "{'database':'a\\u0000'" REST, "'database' names cannot include backticks or forward slashes" },
	{ "odd name that is allowed", "{'database':' a.b`\\'c'" REST, "" },
	{ "number for a name", "{'who':'me','table':5}", "" },
	{ "boolean for a name or number", "{'who':'me','table':true}", "'table' must be one of [string, number]" },
	{ "null for a name or number", "{'who':'me','table':null}", "'table' must be one of [string, number]" },
	{ "null that means absent", "{'primary_key':null" REST, "" },
	{ "empty name under an old name", "{'hash_attribute':''" REST, "'hash_attribute' is not allowed to be empty" },
	{ "number for an array", "{'ids':1" REST, "'ids' must be an array" },
	{ "null for an array", "{'hash_values':null" REST, "'hash_values' must be an array" },
	{ "keys", "{'hash_values':[1,'a',2.5]" REST, "" },
	{ "keys of other types", "{'hash_values':[null,{}]" REST, "'hash_values' must be strings or numbers" },
	{ "empty value under two names", "{'comparator':''" REST,
		"'search_type' is not allowed to be empty. 'comparator' is not allowed to be empty" },
	{ "boolean under two names", "{'comparator':true" REST,
		"'search_type' must be one of [string, number]. 'comparator' must be one of [string, number]" },
	{ "null under two names", "{'comparator':null" REST, "'comparator' must be one of [string, number]" },
	{ "boolean under the old of two names", "{'search_type':true" REST, "'search_type' must be one of [string, number]" },
	{ "number for a text that is known by its old name", "{'attribute':1" REST, "'search_attribute' must be a string" },
	{ "empty array", "{'records':[]" REST, "'records' must contain at least 1 items" },
	{ "items that are not objects", "{'records':[1,{},[]]" REST,
		"'records[0]' must be of type object. 'records[2]' must be of type object" },
	{ "number below its range", "{'limit':0" REST, "'limit' must be greater than or equal to 1" },
	{ "negative number", "{'limit':-5" REST, "'limit' must be greater than or equal to 1" },
	{ "number above its range", "{'limit':1000001" REST, "'limit' must be less than or equal to 1000000" },
	{ "number above any integer", "{'limit':99999999999999999999999" REST, "'limit' must be less than or equal to 1000000" },
	{ "fraction for an integer", "{'limit':1.5" REST, "'limit' must be an integer" },
	{ "null for a number", "{'limit':null" REST, "'limit' must be a number" },
	{ "text for a number", "{'limit':'x'" REST, "'limit' must be a number" },
	{ "empty text for a number", "{'limit':''" REST, "'limit' must be a number" },
	{ "text true for a number", "{'limit':'true'" REST, "'limit' must be a number" },
	{ "text of a number below its range", "{'limit':'0'" REST, "'limit' must be greater than or equal to 1" },
	{ "text of a number", "{'limit':'12'" REST, "" },
	{ "text for a boolean", "{'desc':'yes'" REST, "'desc' must be a boolean" },
	{ "array for an object", "{'sort':[]" REST, "'sort' must be of type object" },
	{ "null for any value", "{'value':null" REST, "" },
	{ "object for any value", "{'search_value':{}" REST, "" },
	{ "two faults", "{'desc':1,'sort':1" REST, "'desc' must be a boolean. 'sort' must be of type object" },
};

START_TEST(a_body_is_checked)
{
	ck_assert_row_str_eq(cases[_i].name, say(cases[_i].body), cases[_i].text);
}
END_TEST

START_TEST(a_missing_argument_has_its_default)
{
	ck_assert_str_eq(say("{'x':1" REST), "");
	ck_assert(call.present[at("database")] && !call.given[at("database")]);
	ck_assert(value_equals_str(&call.args[at("database")], "data"));
	ck_assert(!call.present[at("limit")] && !call.given[at("limit")]);
	ck_assert(call.present[at("table")] && call.given[at("table")]);
}
END_TEST

START_TEST(null_is_absent_where_declared_so)
{
	ck_assert_str_eq(say("{'primary_key':null,'value':null" REST), "");
	ck_assert(!call.present[at("primary_key")] && !call.given[at("primary_key")]);
	ck_assert(call.present[at("value")] && call.given[at("value")]);
	ck_assert_uint_eq(call.args[at("value")].type, LYRE_NULL);
}
END_TEST

START_TEST(a_text_of_a_number_is_taken_as_a_number)
{
	ck_assert_str_eq(say("{'limit':'12'" REST), "");
	ck_assert_uint_eq(call.args[at("limit")].type, LYRE_INT);
	ck_assert_int_eq(call.args[at("limit")].i, 12);
}
END_TEST

START_TEST(a_name_has_at_most_250_bytes)
{
	char body[400], name[260];
	size_t len = (size_t)_i;

	memset(name, 'n', len);
	name[len] = '\0';
	snprintf(body, sizeof body, "{'database':'%s'" REST, name);
	ck_assert_str_eq(say(body), len <= 250 ? "" : "'database' length must be less than or equal to 250 characters long");
}
END_TEST

START_TEST(many_messages_are_cut_off)
{
	char body[8192] = "{'records':[";

	for (int i = 0; i < 1000; i++)
		strcat(body, i ? ",1" : "1");
	strcat(body, "]" REST);
	const char *text = say(body);
	ck_assert_uint_lt(strlen(text), sizeof((struct err *)0)->text);
	ck_assert(!strncmp(text, "'records[0]' must be of type object. ", 37));
}
END_TEST

START_TEST(old_words_in_conditions_are_replaced)
{
	ck_assert_str_eq(say("{'conditions':[{'search_attribute':'a','search_type':'equals','search_value':1},"
			     "{'operator':'or','conditions':[{'search_attribute':'b','attribute':'c'}]},5]" REST),
		"");
	const lyre_value *c = &call.args[at("conditions")];
	ck_assert(value_equals_str(value_get(&c->items[0], "attribute"), "a"));
	ck_assert(value_equals_str(value_get(&c->items[0], "comparator"), "equals"));
	ck_assert_int_eq(value_get(&c->items[0], "value")->i, 1);
	ck_assert_ptr_null(value_get(&c->items[0], "search_value"));
	const lyre_value *inner = value_get(&c->items[1], "conditions");
	ck_assert(value_equals_str(value_get(&inner->items[0], "attribute"), "c"));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("dispatch_arguments");
	TCase *t = tcase_create("arguments");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_body_is_checked, 0, ROWS(cases));
	tcase_add_test(t, a_missing_argument_has_its_default);
	tcase_add_test(t, null_is_absent_where_declared_so);
	tcase_add_test(t, a_text_of_a_number_is_taken_as_a_number);
	tcase_add_loop_test(t, a_name_has_at_most_250_bytes, 249, 253);
	tcase_add_test(t, many_messages_are_cut_off);
	tcase_add_test(t, old_words_in_conditions_are_replaced);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
