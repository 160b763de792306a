/* SPDX-License-Identifier: Apache-2.0 */
/* The permission decision: the answers that clients know, and the rules one by one. */
#include "permission_fixture.h"

#define LACKS_ATTRIBUTE(name, permissions) "{'attribute_name':'" name "','required_permissions':[" permissions "]}"
#define GONE(what) SAYS("", "'" what " does not exist'")

/* ---- the answers that clients know ---- */

static const char *const roles[] = {
	['a'] = "{'super_user':true}",
	['l'] = "{'super_user':false,'dev':{'tables':{"
		"'dog':{'read':true,'insert':false,'update':false,'delete':false,'attribute_permissions':[]},"
		"'cat':{'read':true,'insert':true,'update':true,'delete':false,'attribute_permissions':["
		"{'attribute_name':'id','read':true,'insert':true,'update':true},"
		"{'attribute_name':'name','read':true,'insert':true,'update':false},"
		"{'attribute_name':'age','read':false,'insert':false,'update':false}]},"
		"'hen':{'read':false,'insert':false,'update':false,'delete':false}}},"
		"'empty':{'tables':{}},'system':{'tables':{'hdb_user':{'read':true,'delete':true}}}}",
	['n'] = "{'super_user':false}",
	['s'] = "{'structure_user':['dev']}",
	['S'] = "{'structure_user':true}",
	['c'] = "{'structure_user':['dev'],'dev':{'tables':{'cat':{'read':true,"
		"'attribute_permissions':[{'attribute_name':'name','read':true}]}}}}",
	['m'] = "{'structure_user':['other'],'dev':{'tables':{'dog':{'insert':true}}}}",
};

static const struct {
	const char *name;
	char who;
	struct lyre_operation operation;
	const char *database, *table; /**< table NULL: the database as a whole, "-": nothing */
	const char *attributes;
	const char *answer;
} cases[] = {
	/* structure */
	{ "limited role creates a database", 'l', { .name = "create_database", .access = ALL, .refused_as = "createSchema" }, "x",
		"-", "", RESTRICTED("createSchema") },
	{ "maker of dev creates a database", 's', { .name = "create_database", .access = ALL, .refused_as = "createSchema" }, "x",
		"-", "", RESTRICTED("createSchema") },
	{ "maker of all creates a database", 'S', { .name = "create_database", .access = ALL }, "x", "-", "", "ok" },
	{ "super_user creates system", 'a', { .name = "create_database", .access = ALL }, "system", "-", "", "ok" },
	{ "maker of all drops system", 'S', { .name = "drop_database", .access = ALL }, "system", "-", "", CLOSED },
	{ "limited role creates a table", 'l', { .name = "create_table", .access = STRUCTURE }, "dev", "-", "",
		RESTRICTED("createTable") },
	{ "maker of dev creates a table", 's', { .name = "create_table", .access = STRUCTURE }, "dev", "-", "", "ok" },
	{ "maker of all creates a table in an unknown database", 'S', { .name = "create_table", .access = STRUCTURE }, "nope", "-",
		"", "ok" },
	{ "super_user creates a system table", 'a', { .name = "create_table", .access = STRUCTURE }, "system", "-", "", "ok" },
	{ "maker of all creates a system table", 'S', { .name = "create_table", .access = STRUCTURE }, "system", "-", "", CLOSED },
	{ "role without permissions creates a system table", 'n', { .name = "create_table", .access = STRUCTURE }, "system", "-",
		"", CLOSED },
	{ "maker of dev creates a table nowhere", 's', { .name = "create_table", .access = STRUCTURE }, NULL, "-", "",
		RESTRICTED("createTable") },
	{ "maker of dev creates a table in other", 's', { .name = "create_table", .access = STRUCTURE }, "other", "-", "",
		SAYS("'User does not have access to perform `create_table` against schema `other`'", "") },
	{ "limited role drops an attribute", 'l', { .name = "drop_attribute", .access = STRUCTURE }, "dev", "-", "",
		RESTRICTED("dropAttribute") },
	{ "maker of dev creates an attribute", 's', { .name = "create_attribute", .access = STRUCTURE, .permissions = INSERT },
		"dev", "bird", "", "ok" },
	{ "insert permission creates an attribute", 'l', { .name = "create_attribute", .access = STRUCTURE, .permissions = INSERT },
		"dev", "cat", "", "ok" },
	{ "attribute of a table without insert permission", 'l',
		{ .name = "create_attribute", .access = STRUCTURE, .permissions = INSERT }, "dev", "dog", "",
		SAYS(LACKS("dev", "dog", "'insert'", ""), "") },
	{ "attribute of a hidden table", 'l', { .name = "create_attribute", .access = STRUCTURE, .permissions = INSERT }, "dev",
		"bird", "", GONE("Table `dev.bird`") },
	{ "maker of other with insert permission", 'm', { .name = "create_attribute", .access = STRUCTURE, .permissions = INSERT },
		"dev", "dog", "", "ok" },
	{ "maker of other without insert permission", 'm',
		{ .name = "create_attribute", .access = STRUCTURE, .permissions = INSERT }, "dev", "cat", "",
		SAYS("'User does not have access to perform `create_attribute` against schema `dev`'", "") },
	/* for super_users */
	{ "refused under another name", 'l', { .name = "list_users", .access = SUPER, .refused_as = "listUsersExternal" }, NULL,
		"-", "", RESTRICTED("listUsersExternal") },
	{ "maker of all is not a super_user", 'S', { .name = "system_information", .access = SUPER }, NULL, "-", "",
		RESTRICTED("systemInformation") },
	{ "permissions do not make a super_user", 'l',
		{ .name = "delete_audit_logs_before", .access = SUPER, .permissions = DELETE }, "dev", "dog", "",
		RESTRICTED("deleteAuditLogsBefore") },
	{ "odd name of an operation", 'l', { .name = "_a__b_2_c_", .access = SUPER }, NULL, "-", "", RESTRICTED("_a_B_2C_") },
	{ "unknown access", 'l', { .name = "unknown", .access = 77 }, NULL, "-", "", RESTRICTED("unknown") },
	{ "super_user", 'a', { .name = "list_users", .access = SUPER }, NULL, "-", "", "ok" },
	{ "operation for any user", 'n', { .name = "user_info", .access = USER }, NULL, "-", "", "ok" },
	{ "open operation", 'n', { .name = "logout", .access = LYRE_ACCESS_OPEN }, NULL, "-", "", "ok" },
	/* what a caller may know about */
	{ "describe a hidden table", 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", "bird", "",
		GONE("Table `dev.bird`") },
	{ "describe an unknown table", 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", "nope", "",
		GONE("Table `dev.nope`") },
	{ "describe a table without permissions", 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", "hen", "",
		GONE("Table `dev.hen`") },
	{ "describe a system table", 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "system", "hdb_user", "",
		SAYS("'Your role does not have permission to view database metadata for `system`'", "") },
	{ "describe a readable table", 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", "dog", "", "ok" },
	{ "maker of dev describes its table", 's', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", "bird", "",
		"ok" },
	{ "maker of dev describes a table of other", 's', { .name = "d", .access = USER, .permissions = DESCRIBE }, "other", "t",
		"", GONE("database `other`") },
	{ "maker of all describes a system table", 'S', { .name = "d", .access = USER, .permissions = DESCRIBE }, "system",
		"hdb_user", "", SAYS("'Your role does not have permission to view database metadata for `system`'", "") },
	{ "describe a database", 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", NULL, "", "ok" },
	{ "maker of dev describes dev", 's', { .name = "d", .access = USER, .permissions = DESCRIBE }, "dev", NULL, "", "ok" },
	{ "maker of all describes an unknown database", 'S', { .name = "d", .access = USER, .permissions = DESCRIBE }, "nope", NULL,
		"", "ok" },
	{ "describe system", 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "system", NULL, "",
		SAYS("'Your role does not have permission to view database metadata for `system`'", "") },
	{ "describe an unknown database", 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "nope", NULL, "",
		GONE("database `nope`") },
	{ "describe a database without tables", 'l', { .name = "d", .access = USER, .permissions = DESCRIBE }, "empty", NULL, "",
		GONE("database `empty`") },
	{ "read a database as a whole", 'l', { .name = "dump_all", .access = USER, .permissions = READ }, "dev", NULL, "",
		RESTRICTED("dumpAll") },
	/* tables */
	{ "read a table", 'l', { .name = "r", .access = USER, .permissions = READ }, "dev", "dog", "age:r", "ok" },
	{ "read a hidden table", 'l', { .name = "r", .access = USER, .permissions = READ }, "dev", "bird", "",
		GONE("Table `dev.bird`") },
	{ "read a table without permissions", 'l', { .name = "r", .access = USER, .permissions = READ }, "dev", "hen", "",
		GONE("Table `dev.hen`") },
	{ "read in an unknown database", 'l', { .name = "r", .access = USER, .permissions = READ }, "nope", "t", "",
		GONE("database `nope`") },
	{ "role without permissions reads", 'n', { .name = "r", .access = USER, .permissions = READ }, "dev", "dog", "",
		GONE("database `dev`") },
	{ "read in a database without tables", 'l', { .name = "r", .access = USER, .permissions = READ }, "empty", "t", "",
		GONE("Table `empty.t`") },
	{ "maker of dev reads", 's', { .name = "r", .access = USER, .permissions = READ }, "dev", "dog", "",
		GONE("Table `dev.dog`") },
	{ "maker of all reads", 'S', { .name = "r", .access = USER, .permissions = READ }, "dev", "dog", "",
		GONE("Table `dev.dog`") },
	{ "insert without permission", 'l', { .name = "w", .access = USER, .permissions = INSERT }, "dev", "dog", "",
		SAYS(LACKS("dev", "dog", "'insert'", ""), "") },
	{ "update without permission", 'l', { .name = "w", .access = USER, .permissions = UPDATE }, "dev", "dog", "",
		SAYS(LACKS("dev", "dog", "'update'", ""), "") },
	{ "upsert without permission", 'l', { .name = "w", .access = USER, .permissions = INSERT | UPDATE }, "dev", "dog", "",
		SAYS(LACKS("dev", "dog", "'insert','update'", ""), "") },
	{ "delete without permission", 'l', { .name = "w", .access = USER, .permissions = READ | DELETE }, "dev", "dog", "",
		SAYS(LACKS("dev", "dog", "'delete'", ""), "") },
	/* the server's own */
	{ "limited role reads hdb_user", 'l', { .name = "r", .access = USER, .permissions = READ }, "system", "hdb_user",
		"username:r", SAYS(LACKS("system", "hdb_user", "'read'", ""), "") },
	{ "maker of all reads hdb_user", 'S', { .name = "r", .access = USER, .permissions = READ }, "system", "hdb_user", "",
		SAYS(LACKS("system", "hdb_user", "'read'", ""), "") },
	{ "read an unknown system table", 'n', { .name = "r", .access = USER, .permissions = READ }, "system", "nope", "",
		GONE("Table `system.nope`") },
	{ "limited role inserts into hdb_user", 'l', { .name = "w", .access = USER, .permissions = INSERT }, "system", "hdb_user",
		"", SAYS(LACKS("system", "hdb_user", "'insert'", ""), "") },
	{ "limited role deletes from hdb_user", 'l', { .name = "w", .access = USER, .permissions = DELETE }, "system", "hdb_user",
		"", CLOSED },
	{ "limited role upserts into hdb_user", 'l', { .name = "w", .access = USER, .permissions = INSERT | UPDATE }, "system",
		"hdb_user", "", CLOSED },
	{ "super_user reads hdb_user", 'a', { .name = "r", .access = USER, .permissions = READ }, "system", "hdb_user", "", "ok" },
	{ "super_user inserts into hdb_user", 'a', { .name = "w", .access = USER, .permissions = INSERT }, "system", "hdb_user", "",
		CLOSED },
	{ "super_user deletes from hdb_user", 'a', { .name = "w", .access = SUPER, .permissions = DELETE }, "system", "hdb_user",
		"", CLOSED },
	{ "super_user creates an attribute of hdb_user", 'a', { .name = "w", .access = STRUCTURE, .permissions = INSERT }, "system",
		"hdb_user", "", CLOSED },
	{ "super_user writes to a database called System", 'a',
		{ .name = "w", .access = USER, .permissions = INSERT | UPDATE | DELETE }, "System", "t", "", "ok" },
	{ "super_user writes nowhere", 'a', { .name = "w", .access = USER, .permissions = INSERT }, NULL, "-", "", "ok" },
	/* attributes */
	{ "readable attributes", 'l', { .name = "r", .access = USER, .permissions = READ }, "dev", "cat", "id:r name:r", "ok" },
	{ "hidden attributes", 'l', { .name = "r", .access = USER, .permissions = READ }, "dev", "cat", "age:r secret:r nope:r",
		SAYS("",
			"'Attribute `age` does not exist on `dev.cat`','Attribute `secret` does not exist on `dev.cat`',"
			"'Attribute `nope` does not exist on `dev.cat`'") },
	{ "insertable attributes", 'l', { .name = "w", .access = USER, .permissions = INSERT }, "dev", "cat", "id:i name:i", "ok" },
	{ "insert of a time", 'l', { .name = "w", .access = USER, .permissions = INSERT }, "dev", "cat", "id:i __createdtime__:i",
		SAYS("", "'Attribute `__createdtime__` does not exist on `dev.cat`'") },
	{ "update of attributes of each kind", 'l', { .name = "w", .access = USER, .permissions = UPDATE }, "dev", "cat",
		"id:u name:u age:u secret:u",
		SAYS(LACKS("dev", "cat", "", LACKS_ATTRIBUTE("name", "'update'")),
			"'Attribute `age` does not exist on `dev.cat`','Attribute `secret` does not exist on `dev.cat`'") },
	{ "upsert of an attribute that may only be inserted", 'l', { .name = "w", .access = USER, .permissions = INSERT | UPDATE },
		"dev", "cat", "name:iu", SAYS(LACKS("dev", "cat", "", LACKS_ATTRIBUTE("name", "'update'")), "") },
	{ "permissions of a table go before those of its attributes", 'l',
		{ .name = "w", .access = USER, .permissions = UPDATE | DELETE }, "dev", "cat", "name:u age:u",
		SAYS(LACKS("dev", "cat", "'delete'", ""), "") },
};

START_TEST(decisions_and_answers_are_as_recorded)
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
	ck_assert_row_str_eq(cases[_i].name, decide(&who, &q), json_of(cases[_i].answer));
	role_unref(role);
}
END_TEST

static const struct lyre_operation closed[] = {
	{ .name = "for_users", .access = USER },
	{ .name = "for_super_users", .access = SUPER },
	{ .name = "with_permission", .access = USER, .permissions = DELETE },
	{ .name = "of_structure", .access = STRUCTURE },
};

START_TEST(a_user_without_a_role_is_refused)
{
	const struct principal who = { .name = "bob" };
	const struct permission_question q = { .operation = &closed[_i], .database = "system" };

	ck_assert_row_str_eq(
		closed[_i].name, decide(&who, &q), "User bob has no role or permissions.  Please assign the user a valid role.");
}
END_TEST

START_TEST(anonymous_callers_must_sign_in)
{
	const struct permission_question q = { .operation = &closed[_i], .database = "system" };
	struct denial d;
	struct err e;

	ck_assert_row_int_eq(closed[_i].name, permission_check(NULL, &q, store, &arena, &d, &e), LYRE_EUNAUTHENTICATED);
}
END_TEST

START_TEST(an_open_operation_needs_no_role)
{
	const struct principal who = { .name = "bob" };
	const struct lyre_operation open = { .name = "x", .access = LYRE_ACCESS_OPEN };

	ck_assert_str_eq(decide(&who, &(struct permission_question){ .operation = &open }), "ok");
	ck_assert_str_eq(decide(NULL, &(struct permission_question){ .operation = &open }), "ok");
}
END_TEST

/* Of any number of faults, this many are listed. */
enum { LISTED = 100 };

/* Tables in order, each with its missing permissions; the lists grow. */
START_TEST(the_first_of_many_faulty_tables_are_listed)
{
	enum { COUNT = 1000 };
	const struct role *role = role_of("{'dev':{'tables':{'dog':{'read':true}}}}");
	const struct principal who = { .name = "bob", .role = role };
	const struct lyre_operation o = { .name = "r", .access = USER, .permissions = READ | DELETE };
	struct permission_need *needs = ARENA_ARRAY(&arena, struct permission_need, COUNT);
	struct denial d;
	struct err e;

	for (int i = 0; i < COUNT; i++)
		needs[i] = (struct permission_need){ .next = i + 1 < COUNT ? &needs[i + 1] : NULL,
			.database = "dev",
			.table = i % 2 ? "dog" : arena_printf(&arena, "t%d", i),
			.permissions = o.permissions };
	const struct permission_question q = { .operation = &o, .database = "dev", .needs = needs };
	ck_assert_int_eq(permission_check(&who, &q, store, &arena, &d, &e), LYRE_EDENIED);
	ck_assert_uint_eq(d.unauthorized.len, LISTED / 2);
	ck_assert_uint_eq(d.invalid.len, LISTED / 2);
	for (uint32_t i = 0; i < LISTED / 2; i++) {
		ck_assert(value_equals_str(&d.invalid.items[i], arena_printf(&arena, "Table 'dev.t%u' does not exist", i * 2)));
		ck_assert(value_equals_str(value_get(&d.unauthorized.items[i], "table"), "dog"));
	}
	role_unref(role);
}
END_TEST

START_TEST(the_first_of_many_faulty_attributes_are_listed)
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
		list[i] = (struct permission_attribute){
			.next = i + 1 < COUNT ? &list[i + 1] : NULL, .name = name, .len = strlen(name), .permissions = UPDATE
		};
	}
	ck_assert_int_eq(permission_check(&who, &q, store, &arena, &d, &e), LYRE_EDENIED);
	ck_assert_uint_eq(d.invalid.len, LISTED / 2);
	ck_assert_uint_eq(d.unauthorized.len, 1);
	ck_assert_uint_eq(value_get(&d.unauthorized.items[0], "required_attribute_permissions")->len, LISTED / 2);
	role_unref(role);
}
END_TEST

START_TEST(a_super_user_takes_no_memory)
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

#define ADMIN 'A' /* the server's own super_user */
#define NO_ROLE '-'
#define NOBODY '\0'

/** A principal, for the duration of a test. */
static const struct principal *somebody(char letter)
{
	static struct principal who;

	if (letter == NOBODY)
		return NULL;
	who = (struct principal){ .name = "bob" };
	if (letter != NO_ROLE)
		who.role = letter == ADMIN ? role_ref(&role_of_server) : role_of(roles[(unsigned char)letter]);
	return &who;
}

enum { EVERYTHING = ROLE_EVERYTHING | DESCRIBE, READS = READ | DESCRIBE };

static const struct {
	const char *name;
	char who;
	bool server_rights;
	const char *database, *table;
	uint32_t permissions;
	bool sees_all;
	const char *attribute;
	uint32_t of_attribute;
} views[] = {
	{ "super_user", ADMIN, false, "dev", "dog", EVERYTHING, true, "x", EVERYTHING },
	{ "super_user, system", ADMIN, false, "system", "hdb_job", READS, true, "password", READS },
	{ "password of a user", ADMIN, false, "system", "hdb_user", READS, false, "password", 0 },
	{ "hash of a user", ADMIN, false, "system", "hdb_user", READS, false, "hash", 0 },
	{ "token of a user", ADMIN, false, "system", "hdb_user", READS, false, "refresh_token", 0 },
	{ "stamp of a user", ADMIN, false, "system", "hdb_user", READS, false, "stamp", 0 },
	{ "name of a user", ADMIN, false, "system", "hdb_user", READS, false, "username", READS },
	{ "beginning of a hidden name", ADMIN, false, "system", "hdb_user", READS, false, "passwor", READS },
	{ "stamp of a session", ADMIN, false, "system", "hdb_session", READS, false, "stamp", 0 },
	{ "user of a session", ADMIN, false, "system", "hdb_session", READS, false, "user", READS },
	{ "hdb_user elsewhere", ADMIN, false, "dev", "hdb_user", EVERYTHING, true, "password", EVERYTHING },
	{ "module, users", ADMIN, true, "system", "hdb_user", EVERYTHING, true, "password", EVERYTHING },
	{ "module, nobody", NOBODY, true, "system", "hdb_session", EVERYTHING, true, "stamp", EVERYTHING },
	{ "readable table", 'l', false, "dev", "dog", READS, true, "x", READS },
	{ "limited attribute", 'l', false, "dev", "cat", READS | INSERT | UPDATE, false, "name", READS | INSERT },
	{ "hidden attribute", 'l', false, "dev", "cat", READS | INSERT | UPDATE, false, "age", 0 },
	{ "unlisted attribute", 'l', false, "dev", "cat", READS | INSERT | UPDATE, false, "secret", 0 },
	{ "maker, limited attribute", 'c', false, "dev", "cat", READS, false, "name", READS },
	{ "maker, unlisted attribute", 'c', false, "dev", "cat", READS, false, "secret", DESCRIBE },
	{ "maker, table without permissions", 'c', false, "dev", "bird", DESCRIBE, true, "secret", DESCRIBE },
	{ "limited role, system", 'l', false, "system", "hdb_user", 0, false, NULL, 0 },
	{ "no role", NO_ROLE, false, "dev", "dog", 0, false, NULL, 0 },
	{ "nobody", NOBODY, false, "dev", "dog", 0, false, NULL, 0 },
};

START_TEST(a_view_shows_what_is_permitted)
{
	const struct principal *who = somebody(views[_i].who);
	struct permission_view v = permission_view(who, views[_i].server_rights, views[_i].database, views[_i].table);
	const char *name = views[_i].attribute;

	ck_assert_row_int_eq(views[_i].name, v.permissions, views[_i].permissions);
	if (name) {
		ck_assert_row_int_eq(views[_i].name, permission_sees_all(&v), views[_i].sees_all);
		ck_assert_row_int_eq(views[_i].name, permission_attribute(&v, name, strlen(name), false), views[_i].of_attribute);
	}
	role_unref(who ? who->role : NULL);
}
END_TEST

static const struct {
	const char *name;
	char who;
	bool server_rights;
	const char *database;
	bool seen;
} databases[] = {
	{ "super_user, system", ADMIN, false, "system", true },
	{ "module, system", NOBODY, true, "system", true },
	{ "limited role", 'l', false, "dev", true },
	{ "without tables", 'l', false, "empty", false },
	{ "limited role, system", 'l', false, "system", false },
	{ "no role", NO_ROLE, false, "dev", false },
	{ "nobody", NOBODY, false, "dev", false },
};

START_TEST(a_database_is_visible_if_something_in_it_is)
{
	const struct principal *who = somebody(databases[_i].who);

	ck_assert_row_int_eq(databases[_i].name, permission_sees_database(who, databases[_i].server_rights, databases[_i].database),
		databases[_i].seen);
	role_unref(who ? who->role : NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_permission");
	TCase *t = tcase_create("permission");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, decisions_and_answers_are_as_recorded, 0, ROWS(cases));
	tcase_add_loop_test(t, a_user_without_a_role_is_refused, 0, ROWS(closed));
	tcase_add_loop_test(t, anonymous_callers_must_sign_in, 0, ROWS(closed));
	tcase_add_test(t, an_open_operation_needs_no_role);
	tcase_add_test(t, the_first_of_many_faulty_tables_are_listed);
	tcase_add_test(t, the_first_of_many_faulty_attributes_are_listed);
	tcase_add_test(t, a_super_user_takes_no_memory);
	tcase_add_loop_test(t, a_view_shows_what_is_permitted, 0, ROWS(views));
	tcase_add_loop_test(t, a_database_is_visible_if_something_in_it_is, 0, ROWS(databases));
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
