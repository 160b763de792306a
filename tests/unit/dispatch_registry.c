/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "dispatch/dispatch_internal.h"

#include <stdio.h>
#include <string.h>

static int handler(lyre_call *call)
{
	(void)call;
	return 0;
}

static struct registry registry;
static struct err e;

static void setup(void)
{
	registry_init(&registry);
	e = (struct err){ .code = 0 };
}

static void teardown(void)
{
	registry_free(&registry);
}

static int add(const char *owner, const struct lyre_operation *o)
{
	return registry_add(&registry, owner, NULL, (struct lyre_list){ o, 1, sizeof *o }, &e);
}

static const struct operation *find(const char *name)
{
	return registry_find(&registry, name, strlen(name));
}

START_TEST(an_empty_registry_has_nothing)
{
	ck_assert_ptr_null(find("insert"));
}
END_TEST

START_TEST(an_operation_is_found_by_name_and_alias)
{
	const struct lyre_operation o = {
		.name = "search_by_id", .handler = handler, .access = LYRE_ACCESS_USER, .aliases = "search_by_hash  other"
	};

	ck_assert_int_eq(add("data", &o), 0);
	ck_assert_ptr_nonnull(find("search_by_id"));
	ck_assert_ptr_eq(find("search_by_hash"), find("search_by_id"));
	ck_assert_ptr_eq(find("other"), find("search_by_id"));
	ck_assert_ptr_null(find("SEARCH_BY_ID"));
	ck_assert_ptr_null(find("search_by_i"));
	ck_assert_ptr_null(find("search_by_idx"));
	ck_assert_ptr_null(find(""));
	ck_assert_ptr_null(registry_find(&registry, "search_by_id\0", 13));
	ck_assert_uint_eq(registry.count, 1);
}
END_TEST

/** Invalid declarations of parameters do not pass --check either, which registers operations like the start. */
START_TEST(wrong_parameters_are_refused)
{
	static const struct lyre_param defaults[] = { { .name = "limit", .types = LYRE_T_NUMBER, .fallback = "\"5\"" } };
	static const struct lyre_param absent[] = { { .name = "limit", .types = LYRE_T_NUMBER, .fallback = "null" } };
	static const struct lyre_param twice[] = { { .name = "a", .types = LYRE_T_ANY }, { .name = "b", .types = LYRE_T_ANY },
		{ .name = "a", .types = LYRE_T_STRING } };
	const struct {
		struct lyre_list params;
		const char *why;
	} cases[] = {
		{ LYRE_LIST(defaults), "module 'm': the default of parameter 'limit' of operation 'o' is not of its types: \"5\"" },
		{ LYRE_LIST(absent), "module 'm': the default of parameter 'limit' of operation 'o' is not of its types: null" },
		{ LYRE_LIST(twice), "module 'm': operation 'o' has two parameters named 'a'" },
	};
	const struct lyre_operation o = { .name = "o", .handler = handler, .access = LYRE_ACCESS_USER, .params = cases[_i].params };

	ck_assert_int_eq(add("m", &o), LYRE_EINVAL);
	ck_assert_str_eq(e.text, cases[_i].why);
}
END_TEST

START_TEST(a_name_that_is_taken_is_refused)
{
	const struct lyre_operation first = { .name = "a", .handler = handler, .access = LYRE_ACCESS_USER, .aliases = "b" };
	const struct lyre_operation second = { .name = "b", .handler = handler, .access = LYRE_ACCESS_USER };

	ck_assert_int_eq(add("one", &first), 0);
	ck_assert_int_eq(add("two", &second), LYRE_EEXISTS);
	ck_assert_ptr_nonnull(strstr(e.text, "'one'"));
	ck_assert_ptr_nonnull(strstr(e.text, "'two'"));
	ck_assert_ptr_nonnull(strstr(e.text, "'b'"));
}
END_TEST

#define A_FILE(n, t)                                        \
	{                                                   \
		.name = n, .types = t, .flags = LYRE_P_FILE \
	}
static const struct lyre_param file[] = { A_FILE("p", LYRE_T_STRING) },
			       file_or_number[] = { A_FILE("p", LYRE_T_STRING | LYRE_T_NUMBER) },
			       two_files[] = { A_FILE("p", LYRE_T_STRING), A_FILE("q", LYRE_T_STRING) };

START_TEST(bad_declarations_are_refused)
{
	const struct lyre_param bad_default[] = { { .name = "p", .types = LYRE_T_ANY, .fallback = "{" } };
	const struct lyre_operation no_name = { .handler = handler, .access = LYRE_ACCESS_USER };
	const struct lyre_operation no_handler = { .name = "x" };
	const struct lyre_operation bad = {
		.name = "x", .handler = handler, .access = LYRE_ACCESS_USER, .params = LYRE_LIST(bad_default)
	};

	ck_assert_int_eq(add("m", &no_name), LYRE_EINVAL);
	ck_assert_int_eq(add("m", &no_handler), LYRE_EINVAL);
	ck_assert_int_eq(add("m", &bad), LYRE_EINVAL);
	ck_assert_ptr_nonnull(strstr(e.text, "'p'"));
}
END_TEST

START_TEST(a_check_is_for_jobs_and_files)
{
	struct lyre_operation o = {
		.name = "x", .handler = handler, .access = LYRE_ACCESS_USER, .run = LYRE_RUN_POOL, .check = handler
	};

	ck_assert_int_eq(add("data", &o), LYRE_EINVAL);
	ck_assert_ptr_nonnull(strstr(e.text, "'x'"));
	o.run = LYRE_RUN_JOB;
	o.name = "y";
	ck_assert_int_eq(add("data", &o), 0);
	o.run = LYRE_RUN_LONG + 1;
	o.name = "z";
	ck_assert_int_eq(add("data", &o), LYRE_EINVAL);

	o.run = LYRE_RUN_POOL;
	o.params = (struct lyre_list)LYRE_LIST(file);
	ck_assert_msg(!add("data", &o), "%s", e.text);
	o.name = "w";
	o.run = LYRE_RUN_JOB;
	ck_assert_msg(!add("data", &o), "%s", e.text);
}
END_TEST

/* As declared with an older header: shorter than ours. */
START_TEST(shorter_items_of_older_modules_are_read)
{
	struct old_operation {
		const char *name;
		int (*handler)(lyre_call *call);
		uint32_t run, access;
	} old[2] = { { .name = "one", .handler = handler, .access = LYRE_ACCESS_OPEN },
		{ .name = "two", .handler = handler, .access = LYRE_ACCESS_USER } };

	ck_assert_int_eq(registry_add(&registry, "old", NULL, (struct lyre_list){ old, 2, sizeof *old }, &e), 0);
	ck_assert_ptr_eq((void *)find("two")->decl->handler, (void *)handler);
	ck_assert_ptr_null(find("two")->decl->help);
	ck_assert_uint_eq(find("two")->param_count, 0);
	ck_assert_uint_eq(find("two")->decl->access, LYRE_ACCESS_USER);
}
END_TEST

/* ---- access ---- */

static const struct lyre_param database[] = { { .name = "database", .types = LYRE_T_STRING } };
static const struct lyre_param table[] = {
	{ .name = "database", .types = LYRE_T_STRING },
	{ .name = "table", .types = LYRE_T_STRING },
};
static const struct lyre_param tables[] = {
	{ .name = "database", .types = LYRE_T_STRING },
	{ .name = "tables", .types = LYRE_T_ARRAY },
};
static const struct lyre_param no_database[] = { { .name = "table", .types = LYRE_T_STRING } };

#define WITH(...)                                                                                                        \
	{                                                                                                                \
		{ .name = "database", .types = LYRE_T_STRING }, { .name = "table", .types = LYRE_T_STRING }, __VA_ARGS__ \
	}
#define REQUEST                                                                    \
	{                                                                          \
		.name = "request", .types = LYRE_T_OBJECT, .flags = LYRE_P_REQUEST \
	}
#define READS                                                                 \
	{                                                                     \
		.name = "names", .types = LYRE_T_ARRAY, .flags = LYRE_P_READS \
	}
#define WRITES                                                                   \
	{                                                                        \
		.name = "records", .types = LYRE_T_ARRAY, .flags = LYRE_P_WRITES \
	}
static const struct lyre_param request[] = { REQUEST }, reads[] = WITH(READS), writes[] = WITH(WRITES);
static const struct lyre_param request_text_only[] = { { .name = "p", .types = LYRE_T_STRING, .flags = LYRE_P_REQUEST } };
#define WRITES_TEXT                                                         \
	{                                                                   \
		.name = "p", .types = LYRE_T_STRING, .flags = LYRE_P_WRITES \
	}
static const struct lyre_param writes_text[] = WITH(WRITES_TEXT);
static const struct lyre_param unknown_flag[] = { { .name = "p", .types = LYRE_T_STRING, .flags = LYRE_P_FILE * 2 } };

#define PARAMS(list)                                                                        \
	{                                                                                   \
		(list), (uint32_t)(sizeof(list) / sizeof *(list)), (uint32_t)sizeof *(list) \
	}
#define NONE               \
	{                  \
		NULL, 0, 0 \
	}

/** Valid declarations, and the message for invalid ones. */
static const struct {
	uint32_t access, permissions;
	struct lyre_list params;
	const char *refused;
} declarations[] = {
	{ 0, 0, NONE, "has no access" },
	{ LYRE_ACCESS_SUPER_USER, 0, NONE, NULL },
	{ LYRE_ACCESS_OPEN, 0, NONE, NULL },
	{ LYRE_ACCESS_USER, 0, NONE, NULL },
	{ LYRE_ACCESS_STRUCTURE, 0, PARAMS(database), NULL },
	{ LYRE_ACCESS_STRUCTURE_ALL, 0, NONE, NULL },
	{ LYRE_ACCESS_STRUCTURE_ALL + 1, 0, NONE, "an unknown access" },
	{ UINT32_MAX, 0, NONE, "an unknown access" },
	{ LYRE_ACCESS_STRUCTURE, 0, NONE, "no parameter 'database'" },
	{ LYRE_ACCESS_OPEN, LYRE_PERMIT_READ, PARAMS(table), "cannot require permissions" },
	{ LYRE_ACCESS_USER, LYRE_PERMIT_READ, PARAMS(table), NULL },
	{ LYRE_ACCESS_USER, LYRE_PERMIT_DELETE, PARAMS(tables), NULL },
	{ LYRE_ACCESS_USER, LYRE_PERMIT_DESCRIBE, PARAMS(database), NULL },
	{ LYRE_ACCESS_USER, LYRE_PERMIT_READ, PARAMS(database), "'table' or 'tables'" },
	{ LYRE_ACCESS_USER, LYRE_PERMIT_READ, PARAMS(no_database), "no parameter 'database'" },
	{ LYRE_ACCESS_USER, LYRE_PERMIT_DESCRIBE * 2, PARAMS(table), "an unknown permission" },
	{ LYRE_ACCESS_USER, 0, PARAMS(request), NULL },
	{ LYRE_ACCESS_USER, 0, PARAMS(request_text_only), "cannot be an object" },
	{ LYRE_ACCESS_USER, LYRE_PERMIT_DELETE, PARAMS(reads), NULL },
	{ LYRE_ACCESS_USER, 0, PARAMS(reads), "declares no permissions on their table" },
	{ LYRE_ACCESS_USER, LYRE_PERMIT_INSERT, PARAMS(writes), NULL },
	{ LYRE_ACCESS_USER, LYRE_PERMIT_READ, PARAMS(writes), "neither inserts nor updates" },
	{ LYRE_ACCESS_USER, LYRE_PERMIT_UPDATE, PARAMS(writes_text), "cannot be an array or an object" },
	{ LYRE_ACCESS_USER, 0, PARAMS(unknown_flag), "an unknown flag" },
	{ LYRE_ACCESS_USER, 0, PARAMS(file), NULL },
	{ LYRE_ACCESS_USER, 0, PARAMS(file_or_number), "set its types to LYRE_T_STRING alone" },
	{ LYRE_ACCESS_USER, 0, PARAMS(two_files), "a second file" },
	{ LYRE_ACCESS_OPEN, 0, PARAMS(file), "open to anybody" },
};

START_TEST(access_and_permissions_must_fit)
{
	const struct lyre_operation o = {
		.name = "whose",
		.handler = handler,
		.access = declarations[_i].access,
		.permissions = declarations[_i].permissions,
		.params = declarations[_i].params,
	};
	int rc = add("m", &o);

	if (!declarations[_i].refused) {
		ck_assert_msg(!rc, "%s", e.text);
		ck_assert_ptr_nonnull(find("whose"));
		return;
	}
	ck_assert_int_eq(rc, LYRE_EINVAL);
	ck_assert_msg(strstr(e.text, declarations[_i].refused), "%s", e.text);
	ck_assert_ptr_nonnull(strstr(e.text, "'whose'"));
	ck_assert_ptr_nonnull(strstr(e.text, "'m'"));
	ck_assert_ptr_null(find("whose"));
}
END_TEST

START_TEST(comparators_are_in_the_help)
{
	static const struct lyre_param params[] = {
		{ .name = "where", .types = LYRE_T_ARRAY, .flags = LYRE_P_CONDITIONS, .help = "What to find." },
		{ .name = "more", .types = LYRE_T_ARRAY, .flags = LYRE_P_CONDITIONS },
		{ .name = "limit", .types = LYRE_T_NUMBER, .help = "How many." },
	};
	const struct lyre_operation o = {
		.name = "find", .handler = handler, .access = LYRE_ACCESS_USER, .params = LYRE_LIST(params)
	};
	static const char begin[] = "What to find. Comparators: equals";

	ck_assert_int_eq(add("data", &o), 0);
	ck_assert(!strncmp(find("find")->params[0].help, begin, sizeof begin - 1));
	ck_assert(!strncmp(find("find")->params[1].help, begin + 14, sizeof begin - 1 - 14));
	ck_assert_str_eq(find("find")->params[2].help, "How many.");
}
END_TEST

START_TEST(many_operations_are_sorted)
{
	static char names[500][16];
	struct lyre_operation list[500];

	for (int i = 0; i < 500; i++) {
		snprintf(names[i], sizeof names[i], "op%d", (i * 37) % 500);
		list[i] = (struct lyre_operation){ .name = names[i], .handler = handler, .access = LYRE_ACCESS_USER };
	}
	ck_assert_int_eq(registry_add(&registry, "m", NULL, (struct lyre_list)LYRE_LIST(list), &e), 0);
	ck_assert_uint_eq(registry.count, 500);
	for (int i = 0; i < 500; i++)
		ck_assert_str_eq(find(names[i])->name, names[i]);
	for (size_t i = 1; i < registry.count; i++)
		ck_assert_str_lt(registry.operations[i - 1]->name, registry.operations[i]->name);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("dispatch_registry");
	TCase *t = tcase_create("registry");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_empty_registry_has_nothing);
	tcase_add_test(t, an_operation_is_found_by_name_and_alias);
	tcase_add_loop_test(t, wrong_parameters_are_refused, 0, 3);
	tcase_add_test(t, a_name_that_is_taken_is_refused);
	tcase_add_test(t, bad_declarations_are_refused);
	tcase_add_test(t, a_check_is_for_jobs_and_files);
	tcase_add_test(t, shorter_items_of_older_modules_are_read);
	tcase_add_test(t, comparators_are_in_the_help);
	tcase_add_test(t, many_operations_are_sorted);
	tcase_add_loop_test(t, access_and_permissions_must_fit, 0, sizeof declarations / sizeof *declarations);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
