/* SPDX-License-Identifier: Apache-2.0 */
/* base/round.h agrees with the C library's functions. */
#include "unit.h"

#include "base/round.h"

#include <stdbool.h>
#include <stdlib.h>

static const double edges[] = { 0, -0.0, 0.5, -0.5, 0.9999999999999999, 1, -1, 1.5, -1.5, 2.5, 1e15 + 0.5, -1e15 - 0.5,
	0x1p52 - 0.5, 0x1p52, 0x1p53 - 1, 0x1p53, -0x1p53, 0x1p63, -0x1p63, 0x1p64, 1e300, -1e300, 0x1p-1074, -0x1p-1074, 0x1p-1022,
	INFINITY, -INFINITY, NAN };

static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static void check(double d)
{
	ck_assert_msg(same(round_to_zero(d), trunc(d)), "to zero: %a", d);
	ck_assert_msg(same(round_down(d), floor(d)), "down: %a", d);
	ck_assert_msg(same(round_up(d), ceil(d)), "up: %a", d);
	ck_assert_msg(same(round_below(d), nextafter(d, -INFINITY)), "below: %a", d);
}

START_TEST(edge)
{
	check(edges[_i]);
}
END_TEST

START_TEST(random_numbers)
{
	srandom(1);
	for (int i = 0; i < 100000; i++)
		check(ldexp((double)random() - 0x1p30, (int)(random() % 80) - 40));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("base: round");
	TCase *t = tcase_create("round");

	tcase_add_loop_test(t, edge, 0, ROWS(edges));
	tcase_add_test(t, random_numbers);
	suite_add_tcase(s, t);
	return s;
}
UNIT_MAIN(suite)
