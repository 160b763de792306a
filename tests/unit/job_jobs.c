/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "job/jobs.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/resource.h>

static struct jobs *jobs;
static const struct jobs_options usual = { .parallel = 2, .waiting = 100 };

/** A job that does what a test requires. */
struct work {
	struct job job;
	enum { ANSWER, FAIL, WAIT } what;
	bool limited;
	int number;
	lyre_value result;
	char id[37];
};

static atomic_int ended, running;
static atomic_bool go;
static atomic_int order[200], ordered;

static void work(struct job *job, struct job_outcome *ret)
{
	struct work *w = (struct work *)((char *)job - offsetof(struct work, job));

	atomic_store(&order[atomic_fetch_add(&ordered, 1)], w->number);
	atomic_fetch_add(&running, 1);
	if (w->what == FAIL) {
		err_set(&ret->err, LYRE_EINVAL, "broken");
	} else if (w->what == ANSWER) {
		w->result = value_int(w->number);
		ret->result = &w->result;
		ret->message = w->number % 2 ? "odd" : NULL;
	}
	while (w->what == WAIT && !atomic_load(&go)) {
		if (job_progress(job, 1, 2, &ret->err))
			break;
		usleep(1000);
	}
	atomic_fetch_sub(&running, 1);
}

static void done(struct job *job)
{
	(void)job;
	atomic_fetch_add(&ended, 1);
}

static void open_jobs(const struct jobs_options *o)
{
	ck_assert_msg(!jobs_open(&jobs, store, o, &err), "%s", err.text);
}

static void begin(void)
{
	setup();
	atomic_store(&ended, 0);
	atomic_store(&ordered, 0);
	atomic_store(&go, false);
}

static void finish(void)
{
	jobs_close(jobs);
	jobs = NULL;
	teardown();
}

static int submit(struct work *w)
{
	w->job =
		(struct job){ .type = "test", .user = w->limited ? "bob" : "ann", .limited = w->limited, .run = work, .end = done };
	return jobs_submit(jobs, &w->job, w->id, &err);
}

static void wait_for_all(void)
{
	ck_assert_uint_eq(jobs_left(jobs, monotonic_ms() + 60000), 0);
}

/** A job's record without its times: "COMPLETE message result". */
static const char *told(const char *id)
{
	static char text[1000];
	const struct table *t = table_of("system", "hdb_job");
	lyre_value key = value_text(id, strlen(id));
	struct snapshot s;
	struct record r;
	struct buf b;

	buf_init(&b);
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	int rc = snapshot_get(&s, t, &key, &r, &err);
	static const char *const names[] = { "status", "message", "result", "progress", "user" };
	for (size_t i = 0; !rc && i < sizeof names / sizeof *names; i++) {
		struct field f;
		const struct attribute *a = table_attribute(t, names[i], strlen(names[i]));
		if (!record_find(r, a->id, &f) || field_type(f) == LYRE_NULL)
			continue;
		buf_add_char(&b, ' ');
		field_write(f, &b);
	}
	snapshot_end(&s);
	table_unref(t);
	snprintf(text, sizeof text, "%s", b.len ? buf_cstr(&b) : "none");
	buf_free(&b);
	return text;
}

static const char *usual_end(const char *id, int number)
{
	static char text[200];

	snprintf(text, sizeof text, " 'COMPLETE' 'Successfully completed job: %s' %d 'ann'", id, number);
	return text;
}

START_TEST(outcomes_are_recorded)
{
	struct work w[] = { { .what = ANSWER, .number = 2 }, { .what = ANSWER, .number = 3 }, { .what = FAIL } };

	open_jobs(&usual);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(submit(&w[i]), 0);
	wait_for_all();
	ck_assert_int_eq(atomic_load(&ended), 3);
	ck_assert_json_eq(told(w[0].id), usual_end(w[0].id, 2));
	ck_assert_json_eq(told(w[1].id), " 'COMPLETE' 'odd' 3 'ann'");
	ck_assert_json_eq(told(w[2].id), " 'ERROR' 'broken' 'ann'");
	ck_assert_str_eq(told("nope"), "none");
}
END_TEST

START_TEST(jobs_wait_in_order_and_within_bounds)
{
	const struct jobs_options one = { .parallel = 1, .waiting = 3 };
	struct work w[5] = { { .what = WAIT } };

	open_jobs(&one);
	for (int i = 0; i < 4; i++) {
		w[i].number = i;
		ck_assert_int_eq(submit(&w[i]), 0);
	}
	ck_assert_int_eq(submit(&w[4]), LYRE_EBUSY);
	atomic_store(&go, true);
	wait_for_all();
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(atomic_load(&order[i]), i);
	ck_assert_int_eq(submit(&w[4]), 0);
	wait_for_all();
	ck_assert_int_eq(atomic_load(&ended), 5);
}
END_TEST

START_TEST(limited_jobs_leave_a_thread_and_places)
{
	const struct jobs_options two = { .parallel = 2, .waiting = 4 };
	struct work limited[5], w = { .what = ANSWER, .number = 9 };
	int64_t until = monotonic_ms() + 60000;

	open_jobs(&two);
	for (int i = 0; i < 5; i++) {
		limited[i] = (struct work){ .what = WAIT, .limited = true, .number = i };
		ck_assert_int_eq(submit(&limited[i]), i < 4 ? 0 : LYRE_EBUSY);
	}
	ck_assert_int_eq(submit(&w), 0);
	while (!atomic_load(&ended) && monotonic_ms() < until)
		usleep(1000);
	ck_assert_int_eq(atomic_load(&ended), 1);
	ck_assert_json_eq(told(limited[1].id), " 'CREATED' 'bob'");
	atomic_store(&go, true);
	wait_for_all();
	ck_assert_int_eq(atomic_load(&ended), 5);
	for (int i = 0, next = 0; i < 5; i++) {
		if (atomic_load(&order[i]) != 9)
			ck_assert_int_eq(atomic_load(&order[i]), next++);
	}
}
END_TEST

START_TEST(a_stop_cancels_jobs)
{
	const struct jobs_options one = { .parallel = 1, .waiting = 3 };
	struct work w[3] = { { .what = WAIT } };

	open_jobs(&one);
	ck_assert_int_eq(submit(&w[0]), 0);
	ck_assert_int_eq(submit(&w[1]), 0);
	while (!atomic_load(&running))
		usleep(1000);
	ck_assert_uint_eq(jobs_left(jobs, 0), 2);
	jobs_stop(jobs);
	ck_assert_int_eq(submit(&w[2]), LYRE_EBUSY);
	wait_for_all();
	ck_assert_json_eq(told(w[0].id), " 'ERROR' 'The job was cancelled: the server was stopped or restarted' 'ann'");
	ck_assert_json_eq(
		told(w[1].id), " 'ERROR' 'The job was cancelled before it started: the server was stopped or restarted' 'ann'");
	ck_assert_int_eq(atomic_load(&ended), 2);
}
END_TEST

/* What a crash leaves behind: more than one batch of each status. */
static void leave_unfinished(void)
{
	struct buf b;

	buf_init(&b);
	buf_add_char(&b, '[');
	for (int i = 0; i < 450; i++)
		buf_addf(&b, "%s{'id':'c%d','status':'CREATED'},{'id':'p%d','status':'IN_PROGRESS','progress':{}}", i ? "," : "", i,
			i);
	buf_add_char(&b, ']');
	insert("system", "hdb_job", buf_cstr(&b));
	buf_free(&b);
}

static void check_all_cut_off(void)
{
	for (int i = 0; i < 450; i++) {
		char id[16];
		for (const char *kind = "cp"; *kind; kind++) {
			snprintf(id, sizeof id, "%c%d", *kind, i);
			ck_assert_json_eq(
				told(id), " 'ERROR' 'The job was interrupted: the server stopped before it was finished'");
		}
	}
}

START_TEST(jobs_interrupted_by_the_end_are_marked)
{
	struct work w = { .what = ANSWER, .number = 4 };

	open_jobs(&usual);
	ck_assert_int_eq(submit(&w), 0);
	wait_for_all();
	jobs_close(jobs);
	jobs = NULL;
	leave_unfinished();

	open_jobs(&usual);
	ck_assert_json_eq(told(w.id), usual_end(w.id, 4));
	check_all_cut_off();
}
END_TEST

/* A start on a full disk: what cannot be recorded waits for the next start. */
START_TEST(a_start_on_a_full_disk_marks_them_later)
{
	struct rlimit before, now;
	struct lyre_storage storage = { .size = sizeof storage };

	open_jobs(&usual);
	jobs_close(jobs);
	leave_unfinished();
	ck_assert_int_eq(store_storage(store, "system", &storage, &err), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	now = before;
	now.rlim_cur = storage.file_size;
	setrlimit(RLIMIT_FSIZE, &now);
	open_jobs(&usual);
	jobs_close(jobs);
	setrlimit(RLIMIT_FSIZE, &before);
	open_jobs(&usual);
	check_all_cut_off();
}
END_TEST

START_TEST(old_jobs_are_removed)
{
	const struct jobs_options brief = { .parallel = 2, .waiting = 9, .retention = 3600 * 1000 };
	struct work w = { .what = ANSWER, .number = 2 };
	struct buf b;

	open_jobs(&usual);
	ck_assert_int_lt(jobs_tend(jobs), 0);
	jobs_close(jobs);
	buf_init(&b);
	buf_add_char(&b, '[');
	for (int i = 0; i < 450; i++)
		buf_addf(&b, "%s{'id':'o%d','status':'COMPLETE','end_datetime':%d}", i ? "," : "", i, 1000 + i);
	buf_add_char(&b, ']');
	insert("system", "hdb_job", buf_cstr(&b));
	buf_free(&b);

	open_jobs(&brief);
	ck_assert_int_eq(submit(&w), 0);
	wait_for_all();
	ck_assert_int_gt(jobs_tend(jobs), 0);
	for (int i = 0; i < 450; i++) {
		char id[16];
		snprintf(id, sizeof id, "o%d", i);
		for (int tries = 0; strcmp(told(id), "none") != 0; tries++) {
			ck_assert_int_lt(tries, 10000);
			usleep(1000);
		}
	}
	ck_assert_json_eq(told(w.id), usual_end(w.id, 2));
}
END_TEST

START_TEST(a_copied_value_outlives_its_source)
{
	char text[] = "{'a':[1,2.5,'t\\u00e9',null,true,{}],'b':{'c':12345678901234567890123},'d':[]}";
	struct arena from, to;
	lyre_value v, copy, shared;

	arena_init(&from);
	arena_init(&to);
	ck_assert_int_eq(json_decode(&from, json_quote(text), sizeof text - 1, &v, &err), 0);
	ck_assert(value_copy(&to, &v, NULL, 0, &copy));
	ck_assert(value_copy(&to, &v, text, sizeof text, &shared));
	ck_assert(value_equal(&v, &copy));
	const lyre_value *a = value_get(&v, "a");
	ck_assert_ptr_eq(value_get(&shared, "a")->items[2].s, a->items[2].s);
	ck_assert_ptr_ne(value_get(&copy, "a")->items[2].s, a->items[2].s);
	arena_free(&from);
	memset(text, 'x', sizeof text);

	struct buf b;
	buf_init(&b);
	json_add_value(&b, &copy);
	ck_assert_json_eq(buf_cstr(&b), "{'a':[1,2.5,'t\u00e9',null,true,{}],'b':{'c':12345678901234567890123},'d':[]}");
	buf_free(&b);
	arena_free(&to);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("job_jobs");
	TCase *t = tcase_create("jobs");

	tcase_add_checked_fixture(t, begin, finish);
	tcase_add_test(t, outcomes_are_recorded);
	tcase_add_test(t, jobs_wait_in_order_and_within_bounds);
	tcase_add_test(t, limited_jobs_leave_a_thread_and_places);
	tcase_add_test(t, a_stop_cancels_jobs);
	tcase_add_test(t, jobs_interrupted_by_the_end_are_marked);
	tcase_add_test(t, a_start_on_a_full_disk_marks_them_later);
	tcase_add_test(t, old_jobs_are_removed);
	suite_add_tcase(s, t);
	t = tcase_create("values");
	tcase_add_test(t, a_copied_value_outlives_its_source);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
