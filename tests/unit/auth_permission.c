/* SPDX-License-Identifier: Apache-2.0 */
/* The permission decision: the answers clients know, the rules one by one, and random roles against a slow model of them. */
#include "store_fixture.h"

#include "auth/permission.h"

#define REFUSED                                                                                                        \
	"{\"error\":\"This operation is not authorized due to role restrictions and/or invalid database items\","      \
	"\"unauthorized_access\":"
#define SAYS(unauthorized, invalid) REFUSED "[" unauthorized "],\"invalid_schema_items\":[" invalid "]}"
#define LACKS(database, table, permissions, attributes)                                                                \
	"{\"schema\":\"" database "\",\"table\":\"" table "\",\"required_table_permissions\":[" permissions            \
	"],\"required_attribute_permissions\":[" attributes "]}"
#define LACKS_ATTRIBUTE(name, permissions) "{\"attribute_name\":\"" name "\",\"required_permissions\":[" permissions "]}"
#define RESTRICTED(name) SAYS("\"Operation '" name "' is restricted to 'super_user' roles\"", "")
#define GONE(what) SAYS("", "\"" what " does not exist\"")
#define SYSTEM_CLOSED                                                                                                  \
	"The 'system' database, tables and records are used internally by HarperDB and cannot be updated or removed."

static struct arena arena;

static void set_up(void)
{
	setup();
	arena_init(&arena);
	make_table("dev", "dog");
	make_table("dev", "cat");
	make_table("dev", "bird");
	make_table("other", "t");
	make_table("system", "hdb_user");
}

static void tear_down(void)
{
	arena_free(&arena);
	teardown();
}

/* ---- asking ---- */

static const struct role *role_of(const char *permission)
{
	const struct role *r = NULL;
	struct err e = { 0 };
	lyre_value record;
	struct buf b;

	buf_init(&b);
	buf_addf(&b, "{\"id\":\"r\",\"role\":\"r\",\"permission\":%s}", permission);
	ck_assert_int_eq(json_decode_copy(&arena, b.data, b.len, &record, &e), 0);
	ck_assert_int_eq(role_make(&r, &record, &e), 0);
	buf_free(&b);
	return r;
}

/** "name:ru name …": which permissions on what; ri: read and insert. */
static struct permission_attribute *attributes_of(const char *text)
{
	static const char letters[] = "riud";
	struct permission_attribute *first = NULL, **end = &first;

	for (const char *p = text; p && *p; p += strspn(p, " ")) {
		struct permission_attribute *at = ARENA_NEW(&arena, struct permission_attribute);
		at->name = p;
		at->len = strcspn(p, ":");
		for (p += at->len + 1; *p && *p != ' '; p++)
			at->permissions |= 1u << (unsigned)(strchr(letters, *p) - letters);
		*end = at;
		end = &at->next;
	}
	return first;
}

/** What is answered: "ok", the two lists as JSON, or the sentence alone. */
static const char *decide(const struct principal *who, const struct permission_question *q)
{
	struct err e = { 0 };
	struct denial d;
	struct buf b;
	lyre_out out;

	int rc = permission_check(who, q, store, &arena, &d, &e);
	ck_assert(rc == 0 || e.code == rc);
	ck_assert(d.unauthorized.type == LYRE_ARRAY && d.invalid.type == LYRE_ARRAY);
	if (!rc) {
		ck_assert(!d.unauthorized.len && !d.invalid.len);
		return "ok";
	}
	ck_assert_int_eq(rc, LYRE_EDENIED);
	if (!denial_has_lists(&d, e.text))
		return arena_strndup(&arena, e.text, strlen(e.text));
	buf_init(&b);
	out_init(&out, &b);
	denial_write(&out, e.text, &d);
	const char *text = arena_strndup(&arena, b.data, b.len);
	buf_free(&b);
	return text;
}

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

#define READ LYRE_PERMIT_READ
#define INSERT LYRE_PERMIT_INSERT
#define UPDATE LYRE_PERMIT_UPDATE
#define DELETE LYRE_PERMIT_DELETE
#define DESCRIBE LYRE_PERMIT_DESCRIBE
#define USER LYRE_ACCESS_USER
#define STRUCTURE LYRE_ACCESS_STRUCTURE
#define ALL LYRE_ACCESS_STRUCTURE_ALL
#define SUPER LYRE_ACCESS_SUPER_USER

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
	  GONE("Table 'system.hdb_user'") },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", "dog", "", "ok" },
	{ 's', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", "bird", "", "ok" },
	{ 's', { .name = "d", .access = USER, .permissions = DESCRIBE }, "other", "t", "", GONE("Table 'other.t'") },
	{ 'S', { .name = "d", .access = USER, .permissions = DESCRIBE }, "system", "hdb_user", "",
	  GONE("Table 'system.hdb_user'") },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", NULL, "", "ok" },
	{ 's', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", NULL, "", "ok" },
	{ 'S', { .name = "d", .access = USER, .permissions = DESCRIBE }, "nope", NULL, "", "ok" },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "system", NULL, "",
	  SAYS("\"Your role does not have permission to view database metadata for 'system'\"", "") },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "nope", NULL, "",
	  SAYS("\"Your role does not have permission to view database metadata for 'nope'\"", "") },
	{ 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "empty", NULL, "",
	  SAYS("\"Your role does not have permission to view database metadata for 'empty'\"", "") },
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
	{ 'l', { .name = "w", .access = USER, .permissions = UPDATE | DELETE }, "dev", "cat", "name:u",
	  SAYS(LACKS("dev", "cat", "\"delete\"", LACKS_ATTRIBUTE("name", "\"update\"")), "") },
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
	ck_assert(v.secret && !permission_attribute(&v, "id", 2, true) && seen(&v, "user"));
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

/* ---- random roles, and a model that reads their JSON over and over ---- */

static const char *const databases[] = { "dev", "other", "nope", "system" };
static const char *const tables[] = { "dog", "cat", "t", "hdb_user", "gone" };
static const char *const names[] = { "id", "a", "b", "c" };
static const char *const actions[] = { "read", "insert", "update", "delete" };

#define PICK(list) (list)[(size_t)rand() % (sizeof(list) / sizeof *(list))]
#define EACH(i, list) for (size_t i = 0; i < sizeof(list) / sizeof *(list); i++)

static bool chance(int percent)
{
	return rand() % 100 < percent;
}

static void random_actions(struct buf *b, int percent)
{
	EACH(i, actions) {
		if (chance(85))
			buf_addf(b, "\"%s\":%s,", actions[i], chance(percent) ? "true" : chance(80) ? "false" : "1");
	}
}

static void random_table(struct buf *b, const char *name)
{
	buf_addf(b, "\"%s\":{", name);
	random_actions(b, 60);
	if (chance(50)) {
		const char *comma = "";

		buf_add_str(b, "\"attribute_permissions\":[");
		EACH(i, names) {
			if (!chance(60))
				continue;
			buf_addf(b, "%s{", comma);
			random_actions(b, 50);
			buf_addf(b, "\"attribute_name\":\"%s\"}", names[i]);
			comma = ",";
		}
		buf_add_str(b, "],");
	}
	buf_add_str(b, "\"end\":0}");
}

static void random_permission(struct buf *b)
{
	buf_add_str(b, "{");
	if (chance(40)) {
		buf_add_str(b, "\"structure_user\":");
		if (chance(30))
			buf_add_str(b, "true,");
		else
			buf_addf(b, "[\"%s\",\"%s\"],", PICK(databases), PICK(databases));
	}
	if (chance(10))
		buf_add_str(b, "\"super_user\":true,");
	EACH(i, databases) {
		if (!chance(60))
			continue;
		buf_addf(b, "\"%s\":{\"tables\":{", databases[i]);
		EACH(j, tables) {
			if (chance(60)) {
				random_table(b, tables[j]);
				buf_add_char(b, ',');
			}
		}
		buf_add_str(b, "\"-\":{}}},");
	}
	buf_add_str(b, "\"end\":false}");
}

static bool yes(const lyre_value *v)
{
	return value_is(v, LYRE_BOOL) && v->b;
}

struct model {
	const lyre_value *permission;
	struct buf unauthorized, invalid;
};

static const lyre_value *m_table(const struct model *m, const char *database, const char *table)
{
	return value_get(value_get(value_get(m->permission, database), "tables"), table);
}

static bool m_structures(const struct model *m, const char *database)
{
	const lyre_value *v = value_get(m->permission, "structure_user");

	for (uint32_t i = 0; database && value_is(v, LYRE_ARRAY) && i < v->len; i++) {
		if (value_equals_str(&v->items[i], database))
			return true;
	}
	return yes(v);
}

static bool m_permits(const struct model *m, const char *database, const char *table, size_t action)
{
	return strcmp(database, "system") && yes(value_get(m_table(m, database, table), actions[action]));
}

static bool m_any(const struct model *m, const char *database, const char *table)
{
	bool any = false;

	EACH(i, actions)
		any = any || m_permits(m, database, table, i);
	return any;
}

static bool m_limited(const struct model *m, const char *database, const char *table)
{
	const lyre_value *list = value_get(m_table(m, database, table), "attribute_permissions");

	return list && list->len;
}

static bool m_permits_attribute(const struct model *m, const char *database, const char *table, const char *name, size_t action)
{
	const lyre_value *list = value_get(m_table(m, database, table), "attribute_permissions");
	bool key = !strcmp(name, "id") && strcmp(table, "gone") && strcmp(database, "nope") &&
		(!strcmp(database, "dev") ? !strcmp(table, "dog") || !strcmp(table, "cat") : !strcmp(table, "t"));

	if (!m_permits(m, database, table, action))
		return false;
	if (!m_limited(m, database, table) || (key && action == 0))
		return true;
	for (uint32_t i = 0; i < list->len; i++) {
		if (value_equals_str(value_get(&list->items[i], "attribute_name"), name))
			return yes(value_get(&list->items[i], actions[action]));
	}
	return key;
}

static void m_say(struct buf *list, const char *fmt, ...) LYRE_PRINTF(2, 3);
static void m_say(struct buf *list, const char *fmt, ...)
{
	va_list ap;

	buf_add_str(list, list->len ? "," : "");
	va_start(ap, fmt);
	buf_vaddf(list, fmt, ap);
	va_end(ap);
}

static void m_actions(struct buf *b, uint32_t permissions)
{
	const char *comma = "";

	EACH(i, actions) {
		if (permissions & 1u << i) {
			buf_addf(b, "%s\"%s\"", comma, actions[i]);
			comma = ",";
		}
	}
}

static void m_lacks(struct model *m, const struct permission_need *n, uint32_t lacking, struct buf *attributes)
{
	struct buf b;

	buf_init(&b);
	m_actions(&b, lacking);
	m_say(&m->unauthorized, LACKS("%s", "%s", "%.*s", "%.*s"), n->database, n->table, (int)b.len, b.len ? b.data : "",
		(int)attributes->len, attributes->len ? attributes->data : "");
	buf_free(&b);
}

static void m_attributes(struct model *m, const struct permission_need *n, struct buf *lacking)
{
	for (const struct permission_attribute *at = n->attributes; at; at = at->next) {
		const char *name = arena_strndup(&arena, at->name, at->len);
		uint32_t lacks = 0;
		bool any = false;

		EACH(i, actions) {
			bool may = m_permits_attribute(m, n->database, n->table, name, i);

			any = any || may;
			if (at->permissions & 1u << i && m_permits(m, n->database, n->table, i) && !may)
				lacks |= 1u << i;
		}
		if (!any) {
			m_say(&m->invalid, "\"Attribute '%s' does not exist on '%s.%s'\"", name, n->database, n->table);
		} else if (lacks) {
			m_say(lacking, "{\"attribute_name\":\"%s\",\"required_permissions\":[", name);
			m_actions(lacking, lacks);
			buf_add_str(lacking, "]}");
		}
	}
}

static void m_need(struct model *m, const struct permission_need *n)
{
	bool system = !strcmp(n->database, "system");
	bool structures = !system && m_structures(m, n->database);
	uint32_t wanted = n->permissions & ROLE_EVERYTHING, lacking = 0;
	struct buf attributes;

	if (n->permissions & DESCRIBE && !structures && !m_any(m, n->database, n->table)) {
		m_say(&m->invalid, "\"Table '%s.%s' does not exist\"", n->database, n->table);
		return;
	}
	if (!wanted)
		return;
	buf_init(&attributes);
	EACH(i, actions) {
		if (wanted & 1u << i && !m_permits(m, n->database, n->table, i))
			lacking |= 1u << i;
	}
	if (system && !strcmp(n->table, "hdb_user"))
		m_lacks(m, n, wanted, &attributes);
	else if (!system && !structures && !value_get(m->permission, n->database))
		m_say(&m->invalid, "\"database '%s' does not exist\"", n->database);
	else if (!m_any(m, n->database, n->table))
		m_say(&m->invalid, "\"Table '%s.%s' does not exist\"", n->database, n->table);
	else {
		if (m_limited(m, n->database, n->table))
			m_attributes(m, n, &attributes);
		if (lacking || attributes.len)
			m_lacks(m, n, lacking, &attributes);
	}
	buf_free(&attributes);
}

static const char *m_decide(struct model *m, const struct permission_question *q)
{
	const struct lyre_operation *o = q->operation;
	const lyre_value *structure = value_get(m->permission, "structure_user");
	bool system = !strcmp(q->database, "system"), structures_any = yes(structure) || value_is(structure, LYRE_ARRAY);
	bool super_only = o->access == SUPER || (o->access == ALL && !yes(structure));

	if (yes(value_get(m->permission, "super_user")))
		return system && o->permissions & (INSERT | UPDATE | DELETE) ? SYSTEM_CLOSED : "ok";
	if (system && o->access != SUPER && (o->access != USER || o->permissions & (UPDATE | DELETE)))
		return SYSTEM_CLOSED;
	if (o->access == ALL && yes(structure))
		return "ok";
	if (o->access == STRUCTURE && m_structures(m, q->database))
		return "ok";
	if (o->access == USER || (o->access == STRUCTURE && o->permissions)) {
		for (const struct permission_need *n = q->needs; n; n = n->next)
			m_need(m, n);
		if (!m->unauthorized.len && !m->invalid.len)
			return "ok";
	}
	if (super_only || (o->access == STRUCTURE && !structures_any && !o->permissions))
		return RESTRICTED("op");
	if (o->access == STRUCTURE && structures_any)
		return arena_printf(&arena, SAYS("\"User does not have access to perform 'op' against schema '%s'\"", ""), q->database);
	return arena_printf(&arena, SAYS("%.*s", "%.*s"), (int)m->unauthorized.len, m->unauthorized.len ? m->unauthorized.data : "",
		(int)m->invalid.len, m->invalid.len ? m->invalid.data : "");
}

static void random_question(struct permission_question *q, struct lyre_operation *o)
{
	static const uint32_t accesses[] = { USER, USER, USER, USER, SUPER, STRUCTURE, STRUCTURE, ALL };
	const char *database = PICK(databases);
	struct permission_need **end = &q->needs;

	*o = (struct lyre_operation){ .name = "op", .access = PICK(accesses), .permissions = chance(20) ? 0 : (uint32_t)rand() % 32 };
	*q = (struct permission_question){ .operation = o, .database = database };
	for (int i = rand() % 3; i && o->permissions; i--) {
		struct permission_need *n = ARENA_NEW(&arena, struct permission_need);
		struct buf b;

		buf_init(&b);
		EACH(j, names) {
			if (chance(40))
				buf_addf(&b, "%s:%s ", names[j], chance(30) ? "iu" : chance(50) ? "r" : "u");
		}
		*n = (struct permission_need){ .database = database, .table = PICK(tables), .permissions = o->permissions,
			.attributes = attributes_of(b.len ? arena_strndup(&arena, b.data, b.len) : "") };
		buf_free(&b);
		*end = n;
		end = &n->next;
	}
}

static void compare(const struct principal *who, const struct permission_question *q)
{
	struct model m = { .permission = value_get(&who->role->record, "permission") };

	buf_init(&m.unauthorized);
	buf_init(&m.invalid);
	ck_assert_str_eq(decide(who, q), m_decide(&m, q));
	buf_free(&m.unauthorized);
	buf_free(&m.invalid);
}

/** A view says of each table what the model does. */
static void compare_views(const struct principal *who)
{
	const struct model m = { .permission = value_get(&who->role->record, "permission") };

	if (who->role->super_user)
		return;
	EACH(i, databases) {
		bool structures = strcmp(databases[i], "system") && m_structures(&m, databases[i]), any = structures;

		EACH(j, tables) {
			const struct permission_view v = permission_view(who, false, databases[i], tables[j]);

			ck_assert_int_eq(v.permissions & DESCRIBE, structures || m_any(&m, databases[i], tables[j]) ? DESCRIBE : 0);
			EACH(a, actions)
				ck_assert_int_eq((v.permissions >> a) & 1, m_permits(&m, databases[i], tables[j], a));
			any = any || m_any(&m, databases[i], tables[j]);
		}
		ck_assert_int_eq(permission_sees_database(who, false, databases[i]), any);
	}
}

START_TEST(test_random)
{
	srand(1000u + (unsigned)_i);
	for (int i = 0; i < 300; i++) {
		struct permission_question q;
		struct lyre_operation o;
		struct buf b;

		buf_init(&b);
		random_permission(&b);
		const struct role *role = role_of(buf_cstr(&b));
		const struct principal who = { .name = "bob", .role = role };
		compare_views(&who);
		for (int j = 0; j < 100; j++) {
			random_question(&q, &o);
			compare(&who, &q);
		}
		role_unref(role);
		buf_free(&b);
		arena_reset(&arena);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_permission");
	TCase *t = tcase_create("permission");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, test_decisions, 0, sizeof cases / sizeof *cases);
	tcase_add_test(t, test_without_role);
	tcase_add_test(t, test_many_tables);
	tcase_add_test(t, test_many_attributes);
	tcase_add_test(t, test_super_user_takes_no_memory);
	tcase_add_test(t, test_views);
	tcase_add_loop_test(t, test_random, 0, 4);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
