/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/text.h"
#include "config/config.h"
#include "log/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64], text[65536];
static struct config *config;
static int out_before, err_before;

static const char *in_root(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", root, name);
	return path;
}

static const char *read_text(const char *name)
{
	text[0] = '\0';
	FILE *f = fopen(in_root(name), "r");
	if (f) {
		text[fread(text, 1, sizeof text - 1, f)] = '\0';
		fclose(f);
	}
	return text;
}

/** Redirects a standard stream to a file under the root. \return the previous descriptor */
static int redirect(int stream, const char *name)
{
	int before = dup(stream);
	int fd = open(in_root(name), O_WRONLY | O_CREAT | O_APPEND, 0600);
	ck_assert_int_ge(fd, 0);
	dup2(fd, stream);
	close(fd);
	return before;
}

static void begin(void)
{
	snprintf(root, sizeof root, "/tmp/lyre-log-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	fflush(stdout);
	out_before = redirect(STDOUT_FILENO, "out");
	err_before = redirect(STDERR_FILENO, "err");
	log_thread("test");
	config = NULL;
}

static void end(void)
{
	char command[100];
	log_close();
	config_free(config);
	dup2(out_before, STDOUT_FILENO);
	dup2(err_before, STDERR_FILENO);
	close(out_before);
	close(err_before);
	snprintf(command, sizeof command, "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

static void open_log(const char *set1, const char *set2)
{
	struct err err = { 0 };
	const char *const sets[] = { set1, set2 };
	struct config_sources s = { .root = root, .sets = sets, .set_count = set2 ? 2 : set1 ? 1 : 0 };
	int rc = config_load(&config, &s, &err);
	if (!rc)
		rc = log_open(config, &err);
	ck_assert_msg(!rc, "%s", err.text);
}

/** The content of the log file after the time of its only line. */
static const char *only_line(void)
{
	double ms;
	read_text("log/lyre.log");
	ck_assert(iso_time_parse(text, 24, &ms));
	ck_assert(ms <= now_ms() && ms > now_ms() - 60000);
	ck_assert_int_eq(text[24], ' ');
	size_t len = strlen(text);
	ck_assert_int_eq(text[len - 1], '\n');
	text[len - 1] = '\0';
	ck_assert_ptr_null(strchr(text, '\n'));
	return text + 25;
}

START_TEST(a_line_has_the_documented_form)
{
	open_log(NULL, NULL);
	log_error("data", "%s: %d", "broken", 5);
	ck_assert_str_eq(only_line(), "[test] [error] [data]: broken: 5");
}
END_TEST

static const struct {
	const char *message, *shown;
} messages[] = {
	{ "a\nb\r\tc", "a\\nb\\r\\tc" },
	{ "\x1b[31mred\x7f\x01", "\\x1b[31mred\\x7f\\x01" },
	{ "\xc2\x9b"
	  "31m",
		"\\u009b31m" },
	{ "caf\xc3\xa9 \xf0\x9f\x90\xb6", "caf\xc3\xa9 \xf0\x9f\x90\xb6" },
	{ "bad \xff\xc3", "bad \xef\xbf\xbd\xef\xbf\xbd" },
	{ "", "" },
};

START_TEST(control_characters_are_escaped)
{
	open_log(NULL, NULL);
	log_write(LYRE_WARN, NULL, "%s", messages[_i].message);
	const char *line = only_line();
	ck_assert_int_eq(strncmp(line, "[test] [warn] [lyre]: ", 22), 0);
	ck_assert_str_eq(line + 22, messages[_i].shown);
}
END_TEST

START_TEST(a_long_line_is_cut)
{
	static char message[20000];
	for (size_t i = 0; i + 2 < sizeof message; i += 2)
		memcpy(message + i, "\xc3\xa9", 2);
	open_log(NULL, NULL);
	log_warn("x", "%s", message);
	const char *line = only_line();
	ck_assert_uint_le(strlen(text) + 1, 8192);
	ck_assert_uint_ge(strlen(text) + 1, 8180);
	ck_assert_uint_eq(utf8_valid_prefix(line, strlen(line)), strlen(line));
	ck_assert_str_eq(line + strlen(line) - 3, "\xe2\x80\xa6");
}
END_TEST

START_TEST(levels_are_respected)
{
	open_log("logging.level=error", NULL);
	ck_assert(log_enabled(LYRE_NOTIFY) && log_enabled(LYRE_ERROR));
	ck_assert(!log_enabled(LYRE_WARN) && !log_enabled(LYRE_TRACE));
	log_warn("x", "no");
	log_notify("x", "always");
	ck_assert_str_eq(only_line(), "[test] [notify] [x]: always");
}
END_TEST

START_TEST(lines_before_it_is_open_go_to_standard_error)
{
	log_info("x", "no");
	log_warn("x", "early");
	ck_assert_str_eq(read_text("out"), "");
	ck_assert_ptr_nonnull(strstr(read_text("err"), "[test] [warn] [x]: early\n"));
	ck_assert_ptr_null(strstr(text, "no\n"));
}
END_TEST

START_TEST(lines_go_to_standard_streams)
{
	open_log("logging.stdStreams=true", "logging.file=false");
	log_notify("x", "one");
	log_warn("x", "two");
	log_info("x", "no");
	ck_assert_ptr_nonnull(strstr(read_text("out"), "[notify] [x]: one\n"));
	ck_assert_ptr_null(strstr(text, "two"));
	ck_assert_ptr_nonnull(strstr(read_text("err"), "[warn] [x]: two\n"));
	ck_assert_ptr_null(strstr(text, "one"));
	ck_assert_int_ne(text[0], '<');
	ck_assert_int_ne(access(in_root("log"), F_OK), 0);
}
END_TEST

/** With default settings: everything to a terminal, otherwise only what the person who started the server must see. */
START_TEST(everything_goes_to_a_terminal)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), out;
	if (terminal < 0) {
		puts("skipped, this system gives no pseudo terminal");
		return;
	}
	ck_assert_int_eq(grantpt(terminal) | unlockpt(terminal), 0);
	ck_assert_int_ge(out = open(ptsname(terminal), O_RDWR | O_NOCTTY), 0);

	open_log(NULL, NULL);
	log_warn("x", "one");
	ck_assert(log_on_streams());
	ck_assert_str_eq(read_text("err"), "");
	log_error("x", "wrong");
	log_notify("x", "begun");
	ck_assert_ptr_nonnull(strstr(read_text("err"), "[error] [x]: wrong\n"));
	ck_assert_ptr_nonnull(strstr(read_text("out"), "[notify] [x]: begun\n"));
	log_close();
	config_free(config);

	dup2(out, STDOUT_FILENO);
	open_log(NULL, NULL);
	log_warn("x", "two");
	log_notify("x", "three");
	ck_assert(log_on_streams());
	ck_assert_ptr_nonnull(strstr(read_text("err"), "[warn] [x]: two\n"));
	ssize_t len = read(terminal, text, sizeof text - 1);
	text[len > 0 ? len : 0] = '\0';
	ck_assert_ptr_nonnull(strstr(text, "[notify] [x]: three"));
	close(out);
	close(terminal);
}
END_TEST

START_TEST(lines_for_the_journal_have_priorities)
{
	char stream[64];
	struct stat st;
	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	open_log("logging.stdStreams=true", "logging.level=debug");
	unsetenv("JOURNAL_STREAM");
	log_error("x", "one");
	log_debug("x", "two");
	ck_assert_int_eq(strncmp(read_text("err"), "<3>", 3), 0);
	ck_assert_int_ne(read_text("out")[0], '<');
}
END_TEST

START_TEST(the_file_is_written_even_if_a_stream_is_closed)
{
	open_log("logging.stdStreams=true", NULL);
	close(STDERR_FILENO);
	log_error("x", "goes to the file");
	ck_assert_str_eq(only_line(), "[test] [error] [x]: goes to the file");
}
END_TEST

START_TEST(a_log_that_cannot_be_opened_is_an_error)
{
	struct err err = { 0 };
	const char *const sets[] = { "logging.root=/dev/null/nowhere" };
	struct config_sources s = { .sets = sets, .set_count = 1 };
	ck_assert_int_eq(config_load(&config, &s, &err), 0);
	ck_assert_int_eq(log_open(config, &err), LYRE_EIO);
	ck_assert_str_eq(err.text, "cannot create the folder '/dev/null/nowhere': Not a directory");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("log_lines");
	TCase *t = tcase_create("lines");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, a_line_has_the_documented_form);
	tcase_add_loop_test(t, control_characters_are_escaped, 0, sizeof messages / sizeof *messages);
	tcase_add_test(t, a_long_line_is_cut);
	tcase_add_test(t, levels_are_respected);
	tcase_add_test(t, lines_before_it_is_open_go_to_standard_error);
	tcase_add_test(t, lines_go_to_standard_streams);
	tcase_add_test(t, everything_goes_to_a_terminal);
	tcase_add_test(t, lines_for_the_journal_have_priorities);
	tcase_add_test(t, the_file_is_written_even_if_a_stream_is_closed);
	tcase_add_test(t, a_log_that_cannot_be_opened_is_an_error);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
