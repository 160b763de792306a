/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/name_set.h"

#include <string.h>

static struct arena arena;
static struct name_set set;

static void setup(void)
{
	arena_init(&arena);
	set = (struct name_set){ .arena = &arena };
}

static void teardown(void)
{
	arena_free(&arena);
}

/** Marks a name. \return how many times it was marked before */
static size_t mark(const char *name, size_t len)
{
	static char marks[4];
	struct name_place *p = name_set_add(&set, name, len);

	ck_assert_ptr_nonnull(p);
	ck_assert(p->len == len && !memcmp(p->name, name, len));
	p->item = p->item ? (char *)p->item + 1 : marks;
	return (size_t)((char *)p->item - marks);
}

static size_t mark_text(const char *name)
{
	return mark(name, strlen(name));
}

START_TEST(each_name_is_stored_once)
{
	ck_assert_uint_eq(mark_text("a"), 0);
	ck_assert_uint_eq(mark_text("b"), 0);
	ck_assert_uint_eq(mark_text("a"), 1);
	ck_assert_uint_eq(mark_text("a"), 2);
	ck_assert_uint_eq(mark_text("b"), 1);
	ck_assert_uint_eq(set.count, 2);
}
END_TEST

START_TEST(names_are_compared_completely)
{
	ck_assert_uint_eq(mark("ab", 2), 0);
	ck_assert_uint_eq(mark("ab", 1), 0);
	ck_assert_uint_eq(mark("ab", 0), 0);
	ck_assert_uint_eq(mark("AB", 2), 0);
	ck_assert_uint_eq(mark("ab\0c", 4), 0);
	ck_assert_uint_eq(mark("ab\0d", 4), 0);
	ck_assert_uint_eq(mark("ab\0", 3), 0);
	ck_assert_uint_eq(set.count, 7);
	ck_assert_uint_eq(mark("", 0), 1);
	ck_assert_uint_eq(mark("ab\0d", 4), 1);
}
END_TEST

/* A growing set still finds earlier names and their items. */
START_TEST(many_names_are_found)
{
	enum { COUNT = 5000 };
	const char *names[COUNT];

	for (int i = 0; i < COUNT; i++) {
		names[i] = arena_printf(&arena, "name %d", i);
		ck_assert_uint_eq(mark_text(names[i]), 0);
		ck_assert_uint_eq(mark_text(names[i / 2]), 1 + (size_t)i % 2);
	}
	ck_assert_uint_eq(set.count, COUNT);
	for (int i = 0; i < COUNT; i++) {
		struct name_place *p = name_set_add(&set, arena_strndup(&arena, names[i], strlen(names[i])), strlen(names[i]));

		ck_assert_ptr_eq(p->name, names[i]); /* the first one added */
		ck_assert_ptr_nonnull(p->item);
	}
	ck_assert_uint_eq(set.count, COUNT);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("base_name_set");
	TCase *t = tcase_create("names");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, each_name_is_stored_once);
	tcase_add_test(t, names_are_compared_completely);
	tcase_add_test(t, many_names_are_found);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
