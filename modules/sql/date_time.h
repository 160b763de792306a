/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file date_time.h
 * \brief Points in time as milliseconds since 1970, in UTC, and as fields of the Gregorian calendar.
 */
#ifndef SQL_DATE_TIME_H
#define SQL_DATE_TIME_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS_PER_SECOND INT64_C(1000)
#define MS_PER_MINUTE (60 * MS_PER_SECOND)
#define MS_PER_HOUR (60 * MS_PER_MINUTE)
#define MS_PER_DAY (24 * MS_PER_HOUR)
/** The farthest from 1970, either way, that JavaScript can express. */
#define DATE_MAX (INT64_C(100000000) * MS_PER_DAY)

struct date_time {
	int year, month, day; /**< month and day from 1 */
	int hour, minute, second, millisecond;
	int weekday;  /**< 0 is Sunday */
	int year_day; /**< from 1 */
};

/** \p ms is at most DATE_MAX from 0. */
struct date_time date_time_of(int64_t ms);
/** Days from 1970-01-01 to a date. */
int64_t date_days(int year, int month, int day);
int date_month_days(int year, int month);
/** The same day and time that many months later, or the month's last day. \return false if that is too far away */
bool date_add_months(int64_t *ms, int64_t months);

/** Reads ISO 8601, RFC 2822, or a date as people write it; without a zone it is UTC. \return false for other strings */
bool date_parse(const char *s, size_t len, int64_t *ms);
/** Writes a point in time, at an offset of minutes east of UTC, in a format of moment.js. */
void date_write(sqlite3_str *out, int64_t ms, int offset, const char *format, size_t len);

#endif
