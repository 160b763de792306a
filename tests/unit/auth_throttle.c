/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "auth/source.h"
#include "auth/throttle.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct throttle *throttle;

static void open_with(unsigned free, int64_t delay, int64_t max_delay, int64_t memory)
{
	const struct throttle_options o = { .free = free, .delay = delay, .max_delay = max_delay, .memory = memory };
	struct err e;

	throttle_close(throttle);
	ck_assert_int_eq(throttle_open(&throttle, &o, &e), 0);
}

static void setup(void)
{
	throttle = NULL;
	open_with(3, 100, 1000, 60000);
}

static void teardown(void)
{
	throttle_close(throttle);
}

static int64_t delay_of(const char *user, const char *peer, int64_t now)
{
	const struct attempt a = { .user = user, .user_len = strlen(user), .source = peer };

	return throttle_delay(throttle, &a, now);
}

static void note(const char *user, const char *peer, bool right, int64_t now)
{
	const struct attempt a = { .user = user, .user_len = strlen(user), .source = peer };

	throttle_note(throttle, &a, right, now);
}

/** An attempt that waits as long as required, and fails. \return how long it waited */
static int64_t attempt(const char *user, const char *peer, int64_t *now)
{
	int64_t wait = delay_of(user, peer, *now);

	ck_assert_int_ge(wait, 0);
	*now += wait;
	note(user, peer, false, *now);
	return wait;
}

START_TEST(each_failure_doubles_the_wait)
{
	static const int64_t waits[] = { 0, 0, 0, 0, 100, 200, 400, 800, 1000, 1000, 1000 };
	int64_t now = 5000;

	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
		ck_assert_int_eq(attempt("ann", "10.0.0.1", &now), waits[i]);
}
END_TEST

START_TEST(a_pair_is_user_and_address)
{
	int64_t now = 5000;

	for (int i = 0; i < 5; i++)
		attempt("ann", "10.0.0.1", &now);
	ck_assert_int_eq(delay_of("bob", "10.0.0.1", now), 0);
	ck_assert_int_eq(delay_of("ann", "10.0.0.2", now), 0);
	ck_assert_int_eq(delay_of("ann1", "0.0.0.1", now), 0);
	ck_assert_int_eq(delay_of("ann10.0.0.1", "", now), 0);
	ck_assert_int_eq(delay_of("ann", "10.0.0.1", now), 200);
}
END_TEST

/** A host that uses a new address of its network for each attempt is one source. */
START_TEST(addresses_of_one_network_are_one_source)
{
	static const struct {
		const char *peer, *source;
	} cases[] = {
		{ "10.1.2.3", "10.1.2.3" },
		{ "2001:db8:1:2::3", "2001:db8:1:2::" },
		{ "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::" },
		{ "2001:db8:1:3::3", "2001:db8:1:3::" },
		{ "::1", "::" },
		{ "domain socket, uid 1000", "domain socket, uid 1000" },
		{ "", "" },
		{ NULL, "" },
	};
	char source[SOURCE_MAX];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		source_of(cases[i].peer, source);
		ck_assert_str_eq(source, cases[i].source);
	}
}
END_TEST

START_TEST(a_right_password_resets_the_count)
{
	int64_t now = 5000;

	for (int i = 0; i < 6; i++)
		attempt("ann", "a", &now);
	note("ann", "a", true, now);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(attempt("ann", "a", &now), 0);
	ck_assert_int_eq(attempt("ann", "a", &now), 100);
}
END_TEST

START_TEST(failures_are_forgotten)
{
	int64_t now = 5000;

	for (int i = 0; i < 6; i++)
		attempt("ann", "a", &now);
	now += 59999;
	ck_assert_int_eq(attempt("ann", "a", &now), 1);
	ck_assert_int_eq(delay_of("ann", "a", now + 60000), 0);
}
END_TEST

START_TEST(slow_guessers_wait_less)
{
	int64_t now = 5000;

	for (int i = 0; i < 5; i++)
		attempt("ann", "a", &now);
	ck_assert_int_eq(delay_of("ann", "a", now + 150), 50);
}
END_TEST

START_TEST(attempts_at_once_wait_one_after_the_other)
{
	int64_t now = 5000;

	for (int i = 0; i < 4; i++)
		attempt("ann", "a", &now);
	ck_assert_int_eq(delay_of("ann", "a", now), 100);
	ck_assert_int_eq(delay_of("ann", "a", now), 300);
	ck_assert_int_eq(delay_of("ann", "a", now), 700);
	ck_assert_int_eq(delay_of("ann", "a", now), 1500);
	/* No room: the time at which its turn would have come. */
	ck_assert_int_eq(delay_of("ann", "a", now), -2500);
	ck_assert_int_eq(delay_of("ann", "a", now), -2500);
	/* They already count as failed: reporting the failure must not count them twice. */
	note("ann", "a", false, now + 100);
	note("ann", "a", false, now + 300);
	note("ann", "a", false, now + 700);
	note("ann", "a", false, now + 1500);
	ck_assert_int_eq(delay_of("ann", "a", now + 1500), 1000);
}
END_TEST

START_TEST(without_a_delay_no_attempt_waits)
{
	int64_t now = 5000;

	open_with(0, 0, 1000, 60000);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(attempt("ann", "a", &now), 0);
	open_with(0, 100, 0, 60000);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(attempt("ann", "a", &now), 0);
}
END_TEST

START_TEST(the_largest_settings_do_not_overflow)
{
	int64_t now = 5000;

	open_with(0, 600000, 600000, 86400000);
	ck_assert_int_eq(attempt("ann", "a", &now), 0);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(attempt("ann", "a", &now), 600000);
}
END_TEST

/** Whatever names are invented, the table keeps its size, and current sources are not displaced by earlier ones. */
START_TEST(it_is_bounded_and_prefers_the_new)
{
	char name[16];
	int kept = 0;

	open_with(0, 100, 1000, 60000);
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof name, "user%d", i);
		note(name, "a", false, i / 100);
		ck_assert_int_gt(delay_of(name, "a", i / 100), 0);
	}
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof name, "user%d", i);
		kept += delay_of(name, "a", 1000) != 0;
	}
	ck_assert_int_le(kept, 4096);
	ck_assert_int_gt(kept, 3600);
}
END_TEST

/** This many users fail one after the other, this many times each. */
static void fail_of_many(const char *begin, int count, int times, int64_t now)
{
	char name[16];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof name, "%s%d", begin, i);
		for (int n = 0; n < times; n++)
			note(name, "a", false, now);
	}
}

/** Invented names, with a few attempts each, do not displace a user whose password is being guessed. */
START_TEST(frequent_failures_are_kept)
{
	int64_t now = 0;

	for (int i = 0; i < 10; i++)
		attempt("admin", "a", &now);
	fail_of_many("user", 100000, 1, now);
	ck_assert_int_eq(delay_of("admin", "a", now), 1000);
}
END_TEST

/** Expired entries do not displace current failures. */
START_TEST(expired_failures_are_not_kept)
{
	int64_t now = 0;

	fail_of_many("old", 20000, 9, now);
	now += 60000;
	for (int i = 0; i < 5; i++)
		attempt("ann", "a", &now);
	fail_of_many("user", 100000, 1, now);
	ck_assert_int_eq(delay_of("ann", "a", now), 200);
}
END_TEST

START_TEST(long_names_are_told_apart)
{
	char user[3000], other[3000];

	memset(user, 'u', sizeof user);
	memcpy(other, user, sizeof user);
	other[2999] = 'v';
	const struct attempt a = { .user = user, .user_len = sizeof user, .source = user };
	const struct attempt b = { .user = other, .user_len = sizeof other, .source = user };
	for (int i = 0; i < 4; i++)
		throttle_note(throttle, &a, false, 0);
	ck_assert_int_gt(throttle_delay(throttle, &a, 0), 0);
	ck_assert_int_eq(throttle_delay(throttle, &b, 0), 0);
}
END_TEST

#define THREADS 4
#define USERS 4
/** Per user and thread: so many that threads without a lock would lose some. */
#define FAILURES 50000

static const char *const users[USERS] = { "ann", "bob", "cid", "dot" };

static void *attack(void *arg)
{
	pthread_barrier_wait(arg);
	for (int i = 0; i < FAILURES; i++) {
		for (int user = 0; user < USERS; user++)
			note(users[user], "a", false, 0);
	}
	return NULL;
}

/** The first delay comes with the last failure of all threads: none was lost or counted twice. */
START_TEST(threads_count_every_failure)
{
	pthread_t threads[THREADS];
	pthread_barrier_t begin;

	open_with(THREADS * FAILURES - 1, 100, 1000, 60000);
	pthread_barrier_init(&begin, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, attack, &begin), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&begin);
	for (int user = 0; user < USERS; user++)
		ck_assert_int_eq(delay_of(users[user], "a", 0), 100);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_throttle");
	TCase *t = tcase_create("throttle");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, each_failure_doubles_the_wait);
	tcase_add_test(t, a_pair_is_user_and_address);
	tcase_add_test(t, addresses_of_one_network_are_one_source);
	tcase_add_test(t, a_right_password_resets_the_count);
	tcase_add_test(t, failures_are_forgotten);
	tcase_add_test(t, slow_guessers_wait_less);
	tcase_add_test(t, attempts_at_once_wait_one_after_the_other);
	tcase_add_test(t, without_a_delay_no_attempt_waits);
	tcase_add_test(t, the_largest_settings_do_not_overflow);
	tcase_add_test(t, it_is_bounded_and_prefers_the_new);
	tcase_add_test(t, frequent_failures_are_kept);
	tcase_add_test(t, expired_failures_are_not_kept);
	tcase_add_test(t, long_names_are_told_apart);
	tcase_add_test(t, threads_count_every_failure);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
