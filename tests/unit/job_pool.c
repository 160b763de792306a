/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "job/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

struct count_task {
	struct pool_task task;
	struct pool *pool;
	int more; /* submits itself again so often */
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

START_TEST(test_all_work_is_done)
{
	struct count_task tasks[200];
	struct pool *p;
	struct err e;

	ck_assert_int_eq(pool_open(&p, "test", 4, &e), 0);
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

START_TEST(test_tasks_submit_while_closing)
{
	struct count_task tasks[10];
	struct pool *p;
	struct err e;

	ck_assert_int_eq(pool_open(&p, "test", 2, &e), 0);
	for (int i = 0; i < 10; i++) {
		tasks[i] = (struct count_task){ .task.run = count, .pool = p, .more = 20 };
		pool_submit(p, &tasks[i].task);
	}
	pool_close(p);
	ck_assert_int_eq(atomic_load(&runs), 210);
}
END_TEST

START_TEST(test_unused)
{
	struct pool *p;
	struct err e;

	ck_assert_int_eq(pool_open(&p, "test", 0, &e), 0);
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

START_TEST(test_many_submitters)
{
	static struct submitter submitters[4];
	pthread_t threads[4];
	struct pool *p;
	struct err e;

	ck_assert_int_eq(pool_open(&p, "test", 3, &e), 0);
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

static Suite *suite(void)
{
	Suite *s = suite_create("job_pool");
	TCase *t = tcase_create("pool");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, test_all_work_is_done);
	tcase_add_test(t, test_tasks_submit_while_closing);
	tcase_add_test(t, test_unused);
	tcase_add_test(t, test_many_submitters);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
