/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_time.c
 * \brief The times of lyre/value.h, without time zones.
 */
#include "fake_internal.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

double fake_time_now(void)
{
#ifdef TIME_UTC
	struct timespec now;
#endif

	if (fake.stopped_clock)
		return fake.time;
#ifdef TIME_UTC
	timespec_get(&now, TIME_UTC);
	return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1000000;
#else
	return (double)time(NULL) * 1000;
#endif
}

void lyre_fake_time(double ms)
{
	fake.stopped_clock = 1;
	fake.time = ms;
}

/** Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t days_until(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month > 2 ? year : year - 1, era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/** Dates, and times that are UTC: 2026-11-21, 2026-11-21T21:58:53.123Z. */
int fake_time_parse(const char *s, size_t len, double *ms)
{
	char text[40] = "";
	int year, month, day, hour = 0, minute = 0, end = 0, end_of_time = 0;
	double second = 0;

	if (len >= sizeof text)
		return LYRE_EINVAL;
	memcpy(text, s, len);
	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || month < 1 || month > 12 || day < 1 || day > 31)
		return LYRE_EINVAL;
	if (text[end] &&
		(sscanf(text + end, "T%2d:%2d:%lf%n", &hour, &minute, &second, &end_of_time) != 3 || hour > 23 || minute > 59))
		return LYRE_EINVAL;
	end += end_of_time;
	if (text[end] && strcmp(text + end, "Z") != 0)
		return LYRE_EINVAL;
	*ms = (double)(days_until(year, month, day) * 86400 + hour * 3600 + minute * 60) * 1000 + second * 1000;
	return 0;
}

size_t fake_time_text(char out[32], double ms)
{
	int64_t whole = (int64_t)floor(ms), days = (int64_t)floor(ms / 86400000), year = 1970 + days / 366, month = 12;
	int64_t rest = whole - days * 86400000;

	while (year > -1 && year < 10000 && days_until(year + 1, 1, 1) <= days)
		year++;
	while (year > 0 && days_until(year, 1, 1) > days)
		year--;
	while (month > 1 && days_until(year, month, 1) > days)
		month--;
	if (year < 0 || year > 9999)
		return 0;
	return (size_t)snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)year, (int)month,
		(int)(days - days_until(year, month, 1)) + 1, (int)(rest / 3600000), (int)(rest / 60000 % 60),
		(int)(rest / 1000 % 60), (int)(rest % 1000));
}
