/* SPDX-License-Identifier: Apache-2.0 */
/* Files that grow, become full, are emptied, and have no addresses left to grow. */
#include "store_fixture.h"

#include <sys/resource.h>

static const char *large_record(int id, char *out, size_t size)
{
	int n = sprintf(out, "[{'id':%d,'text':'", id);
	memset(out + n, 'x', size);
	strcpy(out + n + size, "'}]");
	return out;
}

START_TEST(a_file_grows)
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

static atomic_bool stop;

static void *keep_reading(void *arg)
{
	(void)arg;
	while (!stop)
		(void)show_by("dev", "t", "a", true);
	return NULL;
}

START_TEST(a_file_grows_under_its_readers)
{
	static char json[70000];
	pthread_t threads[2];
	make_table("dev", "t");
	insert("dev", "t", "[{'id':-1,'a':1}]");
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

/** A database limited to 4 MiB, filled. \return how many records it took; \p answer: the refusal */
static unsigned fill(const char **answer)
{
	static char json[70000];
	close_store();
	options.max_size = 4 << 20;
	open_store();
	make_table("dev", "t");
	unsigned count = 0;
	for (; count < 100; count++) {
		*answer = insert("dev", "t", large_record((int)count, json, 60000));
		if (*answer[0] == 'd')
			break;
	}
	return count;
}

START_TEST(a_full_database_refuses_writes)
{
	const char *answer = "";
	unsigned count = fill(&answer);
	ck_assert_ptr_nonnull(strstr(answer, "storage.maxSize"));
	ck_assert_uint_eq(stats_of("dev", "t").record_count, count);
	check_indexes("dev", "t");
}
END_TEST

START_TEST(deleting_from_a_full_database_makes_room)
{
	static char json[70000];
	const char *answer;
	fill(&answer);
	ck_assert_str_eq(delete ("dev", "t", "[0,1,2,3,4,5]"), "0 1 2 3 4 5");
	/* pages freed by a transaction are reused two transactions later */
	ck_assert_str_eq(delete ("dev", "t", "[6]"), "6");
	ck_assert_str_eq(delete ("dev", "t", "[7]"), "7");
	ck_assert_str_eq(insert("dev", "t", large_record(1000, json, 60000)), "1000");
	reopen_store();
	check_indexes("dev", "t");
}
END_TEST

START_TEST(a_full_database_can_be_emptied_one_record_at_a_time)
{
	close_store();
	options.max_size = 1 << 20;
	options.write_async = true; /* thousands of writes, each a transaction */
	open_store();
	make_table("dev", "t");
	int made = 0;
	for (;; made++) {
		char json[100];
		snprintf(json, sizeof json, "[{'id':%d,'a':%d,'b':'text %d'}]", made, made * 7919 % 1000, made);
		if (insert("dev", "t", json)[0] == 'd')
			break;
	}
	ck_assert_int_gt(made, 500);
	for (int i = 0; i < made; i += 2) {
		char json[20], want[20];
		snprintf(json, sizeof json, "[%d]", i);
		snprintf(want, sizeof want, "%d", i);
		ck_assert_str_eq(delete ("dev", "t", json), want);
	}
	check_indexes("dev", "t");
	ck_assert_str_eq(insert("dev", "t", "[{'id':0,'a':1}]"), "0");
	ck_assert_int_eq(store_drop_table(store, "dev", "t", &err), 0);
	make_table("dev", "u");
	ck_assert_uint_le(stats_of("dev", "u").database_size, 2 << 20);
}
END_TEST

#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
/* Allows this many more bytes of addresses. \return false, after a message, if their number is unknown */
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

START_TEST(a_map_without_address_space_is_smaller)
{
	struct rlimit before;
	make_table("dev", "t");
	close_store();
	options.map_size = UINT64_C(1) << 40;
	if (!limit_addresses(64 << 20, &before))
		return;
	open_store();
	insert("dev", "t", "[{'id':1}]");
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 1);
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
}
END_TEST

START_TEST(a_map_that_cannot_grow_stays)
{
	static char json[300000];
	struct rlimit before;
	if (emulator_lacks("ignores RLIMIT_AS, which would limit itself"))
		return;
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

static Suite *suite(void)
{
	Suite *s = suite_create("store_full");
	TCase *t = tcase_create("full");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_file_grows);
	tcase_add_test(t, a_file_grows_under_its_readers);
	tcase_add_test(t, a_full_database_refuses_writes);
	tcase_add_test(t, deleting_from_a_full_database_makes_room);
	tcase_add_test(t, a_full_database_can_be_emptied_one_record_at_a_time);
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
	tcase_add_test(t, a_map_without_address_space_is_smaller);
	tcase_add_test(t, a_map_that_cannot_grow_stays);
#endif
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
