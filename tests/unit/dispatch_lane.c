/* SPDX-License-Identifier: Apache-2.0 */
/* Which attempt comes next, and which is displaced, while attempts to sign in wait. */
#include "unit.h"

#include "dispatch/dispatch_internal.h"
#include "dispatch/lane.h"

#include <stdio.h>
#include <string.h>

enum { MAX = 6 };

static struct lane lane;
static struct verification attempts[40];
static unsigned used;

static void setup(void)
{
	lane = (struct lane){ .max = MAX };
	used = 0;
}

/** An attempt with its own number, not inserted yet. */
static struct verification *attempt(const char *source, uint64_t turn, int64_t due)
{
	ck_assert_uint_lt(used, sizeof attempts / sizeof *attempts);
	struct verification *v = &attempts[used++];

	*v = (struct verification){ .turn = turn, .due = due };
	snprintf(v->source, sizeof v->source, "%s", source);
	return v;
}

/** Inserts it like the gate does. \return whether it was admitted; \p gone receives the displaced one */
static bool comes(const char *source, struct verification **gone)
{
	struct verification *v = attempt(source, lane_turn(&lane, source), used);

	*gone = NULL;
	if (!lane_has_room(&lane, v->turn))
		return false;
	*gone = lane_insert(&lane, v);
	return true;
}

/** The same for each letter of a text, as a source; there must be room for all. */
static void come(const char *sources)
{
	for (const char *p = sources; *p; p++) {
		struct verification *gone;

		ck_assert(comes((char[]){ *p, '\0' }, &gone));
		ck_assert_ptr_null(gone);
	}
}

/** Removes up to \p count. \return their sources */
static const char *take(unsigned count)
{
	static char text[sizeof attempts / sizeof *attempts + 1];
	size_t n = 0;

	while (count-- && lane_is_due(&lane, INT64_MAX))
		text[n++] = *lane_take(&lane)->source;
	text[n] = '\0';
	return text;
}

static const char *take_all(void)
{
	const char *text = take(MAX);

	ck_assert_uint_eq(lane.count, 0);
	ck_assert_ptr_null(lane.first);
	ck_assert_ptr_null(lane.last);
	return text;
}

/* ---- turns ---- */

static const struct {
	const char *come, *order;
} turns[] = { { "", "" }, { "a", "a" }, { "aaa", "aaa" }, { "ab", "ab" }, { "aaab", "abaa" }, { "aaabbb", "ababab" },
	{ "aaabcb", "abcaba" }, { "abcabc", "abcabc" }, { "aabbcc", "abcabc" }, { "aaaaab", "abaaaa" } };

START_TEST(sources_take_turns)
{
	come(turns[_i].come);
	ck_assert_uint_eq(lane.count, strlen(turns[_i].come));
	ck_assert_str_eq(take_all(), turns[_i].order);
}
END_TEST

/* Started attempts count: nobody gains by arriving late, and nobody has to catch up. */
START_TEST(turns_continue)
{
	come("aaa");
	ck_assert_str_eq(take(2), "aa");
	come("bb"); /* its first turn is the one that a waits for */
	ck_assert_str_eq(take_all(), "abb");
	come("ba");
	ck_assert_str_eq(take_all(), "ba");
}
END_TEST

START_TEST(sources_are_compared_completely)
{
	struct verification *gone;

	ck_assert(comes("fe80::1", &gone) && comes("fe80::1", &gone) && comes("fe80::12", &gone) && comes("", &gone));
	ck_assert_str_eq(lane_take(&lane)->source, "fe80::1");
	ck_assert_str_eq(lane_take(&lane)->source, "fe80::12");
	ck_assert_str_eq(lane_take(&lane)->source, "");
	ck_assert_str_eq(lane_take(&lane)->source, "fe80::1");
}
END_TEST

/* ---- attempts that wait for their time ---- */

START_TEST(delayed_attempts_come_when_due)
{
	static const struct {
		const char *source;
		int64_t due;
	} delayed[] = { { "c", 300 }, { "a", 100 }, { "d", 300 }, { "b", 200 }, { "e", 400 }, { "0", 50 } };

	for (size_t i = 0; i < sizeof delayed / sizeof *delayed; i++)
		ck_assert_ptr_null(lane_insert(&lane, attempt(delayed[i].source, 0, delayed[i].due)));
	ck_assert(!lane_is_due(&lane, 49));
	ck_assert(lane_is_due(&lane, 50));
	ck_assert_str_eq(take(2), "0a");
	ck_assert(!lane_is_due(&lane, 199));
	ck_assert_str_eq(take_all(), "bcde");
	ck_assert(!lane_is_due(&lane, INT64_MAX));
}
END_TEST

START_TEST(delayed_attempts_displace_none)
{
	for (int i = 0; i < MAX; i++)
		ck_assert(lane_has_room(&lane, 0) && !lane_insert(&lane, attempt("a", 0, 100 + i)));
	ck_assert(!lane_has_room(&lane, 0));
	lane_take(&lane);
	ck_assert(lane_has_room(&lane, 0));
}
END_TEST

/* ---- a full lane ---- */

START_TEST(a_full_lane_drops_the_last_of_the_latest_turn)
{
	struct verification *gone;

	come("aaaabc"); /* turns 1 2 3 4 1 1 */
	ck_assert(comes("d", &gone));
	ck_assert_ptr_eq(gone, &attempts[3]);
	ck_assert(comes("b", &gone)); /* its second, displacing the third of a */
	ck_assert_ptr_eq(gone, &attempts[2]);
	ck_assert_uint_eq(lane.count, MAX);
	ck_assert_str_eq(take_all(), "abcdab");
}
END_TEST

/* Of several in that turn, the last to arrive. */
START_TEST(a_full_lane_drops_the_newest_of_a_turn)
{
	struct verification *gone;

	come("aabbcc");
	ck_assert(comes("d", &gone));
	ck_assert_ptr_eq(gone, &attempts[5]);
	ck_assert(comes("e", &gone));
	ck_assert_ptr_eq(gone, &attempts[3]);
	ck_assert_str_eq(take_all(), "abcdea");
}
END_TEST

START_TEST(a_full_lane_drops_none_for_the_same_or_a_later_turn)
{
	struct verification *gone;

	come("aabbcc");
	ck_assert(!comes("a", &gone)); /* its third turn */
	ck_assert_str_eq(take_all(), "abcabc");
	come("abcdef");
	ck_assert(!comes("g", &gone)); /* the first turn, like everybody's */
	ck_assert(!comes("a", &gone));
	ck_assert_uint_eq(lane.count, MAX);
	ck_assert_str_eq(take_all(), "abcdef");
}
END_TEST

START_TEST(a_lane_of_one)
{
	struct verification *gone;

	lane.max = 1;
	come("a");
	lane_take(&lane);
	come("a");
	ck_assert(!comes("b", &gone));
	ck_assert(!comes("a", &gone));
	ck_assert_ptr_eq(lane_insert(&lane, attempt("c", 0, 0)), &attempts[1]);
	ck_assert_str_eq(take_all(), "c");
	lane.max = 0;
	ck_assert(!comes("a", &gone));
}
END_TEST

START_TEST(an_empty_lane)
{
	come("aab");
	ck_assert_str_eq(take(1), "a");
	struct verification *v = lane_empty(&lane);
	ck_assert_ptr_eq(v, &attempts[2]);
	ck_assert_ptr_eq(v->next, &attempts[1]);
	ck_assert_ptr_null(v->next->next);
	ck_assert_str_eq(take_all(), "");
	ck_assert_ptr_null(lane_empty(&lane));
	come("ba");
	ck_assert_uint_eq(lane.last->turn, 2); /* after the one that was started */
	ck_assert_str_eq(take_all(), "ba");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("dispatch_lane");
	TCase *t = tcase_create("lane");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, sources_take_turns, 0, sizeof turns / sizeof *turns);
	tcase_add_test(t, turns_continue);
	tcase_add_test(t, sources_are_compared_completely);
	tcase_add_test(t, delayed_attempts_come_when_due);
	tcase_add_test(t, delayed_attempts_displace_none);
	tcase_add_test(t, a_full_lane_drops_the_last_of_the_latest_turn);
	tcase_add_test(t, a_full_lane_drops_the_newest_of_a_turn);
	tcase_add_test(t, a_full_lane_drops_none_for_the_same_or_a_later_turn);
	tcase_add_test(t, a_lane_of_one);
	tcase_add_test(t, an_empty_lane);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
