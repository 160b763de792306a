/* SPDX-License-Identifier: Apache-2.0 */
#include "date_time.h"

/* Rounds down, unlike C's division. */
static int64_t divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t date_days(int year, int month, int day)
{
	/* a year that begins in March has its leap day at the end */
	int64_t y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;
	return 365 * y + divide(y, 4) - divide(y, 100) + divide(y, 400) + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int date_month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return days[month - 1] + (month == 2 && is_leap(year));
}

struct date_time date_time_of(int64_t ms)
{
	int64_t days = divide(ms, MS_PER_DAY), rest = ms - days * MS_PER_DAY;
	struct date_time t = { .month = 1 };
	/* an estimate from the mean length of a year is at most one year off */
	t.year = (int)(1970 + divide(days * 400, 146097));
	while (date_days(t.year, 1, 1) > days)
		t.year--;
	while (date_days(t.year + 1, 1, 1) <= days)
		t.year++;
	t.year_day = (int)(days - date_days(t.year, 1, 1)) + 1;
	t.day = t.year_day;
	for (; t.day > date_month_days(t.year, t.month); t.month++)
		t.day -= date_month_days(t.year, t.month);
	t.weekday = (int)(days + 4 - 7 * divide(days + 4, 7));
	t.hour = (int)(rest / MS_PER_HOUR);
	t.minute = (int)(rest / MS_PER_MINUTE % 60);
	t.second = (int)(rest / MS_PER_SECOND % 60);
	t.millisecond = (int)(rest % MS_PER_SECOND);
	return t;
}

bool date_add_months(int64_t *ms, int64_t months)
{
	struct date_time t = date_time_of(*ms);
	int64_t all = (int64_t)t.year * 12 + t.month - 1 + months, farthest = DATE_MAX / MS_PER_DAY / 365 * 12;
	if (all < -farthest || all > farthest)
		return false;
	int year = (int)divide(all, 12), month = (int)(all - (int64_t)year * 12) + 1, last = date_month_days(year, month);
	*ms += (date_days(year, month, t.day < last ? t.day : last) - date_days(t.year, t.month, t.day)) * MS_PER_DAY;
	return true;
}
