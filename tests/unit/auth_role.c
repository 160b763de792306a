/* SPDX-License-Identifier: Apache-2.0 */
#include "unit_json.h"

#include "auth/role.h"

#include <stdio.h>
#include <string.h>

static const struct role *role;

/** Compiles a record; the text and everything made from it are freed before the test. */
static void make(const char *json)
{
	struct arena a;
	struct err e = { 0 };
	lyre_value record;

	role_unref(role);
	role = NULL;
	arena_init(&a);
	ck_assert_msg(!json_read(&a, json, &record, &e), "%s: %s", json, e.text);
	ck_assert_int_eq(role_make(&role, &record, &e), 0);
	arena_free(&a);
}

static void make_permission(const char *permission)
{
	char json[4000];

	snprintf(json, sizeof json, "{'id':'r1','role':'tester','permission':%s}", permission);
	make(json);
}

static void teardown(void)
{
	role_unref(role);
	role = NULL;
}

/** Such as "r-ud". */
static const char *letters(uint32_t permissions)
{
	static _Thread_local char text[8];

	ck_assert_uint_eq(permissions & ~(uint32_t)ROLE_EVERYTHING, 0);
	snprintf(text, sizeof text, "%c%c%c%c", permissions & LYRE_PERMIT_READ ? 'r' : '-',
		permissions & LYRE_PERMIT_INSERT ? 'i' : '-', permissions & LYRE_PERMIT_UPDATE ? 'u' : '-',
		permissions & LYRE_PERMIT_DELETE ? 'd' : '-');
	return text;
}

/* ---- the whole ---- */

static const struct {
	const char *name, *permission;
	bool super_user, structure_all, structure_of_dev;
	uint32_t databases;
} wholes[] = {
	{ "super_user", "{'super_user':true}", true, false, false, 0 },
	{ "no super_user", "{'super_user':false}", false, false, false, 0 },
	{ "super_user in a text", "{'super_user':'true'}", false, false, false, 0 },
	{ "super_user as a number", "{'super_user':1}", false, false, false, 0 },
	{ "database called super_user", "{'super_user':{'tables':{}}}", false, false, false, 0 },
	{ "cluster_user", "{'cluster_user':true,'super_user':null}", false, false, false, 0 },
	{ "no permissions", "{}", false, false, false, 0 },
	{ "null", "null", false, false, false, 0 },
	{ "array", "[]", false, false, false, 0 },
	{ "text", "'super_user'", false, false, false, 0 },
	{ "maker of all", "{'structure_user':true}", false, true, true, 0 },
	{ "maker of nothing", "{'structure_user':false}", false, false, false, 0 },
	{ "maker in a text", "{'structure_user':'dev'}", false, false, false, 0 },
	{ "maker in an object", "{'structure_user':{'dev':true}}", false, false, false, 0 },
	{ "empty list of databases", "{'structure_user':[]}", false, false, false, 0 },
	{ "maker of dev", "{'structure_user':['dev']}", false, false, true, 1 },
	{ "names twice, and none", "{'structure_user':['zoo','dev','dev',5,null,'a']}", false, false, true, 3 },
	{ "names that resemble", "{'structure_user':['dev\\u0000x','de','devx']}", false, false, false, 2 },
	{ "maker of another database", "{'structure_user':['other'],'dev':{'tables':{}}}", false, false, false, 2 },
	{ "maker after the database", "{'dev':{'tables':{}},'structure_user':['dev']}", false, false, true, 1 },
	{ "databases that are odd", "{'dev':{},'a':[],'b':true,'c':null,'d':{'tables':5}}", false, false, false, 2 },
	{ "name with a zero byte", "{'dev\\u0000':{'tables':{}}}", false, false, false, 0 },
};

START_TEST(permissions_of_the_role_itself)
{
	const char *name = wholes[_i].name;

	make_permission(wholes[_i].permission);
	ck_assert_row_str_eq(name, role->id, "r1");
	ck_assert_row_str_eq(name, role->name, "tester");
	ck_assert_row_int_eq(name, role->super_user, wholes[_i].super_user);
	ck_assert_row_int_eq(name, role->structure_all, wholes[_i].structure_all);
	ck_assert_row_int_eq(name, role_structures(role, "dev"), wholes[_i].structure_of_dev);
	ck_assert_row_int_eq(name, role_structures(role, NULL), wholes[_i].structure_all);
	ck_assert_row_int_eq(name, role->database_count, wholes[_i].databases);
}
END_TEST

static const struct {
	const char *name, *record;
} odd_records[] = {
	{ "empty object", "{}" },
	{ "null", "null" },
	{ "array", "[]" },
	{ "number", "5" },
	{ "names of other types", "{'id':5,'role':null}" },
	{ "everything of other types", "{'permission':5,'role':['x'],'id':{}}" },
};

START_TEST(a_record_that_is_not_a_role_permits_nothing)
{
	const char *name = odd_records[_i].name;

	make(odd_records[_i].record);
	ck_assert_row_str_eq(name, role->id, "");
	ck_assert_row_str_eq(name, role->name, "");
	ck_assert_msg(!role->super_user && !role->structure_all && !role->database_count, "%s", name);
	ck_assert_msg(!role_table(role, "dev", "dog"), "%s", name);
}
END_TEST

START_TEST(the_record_is_kept_as_it_was)
{
	struct buf b;

	make("{'id':'a','role':'b','permission':{'dev':{'tables':{}}},'__updatedtime__':2.5,'__createdtime__':1}");
	buf_init(&b);
	json_add_value(&b, &role->record);
	ck_assert_json_eq(buf_cstr(&b),
		"{'id':'a','role':'b','permission':{'dev':{'tables':{}}},"
		"'__updatedtime__':2.5,'__createdtime__':1}");
	buf_free(&b);
	ck_assert_ptr_eq(role_ref(role), role);
	role_unref(role);
}
END_TEST

START_TEST(the_server_has_every_permission_and_is_never_freed)
{
	const struct role *server = &role_of_server;

	ck_assert(server->super_user);
	role_unref(role_ref(server));
	role_unref(server);
	role_unref(server);
	ck_assert(role_structures(server, "dev"));
	ck_assert(role_structures(server, NULL));
	ck_assert(value_equals_str(value_get(&server->record, "role"), "super_user"));
	role_unref(NULL);
}
END_TEST

/* ---- one table ---- */

#define ATTRIBUTES(read, insert, update, attributes) \
	"{'read':" #read ",'insert':" #insert ",'update':" #update ",'delete':true,'attribute_permissions':" attributes "}"
#define ONE(name, rest) "{'attribute_name':'" name "'," rest "}"

/** \p key is the primary key, \p name and \p age are attributes. NULL \p table: it is not mentioned */
static const struct {
	const char *row, *json, *table, *key, *name, *age;
} tables[] = {
	{ "everything", "{'read':true,'insert':true,'update':true,'delete':true}", "riud", "riud", "riud", "riud" },
	{ "read", "{'read':true}", "r---", "r---", "r---", "r---" },
	{ "delete", "{'delete':true}", "---d", "---d", "---d", "---d" },
	{ "permissions of other types", "{'read':'true','insert':1,'update':[true],'delete':{'a':true}}", "----", "----", "----",
		"----" },
	{ "permissions with other names", "{'READ':true,'drop':true}", "----", "----", "----", "----" },
	{ "nothing", "{}", "----", "----", "----", "----" },
	{ "null for a table", "null", NULL, NULL, NULL, NULL },
	{ "true for a table", "true", NULL, NULL, NULL, NULL },
	{ "array for a table", "[{'read':true}]", NULL, NULL, NULL, NULL },
	/* attributes */
	{ "null for attributes", ATTRIBUTES(true, true, true, "null"), "riud", "riud", "riud", "riud" },
	{ "no attributes", ATTRIBUTES(true, true, true, "[]"), "riud", "riud", "riud", "riud" },
	{ "text for attributes", ATTRIBUTES(true, true, true, "'name'"), "-iud", "----", "----", "----" },
	{ "object for attributes", ATTRIBUTES(true, true, true, "{}"), "-iud", "----", "----", "----" },
	{ "false for attributes", ATTRIBUTES(true, true, true, "false"), "-iud", "----", "----", "----" },
	{ "number for an attribute", ATTRIBUTES(true, true, true, "[5]"), "-iud", "----", "----", "----" },
	{ "attribute without a name", ATTRIBUTES(true, true, true, "[{'read':true}]"), "-iud", "----", "----", "----" },
	{ "limited attribute", ATTRIBUTES(true, true, true, "[" ONE("name", "'read':true,'insert':true,'update':false") "]"),
		"riud", "ri--", "ri--", "----" },
	{ "table without insert", ATTRIBUTES(true, false, true, "[" ONE("name", "'read':true,'insert':true,'update':true") "]"),
		"r-ud", "r-u-", "r-u-", "----" },
	{ "table without read", ATTRIBUTES(false, true, true, "[" ONE("name", "'read':true,'insert':true") "]"), "-iud", "-i--",
		"-i--", "----" },
	{ "attribute's permissions of other types",
		ATTRIBUTES(true, true, true, "[" ONE("name", "'read':'yes','insert':1,'update':null") "]"), "-iud", "----", "----",
		"----" },
	{ "the key", ATTRIBUTES(true, true, true, "[" ONE("id", "'read':false,'insert':true") "]"), "-iud", "-i--", "----",
		"----" },
	{ "the key without what the table does not have",
		ATTRIBUTES(false, true, true, "[" ONE("id", "'read':true,'insert':true") "]"), "-iud", "-i--", "----", "----" },
	{ "attribute listed twice",
		ATTRIBUTES(true, true, true,
			"[" ONE("name", "'read':true,'update':true") "," ONE("age", "'read':true") "," ONE(
				"name", "'insert':true,'update':true") "]"),
		"riud", "r-u-", "--u-", "r---" },
	{ "names that resemble",
		ATTRIBUTES(true, true, true,
			"[" ONE("nam", "'read':true") "," ONE("name1", "'read':true") "," ONE("name\\u0000", "'read':true") "," ONE(
				"", "'read':true") "]"),
		"riud", "r---", "----", "----" },
};

START_TEST(permissions_of_a_table_and_its_attributes)
{
	const char *name = tables[_i].row;
	char permission[2000];

	snprintf(permission, sizeof permission, "{'super_user':false,'dev':{'tables':{'dog':%s}}}", tables[_i].json);
	make_permission(permission);
	const struct role_table *t = role_table(role, "dev", "dog");
	ck_assert_row_int_eq(name, t != NULL, tables[_i].table != NULL);
	ck_assert_msg(!role_table(role, "dev", "cat"), "%s", name);
	ck_assert_msg(!role_table(role, "data", "dog"), "%s", name);
	if (!t)
		return;
	ck_assert_row_str_eq(name, letters(t->permissions), tables[_i].table);
	ck_assert_row_str_eq(name, letters(role_attribute(t, "id", 2, true)), tables[_i].key);
	ck_assert_row_str_eq(name, letters(role_attribute(t, "name", 4, false)), tables[_i].name);
	ck_assert_row_str_eq(name, letters(role_attribute(t, "name and more", 4, false)), tables[_i].name);
	ck_assert_row_str_eq(name, letters(role_attribute(t, "age", 3, false)), tables[_i].age);
}
END_TEST

/* ---- many ---- */

START_TEST(every_name_is_found_and_no_other)
{
	enum { DATABASES = 30, TABLES = 20, COUNT = 15 };
	struct buf b;
	char name[16], table[16], attribute[16];

	buf_init(&b);
	buf_add_str(&b, "{'permission':{'structure_user':['d3','s1']");
	for (int i = 0; i < DATABASES; i++) {
		buf_addf(&b, ",'d%d':{'tables':{", i);
		for (int j = 0; j < TABLES; j++) {
			buf_addf(&b, "%s't%d':{'read':true,'insert':%s,'attribute_permissions':[", j ? "," : "", j,
				(i + j) % 2 ? "true" : "false");
			for (int k = 0; k < COUNT; k++)
				buf_addf(&b, "%s{'attribute_name':'a%d','read':%s}", k ? "," : "", k,
					(i + j + k) % 3 ? "true" : "false");
			buf_add_str(&b, "]}");
		}
		buf_add_str(&b, "}}");
	}
	buf_add_str(&b, "}}");
	make(buf_cstr(&b));
	buf_free(&b);
	ck_assert_uint_eq(role->database_count, DATABASES + 1);
	for (int i = 0; i < DATABASES + 1; i++) {
		snprintf(name, sizeof name, "d%d", i);
		const struct role_database *d = role_database(role, name);
		ck_assert_int_eq(d != NULL, i < DATABASES);
		ck_assert_int_eq(role_structures(role, name), i == 3);
		for (int j = 0; d && j < TABLES + 1; j++) {
			snprintf(table, sizeof table, "t%d", j);
			const struct role_table *t = role_table(role, name, table);
			ck_assert_int_eq(t != NULL, j < TABLES);
			ck_assert(!t || !strcmp(letters(t->permissions), (i + j) % 2 ? "ri--" : "r---"));
			for (int k = 0; t && k < COUNT + 1; k++) {
				size_t len = (size_t)snprintf(attribute, sizeof attribute, "a%d", k);
				bool may = k < COUNT && (i + j + k) % 3;
				ck_assert_str_eq(letters(role_attribute(t, attribute, len, false)), may ? "r---" : "----");
			}
		}
	}
	ck_assert_ptr_nonnull(role_database(role, "s1"));
	ck_assert_ptr_null(role_table(role, "s1", "t1"));
	ck_assert(role_structures(role, "s1"));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_role");
	TCase *t = tcase_create("role");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_loop_test(t, permissions_of_the_role_itself, 0, ROWS(wholes));
	tcase_add_loop_test(t, a_record_that_is_not_a_role_permits_nothing, 0, ROWS(odd_records));
	tcase_add_test(t, the_record_is_kept_as_it_was);
	tcase_add_test(t, the_server_has_every_permission_and_is_never_freed);
	tcase_add_loop_test(t, permissions_of_a_table_and_its_attributes, 0, ROWS(tables));
	tcase_add_test(t, every_name_is_found_and_no_other);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
