/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to the permission question: which tables and attributes it is taken to touch. */
#include "store_fixture.h"

#include "dispatch/dispatch_internal.h"

/* ---- operations as modules declare them ---- */

static int handler(lyre_call *call)
{
	(void)call;
	return 0;
}

#define DATABASE { .name = "database", .types = LYRE_T_STRING, .flags = LYRE_P_NAME, .fallback = "\"dev\"" }
#define TABLE { .name = "table", .types = LYRE_T_STRING | LYRE_T_NUMBER, .flags = LYRE_P_REQUIRED | LYRE_P_NAME }

static const struct lyre_param write_params[] = {
	DATABASE, TABLE, { .name = "records", .types = LYRE_T_ARRAY, .flags = LYRE_P_REQUIRED | LYRE_P_WRITES },
};
static const struct lyre_param search_params[] = {
	DATABASE,
	TABLE,
	{ .name = "attribute", .types = LYRE_T_STRING | LYRE_T_NUMBER, .flags = LYRE_P_READS },
	{ .name = "conditions", .types = LYRE_T_ARRAY, .flags = LYRE_P_READS },
	{ .name = "get_attributes", .types = LYRE_T_ARRAY, .flags = LYRE_P_READS },
	{ .name = "sort", .types = LYRE_T_OBJECT, .flags = LYRE_P_READS },
	{ .name = "query", .types = LYRE_T_OBJECT, .flags = LYRE_P_READS },
	{ .name = "desc", .types = LYRE_T_BOOLEAN },
};
static const struct lyre_param change_params[] = {
	DATABASE, TABLE, { .name = "where", .types = LYRE_T_STRING, .flags = LYRE_P_READS },
	{ .name = "records", .types = LYRE_T_ARRAY, .flags = LYRE_P_REQUIRED | LYRE_P_WRITES },
};
static const struct lyre_param describe_params[] = { DATABASE };
static const struct lyre_param tables_params[] = {
	DATABASE,
	{ .name = "table", .types = LYRE_T_STRING, .flags = LYRE_P_NULL_IS_ABSENT },
	{ .name = "tables", .types = LYRE_T_ARRAY, .flags = LYRE_P_NULL_IS_ABSENT },
	{ .name = "get_attributes", .types = LYRE_T_ARRAY, .flags = LYRE_P_READS },
};
static const struct lyre_param outer_params[] = {
	{ .name = "request", .types = LYRE_T_OBJECT, .flags = LYRE_P_REQUIRED | LYRE_P_REQUEST },
};

#define OPERATION(n, a, p, list) { .name = n, .handler = handler, .access = a, .permissions = p, .params = LYRE_LIST(list) }

static const struct lyre_operation declared[] = {
	OPERATION("insert", LYRE_ACCESS_USER, LYRE_PERMIT_INSERT, write_params),
	OPERATION("upsert", LYRE_ACCESS_USER, LYRE_PERMIT_INSERT | LYRE_PERMIT_UPDATE, write_params),
	OPERATION("change", LYRE_ACCESS_USER, LYRE_PERMIT_READ | LYRE_PERMIT_INSERT, change_params),
	OPERATION("search", LYRE_ACCESS_USER, LYRE_PERMIT_READ, search_params),
	OPERATION("describe", LYRE_ACCESS_USER, LYRE_PERMIT_DESCRIBE, describe_params),
	OPERATION("read_all", LYRE_ACCESS_USER, LYRE_PERMIT_READ, tables_params),
	OPERATION("make", LYRE_ACCESS_STRUCTURE, 0, describe_params),
	OPERATION("outer", LYRE_ACCESS_USER, 0, outer_params),
	OPERATION("outer_super", LYRE_ACCESS_SUPER_USER, 0, outer_params),
	OPERATION("outer_open", LYRE_ACCESS_OPEN, 0, outer_params),
	{ .name = "super_only", .handler = handler, .access = LYRE_ACCESS_SUPER_USER },
	{ .name = "open", .handler = handler, .access = LYRE_ACCESS_OPEN },
};

/* ---- roles ---- */

#define ATTRIBUTE(name, rest) "{\"attribute_name\":\"" name "\"," rest "}"

static const char limited[] =
	"{\"id\":\"l\",\"role\":\"l\",\"permission\":{\"structure_user\":[\"mine\"],\"dev\":{\"tables\":{"
	"\"all\":{\"read\":true,\"insert\":true,\"update\":true},"
	"\"7\":{\"read\":true},"
	"\"7.5\":{\"read\":true},"
	"\"some\":{\"read\":true,\"insert\":true,\"update\":true,\"attribute_permissions\":["
	ATTRIBUTE("a", "\"read\":true,\"insert\":true,\"update\":true") ","
	ATTRIBUTE("b", "\"read\":true") "," ATTRIBUTE("c", "\"insert\":true") "]}}}}}";

static struct dispatch dispatch;
static struct arena bodies, arena;
static const struct role *role;
static struct principal user = { .name = "bob" }, admin = { .name = "admin" };
static lyre_call call;

static void set_up(void)
{
	lyre_value record;

	setup();
	make_table("dev", "all");
	make_table("dev", "some");
	arena_init(&bodies);
	arena_init(&arena);
	registry_init(&dispatch.registry);
	err = (struct err){ 0 };
	ck_assert_msg(!registry_add(&dispatch.registry, "test", NULL, (struct lyre_list)LYRE_LIST(declared), &err),
		"%s", err.text);
	ck_assert_int_eq(json_decode_copy(&bodies, limited, sizeof limited - 1, &record, &err), 0);
	ck_assert_int_eq(role_make(&role, &record, &err), 0);
	user.role = role;
	admin.role = &role_of_server;
}

static void tear_down(void)
{
	role_unref(role);
	registry_free(&dispatch.registry);
	arena_free(&arena);
	arena_free(&bodies);
	teardown();
}

/* ---- asking ---- */

static int authorise_of(const struct principal *who, const char *body, struct err *e)
{
	*e = (struct err){ 0 };
	call = (lyre_call){ .dispatch = &dispatch, .store = store, .arena = &arena, .who = who };
	ck_assert_msg(!json_decode_copy(&bodies, body, strlen(body), &call.body, e), "%s: %s", body, e->text);
	const lyre_value *name = value_get(&call.body, "operation");
	call.operation = registry_find(&dispatch.registry, name->s, name->len);
	ck_assert_ptr_nonnull(call.operation);
	return authorise(&call, e);
}

/** \return "ok"; the two lists one after the other, as JSON; or the sentence where that is all */
static const char *ask_of(const struct principal *who, const char *body)
{
	struct err e;
	struct buf b;

	int rc = authorise_of(who, body, &e);
	if (!rc)
		return "ok";
	ck_assert_int_eq(rc, LYRE_EDENIED);
	if (!denial_has_lists(&call.denial, e.text))
		return arena_strndup(&bodies, e.text, strlen(e.text));
	buf_init(&b);
	json_add_value(&b, &call.denial.unauthorized);
	json_add_value(&b, &call.denial.invalid);
	const char *text = arena_strndup(&bodies, b.data, b.len);
	buf_free(&b);
	return text;
}

#define SYSTEM_CLOSED                                                                                                  \
	"The 'system' database, tables and records are used internally by HarperDB and cannot be updated or removed."
#define NO(name) "\"Attribute '" name "' does not exist on 'dev.some'\""
#define NONE(list) "[][" list "]"
#define LACKS(attributes)                                                                                              \
	"[{\"schema\":\"dev\",\"table\":\"some\",\"required_table_permissions\":[],"                                \
	"\"required_attribute_permissions\":[" attributes "]}]"
#define LACKS_ATTRIBUTE(name, permissions) "{\"attribute_name\":\"" name "\",\"required_permissions\":[" permissions "]}"
#define INSERT(table, records) "{\"operation\":\"insert\",\"table\":\"" table "\",\"records\":" records "}"
#define UPSERT(table, records) "{\"operation\":\"upsert\",\"table\":\"" table "\",\"records\":" records "}"
#define SEARCH(rest) "{\"operation\":\"search\",\"database\":\"dev\",\"table\":\"some\"," rest "}"
#define OUTER(request) "{\"operation\":\"outer\",\"request\":" request "}"

static const struct {
	const char *body, *answer;
} cases[] = {
	/* database and table */
	{ "{\"operation\":\"search\",\"table\":\"all\"}", "ok" },
	{ "{\"operation\":\"search\",\"schema\":\"dev\",\"table\":\"all\"}", "ok" },
	{ "{\"operation\":\"search\",\"schema\":\"x\",\"table\":\"all\"}", NONE("\"database 'x' does not exist\"") },
	{ "{\"operation\":\"search\",\"database\":\"dev\",\"schema\":\"x\",\"table\":\"all\"}", "ok" },
	{ "{\"operation\":\"search\",\"table\":7}", "ok" },
	{ "{\"operation\":\"search\",\"table\":7.5}", "ok" },
	{ "{\"operation\":\"search\",\"table\":8}", NONE("\"Table 'dev.8' does not exist\"") },
	{ "{\"operation\":\"search\",\"database\":9,\"table\":8}", NONE("\"database '9' does not exist\"") },
	{ "{\"operation\":\"search\",\"table\":\"none\",\"conditions\":[{\"attribute\":\"x\"}]}",
	  NONE("\"Table 'dev.none' does not exist\"") },
	/* not given, or no name: the check of the arguments says it */
	{ "{\"operation\":\"search\"}", "ok" },
	{ "{\"operation\":\"search\",\"table\":null}", "ok" },
	{ "{\"operation\":\"search\",\"table\":[\"none\"]}", "ok" },
	{ "{\"operation\":\"search\",\"database\":{},\"table\":\"none\"}", "ok" },
	/* tables */
	{ "{\"operation\":\"read_all\",\"tables\":[\"all\",7,null]}", "ok" },
	{ "{\"operation\":\"read_all\",\"table\":\"x\",\"tables\":[\"y\",\"all\",\"x\",\"y\"]}",
	  NONE("\"Table 'dev.x' does not exist\",\"Table 'dev.y' does not exist\"") },
	{ "{\"operation\":\"read_all\",\"tables\":[\"all\",\"some\"],\"get_attributes\":[\"a\",\"z\"]}", NONE(NO("z")) },
	{ "{\"operation\":\"read_all\",\"table\":null}", "[\"Operation 'readAll' is restricted to 'super_user' roles\"][]" },
	{ "{\"operation\":\"read_all\",\"tables\":[]}", "ok" },
	/* the database as a whole */
	{ "{\"operation\":\"describe\"}", "ok" },
	{ "{\"operation\":\"describe\",\"schema\":\"mine\"}", "ok" },
	{ "{\"operation\":\"describe\",\"schema\":\"x\"}", NONE("\"database 'x' does not exist\"") },
	{ "{\"operation\":\"describe\",\"schema\":\"system\"}",
	  "[\"Your role does not have permission to view database metadata for 'system'\"][]" },
	{ "{\"operation\":\"make\",\"schema\":\"mine\"}", "ok" },
	{ "{\"operation\":\"make\"}", "[\"User does not have access to perform 'make' against schema 'dev'\"][]" },
	{ "{\"operation\":\"make\",\"schema\":\"system\"}", SYSTEM_CLOSED },
	/* what is read */
	{ SEARCH("\"get_attributes\":[\"*\"]"), "ok" },
	{ SEARCH("\"get_attributes\":[\"id\",\"$id\",\"a\",\"b\"]"), "ok" },
	{ SEARCH("\"get_attributes\":[\"c\",\"a\",\"z\",\"z\",\"a\"]"), LACKS(LACKS_ATTRIBUTE("c", "\"read\"")) "[" NO("z") "]" },
	{ SEARCH("\"get_attributes\":[5,-0.5]"), NONE(NO("5") "," NO("-0.5")) },
	{ SEARCH("\"get_attributes\":[123456789012345678901234567890]"), NONE(NO("123456789012345678901234567890")) },
	{ SEARCH("\"get_attributes\":[{\"name\":\"a\",\"select\":[\"z\"]},{\"name\":\"y\"},null,true]"), NONE(NO("y")) },
	{ SEARCH("\"get_attributes\":\"z\""), NONE(NO("z")) },
	{ SEARCH("\"attribute\":\"z\""), NONE(NO("z")) },
	{ SEARCH("\"search_attribute\":\"z\""), NONE(NO("z")) },
	{ SEARCH("\"desc\":\"z\""), "ok" },
	{ SEARCH("\"conditions\":[{\"attribute\":\"a\",\"value\":\"z\"},{\"search_attribute\":\"y\"},{\"attribute\":[\"x\"]}]"),
	  NONE(NO("y") "," NO("x")) },
	{ SEARCH("\"conditions\":[{\"operator\":\"or\",\"conditions\":[{\"conditions\":[{\"attribute\":\"z\"}]},{\"attribute\":\"a\"}]}]"),
	  NONE(NO("z")) },
	{ SEARCH("\"sort\":{\"attribute\":\"a\",\"next\":{\"attribute\":\"z\",\"next\":{\"attribute\":\"y\"}}}"),
	  NONE(NO("z") "," NO("y")) },
	{ SEARCH("\"query\":{\"select\":[\"z\"],\"conditions\":[{\"attribute\":\"y\"}],\"sort\":{\"attribute\":\"x\"}}"),
	  NONE(NO("z") "," NO("y") "," NO("x")) },
	{ SEARCH("\"get_attributes\":[\"y\"],\"sort\":{\"attribute\":\"x\"},\"attribute\":\"z\""),
	  NONE(NO("z") "," NO("y") "," NO("x")) },
	/* what is written */
	{ INSERT("some", "[{\"id\":1,\"a\":1,\"c\":{\"z\":1}},{\"a\":2}]"), "ok" },
	{ INSERT("some", "[{\"id\":1,\"a\":1},{\"a\":1,\"z\":1},{\"y\":1,\"z\":1},{\"y\":1,\"b\":1}]"),
	  LACKS(LACKS_ATTRIBUTE("b", "\"insert\"")) "[" NO("z") "," NO("y") "]" },
	{ UPSERT("some", "[{\"c\":1,\"b\":1,\"a\":1}]"),
	  LACKS(LACKS_ATTRIBUTE("c", "\"update\"") "," LACKS_ATTRIBUTE("b", "\"insert\",\"update\"")) "[]" },
	{ INSERT("some", "{\"z\":1}"), NONE(NO("z")) },
	{ INSERT("some", "[{},{\"a\":1},{\"a\":1,\"z\":1,\"y\":1},{\"a\":1}]"), NONE(NO("z") "," NO("y")) },
	{ "{\"operation\":\"change\",\"table\":\"some\",\"where\":\"c\",\"records\":[{\"b\":1,\"c\":1}]}",
	  LACKS(LACKS_ATTRIBUTE("c", "\"read\"") "," LACKS_ATTRIBUTE("b", "\"insert\"")) "[]" },
	{ INSERT("some", "[7,null,[{\"z\":1}],\"z\"]"), "ok" },
	{ INSERT("some", "null"), "ok" },
	{ INSERT("all", "[{\"z\":1}]"), "ok" },
	/* a request within */
	{ OUTER(SEARCH("\"get_attributes\":[\"a\"]")), "ok" },
	{ OUTER(SEARCH("\"get_attributes\":[\"z\"]")), NONE(NO("z")) },
	{ OUTER("{\"operation\":\"search\",\"table\":\"none\"}"), NONE("\"Table 'dev.none' does not exist\"") },
	{ OUTER("{\"operation\":\"search\",\"schema\":\"x\",\"table\":\"t\"}"), NONE("\"database 'x' does not exist\"") },
	{ OUTER("{\"operation\":\"super_only\"}"), "[\"Operation 'superOnly' is restricted to 'super_user' roles\"][]" },
	{ OUTER("{\"operation\":\"open\"}"), "ok" },
	{ OUTER("{\"operation\":\"nobody_knows\"}"), "ok" },
	{ OUTER("{\"operation\":7}"), "ok" },
	{ OUTER("{}"), "ok" },
	{ OUTER("[{\"operation\":\"super_only\"}]"), "ok" },
	{ OUTER("null"), "ok" },
	{ "{\"operation\":\"outer\"}", "ok" },
	{ "{\"operation\":\"outer_super\",\"request\":{\"operation\":\"search\",\"table\":\"none\"}}",
	  "[\"Operation 'outerSuper' is restricted to 'super_user' roles\"][]" },
};

START_TEST(test_questions)
{
	ck_assert_str_eq(ask_of(&user, cases[_i].body), cases[_i].answer);
}
END_TEST

static const struct {
	const char *body, *answer;
} super_cases[] = {
	{ SEARCH("\"get_attributes\":[\"z\"]"), "ok" },
	{ INSERT("none", "[{\"z\":1},{\"y\":1}]"), "ok" },
	{ "{\"operation\":\"insert\",\"schema\":\"system\",\"table\":\"t\",\"records\":[{\"z\":1}]}", SYSTEM_CLOSED },
	{ "{\"operation\":\"search\",\"database\":\"system\",\"table\":\"t\"}", "ok" },
	{ "{\"operation\":\"make\",\"database\":\"system\"}", "ok" },
	{ "{\"operation\":\"read_all\",\"tables\":[\"x\",\"y\"]}", "ok" },
	{ OUTER("{\"operation\":\"super_only\"}"), "ok" },
	{ OUTER(SEARCH("\"conditions\":[{\"attribute\":\"z\"}]")), "ok" },
	{ OUTER("{\"operation\":\"upsert\",\"database\":\"system\",\"table\":\"t\",\"records\":[]}"), SYSTEM_CLOSED },
};

START_TEST(test_super_user_takes_no_memory)
{
	ck_assert_str_eq(ask_of(&admin, super_cases[_i].body), super_cases[_i].answer);
	ck_assert_uint_eq(arena.total, 0);
}
END_TEST

START_TEST(test_nobody)
{
	const struct principal without = { .name = "bob" };
	struct err e;

	ck_assert_str_eq(ask_of(NULL, "{\"operation\":\"open\"}"), "ok");
	ck_assert_str_eq(ask_of(NULL, "{\"operation\":\"outer_open\",\"request\":{\"operation\":\"open\"}}"), "ok");
	ck_assert_int_eq(authorise_of(NULL, "{\"operation\":\"outer_open\",\"request\":{\"operation\":\"describe\"}}", &e),
		LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(authorise_of(NULL, "{\"operation\":\"describe\"}", &e), LYRE_EUNAUTHENTICATED);
	ck_assert_str_eq(ask_of(&without, SEARCH("\"get_attributes\":[\"z\"]")),
		"User bob has no role or permissions.  Please assign the user a valid role.");
	ck_assert_str_eq(ask_of(&without, "{\"operation\":\"open\"}"), "ok");
}
END_TEST

/* ---- much at once ---- */

static void add_records(struct buf *b, unsigned records, unsigned attributes, bool shuffled)
{
	buf_add_char(b, '[');
	for (unsigned i = 0; i < records; i++) {
		buf_add_str(b, i ? ",{" : "{");
		for (unsigned j = 0; j < attributes; j++)
			buf_addf(b, "%s\"z%u\":0", j ? "," : "", shuffled ? (j * 7 + i) % attributes : j);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

static const char *insert_of(struct buf *b, const char *table, unsigned records, unsigned attributes, bool shuffled)
{
	buf_init(b);
	buf_addf(b, "{\"operation\":\"insert\",\"table\":\"%s\",\"records\":", table);
	add_records(b, records, attributes, shuffled);
	buf_add_char(b, '}');
	return buf_cstr(b);
}

/* The memory tells that nothing is kept of a record: neither where nothing is limited, nor of names that came before. */
START_TEST(test_many_records)
{
	struct buf b;

	ck_assert_str_eq(ask_of(&user, insert_of(&b, "all", 20000, 50, false)), "ok");
	ck_assert_uint_le(arena.total, 8192);
	buf_free(&b);
	for (int shuffled = 0; shuffled < 2; shuffled++) {
		arena_reset(&arena);
		const char *answer = ask_of(&user, insert_of(&b, "some", 20000, 50, shuffled));
		ck_assert_uint_eq(call.denial.invalid.len, 50);
		ck_assert_ptr_nonnull(strstr(answer, "[][" NO("z0")));
		ck_assert_uint_le(arena.total, 65536);
		buf_free(&b);
	}
}
END_TEST

/* Work that is not linear would go on until the test is ended. */
START_TEST(test_many_names)
{
	enum { COUNT = 400000, TOLD = 100 }; /* each once, and of so many only the first */
	struct buf b;

	buf_init(&b);
	buf_add_str(&b, "{\"operation\":\"search\",\"table\":\"some\",\"get_attributes\":[");
	for (int i = 0; i < 2 * COUNT; i++)
		buf_addf(&b, "%s\"n%d\"", i ? "," : "", i / 2);
	buf_add_str(&b, "]}");
	ask_of(&user, buf_cstr(&b));
	ck_assert_uint_eq(call.denial.invalid.len, TOLD);
	ck_assert(value_equals_str(&call.denial.invalid.items[TOLD - 1], "Attribute 'n99' does not exist on 'dev.some'"));

	buf_clear(&b);
	buf_add_str(&b, "{\"operation\":\"read_all\",\"tables\":[");
	for (int i = 0; i < 2 * COUNT; i++)
		buf_addf(&b, "%s\"t%d\"", i ? "," : "", i / 2);
	buf_add_str(&b, "]}");
	ask_of(&user, buf_cstr(&b));
	ck_assert_uint_eq(call.denial.invalid.len, TOLD);
	buf_free(&b);
}
END_TEST

static void nest(struct buf *b, const char *open, const char *inner, const char *close, int depth)
{
	for (int i = 0; i < depth; i++)
		buf_add_str(b, open);
	buf_add_str(b, inner);
	for (int i = 0; i < depth; i++)
		buf_add_str(b, close);
}

START_TEST(test_depth)
{
	static const int depths[] = { 1, 10, 40, 240 };

	for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
		struct buf b;

		buf_init(&b);
		buf_add_str(&b, "{\"operation\":\"search\",\"table\":\"some\",\"conditions\":");
		nest(&b, "[{\"conditions\":", "[{\"attribute\":\"z\"}]", "}]", depths[i]);
		buf_add_str(&b, "}");
		/* deeper than a search may be: that is for the search to refuse */
		ck_assert_str_eq(ask_of(&user, buf_cstr(&b)), depths[i] <= 40 ? NONE(NO("z")) : "ok");
		buf_free(&b);
	}
}
END_TEST

/* ---- whatever is sent ---- */

static void add_random(struct buf *b, int depth)
{
	static const char *const words[] = { "attribute", "search_attribute", "name", "conditions", "select", "sort", "next",
		"operation", "database", "schema", "table", "tables", "records", "a", "z", "id" };
	static const char *const atoms[] = { "null", "true", "0", "-1.5", "1e300", "\"\"", "\"a\"", "\"z\"", "\"*\"", "\"some\"",
		"\"all\"", "\"system\"", "\"dev\"", "\"search\"", "\"insert\"", "\"outer\"", "\"\\u0000\"", "99999999999999999999" };
	int kind = depth ? rand() % 4 : 0, count = rand() % 4;

	if (kind < 2) {
		buf_add_str(b, atoms[(size_t)rand() % (sizeof atoms / sizeof *atoms)]);
		return;
	}
	buf_add_char(b, kind == 2 ? '[' : '{');
	for (int i = 0; i < count; i++) {
		buf_add_str(b, i ? "," : "");
		if (kind == 3)
			buf_addf(b, "\"%s\":", words[(size_t)rand() % (sizeof words / sizeof *words)]);
		add_random(b, depth - 1);
	}
	buf_add_char(b, kind == 2 ? ']' : '}');
}

START_TEST(test_random)
{
	static const char *const args[] = { "database", "schema", "table", "tables", "records", "attribute", "search_attribute",
		"conditions", "get_attributes", "sort", "query", "request" };

	srand(7);
	for (int i = 0; i < 30000; i++) {
		struct buf b;

		buf_init(&b);
		buf_addf(&b, "{\"operation\":\"%s\"", declared[(size_t)rand() % (sizeof declared / sizeof *declared)].name);
		for (size_t j = 0; j < sizeof args / sizeof *args; j++) {
			if (rand() % 2)
				continue;
			buf_addf(&b, ",\"%s\":", args[j]);
			if (!strcmp(args[j], "table") && rand() % 2)
				buf_add_str(&b, "\"some\"");
			else
				add_random(&b, 5);
		}
		buf_add_char(&b, '}');
		ask_of(&user, buf_cstr(&b));
		ask_of(&admin, buf_cstr(&b));
		buf_free(&b);
		arena_reset(&arena);
		arena_reset(&bodies);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("dispatch_authorise");
	TCase *t = tcase_create("authorise");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_questions, 0, sizeof cases / sizeof *cases);
	tcase_add_loop_test(t, test_super_user_takes_no_memory, 0, sizeof super_cases / sizeof *super_cases);
	tcase_add_test(t, test_nobody);
	tcase_add_test(t, test_many_records);
	tcase_add_test(t, test_many_names);
	tcase_add_test(t, test_depth);
	tcase_add_test(t, test_random);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
