/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file unit.h
 * \brief Included by every unit test. A test program is one file that ends with UNIT_MAIN(suite).
 */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Number of rows in a table of cases. */
#define ROWS(table) (int)(sizeof(table) / sizeof *(table))

/** As ck_assert_str_eq() and ck_assert_int_eq() for a row of a table: names the row. */
#define ck_assert_row_str_eq(row, got, want)                                                                   \
	do {                                                                                                   \
		const char *row_got = (got), *row_want = (want);                                               \
		ck_assert_msg(!strcmp(row_got, row_want), "%s: \"%s\", not \"%s\"", (row), row_got, row_want); \
	} while (0)
#define ck_assert_row_int_eq(row, got, want)                                                        \
	do {                                                                                        \
		long long row_got = (got), row_want = (want);                                       \
		ck_assert_msg(row_got == row_want, "%s: %lld, not %lld", (row), row_got, row_want); \
	} while (0)

/** For tests of what an emulator does not do. \return true, after a message, if one runs this program */
static inline bool emulator_lacks(const char *what)
{
	const char *emulator = getenv("EMULATOR");
	if (!emulator || !*emulator)
		return false;
	printf("skipped, %s %s\n", emulator, what);
	return true;
}

/** \param make  a function that returns the Suite */
#define UNIT_MAIN(make)                                      \
	int main(void)                                       \
	{                                                    \
		SRunner *runner = srunner_create(make());    \
		srunner_run_all(runner, CK_NORMAL);          \
		int failed = srunner_ntests_failed(runner);  \
		srunner_free(runner);                        \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS; \
	}

#endif
