/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql_fixture.h
 * \brief A connection with the functions of the SQL module, and a table-driven check of their results.
 */
#ifndef SQL_FIXTURE_H
#define SQL_FIXTURE_H

#include "unit.h"

#include "sql/functions.h"
#include "sql/sql_limits.h"

#include <stdio.h>

struct row {
	const char *name, *sql, *result; /* result: of the first column; NULL as (null), an error after a ! */
};

static sqlite3 *db;

/* Adds them to the open connection. */
static void add_functions(void)
{
	ck_assert(sql_limits_start());
	ck_assert_int_eq(sql_functions_add(db), SQLITE_OK);
}

static void teardown(void)
{
	sqlite3_close(db);
	sql_functions_stop();
	sql_limits_stop();
}

static const char *result_of(const char *sql)
{
	static char text[1000];
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	const char *value = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : sqlite3_errmsg(db);
	snprintf(text, sizeof text, "%s%s", rc == SQLITE_ROW ? "" : "!", value ? value : "(null)");
	sqlite3_finalize(s);
	return text;
}

static void check(const struct row *r)
{
	char sql[1000];
	ck_assert_int_lt(snprintf(sql, sizeof sql, "SELECT %s", r->sql), (int)sizeof sql);
	ck_assert_row_str_eq(r->name, result_of(sql), r->result);
}

static void add_rows(Suite *s, const char *name, SFun setup, const TTest *test, int rows)
{
	TCase *c = tcase_create(name);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, test, 0, rows);
	suite_add_tcase(s, c);
}

#endif
