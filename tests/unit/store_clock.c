/* SPDX-License-Identifier: Apache-2.0 */
#include "store/changes.h"
#include "store/clock.h"
#include "store/codec.h"
#include "store_fixture.h"

#define SECOND 1000.0
#define DAY (86400 * SECOND)

/* ---- clock set forward ---- */

START_TEST(elapsed_time_is_not_a_jump)
{
	struct clock_watch w = { 0 };
	ck_assert(!clock_look(&w, 1e12, 5000, 100));
	ck_assert_int_eq(w.until, 0);
	/* time passes, or the machine sleeps */
	ck_assert(!clock_look(&w, 1e12 + DAY, 5000 + DAY, 200));
	ck_assert(!clock_look(&w, 1e12 + DAY + 30 * SECOND, 5000 + DAY, 300));
	ck_assert_int_eq(w.until, 0);
}
END_TEST

START_TEST(a_clock_that_jumped_is_trusted_later)
{
	struct clock_watch w = { 0 };
	(void)clock_look(&w, 1e12, 0, 0);
	ck_assert(clock_look(&w, 1e12 + DAY, SECOND, 1000));
	ck_assert_int_eq(w.until, 1000 + CLOCK_HOLD);
	/* it stays, and is accepted when the hold ends */
	ck_assert(!clock_look(&w, 1e12 + DAY + SECOND, 2 * SECOND, 2000));
	ck_assert_int_eq(w.until, 1000 + CLOCK_HOLD);
	ck_assert(!clock_look(&w, 1e12 + DAY + 2 * CLOCK_HOLD, SECOND + 2 * CLOCK_HOLD, 1000 + CLOCK_HOLD));
	ck_assert_int_le(w.until, 1000 + CLOCK_HOLD);
}
END_TEST

START_TEST(a_clock_set_right_again_is_trusted_at_once)
{
	struct clock_watch w = { 0 };
	(void)clock_look(&w, 1e12, 0, 0);
	ck_assert(clock_look(&w, 1e12 + DAY, 0, 0));
	/* part of the way back: what has expired may still be wrong */
	ck_assert(!clock_look(&w, 1e12 + DAY / 2, 0, 1));
	ck_assert_int_eq(w.until, CLOCK_HOLD);
	ck_assert(!clock_look(&w, 1e12, 0, 2));
	ck_assert_int_eq(w.until, 0);
}
END_TEST

/* ---- clock set back ---- */

static struct database *db;

static int follow(struct database *of, struct definition_change *c, struct err *e)
{
	const double *times = c->in;
	(void)e;
	of->writer.time = times[0];
	return clock_follow(of, times[0], times[1]);
}

/* The clock changes from one time to another; then a record is written with the clock's time. */
static void step(double from, double to)
{
	const double times[] = { from, to };
	struct definition_change c = { .apply = follow, .in = times };
	ck_assert_int_eq(writer_change(db, &c, &err), 0);
}

static int count_change(void *arg, const struct table_change *c)
{
	(void)c;
	++*(int *)arg;
	return 0;
}

static int changes(double from, double until)
{
	int n = 0;
	const struct table *t = table_of("dev", "dog");
	struct lyre_change_query q = { .size = sizeof q, .from = from, .until = until, .limit = UINT64_MAX };
	ck_assert_msg(!table_changes(t, &q, count_change, &n, &err), "%s", err.text);
	table_unref(t);
	return n;
}

/* More steps than are recorded one by one: the part in unknown order is searched completely. */
START_TEST(changes_are_found_after_more_steps_than_are_kept)
{
	ck_assert_int_eq(store_create_database(store, "dev", &err), 0);
	ck_assert_int_eq(make_table_as("dev", "dog", NULL, -1, 1), 0);
	ck_assert_int_eq(store_database(store, "dev", &db, &err), 0);
	double begin = now_ms();
	for (int i = 0; i < 3 * CLOCK_STEPS; i++) {
		char json[64];
		snprintf(json, sizeof json, "[{'id':%d}]", i);
		/* the stamp continues from a time that is days ahead, and then no longer */
		step(begin + DAY * (i % 5 + 1), begin - DAY);
		(void)insert("dev", "dog", json);
	}
	ck_assert_uint_eq(db->writer.clock.count, CLOCK_STEPS);
	ck_assert_uint_gt(db->writer.clock.unknown_end, 1);
	database_unref(db);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(changes(NAN, NAN), 3 * CLOCK_STEPS);
		ck_assert_int_eq(changes(begin, begin + DAY), 3 * CLOCK_STEPS);
		ck_assert_int_eq(changes(begin + DAY, NAN), 0);
		ck_assert_int_eq(changes(NAN, begin - 1), 0);
		reopen_store();
	}
}
END_TEST

START_TEST(the_clock_record_is_read_back)
{
	struct clock_record from = { .expired = 1.5,
		.unknown_time = 2.5,
		.unknown_end = 77,
		.count = 2,
		.steps = { { 8, 100, 50 }, { 9, 90, 40 } } },
			    to;
	struct buf b;
	buf_init(&b);
	clock_encode(&from, &b);
	ck_assert(clock_decode(&to, val(b.data, b.len)));
	ck_assert_uint_eq(to.count, 2);
	ck_assert_uint_eq(to.unknown_end, 77);
	ck_assert_uint_eq(to.steps[1].sequence, 9);
	ck_assert(to.steps[1].before == 90 && to.steps[1].after == 40 && to.expired == 1.5 && to.unknown_time == 2.5);
	for (size_t len = 0; len < b.len; len++)
		ck_assert(!clock_decode(&to, val(b.data, len)));
	b.data[0] = 9;
	ck_assert(!clock_decode(&to, val(b.data, b.len)));
	buf_free(&b);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_clock");
	TCase *c = tcase_create("clock");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, elapsed_time_is_not_a_jump);
	tcase_add_test(c, a_clock_that_jumped_is_trusted_later);
	tcase_add_test(c, a_clock_set_right_again_is_trusted_at_once);
	tcase_add_test(c, changes_are_found_after_more_steps_than_are_kept);
	tcase_add_test(c, the_clock_record_is_read_back);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
