/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/rwlock.h"

#include <sched.h>
#include <stdbool.h>

#define THREADS 4
#define ROUNDS 20000
/* A reader lets others enter before it leaves, for this many turns at most. */
#define TURNS 1000

static struct rwlock lock;
static atomic_uint entered, inside;
static atomic_bool written;
static unsigned guarded[2]; /* equal except while a writer is inside */

static void setup(void)
{
	rwlock_init(&lock);
	atomic_store(&written, false);
	guarded[0] = guarded[1] = 0;
}

static void teardown(void)
{
	rwlock_destroy(&lock);
}

static void *read_and_write(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 4) {
			rwlock_read(&lock);
			ck_assert_uint_eq(guarded[0], guarded[1]);
			rwlock_read_end(&lock);
		} else {
			rwlock_write(&lock);
			guarded[0]++;
			sched_yield();
			guarded[1]++;
			rwlock_write_end(&lock);
		}
	}
	return NULL;
}

START_TEST(a_writer_is_alone)
{
	pthread_t threads[THREADS];
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_and_write, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(guarded[0], THREADS * ROUNDS / 4);
	ck_assert_uint_eq(guarded[1], guarded[0]);
}
END_TEST

/* Leaves when another reader has entered after it: as long as readers can enter, one is always inside. */
static void *relay(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 20 * ROUNDS && !atomic_load(&written); i++) {
		rwlock_read(&lock);
		atomic_fetch_add(&inside, 1);
		unsigned mine = atomic_fetch_add(&entered, 1) + 1;
		for (unsigned turn = 0; turn < TURNS && atomic_load(&entered) == mine; turn++)
			sched_yield();
		atomic_fetch_sub(&inside, 1);
		rwlock_read_end(&lock);
	}
	return NULL;
}

START_TEST(readers_do_not_starve_a_writer)
{
	pthread_t threads[THREADS];
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, relay, NULL), 0);
	while (!atomic_load(&inside))
		sched_yield();
	rwlock_write(&lock);
	unsigned before = atomic_load(&entered);
	ck_assert_uint_eq(atomic_load(&inside), 0);
	atomic_store(&written, true);
	rwlock_write_end(&lock);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_msg(before < THREADS * ROUNDS, "%u readers were let in before the writer", before);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("base: rwlock");
	TCase *t = tcase_create("rwlock");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_writer_is_alone);
	tcase_add_test(t, readers_do_not_starve_a_writer);
	suite_add_tcase(s, t);
	return s;
}
UNIT_MAIN(suite)
