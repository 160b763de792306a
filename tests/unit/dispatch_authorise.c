/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to the permission question: which tables and attributes it uses. */
#include "store_fixture.h"

#include "dispatch/dispatch_internal.h"

/* ---- operations as modules declare them ---- */

static int handler(lyre_call *call)
{
	(void)call;
	return 0;
}

#define DATABASE                                                                                        \
	{                                                                                               \
		.name = "database", .types = LYRE_T_STRING, .flags = LYRE_P_NAME, .fallback = "\"dev\"" \
	}
#define TABLE                                                                                                   \
	{                                                                                                       \
		.name = "table", .types = LYRE_T_STRING | LYRE_T_NUMBER, .flags = LYRE_P_REQUIRED | LYRE_P_NAME \
	}

static const struct lyre_param write_params[] = {
	DATABASE,
	TABLE,
	{ .name = "records", .types = LYRE_T_ARRAY, .flags = LYRE_P_REQUIRED | LYRE_P_WRITES },
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
	DATABASE,
	TABLE,
	{ .name = "where", .types = LYRE_T_STRING, .flags = LYRE_P_READS },
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

#define OPERATION(n, a, p, list)                                                                        \
	{                                                                                               \
		.name = n, .handler = handler, .access = a, .permissions = p, .params = LYRE_LIST(list) \
	}

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

#define ATTRIBUTE(name, rest) "{'attribute_name':'" name "'," rest "}"

static const char limited[] = "{'id':'l','role':'l','permission':{'structure_user':['mine'],'dev':{'tables':{"
			      "'all':{'read':true,'insert':true,'update':true},"
			      "'7':{'read':true},"
			      "'7.5':{'read':true},"
			      "'some':{'read':true,'insert':true,'update':true,'attribute_permissions':[" ATTRIBUTE(
				      "a", "'read':true,'insert':true,'update':true") "," ATTRIBUTE("b",
				      "'read':true") "," ATTRIBUTE("c", "'insert':true") "]}}}}}";

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
	ck_assert_msg(!registry_add(&dispatch.registry, "test", NULL, (struct lyre_list)LYRE_LIST(declared), &err), "%s", err.text);
	ck_assert_int_eq(json_read(&bodies, limited, &record, &err), 0);
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
	ck_assert_msg(!json_read(&bodies, body, &call.body, e), "%s: %s", body, e->text);
	const lyre_value *name = value_get(&call.body, "operation");
	call.operation = registry_find(&dispatch.registry, name->s, name->len);
	ck_assert_ptr_nonnull(call.operation);
	return authorise(&call, e);
}

/** \return "ok"; the two lists one after the other, as JSON; or the message if there are no lists */
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

#define CLOSED "The `system` database, tables and records are used internally by HarperDB and cannot be updated or removed."
#define NO(name) "'Attribute `" name "` does not exist on `dev.some`'"
#define NONE(list) "[][" list "]"
#define LACKS(attributes)                                                  \
	"[{'schema':'dev','table':'some','required_table_permissions':[]," \
	"'required_attribute_permissions':[" attributes "]}]"
#define LACKS_ATTRIBUTE(name, permissions) "{'attribute_name':'" name "','required_permissions':[" permissions "]}"
#define INSERT(table, records) "{'operation':'insert','table':'" table "','records':" records "}"
#define UPSERT(table, records) "{'operation':'upsert','table':'" table "','records':" records "}"
#define SEARCH(rest) "{'operation':'search','database':'dev','table':'some'," rest "}"
#define OUTER(request) "{'operation':'outer','request':" request "}"

static const struct {
	const char *name, *body, *answer;
} cases[] = {
	/* database and table */
	{ "table in the default database", "{'operation':'search','table':'all'}", "ok" },
	{ "schema for database", "{'operation':'search','schema':'dev','table':'all'}", "ok" },
	{ "unknown database", "{'operation':'search','schema':'x','table':'all'}", NONE("'database `x` does not exist'") },
	{ "database goes before schema", "{'operation':'search','database':'dev','schema':'x','table':'all'}", "ok" },
	{ "table named by a whole number", "{'operation':'search','table':7}", "ok" },
	{ "table named by a fraction", "{'operation':'search','table':7.5}", "ok" },
	{ "unknown table named by a number", "{'operation':'search','table':8}", NONE("'Table `dev.8` does not exist'") },
	{ "unknown database named by a number", "{'operation':'search','database':9,'table':8}",
		NONE("'database `9` does not exist'") },
	{ "unknown table hides its attributes", "{'operation':'search','table':'none','conditions':[{'attribute':'x'}]}",
		NONE("'Table `dev.none` does not exist'") },
	/* missing, or not a name: reported by the check of the arguments */
	{ "no table", "{'operation':'search'}", "ok" },
	{ "null for a table", "{'operation':'search','table':null}", "ok" },
	{ "array for a table", "{'operation':'search','table':['none']}", "ok" },
	{ "object for a database", "{'operation':'search','database':{},'table':'none'}", "ok" },
	/* tables */
	{ "tables that may be read", "{'operation':'read_all','tables':['all',7,null]}", "ok" },
	{ "unknown tables are listed once, in order", "{'operation':'read_all','table':'x','tables':['y','all','x','y']}",
		NONE("'Table `dev.x` does not exist','Table `dev.y` does not exist'") },
	{ "attributes are asked of each table", "{'operation':'read_all','tables':['all','some'],'get_attributes':['a','z']}",
		NONE(NO("z")) },
	{ "null for all tables", "{'operation':'read_all','table':null}",
		"['Operation `readAll` is restricted to `super_user` roles'][]" },
	{ "no tables", "{'operation':'read_all','tables':[]}", "ok" },
	/* the database as a whole */
	{ "describe the default database", "{'operation':'describe'}", "ok" },
	{ "describe one's own database", "{'operation':'describe','schema':'mine'}", "ok" },
	{ "describe an unknown database", "{'operation':'describe','schema':'x'}", NONE("'database `x` does not exist'") },
	{ "describe the system database", "{'operation':'describe','schema':'system'}",
		"['Your role does not have permission to view database metadata for `system`'][]" },
	{ "structure of one's own database", "{'operation':'make','schema':'mine'}", "ok" },
	{ "structure of another database", "{'operation':'make'}",
		"['User does not have access to perform `make` against schema `dev`'][]" },
	{ "structure of the system database", "{'operation':'make','schema':'system'}", CLOSED },
	/* what is read */
	{ "every attribute", SEARCH("'get_attributes':['*']"), "ok" },
	{ "readable attributes and the key", SEARCH("'get_attributes':['id','$id','a','b']"), "ok" },
	{ "attributes that may not be read, and unknown ones", SEARCH("'get_attributes':['c','a','z','z','a']"),
		LACKS(LACKS_ATTRIBUTE("c", "'read'")) "[" NO("z") "]" },
	{ "attributes named by numbers", SEARCH("'get_attributes':[5,-0.5]"), NONE(NO("5") "," NO("-0.5")) },
	{ "attribute named by a large number", SEARCH("'get_attributes':[123456789012345678901234567890]"),
		NONE(NO("123456789012345678901234567890")) },
	{ "attributes named by objects", SEARCH("'get_attributes':[{'name':'a','select':['z']},{'name':'y'},null,true]"),
		NONE(NO("y")) },
	{ "text for a list of attributes", SEARCH("'get_attributes':'z'"), NONE(NO("z")) },
	{ "attribute", SEARCH("'attribute':'z'"), NONE(NO("z")) },
	{ "search_attribute", SEARCH("'search_attribute':'z'"), NONE(NO("z")) },
	{ "parameter that reads nothing", SEARCH("'desc':'z'"), "ok" },
	{ "conditions", SEARCH("'conditions':[{'attribute':'a','value':'z'},{'search_attribute':'y'},{'attribute':['x']}]"),
		NONE(NO("y") "," NO("x")) },
	{ "nested conditions",
		SEARCH("'conditions':[{'operator':'or','conditions':[{'conditions':[{'attribute':'z'}]},{'attribute':'a'}]}]"),
		NONE(NO("z")) },
	{ "sort and its next", SEARCH("'sort':{'attribute':'a','next':{'attribute':'z','next':{'attribute':'y'}}}"),
		NONE(NO("z") "," NO("y")) },
	{ "query", SEARCH("'query':{'select':['z'],'conditions':[{'attribute':'y'}],'sort':{'attribute':'x'}}"),
		NONE(NO("z") "," NO("y") "," NO("x")) },
	{ "unknown attributes in the order of the parameters",
		SEARCH("'get_attributes':['y'],'sort':{'attribute':'x'},'attribute':'z'"), NONE(NO("z") "," NO("y") "," NO("x")) },
	/* what is written */
	{ "attributes that may be written", INSERT("some", "[{'id':1,'a':1,'c':{'z':1}},{'a':2}]"), "ok" },
	{ "attributes that may not be written, and unknown ones",
		INSERT("some", "[{'id':1,'a':1},{'a':1,'z':1},{'y':1,'z':1},{'y':1,'b':1}]"),
		LACKS(LACKS_ATTRIBUTE("b", "'insert'")) "[" NO("z") "," NO("y") "]" },
	{ "upsert needs insert and update", UPSERT("some", "[{'c':1,'b':1,'a':1}]"),
		LACKS(LACKS_ATTRIBUTE("c", "'update'") "," LACKS_ATTRIBUTE("b", "'insert','update'")) "[]" },
	{ "object for a list of records", INSERT("some", "{'z':1}"), NONE(NO("z")) },
	{ "unknown attributes of later records", INSERT("some", "[{},{'a':1},{'a':1,'z':1,'y':1},{'a':1}]"),
		NONE(NO("z") "," NO("y")) },
	{ "attributes read and attributes written", "{'operation':'change','table':'some','where':'c','records':[{'b':1,'c':1}]}",
		LACKS(LACKS_ATTRIBUTE("c", "'read'") "," LACKS_ATTRIBUTE("b", "'insert'")) "[]" },
	{ "records that are not objects", INSERT("some", "[7,null,[{'z':1}],'z']"), "ok" },
	{ "null for a list of records", INSERT("some", "null"), "ok" },
	{ "unlimited table", INSERT("all", "[{'z':1}]"), "ok" },
	/* a nested request */
	{ "inner request that is allowed", OUTER(SEARCH("'get_attributes':['a']")), "ok" },
	{ "inner request with an unknown attribute", OUTER(SEARCH("'get_attributes':['z']")), NONE(NO("z")) },
	{ "inner request with an unknown table", OUTER("{'operation':'search','table':'none'}"),
		NONE("'Table `dev.none` does not exist'") },
	{ "inner request with an unknown database", OUTER("{'operation':'search','schema':'x','table':'t'}"),
		NONE("'database `x` does not exist'") },
	{ "inner request for super_users", OUTER("{'operation':'super_only'}"),
		"['Operation `superOnly` is restricted to `super_user` roles'][]" },
	{ "inner request for everyone", OUTER("{'operation':'open'}"), "ok" },
	{ "unknown inner operation", OUTER("{'operation':'nobody_knows'}"), "ok" },
	{ "inner operation that is a number", OUTER("{'operation':7}"), "ok" },
	{ "no inner operation", OUTER("{}"), "ok" },
	{ "array for an inner request", OUTER("[{'operation':'super_only'}]"), "ok" },
	{ "null for an inner request", OUTER("null"), "ok" },
	{ "no inner request", "{'operation':'outer'}", "ok" },
	{ "outer request for super_users", "{'operation':'outer_super','request':{'operation':'search','table':'none'}}",
		"['Operation `outerSuper` is restricted to `super_user` roles'][]" },
};

START_TEST(a_request_asks_for_what_it_uses)
{
	ck_assert_row_str_eq(cases[_i].name, ask_of(&user, cases[_i].body), json_of(cases[_i].answer));
}
END_TEST

static const struct {
	const char *name, *body, *answer;
} super_cases[] = {
	{ "unknown attribute", SEARCH("'get_attributes':['z']"), "ok" },
	{ "unknown table", INSERT("none", "[{'z':1},{'y':1}]"), "ok" },
	{ "insert into system", "{'operation':'insert','schema':'system','table':'t','records':[{'z':1}]}", CLOSED },
	{ "search in system", "{'operation':'search','database':'system','table':'t'}", "ok" },
	{ "structure of system", "{'operation':'make','database':'system'}", "ok" },
	{ "unknown tables", "{'operation':'read_all','tables':['x','y']}", "ok" },
	{ "inner request for super_users", OUTER("{'operation':'super_only'}"), "ok" },
	{ "inner request with an unknown attribute", OUTER(SEARCH("'conditions':[{'attribute':'z'}]")), "ok" },
	{ "inner write to system", OUTER("{'operation':'upsert','database':'system','table':'t','records':[]}"), CLOSED },
};

START_TEST(a_super_user_takes_no_memory)
{
	ck_assert_row_str_eq(super_cases[_i].name, ask_of(&admin, super_cases[_i].body), json_of(super_cases[_i].answer));
	ck_assert_row_int_eq(super_cases[_i].name, (long long)arena.total, 0);
}
END_TEST

static const struct {
	const char *name, *body;
	int rc;
} nobody_cases[] = {
	{ "open operation", "{'operation':'open'}", 0 },
	{ "open operation within an open one", "{'operation':'outer_open','request':{'operation':'open'}}", 0 },
	{ "another operation within an open one", "{'operation':'outer_open','request':{'operation':'describe'}}",
		LYRE_EUNAUTHENTICATED },
	{ "another operation", "{'operation':'describe'}", LYRE_EUNAUTHENTICATED },
};

START_TEST(without_sign_in_only_open_operations_can_be_called)
{
	struct err e;

	ck_assert_row_int_eq(nobody_cases[_i].name, authorise_of(NULL, nobody_cases[_i].body, &e), nobody_cases[_i].rc);
}
END_TEST

START_TEST(a_user_without_a_role_can_call_only_open_operations)
{
	const struct principal without = { .name = "bob" };

	ck_assert_str_eq(ask_of(&without, "{'operation':'open'}"), "ok");
	ck_assert_str_eq(ask_of(&without, SEARCH("'get_attributes':['z']")),
		"User bob has no role or permissions.  Please assign the user a valid role.");
}
END_TEST

/* ---- much at once ---- */

static void add_records(struct buf *b, unsigned records, unsigned attributes, bool shuffled)
{
	buf_add_char(b, '[');
	for (unsigned i = 0; i < records; i++) {
		buf_add_str(b, i ? ",{" : "{");
		for (unsigned j = 0; j < attributes; j++)
			buf_addf(b, "%s'z%u':0", j ? "," : "", shuffled ? (j * 7 + i) % attributes : j);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

static const char *insert_of(struct buf *b, const char *table, unsigned records, unsigned attributes, bool shuffled)
{
	buf_init(b);
	buf_addf(b, "{'operation':'insert','table':'%s','records':", table);
	add_records(b, records, attributes, shuffled);
	buf_add_char(b, '}');
	return buf_cstr(b);
}

/* The memory used shows that nothing is kept of a record. */
START_TEST(nothing_is_kept_of_records_without_limits)
{
	struct buf b;

	ck_assert_str_eq(ask_of(&user, insert_of(&b, "all", 20000, 50, false)), "ok");
	ck_assert_uint_le(arena.total, 8192);
	buf_free(&b);
}
END_TEST

START_TEST(earlier_names_are_not_stored_again)
{
	bool shuffled = _i;
	struct buf b;
	const char *answer = ask_of(&user, insert_of(&b, "some", 20000, 50, shuffled));

	ck_assert_uint_eq(call.denial.invalid.len, 50);
	ck_assert_ptr_nonnull(strstr(answer, json_of("[][" NO("z0"))));
	ck_assert_uint_le(arena.total, 65536);
	buf_free(&b);
}
END_TEST

/* Of unknown names, each listed once, this many are listed. */
enum { LISTED = 100 };

static const struct {
	const char *name, *request, *last;
} many_names[] = {
	{ "attributes", "{'operation':'search','table':'some','get_attributes':[", "Attribute 'n99' does not exist on 'dev.some'" },
	{ "tables", "{'operation':'read_all','tables':[", "Table 'dev.n99' does not exist" },
};

/* If the work were not linear, the test would time out. */
START_TEST(many_unknown_names_take_linear_time)
{
	struct buf b;

	buf_init(&b);
	buf_add_str(&b, many_names[_i].request);
	for (int i = 0; i < 800000; i++)
		buf_addf(&b, "%s'n%d'", i ? "," : "", i / 2);
	buf_add_str(&b, "]}");
	ask_of(&user, buf_cstr(&b));
	ck_assert_row_int_eq(many_names[_i].name, call.denial.invalid.len, LISTED);
	ck_assert_msg(value_equals_str(&call.denial.invalid.items[LISTED - 1], many_names[_i].last), "%s", many_names[_i].name);
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

static const int depths[] = { 1, 10, 40, 240 };

START_TEST(conditions_are_followed_as_deep_as_a_search_may_be)
{
	struct buf b;

	buf_init(&b);
	buf_add_str(&b, "{'operation':'search','table':'some','conditions':");
	nest(&b, "[{'conditions':", "[{'attribute':'z'}]", "}]", depths[_i]);
	buf_add_str(&b, "}");
	/* deeper nesting is refused by the search */
	ck_assert_json_eq(ask_of(&user, buf_cstr(&b)), depths[_i] <= 40 ? NONE(NO("z")) : "ok");
	buf_free(&b);
}
END_TEST

/* ---- random input ---- */

static void add_random(struct buf *b, int depth)
{
	static const char *const words[] = { "attribute", "search_attribute", "name", "conditions", "select", "sort", "next",
		"operation", "database", "schema", "table", "tables", "records", "a", "z", "id" };
	static const char *const atoms[] = { "null", "true", "0", "-1.5", "1e300", "''", "'a'", "'z'", "'*'", "'some'", "'all'",
		"'system'", "'dev'", "'search'", "'insert'", "'outer'", "'\\u0000'", "99999999999999999999" };
	int kind = depth ? rand() % 4 : 0, count = rand() % 4;

	if (kind < 2) {
		buf_add_str(b, atoms[(size_t)rand() % (sizeof atoms / sizeof *atoms)]);
		return;
	}
	buf_add_char(b, kind == 2 ? '[' : '{');
	for (int i = 0; i < count; i++) {
		buf_add_str(b, i ? "," : "");
		if (kind == 3)
			buf_addf(b, "'%s':", words[(size_t)rand() % (sizeof words / sizeof *words)]);
		add_random(b, depth - 1);
	}
	buf_add_char(b, kind == 2 ? ']' : '}');
}

START_TEST(any_request_is_decided)
{
	static const char *const args[] = { "database", "schema", "table", "tables", "records", "attribute", "search_attribute",
		"conditions", "get_attributes", "sort", "query", "request" };

	srand(7);
	for (int i = 0; i < 30000; i++) {
		struct buf b;

		buf_init(&b);
		buf_addf(&b, "{'operation':'%s'", declared[(size_t)rand() % (sizeof declared / sizeof *declared)].name);
		for (size_t j = 0; j < sizeof args / sizeof *args; j++) {
			if (rand() % 2)
				continue;
			buf_addf(&b, ",'%s':", args[j]);
			if (!strcmp(args[j], "table") && rand() % 2)
				buf_add_str(&b, "'some'");
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
	tcase_add_loop_test(t, a_request_asks_for_what_it_uses, 0, ROWS(cases));
	tcase_add_loop_test(t, a_super_user_takes_no_memory, 0, ROWS(super_cases));
	tcase_add_loop_test(t, without_sign_in_only_open_operations_can_be_called, 0, ROWS(nobody_cases));
	tcase_add_test(t, a_user_without_a_role_can_call_only_open_operations);
	tcase_add_test(t, nothing_is_kept_of_records_without_limits);
	tcase_add_loop_test(t, earlier_names_are_not_stored_again, 0, 2);
	tcase_add_loop_test(t, many_unknown_names_take_linear_time, 0, ROWS(many_names));
	tcase_add_loop_test(t, conditions_are_followed_as_deep_as_a_search_may_be, 0, ROWS(depths));
	tcase_add_test(t, any_request_is_decided);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
