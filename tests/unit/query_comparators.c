/* SPDX-License-Identifier: Apache-2.0 */
/* The table of comparators: its rows are complete, and their names and help. Matching is tested by query_random. */
#include "query_fixture.h"

#include "query/comparators.h"

static const struct comparator *named(const char *name)
{
	const lyre_value text = value_text(name, strlen(name));

	return comparator_find(&text);
}

START_TEST(rows_are_whole)
{
	const struct comparator *c;

	for (c = comparators; *c->names; c++) {
		for (size_t i = 0; i < sizeof c->names / sizeof *c->names && c->names[i]; i++)
			ck_assert_msg(named(c->names[i]) == c, "'%s' is another's name", c->names[i]);
		ck_assert_msg(c->match && c->range, "'%s' does not say what it matches, or where", *c->names);
		ck_assert_msg(
			!c->negated || c->fit == RANGE_WIDE, "'%s' is negated: its range has more than it matches", *c->names);
		ck_assert_msg(c->fit != RANGE_OF_VALUE || c->operand <= OPERAND_SCALAR, "'%s' is not of one value", *c->names);
		ck_assert_msg(c->set < SET_BEGINNINGS || c->operand == OPERAND_TEXT, "'%s' has a set of texts", *c->names);
	}
	ck_assert_ptr_eq(comparators, named("equals"));
	ck_assert_ptr_null(named(""));
	ck_assert_ptr_null(named("like"));
}
END_TEST

/* A comparator and its negation match opposite values, and both or neither can be in sets. */
START_TEST(negations)
{
	static const char *const pairs[][2] = { { "equals", "not_equal" }, { "in", "not_in" }, { "contains", "not_contains" },
		{ "starts_with", "not_starts_with" }, { "ends_with", "not_ends_with" } };
	size_t negated = 0;

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		const struct comparator *c = named(pairs[i][0]), *not = named(pairs[i][1]);

		ck_assert(not ->negated && !c->negated);
		ck_assert_msg(c->match == not ->match && c->operand == not ->operand && c->set == not ->set, "%s", pairs[i][1]);
	}
	for (const struct comparator *c = comparators; *c->names; c++)
		negated += c->negated;
	ck_assert_uint_eq(negated, sizeof pairs / sizeof *pairs);
}
END_TEST

START_TEST(help_names_all)
{
	struct arena a;

	arena_init(&a);
	ck_assert_str_eq(comparators_help(&a),
		"Comparators: equals (if not given), not_equal, in (an array of values), not_in (an array of values), contains, "
		"not_contains, starts_with, not_starts_with, ends_with, not_ends_with, greater_than (gt, >), greater_than_equal (ge, >=), "
		"less_than (lt, <), less_than_equal (le, <=), between (an array of two values).");
	arena_free(&a);
}
END_TEST

/* ---- skipping values that do not match ---- */

/** Entries of the index of n that a walk visits if it skips a value at its first entry. */
static unsigned met_past(const struct table *t, double past, bool reverse)
{
	struct snapshot s;
	struct walk w;
	struct walk_range r = { .attribute = table_attribute(t, "n", 1), .reverse = reverse };
	struct key value;
	unsigned met = 0;

	must_do(snapshot_begin(&s, t->db, &err));
	must_do(walk_open(&w, &s, t, &r, NULL, &err));
	must(key_index_value(&value, &(lyre_value){ .type = LYRE_DOUBLE, .d = past }));
	for (bool gone = false; !walk_next(&w, &err); met++) {
		if (gone || w.entry.mv_size < value.len || memcmp(w.entry.mv_data, value.bytes, value.len))
			continue;
		gone = true;
		*(reverse ? &r.high : &r.low) = value;
		*(reverse ? &r.high_open : &r.low_open) = true;
		walk_skip(&w, &r);
	}
	walk_close(&w);
	snapshot_end(&s);
	return met;
}

static void fill(void)
{
	struct buf b;

	store_start();
	buf_init(&b);
	make_table("t", NULL, 0);
	for (unsigned i = 0; i < 90; i++)
		buf_addf(&b, "%s{\"id\":%u,\"n\":%u}", i ? "," : "[", i, i / 30);
	buf_add_char(&b, ']');
	insert("t", buf_cstr(&b));
	buf_free(&b);
}

START_TEST(walks_skip)
{
	fill();
	const struct table *t = table_of("t");
	for (unsigned reverse = 0; reverse < 2; reverse++) {
		for (unsigned n = 0; n < 3; n++)
			ck_assert_uint_eq(met_past(t, n, reverse), 61);
	}
	table_unref(t);
	store_stop();
}
END_TEST

/* Each name is accepted in requests, with a value of the type that its row requires. */
START_TEST(names_are_taken)
{
	static const char *const operands[] = { [OPERAND_WHOLE] = "[1]",
		[OPERAND_SCALAR] = "true",
		[OPERAND_TEXT] = "'x'",
		[OPERAND_BOUNDS] = "[0,1]",
		[OPERAND_LIST] = "[0,1]" };
	struct arena a;
	struct buf out;

	fill();
	arena_init(&a);
	buf_init(&out);
	for (const struct comparator *c = comparators; *c->names; c++) {
		for (size_t i = 0; i < sizeof c->names / sizeof *c->names && c->names[i]; i++) {
			const char *request = arena_printf(&a, "{'conditions':[{'attribute':'n','comparator':'%s','value':%s}]}",
				c->names[i], operands[c->operand]);

			must_do(ask("t", json(&a, request), &encode_json, SIZE_MAX / 2, &out));
		}
	}
	buf_free(&out);
	arena_free(&a);
	store_stop();
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("query_comparators");
	TCase *t = tcase_create("comparators");

	tcase_add_test(t, rows_are_whole);
	tcase_add_test(t, negations);
	tcase_add_test(t, help_names_all);
	tcase_add_test(t, names_are_taken);
	tcase_add_test(t, walks_skip);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
