/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "job/tasks.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define AN_HOUR 3600000

/** A task that does what a test requires. */
struct work {
	struct task task;
	enum { RETURN, WAIT, SLEEP } what;
	int again; /* runs that are followed by another one at once */
	atomic_int runs, inside, overlaps, awoken;
	atomic_bool go;
	int ended_with;
};

static struct tasks *tasks;
static struct err err;
static atomic_int wakes;

static void note_wake(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void run(struct task *task)
{
	struct work *w = (struct work *)((char *)task - offsetof(struct work, task));

	if (atomic_fetch_add(&w->inside, 1))
		atomic_fetch_add(&w->overlaps, 1);
	if (atomic_fetch_add(&w->runs, 1) < w->again)
		task_next(task, 0);
	while (w->what == WAIT && !atomic_load(&w->go))
		usleep(100);
	struct err e;
	while (w->what == SLEEP && !(w->ended_with = task_sleep(task, AN_HOUR, &e)))
		atomic_fetch_add(&w->awoken, 1);
	atomic_fetch_sub(&w->inside, 1);
}

static void add(struct work *w, uint64_t every)
{
	w->task = (struct task){ .run = run, .label = "test/work", .every = every };
	tasks_add(tasks, &w->task);
}

static void begin(void)
{
	ck_assert_int_eq(tasks_begin(tasks, &err), 0);
}

/** Does what the main thread does, until \p count is at least \p least. */
static void tend_until(const atomic_int *count, int least)
{
	while (atomic_load(count) < least) {
		tasks_tend(tasks);
		usleep(100);
	}
}

static void setup(void)
{
	ck_assert_int_eq(tasks_open(&tasks, note_wake, &wakes, &err), 0);
}

static void teardown(void)
{
	tasks_close(tasks);
}

START_TEST(runs_when_woken_only)
{
	struct work early = { .what = RETURN }, late = { .what = RETURN }, never = { .what = RETURN };

	add(&early, 0);
	add(&late, 0);
	add(&never, 0);
	task_wake(&early.task);
	begin();
	tend_until(&early.runs, 1);
	ck_assert_int_eq(atomic_load(&late.runs), 0);
	task_wake(&late.task);
	tend_until(&late.runs, 1);
	tasks_end(tasks);
	ck_assert_int_eq(atomic_load(&early.runs), 1);
	ck_assert_int_eq(atomic_load(&late.runs), 1);
	ck_assert_int_eq(atomic_load(&never.runs), 0);
}
END_TEST

START_TEST(repeats_without_overlap)
{
	struct work w = { .what = RETURN };

	add(&w, 1);
	begin();
	tend_until(&w.runs, 20);
	tasks_end(tasks);
	ck_assert_int_eq(atomic_load(&w.overlaps), 0);
}
END_TEST

START_TEST(wakes_during_a_run_cause_one_more)
{
	struct work w = { .what = WAIT }, last = { .what = RETURN };

	add(&w, 0);
	add(&last, 0);
	begin();
	task_wake(&w.task);
	tend_until(&w.runs, 1);
	for (int i = 0; i < 3; i++)
		task_wake(&w.task);
	atomic_store(&w.go, true);
	tend_until(&w.runs, 2);
	while (atomic_load(&w.inside))
		usleep(100);
	task_wake(&last.task);
	tend_until(&last.runs, 1);
	tasks_end(tasks);
	ck_assert_int_eq(atomic_load(&w.runs), 2);
	ck_assert_int_eq(atomic_load(&w.overlaps), 0);
}
END_TEST

START_TEST(a_run_decides_when_the_next_begins)
{
	struct work w = { .what = RETURN, .again = 3 }, only_woken = { .what = RETURN, .again = 1 };

	add(&w, AN_HOUR);
	add(&only_woken, 0);
	begin();
	task_wake(&w.task);
	task_wake(&only_woken.task);
	tend_until(&w.runs, 4);
	tend_until(&only_woken.runs, 2);
	while (atomic_load(&w.inside) || atomic_load(&only_woken.inside))
		usleep(100);
	ck_assert_int_gt(tasks_tend(tasks), AN_HOUR / 2); /* from here on the usual interval */
	tasks_end(tasks);
	ck_assert_int_eq(atomic_load(&w.runs), 4);
}
END_TEST

START_TEST(one_that_takes_long_delays_no_other)
{
	struct work slow = { .what = WAIT }, asleep = { .what = SLEEP }, quick = { .what = RETURN };

	add(&slow, 0);
	add(&asleep, 0);
	add(&quick, 1);
	begin();
	task_wake(&slow.task);
	task_wake(&asleep.task);
	tend_until(&slow.runs, 1);
	tend_until(&asleep.runs, 1);
	tend_until(&quick.runs, 5);
	atomic_store(&slow.go, true);
	tasks_end(tasks);
}
END_TEST

START_TEST(sleep_ends_with_a_wake_or_the_end)
{
	struct work w = { .what = SLEEP };

	add(&w, 0);
	begin();
	task_wake(&w.task);
	tend_until(&w.runs, 1);
	task_wake(&w.task);
	tend_until(&w.awoken, 1);
	task_wake(&w.task);
	tend_until(&w.awoken, 2);
	ck_assert_int_eq(task_wanted(&w.task, &err), 0);
	tasks_end(tasks);
	ck_assert_int_eq(w.ended_with, LYRE_EBUSY);
	ck_assert_int_eq(task_wanted(&w.task, &err), LYRE_EBUSY);
	ck_assert_str_eq(err.text, "The server is stopping");
	ck_assert_int_eq(atomic_load(&w.runs), 1);
}
END_TEST

START_TEST(none_begins_after_the_stop)
{
	struct work busy = { .what = WAIT }, idle = { .what = RETURN };

	add(&busy, 1);
	add(&idle, 0);
	begin();
	tend_until(&busy.runs, 1);
	tasks_stop(tasks);
	ck_assert_uint_eq(tasks_left(tasks, 0), 1);
	task_wake(&idle.task);
	task_wake(&busy.task);
	ck_assert_int_eq(tasks_tend(tasks) >= 0 ? atomic_load(&idle.runs) : 0, 0);
	atomic_store(&busy.go, true);
	ck_assert_uint_eq(tasks_left(tasks, INT64_MAX / 2), 0);
	tasks_end(tasks);
	task_wake(&idle.task);
	tasks_tend(tasks);
	ck_assert_int_eq(atomic_load(&busy.runs), 1);
	ck_assert_int_eq(atomic_load(&idle.runs), 0);
}
END_TEST

START_TEST(whoever_tends_is_woken_for_what_is_sooner)
{
	struct work w = { .what = RETURN }, later = { .what = RETURN };

	add(&w, 60000);
	add(&later, AN_HOUR);
	begin();
	tend_until(&w.runs, 1);
	tend_until(&later.runs, 1);
	/* the end of the first run, to be followed by another in a minute, which the last tasks_tend() could not know */
	tend_until(&wakes, 1);
	int ms = tasks_tend(tasks);
	tasks_end(tasks);
	ck_assert_int_gt(ms, 0);
	ck_assert_int_le(ms, 60000);
}
END_TEST

START_TEST(removed_and_absent_tasks)
{
	struct work a = { .what = RETURN }, b = { .what = RETURN };

	add(&a, 1);
	add(&b, 1);
	tasks_remove(tasks, &a.task);
	tasks_remove(tasks, &b.task);
	begin();
	ck_assert_int_eq(tasks_tend(tasks), -1);
	tasks_close(NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("job_tasks");
	TCase *t = tcase_create("tasks");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, runs_when_woken_only);
	tcase_add_test(t, repeats_without_overlap);
	tcase_add_test(t, wakes_during_a_run_cause_one_more);
	tcase_add_test(t, a_run_decides_when_the_next_begins);
	tcase_add_test(t, one_that_takes_long_delays_no_other);
	tcase_add_test(t, sleep_ends_with_a_wake_or_the_end);
	tcase_add_test(t, none_begins_after_the_stop);
	tcase_add_test(t, whoever_tends_is_woken_for_what_is_sooner);
	tcase_add_test(t, removed_and_absent_tasks);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
