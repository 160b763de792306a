/* SPDX-License-Identifier: Apache-2.0 */
/* Pages that go bad while a database is open: it fails, and the others continue. */
#include "store/lmdb_layout.h"
#include "store_fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PAGE ((off_t)4096)

static char path[128];

static void make_dev(void)
{
	char json[1200];
	make_table("dev", "t");
	for (unsigned i = 0; i < 100; i++) {
		snprintf(json, sizeof json, "[{'id':%u,'a':'%0900u'}]", i, i);
		insert("dev", "t", json);
	}
	make_table("other", "t");
	insert("other", "t", "[{'id':1}]");
	snprintf(path, sizeof path, "%s/dev.mdb", folder);
}

/** Leaves one entry in each branch page of the file, against which LMDB asserts. \p undo: restores them. */
static void spoil_branches(bool undo)
{
	static struct {
		off_t at;
		unsigned char was[2];
	} spoilt[200];
	static size_t count;
	unsigned char page[4096], one[2] = { PAGE_HEAD + 2, 0 };
	int fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	for (off_t at = 2 * PAGE; !undo && pread(fd, page, sizeof page, at) == PAGE && count < 200; at += PAGE) {
		if (word_at(page) != (size_t)(at / PAGE) || u16_at(page + PAGE_KIND) != KIND_BRANCH)
			continue;
		spoilt[count].at = at + PAGE_LOWER;
		memcpy(spoilt[count++].was, page + PAGE_LOWER, 2);
		ck_assert_int_eq(pwrite(fd, one, 2, at + PAGE_LOWER), 2);
	}
	ck_assert_uint_gt(count, 0);
	for (; undo && count; count--)
		ck_assert_int_eq(pwrite(fd, spoilt[count - 1].was, 2, spoilt[count - 1].at), 2);
	close(fd);
}

static int read_one(const char *database)
{
	const struct table *t = table_of(database, "t");
	struct snapshot s;
	struct record r;
	lyre_value key = value_int(1);
	int rc = snapshot_begin(&s, t->db, &err);
	if (!rc) {
		rc = snapshot_get(&s, t, &key, &r, &err);
		snapshot_end(&s);
	}
	table_unref(t);
	return rc;
}

static int walk_one(const char *database)
{
	const struct table *t = table_of(database, "t");
	struct snapshot s;
	struct walk w;
	struct walk_range all = { 0 };
	int rc = snapshot_begin(&s, t->db, &err);
	if (!rc) {
		rc = walk_open(&w, &s, t, &all, NULL, &err);
		if (!rc) {
			rc = walk_next(&w, &err);
			walk_close(&w);
		}
		snapshot_end(&s);
	}
	table_unref(t);
	return rc;
}

/** Operations that list databases continue without it. */
static void check_list(void)
{
	struct arena a;
	struct database **all;
	size_t count;
	arena_init(&a);
	ck_assert_int_eq(store_databases(store, &a, &all, &count, &err), 0);
	ck_assert_uint_eq(count, 2);
	for (size_t i = 0; i < count; i++) {
		ck_assert_str_ne(database_name(all[i]), "dev");
		database_unref(all[i]);
	}
	arena_free(&a);
}

#define SAID "database 'dev' has failed: restart the server"

/** Every operation on it is answered with a message; other databases work; a restart serves it if it is intact again. */
static void has_ended(void)
{
	struct lyre_check c = { .size = sizeof c };
	struct lyre_storage storage = { .size = sizeof storage };
	uint64_t before, after;
	int fd;
	ck_assert_str_eq(err.text, SAID);
	ck_assert_int_eq(read_one("dev"), LYRE_EIO);
	ck_assert_str_eq(err.text, SAID);
	ck_assert_str_eq(insert("dev", "t", "[{'id':1000}]"), SAID);
	ck_assert_int_eq(store_check(store, "dev", &c, &err), LYRE_EIO);
	ck_assert_int_eq(store_compact(store, "dev", &before, &after, &err), LYRE_EIO);
	ck_assert_int_eq(store_storage(store, "dev", &storage, &err), LYRE_EIO);
	ck_assert_int_eq(store_backup(store, "dev", NULL, 0, &fd, &err), LYRE_EIO);
	ck_assert_int_eq(store_drop_table(store, "dev", "t", &err), LYRE_EIO);
	ck_assert_str_eq(err.text, SAID);
	check_list();
	ck_assert_str_eq(insert("other", "t", "[{'id':2}]"), "2");
	ck_assert_str_eq(show("other", "t"), "{1}{2}");
}

static void works_after_a_start(void)
{
	reopen_store();
	ck_assert_int_eq(read_one("dev"), 0);
	ck_assert_str_eq(insert("dev", "t", "[{'id':1000}]"), "1000");
}

START_TEST(a_read_by_key_finds_the_damage)
{
	make_dev();
	ck_assert_int_eq(read_one("dev"), 0);
	spoil_branches(false);
	ck_assert_int_eq(read_one("dev"), LYRE_EIO);
	has_ended();
	spoil_branches(true);
	works_after_a_start();
}
END_TEST

START_TEST(a_walk_finds_the_damage)
{
	make_dev();
	spoil_branches(false);
	ck_assert_int_eq(walk_one("dev"), LYRE_EIO);
	has_ended();
	spoil_branches(true);
	works_after_a_start();
}
END_TEST

START_TEST(a_write_finds_the_damage)
{
	make_dev();
	spoil_branches(false);
	snprintf(err.text, sizeof err.text, "%s", insert("dev", "t", "[{'id':2000}]"));
	has_ended();
	spoil_branches(true);
	works_after_a_start();
	ck_assert_ptr_null(strstr(show("dev", "t"), "{2000}"));
}
END_TEST

START_TEST(a_damaged_database_can_be_dropped)
{
	make_dev();
	spoil_branches(false);
	snprintf(err.text, sizeof err.text, "%s", insert("dev", "t", "[{'id':2000}]"));
	has_ended();
	ck_assert_int_eq(store_drop_database(store, "dev", &err), 0);
	make_table("dev", "t");
	ck_assert_str_eq(insert("dev", "t", "[{'id':1}]"), "1");
	spoil_branches(true); /* forgets them: that file is gone */
}
END_TEST

static int use_read(void)
{
	return read_one("dev");
}

static int use_write(void)
{
	snprintf(err.text, sizeof err.text, "%s", insert("dev", "t", "[{\"id\":2000}]"));
	return LYRE_EIO;
}

/* Overwritten heads refer to pages beyond the map. */
static void heads_overwritten(int (*use)(void))
{
	unsigned char whole[2 * PAGE], other[WORD];
	make_dev();
	int fd = open(path, O_RDWR);
	ck_assert_int_eq(pread(fd, whole, sizeof whole, 0), sizeof whole);
	memset(other, 0x3f, sizeof other);
	for (off_t head = 0; head < 2; head++)
		ck_assert_int_eq(pwrite(fd, other, WORD, head * PAGE + META_LAST_PAGE), WORD);
	ck_assert_int_eq(use(), LYRE_EIO);
	has_ended();
	ck_assert_int_eq(pwrite(fd, whole, sizeof whole, 0), sizeof whole);
	close(fd);
	works_after_a_start();
}

START_TEST(heads_overwritten_and_read)
{
	heads_overwritten(use_read);
}
END_TEST

START_TEST(heads_overwritten_and_written)
{
	heads_overwritten(use_write);
}
END_TEST

/* The thread sanitizer does not support a longjmp from a signal handler. */
#ifndef __SANITIZE_THREAD__

/* The map extends beyond the end of the file, where reading raises a signal. */
static void cut_off(off_t at, int (*use)(void))
{
	struct stat st;
	ck_assert_int_eq(stat(path, &st), 0);
	char *whole = malloc((size_t)st.st_size);
	int fd = open(path, O_RDWR);
	ck_assert_int_eq(pread(fd, whole, (size_t)st.st_size, 0), st.st_size);
	ck_assert_int_eq(ftruncate(fd, at), 0);
	ck_assert_int_eq(use(), LYRE_EIO);
	has_ended();
	ck_assert_int_eq(pwrite(fd, whole, (size_t)st.st_size, 0), st.st_size);
	close(fd);
	free(whole);
	works_after_a_start();
}

START_TEST(cut_off_and_read)
{
	make_dev();
	cut_off(2 * PAGE, use_read);
}
END_TEST

START_TEST(cut_off_and_written)
{
	make_dev();
	cut_off(2 * PAGE, use_write);
}
END_TEST

START_TEST(emptied_and_read)
{
	make_dev();
	cut_off(0, use_read);
}
END_TEST

static int use_backup(void)
{
	int fd;
	return store_backup(store, "dev", NULL, 0, &fd, &err);
}

/* A hold is the first to read the head. */
START_TEST(emptied_and_copied)
{
	make_dev();
	cut_off(0, use_backup);
}
END_TEST

START_TEST(cut_off_and_copied)
{
	make_dev();
	cut_off(2 * PAGE, use_backup);
}
END_TEST

static int use_backup_of_table(void)
{
	static const char *const names[] = { "t" };
	int fd;
	return store_backup(store, "dev", names, 1, &fd, &err);
}

START_TEST(cut_off_and_copied_in_part)
{
	make_dev();
	cut_off(2 * PAGE, use_backup_of_table);
}
END_TEST

static int use_compact(void)
{
	uint64_t before, after;
	return store_compact(store, "dev", &before, &after, &err);
}

START_TEST(cut_off_and_compacted)
{
	make_dev();
	cut_off(2 * PAGE, use_compact);
}
END_TEST

static int use_large(void)
{
	const struct table *t = table_of("dev", "t");
	struct snapshot s;
	struct record r;
	lyre_value key = value_int(5000);
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	int rc = snapshot_get(&s, t, &key, &r, &err);
	snapshot_end(&s);
	table_unref(t);
	return rc;
}

/** The first page of the first value that has more than \p least pages of its own. */
static off_t large_value(uint32_t least)
{
	unsigned char page[4096];
	off_t at = 2 * PAGE;
	int fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	while (pread(fd, page, sizeof page, at) == PAGE &&
		(word_at(page) != (size_t)(at / PAGE) || u16_at(page + PAGE_KIND) != KIND_OVERFLOW ||
			u32_at(page + PAGE_LENGTH) <= least))
		at += PAGE;
	close(fd);
	return at;
}

/* Values of this size are stored after all other pages, and LMDB itself does not read them. */
START_TEST(cut_off_within_a_large_value)
{
	static char json[300100];
	make_dev();
	snprintf(json, sizeof json, "[{'id':5000,'a':'%0300000u'}]", 0);
	insert("dev", "t", json);
	cut_off(large_value(50) + 10 * PAGE, use_large);
}
END_TEST

#endif

/* Outside a guard: the file's name, and the signal. */
START_TEST(file_is_named)
{
	int said[2];
	char text[1000] = "";
	if (emulator_lacks("gives handlers of SIGBUS its own address of the page, not the program's"))
		return;
	ck_assert_int_eq(pipe(said), 0);
	pid_t child = fork();
	if (!child) {
		char name[128];
		dup2(said[1], STDERR_FILENO);
		snprintf(name, sizeof name, "%s/mapped", folder);
		int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
		volatile unsigned char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		_exit(map[1]);
	}
	close(said[1]);
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_gt(read(said[0], text, sizeof text - 1), 0);
	close(said[0]);
	ck_assert_msg(strstr(text, "/mapped cannot be read") != NULL, "%s", text);
	ck_assert_int_ne(status, 0); /* the signal, or a sanitizer's exit */
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_guard");
	TCase *c = tcase_create("guard");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_read_by_key_finds_the_damage);
	tcase_add_test(c, a_walk_finds_the_damage);
	tcase_add_test(c, a_write_finds_the_damage);
	tcase_add_test(c, a_damaged_database_can_be_dropped);
	tcase_add_test(c, heads_overwritten_and_read);
	tcase_add_test(c, heads_overwritten_and_written);
#ifndef __SANITIZE_THREAD__
	tcase_add_test(c, cut_off_and_read);
	tcase_add_test(c, cut_off_and_written);
	tcase_add_test(c, emptied_and_read);
	tcase_add_test(c, emptied_and_copied);
	tcase_add_test(c, cut_off_and_copied);
	tcase_add_test(c, cut_off_and_copied_in_part);
	tcase_add_test(c, cut_off_and_compacted);
	tcase_add_test(c, cut_off_within_a_large_value);
#endif
	tcase_add_test(c, file_is_named);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
