/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/buf.h"
#include "base/text.h"
#include "config/config.h"
#include "log/log.h"
#include "log/log_internal.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** The time of line 0, and the time between lines, ms. */
#define T0 1700000000000.0
#define APART 100.0

static char root[64], path[100];
static struct err err;
static struct buf seen;
static const char *const level_words[] = { "notify", "fatal", "error", "warn", "info", "debug", "trace" };

static void begin(void)
{
	snprintf(root, sizeof root, "/tmp/lyre-log-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(path, sizeof path, "%s/lyre.log", root);
	buf_init(&seen);
}

static void end(void)
{
	char command[100];
	buf_free(&seen);
	snprintf(command, sizeof command, "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

/** The length that is added to a line: some are long, so that pieces end anywhere. */
static int padding(int i)
{
	return i % 97 == 0 ? 3000 : i % 13;
}

static void put_after(const void *before, size_t before_len, int from, int to)
{
	FILE *f = fopen(path, "a");
	ck_assert_ptr_nonnull(f);
	fwrite(before, 1, before_len, f);
	for (int i = from; i < to; i++) {
		char time[32];
		iso_time(time, T0 + i * APART);
		fprintf(f, "%s [thread/%d] [%s] [tag%d]: line %d.%*s\n", time, i % 3, level_words[i % 7], i % 5, i, padding(i), "");
	}
	fclose(f);
}

static void put_lines(int from, int to, const char *before)
{
	put_after(before, strlen(before), from, to);
}

/** Like a rotation, in a second of its own. */
static void put_aside(int second)
{
	ck_assert(log_put_aside(path, root, T0 + second * 1000.0));
}

static int see(void *arg, const struct lyre_log_entry *e)
{
	const int *expect_level = arg;
	int i;
	char tag[16];
	ck_assert_int_eq(sscanf(e->message, "line %d.", &i), 1);
	ck_assert_int_eq((int)strlen(e->message), snprintf(NULL, 0, "line %d.", i) + padding(i));
	ck_assert_int_eq((int)e->level, i % 7);
	ck_assert(!expect_level || *expect_level == i % 7);
	ck_assert(fabs(e->time - (T0 + i * APART)) < 0.5);
	snprintf(tag, sizeof tag, "tag%d", i % 5);
	ck_assert_str_eq(e->tag, tag);
	buf_addf(&seen, "%d ", i);
	return 0;
}

static struct lyre_log_query query(void)
{
	return (struct lyre_log_query){ .size = sizeof(struct lyre_log_query), .from = NAN, .until = NAN, .limit = UINT64_MAX };
}

static const char *read_all(const struct lyre_log_query *q)
{
	buf_clear(&seen);
	int rc = log_files_read(path, root, q, see, NULL, &err);
	ck_assert_msg(!rc, "%s", err.text);
	return buf_cstr(&seen);
}

/** What a query must find among lines 0 to \p count. */
static const char *wanted(const struct lyre_log_query *q, int count)
{
	static struct buf b;
	uint64_t passed = 0, given = 0;
	buf_clear(&b);
	for (int n = 0; n < count; n++) {
		int i = q->oldest_first ? n : count - 1 - n;
		char message[40];
		double time = T0 + i * APART;
		snprintf(message, sizeof message, "line %d.", i);
		if ((q->levels && !(q->levels & 1u << i % 7)) || time < q->from || time > q->until ||
			(q->filter && !strstr(message, q->filter)) || passed++ < q->offset || given >= q->limit)
			continue;
		given++;
		buf_addf(&b, "%d ", i);
	}
	return buf_cstr(&b);
}

#define LINES 25000

static void put_files(void)
{
	put_lines(0, 7000, "");
	put_aside(1);
	put_lines(7000, 7003, "");
	put_aside(1); /* the same second: -2 */
	put_lines(7003, 20000, "");
	put_aside(2);
	put_lines(20000, LINES, "");
}

static const struct lyre_log_query queries[] = {
	{ .limit = UINT64_MAX, .from = NAN, .until = NAN },
	{ .limit = 10, .from = NAN, .until = NAN },
	{ .limit = 5001, .offset = 3, .from = NAN, .until = NAN },
	{ .limit = 3000, .offset = 12000, .from = NAN, .until = NAN, .levels = 1 << LYRE_ERROR | 1 << LYRE_WARN },
	{ .limit = 100, .from = NAN, .until = NAN, .levels = 1 << LYRE_ERROR },
	{ .limit = UINT64_MAX, .from = NAN, .until = NAN, .levels = 1 << LYRE_NOTIFY },
	{ .limit = UINT64_MAX, .from = NAN, .until = NAN, .filter = "99." },
	{ .limit = 7, .offset = 2, .from = NAN, .until = NAN, .filter = "line 1", .levels = 1 << LYRE_DEBUG },
	{ .limit = UINT64_MAX, .from = T0 + 6990 * APART, .until = T0 + 7010 * APART },
	{ .limit = 50, .from = T0 + 15000 * APART, .until = NAN },
	{ .limit = 50, .from = NAN, .until = T0 + 12345 * APART },
	{ .limit = UINT64_MAX, .from = T0 + 9000 * APART, .until = T0 + 9000 * APART },
	{ .limit = UINT64_MAX, .from = T0 + LINES * APART, .until = NAN },
	{ .limit = UINT64_MAX, .from = NAN, .until = T0 - 1 },
	{ .limit = 0, .from = NAN, .until = NAN },
};

START_TEST(lines_are_found)
{
	put_files();
	for (int oldest = 0; oldest < 2; oldest++) {
		struct lyre_log_query q = queries[_i];
		q.oldest_first = oldest;
		ck_assert_str_eq(read_all(&q), wanted(&q, LINES));
	}
}
END_TEST

/** Lines that are not ours, and longer than a piece, are skipped wherever they are. */
START_TEST(foreign_lines_are_skipped)
{
	static char junk[700000];
	memset(junk, 'x', sizeof junk);
	memset(junk + 300000, 0, 4096);
	put_lines(0, 10, "half a line\n\n\n");
	put_lines(10, 20, "2023-11-14T22:13:20.500Z [t] [error] [x]: bad \xff\xfe byte\n");
	junk[sizeof junk - 1] = '\n';
	put_after(junk, sizeof junk, 20, 30);
	put_lines(30, 30, "2023-11-14T22:13:20.500Z [t] [err");
	for (int oldest = 0; oldest < 2; oldest++) {
		struct lyre_log_query q = query();
		q.oldest_first = oldest;
		ck_assert_str_eq(read_all(&q), wanted(&q, 30));
		q.levels = 1 << LYRE_ERROR;
		ck_assert_str_eq(read_all(&q), wanted(&q, 30));
	}
}
END_TEST

static int rotate_at_first(void *arg, const struct lyre_log_entry *e)
{
	bool *rotated = arg;
	if (!*rotated) {
		*rotated = true;
		put_aside(3);
		put_lines(LINES, LINES + 10, "");
	}
	return see(NULL, e);
}

START_TEST(files_rotated_meanwhile_are_read)
{
	for (int oldest = 0; oldest < 2; oldest++) {
		struct lyre_log_query q = query();
		bool rotated = false;
		q.oldest_first = oldest;
		put_files();
		buf_clear(&seen);
		ck_assert_int_eq(log_files_read(path, root, &q, rotate_at_first, &rotated, &err), 0);
		ck_assert_str_eq(buf_cstr(&seen), wanted(&q, LINES));
		end();
		begin();
	}
}
END_TEST

static int stop_at_third(void *arg, const struct lyre_log_entry *e)
{
	(void)e;
	return ++*(int *)arg == 3 ? 77 : 0;
}

START_TEST(reading_can_be_stopped)
{
	struct lyre_log_query q = query();
	int visits = 0;
	put_lines(0, 10, "");
	ck_assert_int_eq(log_files_read(path, root, &q, stop_at_third, &visits, &err), 77);
	ck_assert_int_eq(visits, 3);
}
END_TEST

static const char *const messages[] = { "plain", "two\nlines\r\n\tand a tab", "C:\\new\\table", "\\", "\\\\n",
	"\x1b[31mred\x7f\x01", "\302\23331m", "caf\xc3\xa9 \xf0\x9f\x90\xb6", "] [error] [x]: y", "" };
#define MESSAGES ((int)(sizeof messages / sizeof *messages))

static int compare(void *arg, const struct lyre_log_entry *e)
{
	int *n = arg;
	ck_assert_str_eq(e->message, messages[*n]);
	ck_assert_str_eq(e->thread, "writer/a) [b");
	ck_assert_str_eq(e->tag, "data");
	ck_assert_int_eq((int)e->level, LYRE_WARN);
	++*n;
	return 0;
}

static int count(void *arg, const struct lyre_log_entry *e)
{
	(void)e;
	++*(int *)arg;
	return 0;
}

START_TEST(written_records_are_read_back)
{
	struct config *config;
	struct config_sources s = { .root = root };
	struct lyre_log_query q = query();
	int n = 0;
	ck_assert_int_eq(log_read(&q, compare, &n, &err), LYRE_ENOTSUP);
	ck_assert_int_eq(config_load(&config, &s, &err), 0);
	ck_assert_int_eq(log_open(config, &err), 0);
	log_thread("writer/a] [b");
	for (int i = 0; i < MESSAGES; i++)
		log_warn("data", "%s", messages[i]);
	q.oldest_first = 1;
	ck_assert_int_eq(log_read(&q, compare, &n, &err), 0);
	ck_assert_int_eq(n, MESSAGES);
	for (int i = 0; i < MESSAGES - 1; i++) {
		q.filter = messages[i];
		n = 0;
		ck_assert_int_eq(log_read(&q, count, &n, &err), 0);
		ck_assert_int_ge(n, 1);
	}
	q.filter = "nnew";
	n = 0;
	ck_assert_int_eq(log_read(&q, count, &n, &err), 0);
	ck_assert_int_eq(n, 0);
	log_close();
	config_free(config);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("log_read");
	TCase *c = tcase_create("read");
	tcase_add_checked_fixture(c, begin, end);
	tcase_add_loop_test(c, lines_are_found, 0, (int)(sizeof queries / sizeof *queries));
	tcase_add_test(c, foreign_lines_are_skipped);
	tcase_add_test(c, files_rotated_meanwhile_are_read);
	tcase_add_test(c, reading_can_be_stopped);
	tcase_add_test(c, written_records_are_read_back);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
