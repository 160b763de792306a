/* SPDX-License-Identifier: Apache-2.0 */
/* The queue: many threads, growth, expiration, the commit log. */
#include "store_fixture.h"

#include <dirent.h>
#include <sys/resource.h>

#define THREADS 8
#define ROUNDS 60

static void *write_many(void *arg)
{
	int n = *(int *)arg;
	for (int i = 0; i < ROUNDS; i++) {
		char json[200], want[30];
		snprintf(json, sizeof json, "[{\"id\":\"%d-%d\",\"t\":%d,\"a%d\":%d}]", n, i, n, i % 20, i);
		snprintf(want, sizeof want, "\"%d-%d\"", n, i);
		ck_assert_str_eq(insert("dev", "t", json), want);
		ck_assert_str_eq(insert("dev", "t", "[{\"id\":true}]"), "Invalid primary key type: boolean");
		ck_assert_str_eq(upsert("dev", "need", "[{\"id\":1}]"), "Property nn is required (and not does not allow null values)");
		if (i % 10 == 0)
			ck_assert_uint_gt(stats_of("dev", "t").record_count, 0);
	}
	return NULL;
}

/* What fails fails alone, whoever it shares a transaction with. */
START_TEST(group)
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
		insert("dev", "u", "[{\"id\":1,\"a\":1},{\"id\":2,\"a\":[1,2]}]");
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
			/* all or nothing of the write, and the flags that go with it */
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

START_TEST(readers_of_changing_tables)
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

static const char *large_record(int id, char *out, size_t size)
{
	int n = sprintf(out, "[{\"id\":%d,\"text\":\"", id);
	memset(out + n, 'x', size);
	strcpy(out + n + size, "\"}]");
	return out;
}

START_TEST(growth)
{
	static char json[70000];
	char want[20];
	make_table("dev", "t");
	for (int i = 0; i < 100; i++) {
		snprintf(want, sizeof want, "%d", i);
		ck_assert_str_eq(insert("dev", "t", large_record(i, json, 60000)), want);
	}
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 100);
	ck_assert_uint_gt(stats_of("dev", "t").database_size, 6000000);
	reopen_store();
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 100);
	check_indexes("dev", "t");
}
END_TEST

START_TEST(emptied_when_full)
{
	close_store();
	options.max_size = 1 << 20;
	open_store();
	make_table("dev", "t");
	int made = 0;
	for (;; made++) {
		char json[100];
		snprintf(json, sizeof json, "[{\"id\":%d,\"a\":%d,\"b\":\"text %d\"}]", made, made * 7919 % 1000, made);
		if (insert("dev", "t", json)[0] == 'd')
			break;
	}
	ck_assert_int_gt(made, 500);
	for (int i = 0; i < made; i += 2) {
		char json[20], want[20];
		snprintf(json, sizeof json, "[%d]", i);
		snprintf(want, sizeof want, "%d", i);
		ck_assert_str_eq(delete("dev", "t", json), want);
	}
	check_indexes("dev", "t");
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":0,\"a\":1}]"), "0");
	ck_assert_int_eq(store_drop_table(store, "dev", "t", &err), 0);
	make_table("dev", "u");
	ck_assert_uint_le(stats_of("dev", "u").database_size, 2 << 20);
}
END_TEST

static void *keep_reading(void *arg)
{
	(void)arg;
	while (!stop)
		(void)show_by("dev", "t", "a", true);
	return NULL;
}

START_TEST(growth_under_readers)
{
	static char json[70000];
	pthread_t threads[2];
	make_table("dev", "t");
	insert("dev", "t", "[{\"id\":-1,\"a\":1}]");
	stop = false;
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, keep_reading, NULL);
	for (int i = 0; i < 100; i++)
		insert("dev", "t", large_record(i, json, 60000));
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 101);
}
END_TEST

START_TEST(full)
{
	static char json[70000];
	close_store();
	options.max_size = 4 << 20;
	open_store();
	make_table("dev", "t");
	const char *answer = "";
	int i = 0;
	for (; i < 100; i++) {
		answer = insert("dev", "t", large_record(i, json, 60000));
		if (answer[0] == 'd')
			break;
	}
	ck_assert_ptr_nonnull(strstr(answer, "storage.maxSize"));
	ck_assert_uint_eq(stats_of("dev", "t").record_count, (unsigned)i);
	check_indexes("dev", "t");
	ck_assert_str_eq(delete("dev", "t", "[0,1,2,3,4,5]"), "0 1 2 3 4 5");
	/* pages that were freed are used again two transactions later */
	ck_assert_str_eq(delete("dev", "t", "[6]"), "6");
	ck_assert_str_eq(delete("dev", "t", "[7]"), "7");
	ck_assert_str_eq(insert("dev", "t", large_record(1000, json, 60000)), "1000");
	reopen_store();
	check_indexes("dev", "t");
}
END_TEST

START_TEST(dropped_under_writers)
{
	pthread_t threads[THREADS];
	for (int round = 0; round < 3; round++) {
		make_table("dev", "t");
		stop = false;
		for (int i = 0; i < 2; i++)
			pthread_create(&threads[i], NULL, keep_reading, NULL);
		insert("dev", "t", "[{\"id\":1,\"a\":1}]");
		usleep(3000);
		stop = true;
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		ck_assert_int_eq(store_drop_database(store, "dev", &err), 0);
		ck_assert_str_eq(insert("dev", "t", "[{\"id\":1}]"), "database 'dev' does not exist");
	}
}
END_TEST

START_TEST(expiration)
{
	ck_assert_int_eq(make_table_as("dev", "t", "id a::i __updatedtime__", 0.3, 0), 0);
	ck_assert_int_eq(make_table_as("dev", "now", NULL, 0, 0), 0);
	ck_assert_str_eq(insert("dev", "now", "[{\"id\":1}]"), "1");
	ck_assert_str_eq(insert("dev", "now", "[{\"id\":1}]"), "1");
	ck_assert_str_eq(show("dev", "now"), "");
	ck_assert_str_eq(update("dev", "now", "[{\"id\":1}]"), "-1");
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":1,\"a\":1},{\"id\":2,\"a\":[2,3]}]"), "1 2");
	ck_assert_str_eq(show("dev", "t"), "{1 a:1}{2 a:[2,3]}");
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 2);
	ck_assert_double_gt(stats_of("dev", "t").last_updated, 0);
	usleep(350000);
	struct lyre_table_stats st = stats_of("dev", "t");
	ck_assert_str_eq(show("dev", "t"), "");
	ck_assert_uint_eq(st.record_count, 0);
	ck_assert_double_eq(st.last_updated, 0);
	/* one that expired does not count as there, and nothing of it stays */
	ck_assert_str_eq(upsert("dev", "t", "[{\"id\":1,\"b\":1}]"), "1");
	ck_assert_str_eq(show("dev", "t"), "{1 b:1}");
	check_indexes("dev", "t");
	const struct table *t = table_of("dev", "t");
	for (int i = 0; i < 60; i++) {
		struct snapshot s;
		MDB_stat stat;
		ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
		ck_assert_int_eq(mdb_stat(s.txn, t->records, &stat), 0);
		snapshot_end(&s);
		if (!stat.ms_entries)
			break;
		ck_assert_int_lt(i, 59);
		usleep(100000);
	}
	table_unref(t);
	check_indexes("dev", "t");
	check_indexes("dev", "now");
}
END_TEST

/** The whole log from a position on as text: "1 insert(1) 2 …". */
static const char *show_log(uint64_t after, uint64_t *last)
{
	static char text[4000];
	static const char *const modes[] = { "insert", "update", "upsert", "delete" };
	struct database *db;
	struct snapshot s;
	struct commit_log l;
	struct commit_entry entry;
	struct arena a;
	struct buf b;
	arena_init(&a);
	buf_init(&b);
	ck_assert_int_eq(store_database(store, "dev", &db, &err), 0);
	ck_assert_int_eq(snapshot_begin(&s, db, &err), 0);
	ck_assert_int_eq(commit_log_open(&l, &s, after, &err), 0);
	int rc;
	while ((rc = commit_log_next(&l, &entry, &err)) != LYRE_END) {
		if (rc == LYRE_ENOTFOUND) {
			buf_add_str(&b, "gap ");
			continue;
		}
		ck_assert_int_eq(rc, 0);
		ck_assert_uint_eq(entry.user.len, 3);
		ck_assert(!memcmp(entry.user.data, "ann", 3) && !memcmp(entry.node.data, "one", 3) && !memcmp(entry.database.data, "dev", 3));
		buf_addf(&b, "%s(", modes[entry.mode]);
		struct commit_change change;
		uint32_t n = 0;
		while (!(rc = commit_change_next(&entry.changes, &change))) {
			lyre_value key;
			ck_assert(key_primary_value(change.key.data, change.key.len, &a, &key));
			buf_add_str(&b, n++ ? " " : "");
			json_add_value(&b, &key);
			buf_addf(&b, "%s%s", change.before.data ? "-" : "", change.after.data ? "+" : "");
		}
		ck_assert_int_eq(rc, LYRE_END);
		ck_assert_uint_eq(n, entry.count);
		buf_addf(&b, ")%s ", entry.continued ? "…" : "");
		*last = entry.sequence;
	}
	commit_log_close(&l);
	snapshot_end(&s);
	database_unref(db);
	snprintf(text, sizeof text, "%s", b.len ? buf_cstr(&b) : "");
	buf_free(&b);
	arena_free(&a);
	return text;
}

START_TEST(log_of_commits)
{
	uint64_t last = 0;
	make_table("dev", "quiet");
	insert("dev", "quiet", "[{\"id\":1}]");
	ck_assert_str_eq(show_log(0, &last), "");
	ck_assert_int_eq(make_table_as("dev", "t", NULL, -1, 1), 0);
	insert("dev", "t", "[{\"id\":1},{\"id\":2},{\"id\":1}]");
	insert("dev", "t", "[{\"id\":1}]");
	upsert("dev", "t", "[{\"id\":2,\"a\":1},{\"id\":\"x\"}]");
	ck_assert_str_eq(show_log(0, &last), "insert(1+ 2+) upsert(2-+ \"x\"+) ");
	ck_assert_uint_eq(last, 2);
	reopen_store();
	delete("dev", "t", "[2,3]");
	ck_assert_str_eq(show_log(last, &last), "delete(2-) ");
	ck_assert_str_eq(show_log(last, &last), "");
	ck_assert_uint_eq(last, 3);
	ck_assert_uint_gt(stats_of("dev", "t").audit_size, 0);
	/* the newest stays, so that no number comes twice */
	close_store();
	options.audit_retention = 1;
	open_store();
	usleep(300000);
	uint64_t ignored;
	ck_assert_str_eq(show_log(0, &ignored), "gap delete(2-) ");
	insert("dev", "t", "[{\"id\":9}]");
	ck_assert_str_eq(show_log(last, &last), "insert(9+) ");
	ck_assert_uint_eq(last, 4);
}
END_TEST

/* A large write is one transaction, and some entries in the log. */
START_TEST(large_write)
{
	struct buf b;
	buf_init(&b);
	ck_assert_int_eq(make_table_as("dev", "t", NULL, -1, 1), 0);
	buf_add_str(&b, "[");
	for (int i = 0; i < 20000; i++)
		buf_addf(&b, "%s{\"id\":%d,\"name\":\"somebody number %d\",\"age\":%d,\"c%d\":1}", i ? "," : "", i, i, i % 100, i % 70);
	buf_add_str(&b, "]");
	(void)insert("dev", "t", buf_cstr(&b));
	buf_free(&b);
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 20000);
	struct database *db;
	struct snapshot s;
	struct commit_log l;
	struct commit_entry entry;
	ck_assert_int_eq(store_database(store, "dev", &db, &err), 0);
	ck_assert_int_eq(snapshot_begin(&s, db, &err), 0);
	ck_assert_int_eq(commit_log_open(&l, &s, 0, &err), 0);
	size_t changes = 0, entries = 0;
	while (!commit_log_next(&l, &entry, &err)) {
		changes += entry.count;
		entries++;
	}
	ck_assert_uint_eq(changes, 20000);
	ck_assert_uint_gt(entries, 1);
	ck_assert(!entry.continued);
	commit_log_close(&l);
	snapshot_end(&s);
	database_unref(db);
}
END_TEST

START_TEST(answers_before_the_flush)
{
	close_store();
	options.write_async = true;
	open_store();
	make_table("dev", "t");
	for (int i = 0; i < 200; i++) {
		char json[30];
		snprintf(json, sizeof json, "[{\"id\":%d}]", i);
		insert("dev", "t", json);
	}
	usleep(600000);
	reopen_store();
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 200);
}
END_TEST

#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
/* So many bytes of addresses more than now. \return false, and says so, where it cannot be known how many those are */
static bool limit_addresses(rlim_t more, struct rlimit *before)
{
	ck_assert_int_eq(getrlimit(RLIMIT_AS, before), 0);
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f) {
		puts("skipped, there is no /proc");
		return false;
	}
	ck_assert_int_eq(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	struct rlimit now = *before;
	now.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + more;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &now), 0);
	return true;
}

/* Where the map that is set has no place, a smaller one does. */
START_TEST(few_addresses)
{
	struct rlimit before;
	make_table("dev", "t");
	close_store();
	options.map_size = UINT64_C(1) << 40;
	if (!limit_addresses(64 << 20, &before))
		return;
	open_store();
	insert("dev", "t", "[{\"id\":1}]");
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 1);
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
}
END_TEST

/* Where a larger map has no place, the present one stays. */
START_TEST(no_addresses)
{
	static char json[300000];
	struct rlimit before;
	make_table("dev", "t");
	if (!limit_addresses(8 << 20, &before))
		return;
	int id = 0;
	while (id < 200 && !strstr(insert("dev", "t", large_record(id, json, 200000)), "cannot grow"))
		id++;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
	ck_assert_int_lt(id, 200);
	ck_assert_uint_eq(stats_of("dev", "t").record_count, (unsigned)id);
	insert("dev", "t", large_record(id, json, 200000));
	ck_assert_uint_eq(stats_of("dev", "t").record_count, (unsigned)id + 1);
	check_indexes("dev", "t");
}
END_TEST
#endif

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

static size_t records_stored(const struct table *t)
{
	struct snapshot s;
	MDB_stat stat;
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	ck_assert_int_eq(mdb_stat(s.txn, t->records, &stat), 0);
	snapshot_end(&s);
	return stat.ms_entries;
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

/* A database that nobody writes to has no thread, and what is due in it is done all the same. */
START_TEST(databases_at_rest)
{
	unsigned before = thread_count();
	if (!before) {
		puts("databases_at_rest: skipped, there is no /proc");
		return;
	}
	char names[DATABASES][16];
	for (int i = 0; i < DATABASES; i++) {
		snprintf(names[i], sizeof names[i], "d%d", i);
		ck_assert_int_eq(store_create_database(store, names[i], &err), 0);
		ck_assert_int_eq(make_table_as(names[i], "t", "id a::i", 3, 1), 0);
		ck_assert_str_eq(insert(names[i], "t", "[{\"id\":1,\"a\":1}]"), "1");
	}
	ck_assert_uint_gt(thread_count(), before);
	wait_for_threads(before);
	for (int i = 0; i < DATABASES; i += 2)
		wait_for_sweep(names[i]);
	ck_assert_uint_le(thread_count(), before);
	for (int i = 0; i < DATABASES; i++) {
		ck_assert_str_eq(insert(names[i], "t", "[{\"id\":2,\"a\":2}]"), "2");
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
	TCase *c = tcase_create("writer");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, group);
	tcase_add_test(c, readers_of_changing_tables);
	tcase_add_test(c, growth);
	tcase_add_test(c, growth_under_readers);
	tcase_add_test(c, full);
	tcase_add_test(c, emptied_when_full);
	tcase_add_test(c, dropped_under_writers);
	tcase_add_test(c, expiration);
	tcase_add_test(c, log_of_commits);
	tcase_add_test(c, large_write);
	tcase_add_test(c, answers_before_the_flush);
	tcase_add_test(c, databases_at_rest);
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
	tcase_add_test(c, few_addresses);
	tcase_add_test(c, no_addresses);
#endif
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
