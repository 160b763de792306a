/* SPDX-License-Identifier: Apache-2.0 */
/* Which drop-ins can be read, and who may write them. */
#include "drop_ins_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#define STRANGER 54321

static void come_and_go(void)
{
	char name[20];
	alarm(60);
	for (int i = 0;; i++) {
		snprintf(name, sizeof name, "%d.yaml", i);
		mkdir(drop_ins, 0755);
		drop(name, "threads: 2\n");
		unlink(path_of(name));
		rmdir(drop_ins);
	}
}

/* As while packages are removed. */
START_TEST(a_drop_in_or_folder_may_vanish_while_it_is_read)
{
	pid_t pid = fork();
	if (!pid)
		come_and_go();
	for (int i = 0; i < 300; i++) {
		load_well("threads: 1\n");
		config_free(config);
		config = NULL;
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	mkdir(drop_ins, 0755);
}
END_TEST

static void check_unreadable(const char *sentence)
{
	struct config_sources s = { .file = file };
	ck_assert_int_lt(config_load(&config, &s, &err), 0);
	ck_assert_msg(strstr(err.text, sentence) != NULL, "%s", err.text);
}

START_TEST(only_regular_files_are_read)
{
	put(file, "");
	ck_assert_int_eq(mkdir(path_of("a.yaml"), 0755), 0);
	check_unreadable("/lyre.yaml.d/a.yaml' is not a regular file");
	ck_assert_int_eq(rmdir(path_of("a.yaml")), 0);
	ck_assert_int_eq(mkfifo(path_of("a.yaml"), 0644), 0);
	check_unreadable("/lyre.yaml.d/a.yaml' is not a regular file");
	ck_assert_int_eq(unlink(path_of("a.yaml")), 0);
	ck_assert_int_eq(symlink("/nonexistent/x", path_of("a.yaml")), 0);
	check_unreadable("/lyre.yaml.d/a.yaml': No such file or directory");
}
END_TEST

START_TEST(the_folder_must_be_one)
{
	put(file, "");
	ck_assert_int_eq(rmdir(drop_ins), 0);
	ck_assert_int_eq(symlink("/nonexistent/x", drop_ins), 0);
	check_unreadable("lyre.yaml.d': No such file or directory");
	ck_assert_int_eq(unlink(drop_ins), 0);
	ck_assert_int_eq(mkfifo(drop_ins, 0644), 0);
	check_unreadable("lyre.yaml.d': Not a directory");
	ck_assert_int_eq(unlink(drop_ins), 0);
	load_well("threads: 1\n");
	ck_assert_int_eq(mkdir(drop_ins, 0755), 0);
}
END_TEST

START_TEST(an_unreadable_drop_in_or_folder_is_a_fault)
{
	bool root = !geteuid();
	drop("a.yaml", "threads: 1\n");
	put(file, "");
	ck_assert_int_eq(chmod(path_of("a.yaml"), 0), 0);
	ck_assert(!root || (!chmod(folder, 0755) && !seteuid(STRANGER)));
	check_unreadable("/lyre.yaml.d/a.yaml': Permission denied");
	ck_assert(!root || !seteuid(0));
	ck_assert_int_eq(chmod(drop_ins, 0), 0);
	ck_assert(!root || !seteuid(STRANGER));
	check_unreadable("/lyre.yaml.d': Permission denied");
	ck_assert(!root || !seteuid(0));
	ck_assert_int_eq(chmod(drop_ins, 0755), 0);
}
END_TEST

START_TEST(nobody_else_may_write_a_drop_in_or_add_one)
{
	drop("a.yaml", "threads: 1\n");
	ck_assert_int_eq(chmod(path_of("a.yaml"), 0646), 0);
	check_refused("", "lyre.yaml.d/a.yaml: anyone may write to this file (mode 0646): check its content, then chmod o-w it");
	ck_assert_int_eq(chmod(path_of("a.yaml"), 0644), 0);
	ck_assert_int_eq(chmod(drop_ins, 01777), 0);
	check_refused("", "lyre.yaml.d: anyone may write to this folder (mode 1777): check its content, then chmod o-w it");
}
END_TEST

/* Each can be changed by someone who is not trusted: settings are used, with a warning, but no code is loaded. */
static void check_exposed(const char *warning)
{
	size_t count;
	load_well("threads: 1\n");
	const char *const *lines = config_warnings(config, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_msg(strstr(lines[0], warning) != NULL, "%s", lines[0]);
	config_free(config);
	ck_assert_int_eq(try_load("modules: {mine: {path: /m.so}}\n", NULL, NULL), LYRE_EINVAL);
	ck_assert_msg(strstr(err.text, "a module cannot be named by its path here, because") != NULL, "%s", err.text);
	config_free(config);
	config = NULL;
}

START_TEST(a_drop_in_of_untrusted_users_names_no_paths)
{
	if (geteuid())
		return;
	drop("a.yaml", "threads: 1\n");
	ck_assert_int_eq(chown(path_of("a.yaml"), STRANGER, 0), 0);
	check_exposed("lyre.yaml.d/a.yaml: chown it");
	ck_assert_int_eq(chown(path_of("a.yaml"), 0, STRANGER), 0);
	ck_assert_int_eq(chmod(path_of("a.yaml"), 0664), 0);
	check_exposed("lyre.yaml.d/a.yaml (mode 0664): chmod g-w it");
	ck_assert_int_eq(chmod(path_of("a.yaml"), 0644), 0);
	ck_assert_int_eq(chown(drop_ins, 0, STRANGER), 0);
	ck_assert_int_eq(chmod(drop_ins, 0775), 0);
	check_exposed("lyre.yaml.d (mode 0775): chmod g-w it");
}
END_TEST

/* In /tmp, anyone can make a folder of that name. */
START_TEST(a_folder_of_a_stranger_is_refused)
{
	if (geteuid())
		return;
	ck_assert_int_eq(chown(drop_ins, STRANGER, 0), 0);
	ck_assert_int_eq(try_load("", NULL, NULL), LYRE_EINVAL);
	ck_assert_ptr_nonnull(strstr(told(), "lyre.yaml.d: user 54321, who is neither root"));
	ck_assert_int_eq(chown(file, STRANGER, 0), 0);
	load_well("");
}
END_TEST

START_TEST(a_link_of_a_stranger_to_a_folder_is_refused)
{
	char moved[160];
	if (geteuid())
		return;
	snprintf(moved, sizeof moved, "%s.moved", file);
	ck_assert_int_eq(rename(drop_ins, moved), 0);
	ck_assert_int_eq(symlink(moved, drop_ins), 0);
	load_well("");
	ck_assert_int_eq(lchown(drop_ins, STRANGER, 0), 0);
	config_free(config);
	ck_assert_int_eq(try_load("", NULL, NULL), LYRE_EINVAL);
	ck_assert_ptr_nonnull(strstr(told(), "lyre.yaml.d: user 54321, who is neither root"));
	ck_assert_int_eq(unlink(drop_ins), 0);
	ck_assert_int_eq(rename(moved, drop_ins), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config_drop_in_files");
	TCase *t = tcase_create("config_drop_in_files");
	tcase_add_checked_fixture(t, begin_drop_ins, end_drop_ins);
	tcase_add_test(t, a_drop_in_or_folder_may_vanish_while_it_is_read);
	tcase_add_test(t, only_regular_files_are_read);
	tcase_add_test(t, the_folder_must_be_one);
	tcase_add_test(t, an_unreadable_drop_in_or_folder_is_a_fault);
	tcase_add_test(t, nobody_else_may_write_a_drop_in_or_add_one);
	tcase_add_test(t, a_drop_in_of_untrusted_users_names_no_paths);
	tcase_add_test(t, a_folder_of_a_stranger_is_refused);
	tcase_add_test(t, a_link_of_a_stranger_to_a_folder_is_refused);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
