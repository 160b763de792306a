/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "log/log_internal.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char root[64];
static struct log_file file = { .fd = -1 };
static struct err err;

static const char *in_root(const char *name)
{
	static char path[400];
	snprintf(path, sizeof path, "%s/%s", root, name);
	return path;
}

static void begin(void)
{
	snprintf(root, sizeof root, "/tmp/lyre-log-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void end(void)
{
	char command[100];
	log_file_close(&file);
	snprintf(command, sizeof command, "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

static void open_file(struct log_file_options o)
{
	o.root = root;
	int rc = log_file_open(&file, &o, &err);
	ck_assert_msg(!rc, "%s", err.text);
}

static unsigned long put(const char *line)
{
	char framed[200];
	int n = snprintf(framed, sizeof framed, "\n%s\n", line);
	return log_file_write(&file, framed, (size_t)n);
}

static const char *content(const char *name)
{
	static char text[4096];
	FILE *f = fopen(in_root(name), "r");
	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

/** Rotated files; \p total their bytes, \p lines their newlines. */
static int aside(long *total, long *lines)
{
	int count = 0;
	*total = *lines = 0;
	DIR *d = opendir(root);
	ck_assert_ptr_nonnull(d);
	for (const struct dirent *entry; (entry = readdir(d));) {
		if (strncmp(entry->d_name, "lyre-", 5))
			continue;
		count++;
		FILE *f = fopen(in_root(entry->d_name), "r");
		for (int c; (c = fgetc(f)) != EOF; (*total)++)
			*lines += c == '\n';
		fclose(f);
	}
	closedir(d);
	return count;
}

START_TEST(it_appends)
{
	open_file((struct log_file_options){ 0 });
	put("one");
	log_file_close(&file);
	open_file((struct log_file_options){ 0 });
	put("two");
	ck_assert_str_eq(content("lyre.log"), "one\ntwo\n");
	ck_assert_int_eq(file.size, 8);
}
END_TEST

START_TEST(it_rotates_by_size)
{
	long total, lines;
	open_file((struct log_file_options){ .rotate = true, .max_size = 10 });
	put("12345");
	put("67");
	ck_assert_int_eq(aside(&total, &lines), 0);
	put("8");
	ck_assert_int_eq(aside(&total, &lines), 1);
	ck_assert_int_eq(total, 9);
	ck_assert_str_eq(content("lyre.log"), "8\n");
	put("a line longer than the limit");
	put("x");
	ck_assert_int_eq(aside(&total, &lines), 3);
}
END_TEST

START_TEST(it_rotates_by_age)
{
	long total, lines;
	char line[64];
	iso_time(line, now_ms() - 7200e3);
	open_file((struct log_file_options){ .rotate = true, .interval = 3600000 });
	put(line);
	put("young by its making");
	ck_assert_int_eq(aside(&total, &lines), 0);
	log_file_close(&file);
	open_file((struct log_file_options){ .rotate = true, .interval = 3600000 });
	put("new");
	ck_assert_int_eq(aside(&total, &lines), 1);
	ck_assert_str_eq(content("lyre.log"), "new\n");
}
END_TEST

START_TEST(old_files_are_pruned)
{
	static const char *const others[] = { "lyre-other.log", "lyre-2026-11-21T21-58-53.log.gz",
		"lyre-2026-11-21T21-58-53-x.log" };
	long total, lines;
	for (size_t i = 0; i < 3; i++)
		fclose(fopen(in_root(others[i]), "w"));
	fclose(fopen(in_root("lyre-2001-01-01T00-00-00.log"), "w"));
	open_file((struct log_file_options){ .rotate = true, .max_size = 10, .max_total = 30 });
	for (int i = 0; i < 20; i++) {
		char line[20];
		snprintf(line, sizeof line, "line %03d", i);
		put(line);
	}
	ck_assert_int_le(aside(&total, &lines), 3 + 3);
	ck_assert_int_eq(total, 27);
	ck_assert_str_eq(content("lyre.log"), "line 019\n");
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(access(in_root(others[i]), F_OK), 0);
}
END_TEST

START_TEST(it_rotates_into_another_folder)
{
	char folder[100];
	struct stat st;
	snprintf(folder, sizeof folder, "%s/a/b", root);
	open_file((struct log_file_options){ .rotate = true, .max_size = 1, .rotated = folder });
	put("one");
	put("two");
	ck_assert_int_eq(stat(folder, &st), 0);
	long total, lines;
	ck_assert_int_eq(aside(&total, &lines), 0);
	ck_assert_str_eq(content("lyre.log"), "two\n");
	ck_assert_int_eq(access(in_root("lyre.log"), F_OK), 0);
}
END_TEST

/* The root above the folder is moved away or unmounted: nothing is created in its place. */
START_TEST(nothing_is_created_in_place_of_a_moved_root)
{
	char parent[100], moved[100];
	snprintf(parent, sizeof parent, "%s/server", root);
	snprintf(moved, sizeof moved, "%s/moved", root);
	strcat(root, "/server/log");
	open_file((struct log_file_options){ .rotate = true, .max_size = 20, .max_total = 1000 });
	put("one");
	ck_assert_int_eq(rename(parent, moved), 0);
	ck_assert(!log_file_follow(&file));
	put("two");
	put("long enough to be rotated");
	ck_assert_int_eq(access(parent, F_OK), -1);
	ck_assert_int_eq(rename(moved, parent), 0);
	log_file_follow(&file);
	put("three");
	ck_assert_ptr_nonnull(strstr(content("lyre.log"), "three\n"));
	ck_assert(!log_file_remade(&file));
	ck_assert_int_eq(log_file_failed(&file), 0); /* it continues in the moved file */
	root[strlen(root) - strlen("/server/log")] = '\0';
}
END_TEST

/* The folder accepts no more files: the log continues in the open file. */
START_TEST(a_failed_rotation_loses_nothing)
{
	open_file((struct log_file_options){ .rotate = true, .max_size = 1 });
	put("one");
	free(file.rotated);
	file.rotated = strdup("/dev/null/nowhere");
	put("two");
	put("three");
	ck_assert_str_eq(content("lyre.log"), "one\ntwo\nthree\n");
	ck_assert_int_gt(file.held_until, monotonic_ms());
}
END_TEST

START_TEST(it_follows_a_rename)
{
	char moved[100];
	snprintf(moved, sizeof moved, "%s/moved", root);
	open_file((struct log_file_options){ 0 });
	put("one");
	ck_assert_int_eq(rename(in_root("lyre.log"), moved), 0);
	put("two");
	file.checked -= 1000;
	put("three");
	ck_assert_str_eq(content("moved"), "one\ntwo\n");
	ck_assert_str_eq(content("lyre.log"), "three\n");
}
END_TEST

/* Cleaners of temporary files remove folders that look unused. */
START_TEST(a_removed_folder_is_recreated)
{
	open_file((struct log_file_options){ .rotate = true, .max_size = 20, .max_total = 1000 });
	put("one");
	for (int i = 0; i < 2; i++) {
		ck_assert(!log_file_remade(&file));
		ck_assert_int_eq(unlink(in_root("lyre.log")), 0);
		ck_assert_int_eq(rmdir(root), 0);
		if (i) {
			log_file_follow(&file);
		} else {
			put("lost");
			file.checked -= 1000;
		}
		put("two");
		ck_assert(log_file_remade(&file));
		ck_assert_str_eq(content("lyre.log"), "two\n");
	}
}
END_TEST

/* Something that is not a folder is in the folder's place: lines are lost, and this is reported once. */
START_TEST(a_folder_that_cannot_be_recreated_is_reported_once)
{
	open_file((struct log_file_options){ 0 });
	put("one");
	ck_assert_int_eq(unlink(in_root("lyre.log")), 0);
	ck_assert_int_eq(rmdir(root), 0);
	fclose(fopen(root, "w"));
	ck_assert(!log_file_follow(&file));
	ck_assert_int_eq(log_file_failed(&file), ENOTDIR);
	put("two");
	put("three");
	ck_assert_int_eq(log_file_failed(&file), 0);
	ck_assert_int_eq(unlink(root), 0);
	ck_assert_int_eq(mkdir(root, 0700), 0);
	ck_assert(log_file_follow(&file));
	ck_assert_uint_eq(put("four"), 2);
	ck_assert_str_eq(content("lyre.log"), "four\n");
	ck_assert_int_eq(log_file_failed(&file), 0);
}
END_TEST

START_TEST(a_removed_folder_of_rotated_files_is_recreated)
{
	char aside_to[100];
	snprintf(aside_to, sizeof aside_to, "%s/aside", root);
	open_file((struct log_file_options){ .rotate = true, .rotated = aside_to, .max_size = 8, .max_total = 1000 });
	put("one two");
	ck_assert_int_eq(rmdir(aside_to), 0);
	put("three");
	ck_assert_str_eq(content("lyre.log"), "three\n");
	ck_assert_int_eq(access(aside_to, F_OK), 0);
}
END_TEST

START_TEST(lines_lost_on_a_full_disk_are_counted)
{
	ck_assert_int_eq(symlink("/dev/full", in_root("lyre.log")), 0);
	open_file((struct log_file_options){ 0 });
	ck_assert_int_eq(log_file_failed(&file), 0);
	ck_assert_uint_eq(put("one"), 0);
	ck_assert_int_eq(log_file_failed(&file), ENOSPC);
	ck_assert_uint_eq(put("two"), 0);
	ck_assert_int_eq(log_file_failed(&file), 0);
	ck_assert_uint_eq(file.lost, 2);
	ck_assert_int_eq(unlink(in_root("lyre.log")), 0);
	file.checked -= 1000;
	ck_assert_uint_eq(put("three"), 2);
	ck_assert_uint_eq(put("four"), 0);
	ck_assert_str_eq(content("lyre.log"), "three\nfour\n");
}
END_TEST

START_TEST(a_torn_line_is_ended)
{
	struct rlimit before, small;
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 6;
	signal(SIGXFSZ, SIG_IGN);
	open_file((struct log_file_options){ 0 });
	setrlimit(RLIMIT_FSIZE, &small);
	put("one");
	put("two");
	put("none");
	setrlimit(RLIMIT_FSIZE, &before);
	ck_assert_uint_eq(put("three"), 2);
	ck_assert_str_eq(content("lyre.log"), "one\ntw\nthree\n");
}
END_TEST

#define THREADS 4
#define LINES 500

static void *write_lines(void *arg)
{
	for (int i = 0; i < LINES; i++)
		put("a line of a thread");
	return arg;
}

START_TEST(lines_of_many_threads_are_whole)
{
	pthread_t threads[THREADS];
	long total, lines, rest = 0;
	open_file((struct log_file_options){ .rotate = true, .max_size = 2000 });
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_lines, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	aside(&total, &lines);
	for (const char *p = content("lyre.log"); *p; p++)
		rest += *p == '\n';
	ck_assert_int_eq(lines + rest, THREADS * LINES);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("log_file");
	TCase *t = tcase_create("file");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, it_appends);
	tcase_add_test(t, it_rotates_by_size);
	tcase_add_test(t, it_rotates_by_age);
	tcase_add_test(t, old_files_are_pruned);
	tcase_add_test(t, it_rotates_into_another_folder);
	tcase_add_test(t, a_failed_rotation_loses_nothing);
	tcase_add_test(t, it_follows_a_rename);
	tcase_add_test(t, a_removed_folder_is_recreated);
	tcase_add_test(t, a_folder_that_cannot_be_recreated_is_reported_once);
	tcase_add_test(t, a_removed_folder_of_rotated_files_is_recreated);
	tcase_add_test(t, nothing_is_created_in_place_of_a_moved_root);
	tcase_add_test(t, lines_lost_on_a_full_disk_are_counted);
	tcase_add_test(t, a_torn_line_is_ended);
	tcase_add_test(t, lines_of_many_threads_are_whole);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
