/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "auth/role.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

static const struct role *role;

/** Compiles a record in JSON; the text and all made of it are gone afterwards. */
static void make(const char *json)
{
	struct arena a;
	struct err e = { 0 };
	lyre_value record;

	role_unref(role);
	role = NULL;
	arena_init(&a);
	ck_assert_msg(!json_decode_copy(&a, json, strlen(json), &record, &e), "%s: %s", json, e.text);
	ck_assert_int_eq(role_make(&role, &record, &e), 0);
	arena_free(&a);
}

static void make_permission(const char *permission)
{
	char json[4000];

	snprintf(json, sizeof json, "{\"id\":\"r1\",\"role\":\"tester\",\"permission\":%s}", permission);
	make(json);
}

static void teardown(void)
{
	role_unref(role);
	role = NULL;
}

/** "r-ud" and such. */
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
	const char *permission;
	bool super_user, structure_all, structure_of_dev;
	uint32_t databases;
} wholes[] = {
	{ "{\"super_user\":true}", true, false, false, 0 },
	{ "{\"super_user\":false}", false, false, false, 0 },
	{ "{\"super_user\":\"true\"}", false, false, false, 0 },
	{ "{\"super_user\":1}", false, false, false, 0 },
	{ "{\"super_user\":{\"tables\":{}}}", false, false, false, 0 },
	{ "{\"cluster_user\":true,\"super_user\":null}", false, false, false, 0 },
	{ "{}", false, false, false, 0 },
	{ "null", false, false, false, 0 },
	{ "[]", false, false, false, 0 },
	{ "\"super_user\"", false, false, false, 0 },
	{ "{\"structure_user\":true}", false, true, true, 0 },
	{ "{\"structure_user\":false}", false, false, false, 0 },
	{ "{\"structure_user\":\"dev\"}", false, false, false, 0 },
	{ "{\"structure_user\":{\"dev\":true}}", false, false, false, 0 },
	{ "{\"structure_user\":[]}", false, false, false, 0 },
	{ "{\"structure_user\":[\"dev\"]}", false, false, true, 1 },
	{ "{\"structure_user\":[\"zoo\",\"dev\",\"dev\",5,null,\"a\"]}", false, false, true, 3 },
	{ "{\"structure_user\":[\"dev\\u0000x\",\"de\",\"devx\"]}", false, false, false, 2 },
	{ "{\"structure_user\":[\"other\"],\"dev\":{\"tables\":{}}}", false, false, false, 2 },
	{ "{\"dev\":{\"tables\":{}},\"structure_user\":[\"dev\"]}", false, false, true, 1 },
	{ "{\"dev\":{},\"a\":[],\"b\":true,\"c\":null,\"d\":{\"tables\":5}}", false, false, false, 2 },
	{ "{\"dev\\u0000\":{\"tables\":{}}}", false, false, false, 0 },
};

START_TEST(test_whole)
{
	make_permission(wholes[_i].permission);
	ck_assert_str_eq(role->id, "r1");
	ck_assert_str_eq(role->name, "tester");
	ck_assert_int_eq(role->super_user, wholes[_i].super_user);
	ck_assert_int_eq(role->structure_all, wholes[_i].structure_all);
	ck_assert_int_eq(role_structures(role, "dev"), wholes[_i].structure_of_dev);
	ck_assert_int_eq(role_structures(role, NULL), wholes[_i].structure_all);
	ck_assert_uint_eq(role->database_count, wholes[_i].databases);
}
END_TEST

static const char *const odd_records[] = {
	"{}", "null", "[]", "5", "{\"id\":5,\"role\":null}", "{\"permission\":5,\"role\":[\"x\"],\"id\":{}}",
};

START_TEST(test_odd_records)
{
	make(odd_records[_i]);
	ck_assert_str_eq(role->id, "");
	ck_assert_str_eq(role->name, "");
	ck_assert(!role->super_user && !role->structure_all && !role->database_count);
	ck_assert_ptr_null(role_table(role, "dev", "dog"));
}
END_TEST

START_TEST(test_record_is_kept)
{
	struct buf b;

	make("{\"id\":\"a\",\"role\":\"b\",\"permission\":{\"dev\":{\"tables\":{}}},\"__updatedtime__\":2.5,\"__createdtime__\":1}");
	buf_init(&b);
	json_add_value(&b, &role->record);
	ck_assert_str_eq(buf_cstr(&b), "{\"id\":\"a\",\"role\":\"b\",\"permission\":{\"dev\":{\"tables\":{}}},"
		"\"__updatedtime__\":2.5,\"__createdtime__\":1}");
	buf_free(&b);
	ck_assert_ptr_eq(role_ref(role), role);
	role_unref(role);
}
END_TEST

START_TEST(test_server)
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

#define ATTRIBUTES(read, insert, update, attributes)                                                                       \
	"{\"read\":" #read ",\"insert\":" #insert ",\"update\":" #update ",\"delete\":true,\"attribute_permissions\":" attributes "}"
#define ONE(name, rest) "{\"attribute_name\":\"" name "\"," rest "}"

/** \p key is the primary key, \p name and \p age are attributes. NULL \p table: nothing is known of it */
static const struct {
	const char *json, *table, *key, *name, *age;
} tables[] = {
	{ "{\"read\":true,\"insert\":true,\"update\":true,\"delete\":true}", "riud", "riud", "riud", "riud" },
	{ "{\"read\":true}", "r---", "r---", "r---", "r---" },
	{ "{\"delete\":true}", "---d", "---d", "---d", "---d" },
	{ "{\"read\":\"true\",\"insert\":1,\"update\":[true],\"delete\":{\"a\":true}}", "----", "----", "----", "----" },
	{ "{\"READ\":true,\"drop\":true}", "----", "----", "----", "----" },
	{ "{}", "----", "----", "----", "----" },
	{ "null", NULL, NULL, NULL, NULL },
	{ "true", NULL, NULL, NULL, NULL },
	{ "[{\"read\":true}]", NULL, NULL, NULL, NULL },
	/* attributes */
	{ ATTRIBUTES(true, true, true, "null"), "riud", "riud", "riud", "riud" },
	{ ATTRIBUTES(true, true, true, "[]"), "riud", "riud", "riud", "riud" },
	{ ATTRIBUTES(true, true, true, "\"name\""), "-iud", "----", "----", "----" },
	{ ATTRIBUTES(true, true, true, "{}"), "-iud", "----", "----", "----" },
	{ ATTRIBUTES(true, true, true, "false"), "-iud", "----", "----", "----" },
	{ ATTRIBUTES(true, true, true, "[5]"), "-iud", "----", "----", "----" },
	{ ATTRIBUTES(true, true, true, "[{\"read\":true}]"), "-iud", "----", "----", "----" },
	{ ATTRIBUTES(true, true, true, "[" ONE("name", "\"read\":true,\"insert\":true,\"update\":false") "]"), "riud", "ri--",
	  "ri--", "----" },
	{ ATTRIBUTES(true, false, true, "[" ONE("name", "\"read\":true,\"insert\":true,\"update\":true") "]"), "r-ud", "r-u-",
	  "r-u-", "----" },
	{ ATTRIBUTES(false, true, true, "[" ONE("name", "\"read\":true,\"insert\":true") "]"), "-iud", "-i--", "-i--", "----" },
	{ ATTRIBUTES(true, true, true, "[" ONE("name", "\"read\":\"yes\",\"insert\":1,\"update\":null") "]"), "-iud", "----",
	  "----", "----" },
	{ ATTRIBUTES(true, true, true, "[" ONE("id", "\"read\":false,\"insert\":true") "]"), "-iud", "-i--", "----", "----" },
	{ ATTRIBUTES(false, true, true, "[" ONE("id", "\"read\":true,\"insert\":true") "]"), "-iud", "-i--", "----", "----" },
	{ ATTRIBUTES(true, true, true, "[" ONE("name", "\"read\":true,\"update\":true") "," ONE("age", "\"read\":true") ","
		  ONE("name", "\"insert\":true,\"update\":true") "]"), "riud", "r-u-", "--u-", "r---" },
	{ ATTRIBUTES(true, true, true, "[" ONE("nam", "\"read\":true") "," ONE("name1", "\"read\":true") ","
		  ONE("name\\u0000", "\"read\":true") "," ONE("", "\"read\":true") "]"), "riud", "r---", "----", "----" },
};

START_TEST(test_table)
{
	char permission[2000];

	snprintf(permission, sizeof permission, "{\"super_user\":false,\"dev\":{\"tables\":{\"dog\":%s}}}", tables[_i].json);
	make_permission(permission);
	const struct role_table *t = role_table(role, "dev", "dog");
	ck_assert_int_eq(t != NULL, tables[_i].table != NULL);
	ck_assert_ptr_null(role_table(role, "dev", "cat"));
	ck_assert_ptr_null(role_table(role, "data", "dog"));
	if (!t)
		return;
	ck_assert_str_eq(letters(t->permissions), tables[_i].table);
	ck_assert_str_eq(letters(role_attribute(t, "id", 2, true)), tables[_i].key);
	ck_assert_str_eq(letters(role_attribute(t, "name", 4, false)), tables[_i].name);
	ck_assert_str_eq(letters(role_attribute(t, "name and more", 4, false)), tables[_i].name);
	ck_assert_str_eq(letters(role_attribute(t, "age", 3, false)), tables[_i].age);
}
END_TEST

/* ---- many ---- */

/** Every name is found, none that is not there. */
START_TEST(test_many)
{
	enum { DATABASES = 30, TABLES = 20, COUNT = 15 };
	struct buf b;
	char name[16], table[16], attribute[16];

	buf_init(&b);
	buf_add_str(&b, "{\"permission\":{\"structure_user\":[\"d3\",\"s1\"]");
	for (int i = 0; i < DATABASES; i++) {
		buf_addf(&b, ",\"d%d\":{\"tables\":{", i);
		for (int j = 0; j < TABLES; j++) {
			buf_addf(&b, "%s\"t%d\":{\"read\":true,\"insert\":%s,\"attribute_permissions\":[", j ? "," : "", j,
				(i + j) % 2 ? "true" : "false");
			for (int k = 0; k < COUNT; k++)
				buf_addf(&b, "%s{\"attribute_name\":\"a%d\",\"read\":%s}", k ? "," : "", k, (i + j + k) % 3 ? "true" : "false");
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
	tcase_add_loop_test(t, test_whole, 0, sizeof wholes / sizeof *wholes);
	tcase_add_loop_test(t, test_odd_records, 0, sizeof odd_records / sizeof *odd_records);
	tcase_add_test(t, test_record_is_kept);
	tcase_add_test(t, test_server);
	tcase_add_loop_test(t, test_table, 0, sizeof tables / sizeof *tables);
	tcase_add_test(t, test_many);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
