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

START_TEST(test_empty)
{
	ck_assert_ptr_null(find("insert"));
}
END_TEST

START_TEST(test_names_and_aliases)
{
	const struct lyre_operation o = { .name = "search_by_id", .handler = handler, .aliases = "search_by_hash  other" };

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

START_TEST(test_duplicate_is_refused)
{
	const struct lyre_operation first = { .name = "a", .handler = handler, .aliases = "b" };
	const struct lyre_operation second = { .name = "b", .handler = handler };

	ck_assert_int_eq(add("one", &first), 0);
	ck_assert_int_eq(add("two", &second), LYRE_EEXISTS);
	ck_assert_ptr_nonnull(strstr(e.text, "'one'"));
	ck_assert_ptr_nonnull(strstr(e.text, "'two'"));
	ck_assert_ptr_nonnull(strstr(e.text, "'b'"));
}
END_TEST

START_TEST(test_bad_declarations)
{
	const struct lyre_param bad_default[] = { { .name = "p", .types = LYRE_T_ANY, .fallback = "{" } };
	const struct lyre_operation no_name = { .handler = handler };
	const struct lyre_operation no_handler = { .name = "x" };
	const struct lyre_operation bad = { .name = "x", .handler = handler, .params = LYRE_LIST(bad_default) };

	ck_assert_int_eq(add("m", &no_name), LYRE_EINVAL);
	ck_assert_int_eq(add("m", &no_handler), LYRE_EINVAL);
	ck_assert_int_eq(add("m", &bad), LYRE_EINVAL);
	ck_assert_ptr_nonnull(strstr(e.text, "'p'"));
}
END_TEST

/* As an older header had them: shorter than ours. */
START_TEST(test_check_is_for_jobs)
{
	struct lyre_operation o = { .name = "x", .handler = handler, .run = LYRE_RUN_POOL, .check = handler };

	ck_assert_int_eq(add("data", &o), LYRE_EINVAL);
	ck_assert_ptr_nonnull(strstr(e.text, "'x'"));
	o.run = LYRE_RUN_JOB;
	o.name = "y";
	ck_assert_int_eq(add("data", &o), 0);
	o.run = LYRE_RUN_JOB + 1;
	o.name = "z";
	ck_assert_int_eq(add("data", &o), LYRE_EINVAL);
}
END_TEST

START_TEST(test_shorter_items)
{
	struct old_operation {
		const char *name;
		int (*handler)(lyre_call *call);
	} old[2] = { { "one", handler }, { "two", handler } };

	ck_assert_int_eq(registry_add(&registry, "old", NULL, (struct lyre_list){ old, 2, sizeof *old }, &e), 0);
	ck_assert_ptr_eq((void *)find("two")->decl->handler, (void *)handler);
	ck_assert_ptr_null(find("two")->decl->help);
	ck_assert_uint_eq(find("two")->param_count, 0);
}
END_TEST

START_TEST(test_many_are_sorted)
{
	static char names[500][16];
	struct lyre_operation list[500];

	for (int i = 0; i < 500; i++) {
		snprintf(names[i], sizeof names[i], "op%d", (i * 37) % 500);
		list[i] = (struct lyre_operation){ .name = names[i], .handler = handler };
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
	tcase_add_test(t, test_empty);
	tcase_add_test(t, test_names_and_aliases);
	tcase_add_test(t, test_duplicate_is_refused);
	tcase_add_test(t, test_bad_declarations);
	tcase_add_test(t, test_check_is_for_jobs);
	tcase_add_test(t, test_shorter_items);
	tcase_add_test(t, test_many_are_sorted);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
