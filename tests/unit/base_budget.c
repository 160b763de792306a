/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"

#include <pthread.h>
#include <string.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static struct budget budget;
static struct charge charge;

/* 16 MiB, of which 64 KiB each are reserved for 10 connections; 4 MiB for one request. */
static void begin(void)
{
	budget_init(&budget, 16 * MIB, 4 * MIB, 10);
	charge_init(&charge, &budget, budget.allowance);
	charge.known = true;
}

static size_t held(void)
{
	return atomic_load(&budget.held);
}

START_TEST(limits_are_shares_of_the_whole)
{
	ck_assert_uint_eq(budget.allowance, 64 * KIB);
	ck_assert_uint_eq(budget.max, 16 * MIB - 640 * KIB);
	budget_init(&budget, 16 * MIB, 0, 1000000);
	ck_assert_uint_ge(budget.max, 8 * MIB);
	ck_assert_uint_eq(budget.each, budget.max / 2);
	budget_init(&budget, 16 * MIB, 64 * MIB, 10);
	ck_assert_uint_eq(budget.each, budget.max);
}
END_TEST

START_TEST(an_allowance_costs_nothing)
{
	ck_assert(charge_take(&charge, 64 * KIB));
	ck_assert_uint_eq(held(), 0);
	ck_assert(charge_take(&charge, 1));
	ck_assert_uint_gt(held(), 0);
	charge_give(&charge, 1);
	ck_assert_uint_eq(held(), 0);
}
END_TEST

/* NULL means that there is no memory. */
START_TEST(an_empty_array_is_not_a_failure)
{
	struct arena a;
	arena_init(&a);
	ck_assert_ptr_nonnull(arena_alloc(&a, 0));
	ck_assert_ptr_nonnull(arena_alloc(&a, 0));
	ck_assert(!arena_failed(&a));
	arena_free(&a);
}
END_TEST

START_TEST(a_single_request_is_limited)
{
	struct err e;
	ck_assert(!charge_take(&charge, 4 * MIB + 1));
	ck_assert(charge_take(&charge, 4 * MIB));
	ck_assert(!charge_take(&charge, 1));
	ck_assert(!charge_take(&charge, SIZE_MAX));
	err_nomem(&e);
	ck_assert_int_eq(charge_explain(&charge, &e), LYRE_ETOOBIG);
	ck_assert_str_eq(e.text, "The request needs more than 4096 KiB of memory, the limit for one request");
	ck_assert_uint_eq(charge.held, 4 * MIB);
	charge_give(&charge, 4 * MIB);
	ck_assert_uint_eq(held(), 0);
}
END_TEST

START_TEST(all_requests_together_are_limited)
{
	struct charge others[4];
	struct err e;
	for (size_t i = 0; i < 4; i++) {
		charge_init(&others[i], &budget, budget.allowance);
		others[i].known = true;
	}
	for (size_t i = 0; i < 3; i++)
		ck_assert(charge_take(&others[i], 4 * MIB));
	ck_assert(budget_has_room(&budget, 3 * MIB));
	ck_assert(!budget_has_room(&budget, 4 * MIB));
	ck_assert(!charge_take(&others[3], 4 * MIB));
	err_nomem(&e);
	ck_assert_int_eq(charge_explain(&others[3], &e), LYRE_EBUSY);
	/* what fits into an allowance is always available */
	ck_assert(charge_take(&charge, 64 * KIB));
	charge_give(&others[0], 4 * MIB);
	ck_assert(charge_take(&others[3], 4 * MIB));
	for (size_t i = 1; i < 4; i++)
		charge_give(&others[i], 4 * MIB);
	ck_assert_uint_eq(held(), 0);
}
END_TEST

/** Successive requests: memory kept by the last one does not reduce the allowance of the next. */
START_TEST(kept_memory_leaves_the_allowance_whole)
{
	ck_assert(charge_take(&charge, 200 * KIB));
	ck_assert(charge_keep(&charge));
	size_t kept = held();
	ck_assert_uint_ge(kept, 200 * KIB);
	atomic_store(&budget.held, budget.max); /* the rest is held by others */
	ck_assert(charge_take(&charge, 64 * KIB));
	charge_give(&charge, 64 * KIB);
	ck_assert(!charge_keep(&charge));
	charge_give(&charge, 200 * KIB);
	ck_assert(charge_keep(&charge));
	ck_assert_uint_eq(held(), budget.max - kept);
}
END_TEST

START_TEST(half_of_an_allowance_is_kept_free_of_charge)
{
	ck_assert(charge_take(&charge, 32 * KIB));
	ck_assert(charge_keep(&charge));
	ck_assert_uint_eq(held(), 0);
	ck_assert(charge_take(&charge, 1));
	ck_assert(charge_keep(&charge));
	ck_assert_uint_gt(held(), 0);
	charge_give(&charge, 1);
	ck_assert(charge_keep(&charge));
	ck_assert_uint_eq(held(), 0);
}
END_TEST

/** Clients that have not signed in leave most of the memory to those that have. */
START_TEST(clients_not_signed_in_leave_most_to_others)
{
	struct charge stranger;
	charge_init(&stranger, &budget, budget.allowance);
	ck_assert(charge_take(&charge, 3 * MIB));
	ck_assert(!charge_take(&stranger, 2 * MIB));
	ck_assert_int_eq(stranger.refused, LYRE_EBUSY);
	stranger.known = true;
	ck_assert(charge_take(&stranger, 2 * MIB));
	charge_give(&stranger, 2 * MIB);
	charge_give(&charge, 3 * MIB);
	ck_assert_uint_eq(held(), 0);
}
END_TEST

START_TEST(a_real_lack_of_memory_is_reported_as_such)
{
	struct err e;
	err_nomem(&e);
	ck_assert_int_eq(charge_explain(&charge, &e), LYRE_ENOMEM);
	err_set(&e, LYRE_EINVAL, "x");
	charge.refused = LYRE_EBUSY;
	ck_assert_int_eq(charge_explain(&charge, &e), LYRE_EINVAL);
}
END_TEST

START_TEST(an_arena_is_charged)
{
	struct arena a;
	arena_init_charged(&a, &charge);
	ck_assert_ptr_nonnull(arena_alloc(&a, MIB));
	for (int i = 0; i < 1000; i++)
		ck_assert_ptr_nonnull(arena_alloc(&a, KIB));
	ck_assert_uint_ge(charge.held, a.total);
	ck_assert_ptr_null(arena_alloc(&a, 3 * MIB));
	ck_assert(arena_failed(&a));
	ck_assert_int_eq(charge.refused, LYRE_ETOOBIG);
	arena_reset(&a);
	ck_assert_uint_ge(charge.held, a.total);
	ck_assert_uint_lt(charge.held, MIB + 4 * KIB);
	arena_free(&a);
	ck_assert_uint_eq(charge.held, 0);
	ck_assert_ptr_eq(a.charge, &charge);
	ck_assert_uint_eq(held(), 0);
}
END_TEST

START_TEST(a_buffer_is_charged)
{
	static char text[100000];
	struct charge other;
	struct buf b, c;
	buf_init_charged(&b, &charge);
	buf_add(&b, text, 1000);
	ck_assert_uint_eq(charge.held, 0);
	while (!b.failed)
		buf_add(&b, text, sizeof text);
	ck_assert_uint_gt(b.len, 3 * MIB);
	ck_assert_uint_eq(charge.held, b.cap);
	ck_assert_int_eq(charge.refused, LYRE_ETOOBIG);

	charge_init(&other, &budget, 0);
	buf_init_charged(&c, &other);
	buf_move(&c, &b);
	ck_assert_uint_eq(charge.held, 0);
	ck_assert_uint_eq(other.held, c.cap);
	ck_assert_uint_eq(b.cap, 0);
	ck_assert_uint_ge(held(), c.cap);
	buf_free(&c);
	ck_assert_uint_eq(other.held, 0);
	ck_assert_uint_eq(held(), 0);
}
END_TEST

/** A body full of small values needs the memory of its values, and never more. */
START_TEST(decoding_uses_only_the_memory_of_its_values)
{
	static const char *const items[] = { "0", "[]", "{}", "\"\"", "null", "{\"a\":0}", "[[[[[[[[[[]]]]]]]]]]" };
	const char *item = items[_i];
	size_t len = strlen(item), n = 2 * MIB / (len + 1);
	char *text = malloc(2 * MIB + 2), *p = text;
	struct arena a;
	struct err e;
	lyre_value v;
	ck_assert_ptr_nonnull(text);
	*p++ = '[';
	for (size_t i = 0; i < n; i++, *p++ = ',')
		p = (char *)memcpy(p, item, len) + len;
	p[-1] = ']';
	budget_init(&budget, 1024 * MIB, 9 * (size_t)(p - text), 1);
	arena_init_charged(&a, &charge);
	ck_assert_msg(!json_decode(&a, text, (size_t)(p - text), &v, &e), "%s: %s", item, e.text);
	ck_assert_uint_eq(v.len, n);
	ck_assert_uint_lt(charge.held - a.total, 64 * KIB);
	arena_free(&a);
	ck_assert_uint_eq(charge.held, 0);
	free(text);
}
END_TEST

#define THREADS 4

static void *take_and_give(void *arg)
{
	struct charge c;
	(void)arg;
	charge_init(&c, &budget, 0);
	c.known = true;
	for (size_t i = 1; i < 20000; i++) {
		size_t n = i * 7919 % (3 * MIB);
		if (charge_take(&c, n))
			charge_give(&c, n);
	}
	return NULL;
}

START_TEST(threads_return_everything)
{
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_give, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(held(), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("base_budget");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, begin, NULL);
	tcase_add_test(t, limits_are_shares_of_the_whole);
	tcase_add_test(t, an_allowance_costs_nothing);
	tcase_add_test(t, an_empty_array_is_not_a_failure);
	tcase_add_test(t, a_single_request_is_limited);
	tcase_add_test(t, all_requests_together_are_limited);
	tcase_add_test(t, kept_memory_leaves_the_allowance_whole);
	tcase_add_test(t, half_of_an_allowance_is_kept_free_of_charge);
	tcase_add_test(t, clients_not_signed_in_leave_most_to_others);
	tcase_add_test(t, a_real_lack_of_memory_is_reported_as_such);
	tcase_add_test(t, an_arena_is_charged);
	tcase_add_test(t, a_buffer_is_charged);
	tcase_add_loop_test(t, decoding_uses_only_the_memory_of_its_values, 0, 7);
	tcase_add_test(t, threads_return_everything);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
