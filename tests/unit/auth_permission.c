/* SPDX-License-Identifier: Apache-2.0 */
/* The permission decision: the answers clients know, and the rules one by one. */
#include "permission_fixture.h"

#define LACKS_ATTRIBUTE(name, permissions) "{\"attribute_name\":\"" name "\",\"required_permissions\":[" permissions "]}"
#define GONE(what) SAYS("", "\"" what " does not exist\"")

/* ---- the answers clients know ---- */

static const char *const roles[] = {
	['a'] = "{\"super_user\":true}",
	['l'] = "{\"super_user\":false,\"dev\":{\"tables\":{"
		"\"dog\":{\"read\":true,\"insert\":false,\"update\":false,\"delete\":false,\"attribute_permissions\":[]},"
		"\"cat\":{\"read\":true,\"insert\":true,\"update\":true,\"delete\":false,\"attribute_permissions\":["
		"{\"attribute_name\":\"id\",\"read\":true,\"insert\":true,\"update\":true},"
		"{\"attribute_name\":\"name\",\"read\":true,\"insert\":true,\"update\":false},"
		"{\"attribute_name\":\"age\",\"read\":false,\"insert\":false,\"update\":false}]},"
		"\"hen\":{\"read\":false,\"insert\":false,\"update\":false,\"delete\":false}}},"
		"\"empty\":{\"tables\":{}},\"system\":{\"tables\":{\"hdb_user\":{\"read\":true,\"delete\":true}}}}",
	['n'] = "{\"super_user\":false}",
	['s'] = "{\"structure_user\":[\"dev\"]}",
	['S'] = "{\"structure_user\":true}",
	['m'] = "{\"structure_user\":[\"other\"],\"dev\":{\"tables\":{\"dog\":{\"insert\":true}}}}",
};

static const struct {
	char who;
	struct lyre_operation operation;
	const char *database, *table; /**< table NULL: the database as a whole, "-": nothing */
	const char *attributes;
	const char *answer;
} cases[] = {
	/* structure */
	{ 'l', { .name = "create_database", .access = ALL, .refused_as = "createSchema" }, "x", "-", "",
	  RESTRICTED("createSchema") },
	{ 's', { .name = "create_database", .access = ALL, .refused_as = "createSchema" }, "x", "-", "",
	  RESTRICTED("createSchema") },
	{ 'S', { .name = "create_database", .access = ALL }, "x", "-", "", "ok" },
	{ 'a', { .name = "create_database", .access = ALL }, "system", "-", "", "ok" },
	{ 'S', { .name = "drop_database", .access = ALL }, "system", "-", "", SYSTEM_CLOSED },
	{ 'l', { .name = "create_table", .access = STRUCTURE }, "dev", "-", "", RESTRICTED("createTable") },
	{ 's', { .name = "create_table", .access = STRUCTURE }, "dev", "-", "", "ok" },
	{ 'S', { .name = "create_table", .access = STRUCTURE }, "nope", "-", "", "ok" },
	{ 'a', { .name = "create_table", .access = STRUCTURE }, "system", "-", "", "ok" },
	{ 'S', { .name = "create_table", .access = STRUCTURE }, "system", "-", "", SYSTEM_CLOSED },
	{ 'n', { .name = "create_table", .access = STRUCTURE }, "system", "-", "", SYSTEM_CLOSED },
	{ 's', { .name = "create_table", .access = STRUCTURE }, NULL, "-", "", RESTRICTED("createTable") },
	{ 's', { .name = "create_table", .access = STRUCTURE }, "other", "-", "",
	  SAYS("\"User does not have access to perform 'create_table' against schema 'other'\"", "") },
	{ 'l', { .name = "drop_attribute", .access = STRUCTURE }, "dev", "-", "", RESTRICTED("dropAttribute") },
	{ 's', { .name = "create_attribute", .access = STRUCTURE, .permissions = INSERT }, "dev", "bird", "", "ok" },
	{ 'l', { .name = "create_attribute", .access = STRUCTURE, .permissions = INSERT }, "dev", "cat", "", "ok" },
	{ 'l', { .name = "create_attribute", .access = STRUCTURE, .permissions = INSERT }, "dev", "dog", "",
	  SAYS(LACKS("dev", "dog", "\"insert\"", ""), "") },
	{ 'l', { .name = "create_attribute", .access = STRUCTURE, .permissions = INSERT }, "dev", "bird", "",
	  GONE("Table 'dev.bird'") },
	{ 'm', { .name = "create_attribute", .access = STRUCTURE, .permissions = INSERT }, "dev", "dog", "", "ok" },
	{ 'm', { .name = "create_attribute", .access = STRUCTURE, .permissions = INSERT }, "dev", "cat", "",
	  SAYS("\"User does not have access to perform 'create_attribute' against schema 'dev'\"", "") },
	/* for super_users */
	{ 'l', { .name = "list_users", .access = SUPER, .refused_as = "listUsersExternal" }, NULL, "-", "",
	  RESTRICTED("listUsersExternal") },
	{ 'S', { .name = "system_information", .access = SUPER }, NULL, "-", "", RESTRICTED("systemInformation") },
	{ 'l', { .name = "delete_audit_logs_before", .access = SUPER, .permissions = DELETE }, "dev", "dog", "",
	  RESTRICTED("deleteAuditLogsBefore") },
	{ 'l', { .name = "_a__b_2_c_", .access = SUPER }, NULL, "-", "", RESTRICTED("_a_B_2C_") },
	{ 'l', { .name = "unknown", .access = 77 }, NULL, "-", "", RESTRICTED("unknown") },
	{ 'a', { .name = "list_users", .access = SUPER }, NULL, "-", "", "ok" },
	{ 'n', { .name = "user_info", .access = USER }, NULL, "-", "", "ok" },
	{ 'n', { .name = "logout", .access = LYRE_ACCESS_OPEN }, NULL, "-", "", "ok" },
	/* what may be known of */
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", "bird", "", GONE("Table 'dev.bird'") },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", "nope", "", GONE("Table 'dev.nope'") },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", "hen", "", GONE("Table 'dev.hen'") },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "system", "hdb_user", "",
	  SAYS("\"Your role does not have permission to view database metadata for 'system'\"", "") },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", "dog", "", "ok" },
	{ 's', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", "bird", "", "ok" },
	{ 's', { .name = "d", .access = USER, .permissions = DESCRIBE }, "other", "t", "", GONE("database 'other'") },
	{ 'S', { .name = "d", .access = USER, .permissions = DESCRIBE }, "system", "hdb_user", "",
	  SAYS("\"Your role does not have permission to view database metadata for 'system'\"", "") },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", NULL, "", "ok" },
	{ 's', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", NULL, "", "ok" },
	{ 'S', { .name = "d", .access = USER, .permissions = DESCRIBE }, "nope", NULL, "", "ok" },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "system", NULL, "",
	  SAYS("\"Your role does not have permission to view database metadata for 'system'\"", "") },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "nope", NULL, "", GONE("database 'nope'") },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "empty", NULL, "", GONE("database 'empty'") },
	{ 'l', { .name = "dump_all", .access = USER, .permissions = READ }, "dev", NULL, "", RESTRICTED("dumpAll") },
	/* tables */
	{ 'l', { .name = "r", .access = USER, .permissions = READ }, "dev", "dog", "age:r", "ok" },
	{ 'l', { .name = "r", .access = USER, .permissions = READ }, "dev", "bird", "", GONE("Table 'dev.bird'") },
	{ 'l', { .name = "r", .access = USER, .permissions = READ }, "dev", "hen", "", GONE("Table 'dev.hen'") },
	{ 'l', { .name = "r", .access = USER, .permissions = READ }, "nope", "t", "", GONE("database 'nope'") },
	{ 'n', { .name = "r", .access = USER, .permissions = READ }, "dev", "dog", "", GONE("database 'dev'") },
	{ 'l', { .name = "r", .access = USER, .permissions = READ }, "empty", "t", "", GONE("Table 'empty.t'") },
	{ 's', { .name = "r", .access = USER, .permissions = READ }, "dev", "dog", "", GONE("Table 'dev.dog'") },
	{ 'S', { .name = "r", .access = USER, .permissions = READ }, "dev", "dog", "", GONE("Table 'dev.dog'") },
	{ 'l', { .name = "w", .access = USER, .permissions = INSERT }, "dev", "dog", "",
	  SAYS(LACKS("dev", "dog", "\"insert\"", ""), "") },
	{ 'l', { .name = "w", .access = USER, .permissions = UPDATE }, "dev", "dog", "",
	  SAYS(LACKS("dev", "dog", "\"update\"", ""), "") },
	{ 'l', { .name = "w", .access = USER, .permissions = INSERT | UPDATE }, "dev", "dog", "",
	  SAYS(LACKS("dev", "dog", "\"insert\",\"update\"", ""), "") },
	{ 'l', { .name = "w", .access = USER, .permissions = READ | DELETE }, "dev", "dog", "",
	  SAYS(LACKS("dev", "dog", "\"delete\"", ""), "") },
	/* the server's own */
	{ 'l', { .name = "r", .access = USER, .permissions = READ }, "system", "hdb_user", "username:r",
	  SAYS(LACKS("system", "hdb_user", "\"read\"", ""), "") },
	{ 'S', { .name = "r", .access = USER, .permissions = READ }, "system", "hdb_user", "",
	  SAYS(LACKS("system", "hdb_user", "\"read\"", ""), "") },
	{ 'n', { .name = "r", .access = USER, .permissions = READ }, "system", "nope", "", GONE("Table 'system.nope'") },
	{ 'l', { .name = "w", .access = USER, .permissions = INSERT }, "system", "hdb_user", "",
	  SAYS(LACKS("system", "hdb_user", "\"insert\"", ""), "") },
	{ 'l', { .name = "w", .access = USER, .permissions = DELETE }, "system", "hdb_user", "", SYSTEM_CLOSED },
	{ 'l', { .name = "w", .access = USER, .permissions = INSERT | UPDATE }, "system", "hdb_user", "", SYSTEM_CLOSED },
	{ 'a', { .name = "r", .access = USER, .permissions = READ }, "system", "hdb_user", "", "ok" },
	{ 'a', { .name = "w", .access = USER, .permissions = INSERT }, "system", "hdb_user", "", SYSTEM_CLOSED },
	{ 'a', { .name = "w", .access = SUPER, .permissions = DELETE }, "system", "hdb_user", "", SYSTEM_CLOSED },
	{ 'a', { .name = "w", .access = STRUCTURE, .permissions = INSERT }, "system", "hdb_user", "", SYSTEM_CLOSED },
	{ 'a', { .name = "w", .access = USER, .permissions = INSERT | UPDATE | DELETE }, "System", "t", "", "ok" },
	{ 'a', { .name = "w", .access = USER, .permissions = INSERT }, NULL, "-", "", "ok" },
	/* attributes */
	{ 'l', { .name = "r", .access = USER, .permissions = READ }, "dev", "cat", "id:r name:r", "ok" },
	{ 'l', { .name = "r", .access = USER, .permissions = READ }, "dev", "cat", "age:r secret:r nope:r",
	  SAYS("", "\"Attribute 'age' does not exist on 'dev.cat'\",\"Attribute 'secret' does not exist on 'dev.cat'\","
		   "\"Attribute 'nope' does not exist on 'dev.cat'\"") },
	{ 'l', { .name = "w", .access = USER, .permissions = INSERT }, "dev", "cat", "id:i name:i", "ok" },
	{ 'l', { .name = "w", .access = USER, .permissions = INSERT }, "dev", "cat", "id:i __createdtime__:i",
	  SAYS("", "\"Attribute '__createdtime__' does not exist on 'dev.cat'\"") },
	{ 'l', { .name = "w", .access = USER, .permissions = UPDATE }, "dev", "cat", "id:u name:u age:u secret:u",
	  SAYS(LACKS("dev", "cat", "", LACKS_ATTRIBUTE("name", "\"update\"")),
		  "\"Attribute 'age' does not exist on 'dev.cat'\",\"Attribute 'secret' does not exist on 'dev.cat'\"") },
	{ 'l', { .name = "w", .access = USER, .permissions = INSERT | UPDATE }, "dev", "cat", "name:iu",
	  SAYS(LACKS("dev", "cat", "", LACKS_ATTRIBUTE("name", "\"update\"")), "") },
	{ 'l', { .name = "w", .access = USER, .permissions = UPDATE | DELETE }, "dev", "cat", "name:u age:u",
	  SAYS(LACKS("dev", "cat", "\"delete\"", ""), "") },
};

START_TEST(test_decisions)
{
	const struct role *role = role_of(roles[(unsigned char)cases[_i].who]);
	const struct principal who = { .name = "bob", .role = role };
	struct permission_need need = {
		.database = cases[_i].database,
		.table = cases[_i].table,
		.permissions = cases[_i].operation.permissions,
		.attributes = attributes_of(cases[_i].attributes),
	};
	bool none = need.table && *need.table == '-';
	const struct permission_question q = {
		.operation = &cases[_i].operation, .database = need.database, .needs = none ? NULL : &need
	};
	ck_assert_str_eq(decide(&who, &q), cases[_i].answer);
	role_unref(role);
}
END_TEST

START_TEST(test_without_role)
{
	static const struct lyre_operation operations[] = {
		{ .name = "x", .access = USER },
		{ .name = "x", .access = SUPER },
		{ .name = "x", .access = USER, .permissions = DELETE },
		{ .name = "x", .access = STRUCTURE },
	};
	const struct principal who = { .name = "bob" };
	struct denial d;
	struct err e;

	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
		const struct permission_question q = { .operation = &operations[i], .database = "system" };

		ck_assert_str_eq(decide(&who, &q), "User bob has no role or permissions.  Please assign the user a valid role.");
		ck_assert_int_eq(permission_check(NULL, &q, store, &arena, &d, &e), LYRE_EUNAUTHENTICATED);
	}
	const struct lyre_operation open = { .name = "x", .access = LYRE_ACCESS_OPEN };
	ck_assert_str_eq(decide(&who, &(struct permission_question){ .operation = &open }), "ok");
	ck_assert_str_eq(decide(NULL, &(struct permission_question){ .operation = &open }), "ok");
}
END_TEST

/* Of any number of faults so many are told. */
enum { TOLD = 100 };

/* Tables in their order, each with what it lacks; the lists grow. */
START_TEST(test_many_tables)
{
	enum { COUNT = 1000 };
	const struct role *role = role_of("{\"dev\":{\"tables\":{\"dog\":{\"read\":true}}}}");
	const struct principal who = { .name = "bob", .role = role };
	const struct lyre_operation o = { .name = "r", .access = USER, .permissions = READ | DELETE };
	struct permission_need *needs = ARENA_ARRAY(&arena, struct permission_need, COUNT);
	struct denial d;
	struct err e;

	for (int i = 0; i < COUNT; i++)
		needs[i] = (struct permission_need){ .next = i + 1 < COUNT ? &needs[i + 1] : NULL, .database = "dev",
			.table = i % 2 ? "dog" : arena_printf(&arena, "t%d", i), .permissions = o.permissions };
	const struct permission_question q = { .operation = &o, .database = "dev", .needs = needs };
	ck_assert_int_eq(permission_check(&who, &q, store, &arena, &d, &e), LYRE_EDENIED);
	ck_assert_uint_eq(d.unauthorized.len, TOLD / 2);
	ck_assert_uint_eq(d.invalid.len, TOLD / 2);
	for (uint32_t i = 0; i < TOLD / 2; i++) {
		ck_assert(value_equals_str(&d.invalid.items[i], arena_printf(&arena, "Table 'dev.t%u' does not exist", i * 2)));
		ck_assert(value_equals_str(value_get(&d.unauthorized.items[i], "table"), "dog"));
	}
	role_unref(role);
}
END_TEST

START_TEST(test_many_attributes)
{
	enum { COUNT = 1000 };
	const struct role *role = role_of(roles['l']);
	const struct principal who = { .name = "bob", .role = role };
	const struct lyre_operation o = { .name = "r", .access = USER, .permissions = UPDATE };
	struct permission_attribute *list = ARENA_ARRAY(&arena, struct permission_attribute, COUNT);
	struct permission_need need = { .database = "dev", .table = "cat", .permissions = UPDATE, .attributes = list };
	const struct permission_question q = { .operation = &o, .database = "dev", .needs = &need };
	struct denial d;
	struct err e;

	for (int i = 0; i < COUNT; i++) {
		const char *name = i % 2 ? "name" : arena_printf(&arena, "x%d", i);
		list[i] = (struct permission_attribute){ .next = i + 1 < COUNT ? &list[i + 1] : NULL, .name = name,
			.len = strlen(name), .permissions = UPDATE };
	}
	ck_assert_int_eq(permission_check(&who, &q, store, &arena, &d, &e), LYRE_EDENIED);
	ck_assert_uint_eq(d.invalid.len, TOLD / 2);
	ck_assert_uint_eq(d.unauthorized.len, 1);
	ck_assert_uint_eq(value_get(&d.unauthorized.items[0], "required_attribute_permissions")->len, TOLD / 2);
	role_unref(role);
}
END_TEST

START_TEST(test_super_user_takes_no_memory)
{
	const struct principal who = { .name = "admin", .role = &role_of_server };
	const struct lyre_operation o = { .name = "w", .access = USER, .permissions = INSERT | DELETE };
	struct permission_need need = { .database = "dev", .table = "dog", .permissions = o.permissions };
	struct arena none;
	struct denial d;
	struct err e;

	arena_init(&none);
	ck_assert_int_eq(permission_check(&who, &(struct permission_question){ &o, "dev", &need }, NULL, &none, &d, &e), 0);
	ck_assert_int_eq(
		permission_check(&who, &(struct permission_question){ &o, "system", &need }, NULL, &none, &d, &e), LYRE_EDENIED);
	ck_assert_uint_eq(none.total, 0);
}
END_TEST

/* ---- views ---- */

static uint32_t seen(const struct permission_view *v, const char *name)
{
	return permission_attribute(v, name, strlen(name), false);
}

START_TEST(test_views)
{
	const uint32_t all = ROLE_EVERYTHING | DESCRIBE;
	const struct principal admin = { .name = "admin", .role = &role_of_server }, without = { .name = "bob" };
	const struct role *role = role_of(roles['l']);
	const struct principal lim = { .name = "lim", .role = role };
	static const char *const hidden[] = { "password", "hash", "refresh_token", "stamp" };

	struct permission_view v = permission_view(&admin, false, "dev", "dog");
	ck_assert(v.permissions == all && permission_sees_all(&v) && seen(&v, "x") == all);
	v = permission_view(&admin, false, "system", "hdb_job");
	ck_assert(v.permissions == (READ | DESCRIBE) && permission_sees_all(&v) && seen(&v, "password") == (READ | DESCRIBE));
	v = permission_view(&admin, false, "system", "hdb_user");
	ck_assert(v.permissions == (READ | DESCRIBE) && v.secret && !permission_sees_all(&v));
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		ck_assert_uint_eq(seen(&v, hidden[i]), 0);
	ck_assert_uint_eq(seen(&v, "username"), READ | DESCRIBE);
	ck_assert_uint_eq(seen(&v, "passwor"), READ | DESCRIBE);
	v = permission_view(&admin, false, "system", "hdb_session");
	ck_assert(v.secret && !permission_attribute(&v, "stamp", 5, false) && seen(&v, "user"));
	v = permission_view(&admin, false, "dev", "hdb_user");
	ck_assert(v.permissions == all && !v.secret);
	v = permission_view(&admin, true, "system", "hdb_user");
	ck_assert(v.permissions == all && permission_sees_all(&v) && seen(&v, "password") == all);
	v = permission_view(NULL, true, "system", "hdb_session");
	ck_assert(v.permissions == all && !v.secret);

	v = permission_view(&lim, false, "dev", "dog");
	ck_assert(v.permissions == (READ | DESCRIBE) && permission_sees_all(&v));
	v = permission_view(&lim, false, "dev", "cat");
	ck_assert(v.permissions == (READ | INSERT | UPDATE | DESCRIBE) && !permission_sees_all(&v));
	ck_assert_uint_eq(seen(&v, "name"), READ | INSERT | DESCRIBE);
	ck_assert_uint_eq(seen(&v, "age"), 0);
	ck_assert_uint_eq(seen(&v, "secret"), 0);
	const struct role *maker = role_of("{\"structure_user\":[\"dev\"],\"dev\":{\"tables\":{\"cat\":{\"read\":true,"
		"\"attribute_permissions\":[{\"attribute_name\":\"name\",\"read\":true}]}}}}");
	const struct principal str = { .name = "str", .role = maker };
	v = permission_view(&str, false, "dev", "cat");
	ck_assert_uint_eq(v.permissions, READ | DESCRIBE);
	ck_assert_uint_eq(seen(&v, "name"), READ | DESCRIBE);
	ck_assert_uint_eq(seen(&v, "secret"), DESCRIBE);
	v = permission_view(&str, false, "dev", "bird");
	ck_assert_uint_eq(v.permissions, DESCRIBE);
	ck_assert_uint_eq(seen(&v, "secret"), DESCRIBE);
	role_unref(maker);
	ck_assert(!permission_view(&lim, false, "system", "hdb_user").permissions);
	ck_assert(!permission_view(&without, false, "dev", "dog").permissions);
	ck_assert(!permission_view(NULL, false, "dev", "dog").permissions);

	ck_assert(permission_sees_database(&admin, false, "system") && permission_sees_database(NULL, true, "system"));
	ck_assert(permission_sees_database(&lim, false, "dev") && !permission_sees_database(&lim, false, "empty"));
	ck_assert(!permission_sees_database(&lim, false, "system") && !permission_sees_database(&without, false, "dev"));
	ck_assert(!permission_sees_database(NULL, false, "dev"));
	role_unref(role);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_permission");
	TCase *t = tcase_create("permission");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, test_decisions, 0, sizeof cases / sizeof *cases);
	tcase_add_test(t, test_without_role);
	tcase_add_test(t, test_many_tables);
	tcase_add_test(t, test_many_attributes);
	tcase_add_test(t, test_super_user_takes_no_memory);
	tcase_add_test(t, test_views);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
