/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "job/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

struct count_task {
	struct pool_task task;
	struct pool *pool;
	int more; /* how many more times it submits itself */
};

static atomic_int runs, at_once, at_most;

static void count(struct pool_task *task)
{
	struct count_task *c = (struct count_task *)((char *)task - offsetof(struct count_task, task));
	int now = atomic_fetch_add(&at_once, 1) + 1;
	int most = atomic_load(&at_most);

	while (now > most && !atomic_compare_exchange_weak(&at_most, &most, now))
		continue;
	usleep(100);
	atomic_fetch_add(&runs, 1);
	atomic_fetch_sub(&at_once, 1);
	if (c->more-- > 0)
		pool_submit(c->pool, task);
}

static void setup(void)
{
	atomic_store(&runs, 0);
	atomic_store(&at_most, 0);
}

START_TEST(all_work_is_done)
{
	struct count_task tasks[200];
	struct pool *p;
	struct err e;

	ck_assert_int_eq(pool_open(&p, "test", 4, 0, &e), 0);
	ck_assert_uint_eq(pool_threads(p), 4);
	for (int i = 0; i < 200; i++) {
		tasks[i] = (struct count_task){ .task.run = count, .pool = p };
		pool_submit(p, &tasks[i].task);
	}
	pool_close(p);
	ck_assert_int_eq(atomic_load(&runs), 200);
	ck_assert_int_le(atomic_load(&at_most), 4);
	ck_assert_int_gt(atomic_load(&at_most), 1);
}
END_TEST

START_TEST(tasks_submit_while_closing)
{
	struct count_task tasks[10];
	struct pool *p;
	struct err e;

	ck_assert_int_eq(pool_open(&p, "test", 2, 0, &e), 0);
	for (int i = 0; i < 10; i++) {
		tasks[i] = (struct count_task){ .task.run = count, .pool = p, .more = 20 };
		pool_submit(p, &tasks[i].task);
	}
	pool_close(p);
	ck_assert_int_eq(atomic_load(&runs), 210);
}
END_TEST

START_TEST(an_unused_pool_closes)
{
	struct pool *p;
	struct err e;

	ck_assert_int_eq(pool_open(&p, "test", 0, 0, &e), 0);
	ck_assert_uint_eq(pool_threads(p), 1);
	pool_close(p);
	pool_close(NULL);
}
END_TEST

struct submitter {
	struct pool *pool;
	struct count_task tasks[100];
};

static void *submit(void *arg)
{
	struct submitter *s = arg;

	for (int i = 0; i < 100; i++) {
		s->tasks[i] = (struct count_task){ .task.run = count, .pool = s->pool };
		pool_submit(s->pool, &s->tasks[i].task);
	}
	return NULL;
}

START_TEST(many_submit_at_once)
{
	static struct submitter submitters[4];
	pthread_t threads[4];
	struct pool *p;
	struct err e;

	ck_assert_int_eq(pool_open(&p, "test", 3, 0, &e), 0);
	for (int i = 0; i < 4; i++) {
		submitters[i].pool = p;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, submit, &submitters[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	pool_close(p);
	ck_assert_int_eq(atomic_load(&runs), 400);
}
END_TEST

/* ---- turns ---- */

static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;

struct named_task {
	struct pool_task task;
	struct pool *pool;
	char name;
	int more;
};

static char order[64];
static size_t ordered;

static void note(struct pool_task *task)
{
	struct named_task *n = (struct named_task *)((char *)task - offsetof(struct named_task, task));

	pthread_mutex_lock(&door);
	pthread_mutex_unlock(&door);
	order[ordered++] = n->name;
	if (n->more-- > 0)
		pool_submit(n->pool, task);
}

/** One thread, held until all tasks are submitted. \return what it then ran, in order */
static const char *run_in_order(struct named_task *tasks, size_t count, const char *const *owners)
{
	struct pool *p;
	struct err e;
	struct named_task first = { .task.run = note, .name = '-' };

	memset(order, 0, sizeof order);
	ordered = 0;
	ck_assert_int_eq(pool_open(&p, "test", 1, 10, &e), 0);
	pthread_mutex_lock(&door);
	pool_submit(p, &first.task);
	while (pool_queued(p))
		usleep(100);
	for (size_t i = 0; i < count; i++) {
		tasks[i].task.run = note;
		tasks[i].task.owner = owners[i];
		tasks[i].pool = p;
		pool_submit(p, &tasks[i].task);
	}
	ck_assert_uint_eq(pool_queued(p), count);
	pthread_mutex_unlock(&door);
	pool_close(p);
	return order;
}

START_TEST(owners_take_turns)
{
	char other[] = "x"; /* the text matters, not its address */
	const char *const owners[] = { "x", other, "x", "y", "y", "z", "x" };
	struct named_task tasks[] = { { .name = '1' }, { .name = '2' }, { .name = '3' }, { .name = 'a' }, { .name = 'b' },
		{ .name = 'A' }, { .name = '4' } };

	ck_assert_str_eq(run_in_order(tasks, 7, owners), "-1aA2b34");
}
END_TEST

START_TEST(a_lone_task_takes_every_second_turn)
{
	const char *const owners[] = { "x", "x", "x", "x", "y" };
	struct named_task tasks[] = { { .name = '1' }, { .name = '2' }, { .name = '3' }, { .name = '4' },
		{ .name = 'a', .more = 2 } };

	/* the single owner's slices come at every second place */
	ck_assert_str_eq(run_in_order(tasks, 5, owners), "-1a2a3a4");
}
END_TEST

START_TEST(without_owners_first_in_is_first_out)
{
	const char *const owners[] = { NULL, NULL, NULL };
	struct named_task tasks[] = { { .name = '1', .more = 1 }, { .name = '2' }, { .name = '3' } };

	ck_assert_str_eq(run_in_order(tasks, 3, owners), "-1231");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("job_pool");
	TCase *t = tcase_create("pool");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, all_work_is_done);
	tcase_add_test(t, tasks_submit_while_closing);
	tcase_add_test(t, an_unused_pool_closes);
	tcase_add_test(t, many_submit_at_once);
	tcase_add_test(t, owners_take_turns);
	tcase_add_test(t, a_lone_task_takes_every_second_turn);
	tcase_add_test(t, without_owners_first_in_is_first_out);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
