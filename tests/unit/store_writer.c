/* SPDX-License-Identifier: Apache-2.0 */
/* The queue: many threads, and none when nothing is written. */
#include "store_fixture.h"

#include <dirent.h>
#include <semaphore.h>

#define THREADS 8
#define ROUNDS 60

static void *write_many(void *arg)
{
	int n = *(int *)arg;
	for (int i = 0; i < ROUNDS; i++) {
		char json[200], want[30];
		snprintf(json, sizeof json, "[{'id':'%d-%d','t':%d,'a%d':%d}]", n, i, n, i % 20, i);
		snprintf(want, sizeof want, "'%d-%d'", n, i);
		ck_assert_json_eq(insert("dev", "t", json), want);
		ck_assert_str_eq(insert("dev", "t", "[{'id':true}]"), "Invalid primary key type: boolean");
		ck_assert_str_eq(
			upsert("dev", "need", "[{'id':1}]"), "Property nn is required (and not does not allow null values)");
		if (i % 10 == 0)
			ck_assert_uint_gt(stats_of("dev", "t").record_count, 0);
	}
	return NULL;
}

START_TEST(a_failure_is_alone_in_a_shared_transaction)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];
	make_table("dev", "t");
	ck_assert_int_eq(make_table_as("dev", "need", "id nn::n", -1, 0), 0);
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_many, &numbers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(stats_of("dev", "t").record_count, THREADS * ROUNDS);
	ck_assert_uint_eq(stats_of("dev", "need").record_count, 0);
	check_indexes("dev", "t");
	reopen_store();
	ck_assert_uint_eq(stats_of("dev", "t").record_count, THREADS * ROUNDS);
	check_indexes("dev", "t");
}
END_TEST

#define QUEUED 12

struct queued {
	struct record_write w;
	struct arena arena;
	lyre_value records;
	size_t transaction; /* that it was in */
};

static sem_t held, go, answered;

static void hold_writer(struct record_write *w)
{
	(void)w;
	sem_post(&held);
	sem_wait(&go);
}

static void note_transaction(struct record_write *w)
{
	struct queued *q = w->arg;
	q->transaction = w->table->db->committed;
	sem_post(&answered);
}

/** \param text  of each record, characters */
static void queue(struct queued *q, const struct table *t, int first, int text, void (*done)(struct record_write *w))
{
	struct buf json = { 0 };
	arena_init(&q->arena);
	for (int i = 0; i < 4; i++)
		buf_addf(&json, "%c{'id':%d,'text':'%*s'}", i ? ',' : '[', first + i, text, "");
	buf_add_char(&json, ']');
	ck_assert_int_eq(json_read(&q->arena, buf_cstr(&json), &q->records, &err), 0);
	buf_free(&json);
	q->w = (struct record_write){
		.table = t, .mode = LYRE_INSERT, .records = &q->records, .arena = &q->arena, .done = done, .arg = q
	};
	ck_assert_int_eq(store_write(&q->w, &err), 0);
}

/** Queues requests of four records with a text while the writer is busy. \return in how many transactions they were */
static unsigned transactions_of_queued(int text)
{
	static struct queued q[QUEUED + 1];
	const struct table *t = table_of("dev", "t");
	unsigned n = 0;
	queue(&q[QUEUED], t, 1000, 0, hold_writer);
	sem_wait(&held);
	for (int i = 0; i < QUEUED; i++)
		queue(&q[i], t, 4 * i, text, note_transaction);
	sem_post(&go);
	for (int i = 0; i < QUEUED; i++)
		sem_wait(&answered);
	for (int i = 0; i < QUEUED; i++) {
		ck_assert_int_eq(q[i].w.err.code, 0);
		ck_assert_uint_eq(q[i].w.result.done, 4);
		n += !i || q[i].transaction != q[i - 1].transaction;
		arena_free(&q[i].arena);
	}
	arena_free(&q[QUEUED].arena);
	table_unref(t);
	return n;
}

static void make_table_for_queue(uint64_t memory)
{
	close_store();
	options.commit_memory = memory;
	open_store();
	ck_assert_int_eq(make_table_as("dev", "t", "id", -1, 0), 0);
	sem_init(&held, 0, 0);
	sem_init(&go, 0, 0);
	sem_init(&answered, 0, 0);
}

START_TEST(waiting_requests_share_a_transaction)
{
	make_table_for_queue(64 << 20);
	ck_assert_uint_eq(transactions_of_queued(0), 1);
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 4 * (QUEUED + 1));
}
END_TEST

START_TEST(a_transaction_takes_no_more_requests_than_it_has_memory_for)
{
	make_table_for_queue(8 * (uint64_t)sysconf(_SC_PAGESIZE));
	unsigned n = transactions_of_queued(0);
	ck_assert_uint_gt(n, 1);
	ck_assert_uint_le(n, QUEUED / 2);
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 4 * (QUEUED + 1));
	check_indexes("dev", "t");
}
END_TEST

START_TEST(large_records_count_as_the_pages_they_take)
{
	long page = sysconf(_SC_PAGESIZE);
	make_table_for_queue(400 * (uint64_t)page);
	ck_assert_uint_ge(transactions_of_queued((int)(50 * page)), QUEUED / 4);
}
END_TEST

START_TEST(a_request_without_memory_has_a_transaction)
{
	make_table_for_queue(0);
	ck_assert_uint_eq(transactions_of_queued(0), QUEUED);
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 4 * (QUEUED + 1));
}
END_TEST

static atomic_bool stop;

static void *make_and_drop(void *arg)
{
	(void)arg;
	for (int i = 0; i < 60; i++) {
		struct err e;
		struct lyre_table_spec spec = {
			.size = sizeof spec, .database = "dev", .name = "u", .primary_key = "id", .expiration = -1
		};
		ck_assert_int_eq(store_create_table(store, &spec, &e), 0);
		insert("dev", "u", "[{'id':1,'a':1},{'id':2,'a':[1,2]}]");
		ck_assert_int_eq(store_drop_table(store, "dev", "u", &e), 0);
	}
	stop = true;
	return NULL;
}

static void *read_what_is_there(void *arg)
{
	unsigned *seen = arg;
	while (!stop) {
		struct err e;
		struct snapshot s;
		struct walk w;
		struct record r;
		const struct table *t;
		if (store_table(store, "dev", "u", &t, &e))
			continue;
		ck_assert_int_eq(snapshot_begin(&s, t->db, &e), 0);
		const struct table *now = snapshot_table(&s, t);
		const struct attribute *a = now ? table_attribute(now, "a", 1) : NULL;
		struct walk_range range = { .attribute = a };
		if (now) {
			unsigned n = 0;
			ck_assert_int_eq(walk_open(&w, &s, now, &range, NULL, &e), 0);
			int rc;
			while (!(rc = walk_next(&w, &e))) {
				ck_assert_int_eq(walk_record(&w, &r, &e), 0);
				n++;
			}
			ck_assert_int_eq(rc, LYRE_END);
			walk_close(&w);
			/* all of the write or nothing, with matching flags */
			if (a)
				ck_assert(n == 3 && a->flags & ATTRIBUTE_MULTI);
			else
				ck_assert_uint_eq(n, 0);
			++*seen;
		}
		snapshot_end(&s);
		table_unref(t);
	}
	return NULL;
}

START_TEST(readers_see_all_or_nothing_of_a_write)
{
	pthread_t threads[3];
	unsigned seen[3] = { 0 };
	stop = false;
	ck_assert_int_eq(store_create_database(store, "dev", &err), 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, read_what_is_there, &seen[i]);
	pthread_create(&threads[2], NULL, make_and_drop, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_gt(seen[0] + seen[1], 0);
}
END_TEST

static void *keep_reading(void *arg)
{
	(void)arg;
	while (!stop)
		(void)show_by("dev", "t", "a", true);
	return NULL;
}

START_TEST(a_database_can_be_dropped_under_its_readers)
{
	pthread_t threads[2];
	for (int round = 0; round < 3; round++) {
		make_table("dev", "t");
		stop = false;
		for (int i = 0; i < 2; i++)
			pthread_create(&threads[i], NULL, keep_reading, NULL);
		insert("dev", "t", "[{'id':1,'a':1}]");
		usleep(3000);
		stop = true;
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		ck_assert_int_eq(store_drop_database(store, "dev", &err), 0);
		ck_assert_str_eq(insert("dev", "t", "[{'id':1}]"), "database 'dev' does not exist");
	}
}
END_TEST

START_TEST(writes_answered_before_the_flush_are_written)
{
	close_store();
	options.write_async = true;
	open_store();
	make_table("dev", "t");
	for (int i = 0; i < 200; i++) {
		char json[30];
		snprintf(json, sizeof json, "[{'id':%d}]", i);
		insert("dev", "t", json);
	}
	usleep(600000);
	reopen_store();
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 200);
}
END_TEST

#define DATABASES 40

static unsigned thread_count(void)
{
	unsigned n = 0;
	DIR *tasks = opendir("/proc/self/task");
	if (!tasks)
		return 0;
	while (readdir(tasks))
		n++;
	closedir(tasks);
	return n - 2;
}

static void wait_for_threads(unsigned count)
{
	for (int i = 0; thread_count() > count; i++) {
		ck_assert_msg(i < 6000, "there are %u threads, not %u", thread_count(), count);
		usleep(10000);
	}
}

static void wait_for_sweep(const char *database)
{
	const struct table *t = table_of(database, "t");
	for (int i = 0; records_stored(t); i++) {
		ck_assert_int_lt(i, 6000);
		usleep(10000);
	}
	table_unref(t);
}

/** Databases with one expiring record each. \return the number of threads before; 0 if unknown */
static unsigned make_databases(char names[DATABASES][16])
{
	unsigned before = thread_count();
	if (!before)
		puts("skipped, there is no /proc");
	for (int i = 0; before && i < DATABASES; i++) {
		snprintf(names[i], 16, "d%d", i);
		ck_assert_int_eq(store_create_database(store, names[i], &err), 0);
		ck_assert_int_eq(make_table_as(names[i], "t", "id a::i", 3, 1), 0);
		ck_assert_str_eq(insert(names[i], "t", "[{'id':1,'a':1}]"), "1");
	}
	return before;
}

START_TEST(an_idle_database_has_no_thread_and_is_swept)
{
	char names[DATABASES][16];
	unsigned before = make_databases(names);
	if (!before)
		return;
	ck_assert_uint_gt(thread_count(), before);
	wait_for_threads(before);
	for (int i = 0; i < DATABASES; i += 2)
		wait_for_sweep(names[i]);
	ck_assert_uint_le(thread_count(), before);
	for (int i = 0; i < DATABASES; i++) {
		ck_assert_str_eq(insert(names[i], "t", "[{'id':2,'a':2}]"), "2");
		ck_assert_str_eq(show(names[i], "t"), "{2 a:2}");
	}
	ck_assert_int_eq(store_drop_database(store, "d1", &err), 0);
	wait_for_threads(before);
	ck_assert_int_eq(store_drop_database(store, "d2", &err), 0);
	reopen_store();
	wait_for_sweep("d3");
	ck_assert_uint_le(thread_count(), before);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_writer");
	TCase *t = tcase_create("writer");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_failure_is_alone_in_a_shared_transaction);
	tcase_add_test(t, waiting_requests_share_a_transaction);
	tcase_add_test(t, a_transaction_takes_no_more_requests_than_it_has_memory_for);
	tcase_add_test(t, large_records_count_as_the_pages_they_take);
	tcase_add_test(t, a_request_without_memory_has_a_transaction);
	tcase_add_test(t, readers_see_all_or_nothing_of_a_write);
	tcase_add_test(t, a_database_can_be_dropped_under_its_readers);
	tcase_add_test(t, writes_answered_before_the_flush_are_written);
	tcase_add_test(t, an_idle_database_has_no_thread_and_is_swept);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
