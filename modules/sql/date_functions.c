/* SPDX-License-Identifier: Apache-2.0 */
#include "date_time.h"
#include "function_rows.h"

#include <math.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/** 1970-01-01 on SQLite's clock: in milliseconds from noon in Greenwich on November 24, 4714 B.C. */
#define JULIAN_1970 INT64_C(210866760000000)
#define FORMAT_DATE "YYYY-MM-DD"
#define FORMAT_TIME "HH:mm:ss.SSS"
#define FORMAT_FULL "YYYY-MM-DDTHH:mm:ss.SSSZZ"
/** Offsets below this are hours. */
#define OFFSET_HOURS 16
#define OFFSET_MAX (24 * 60)
/** Maximum bytes of a format. */
#define FORMAT_MAX 1000

static bool in_range(double ms)
{
	return ms >= (double)-DATE_MAX && ms <= (double)DATE_MAX;
}

/* A date: milliseconds, or a string. \return false if it is not a date */
static bool date_of(sqlite3_value *v, int64_t *ms)
{
	switch (sqlite3_value_type(v)) {
	case SQLITE_INTEGER:
		*ms = sqlite3_value_int64(v);
		return *ms >= -DATE_MAX && *ms <= DATE_MAX;
	case SQLITE_FLOAT:
		if (!in_range(sqlite3_value_double(v)))
			return false;
		*ms = (int64_t)sqlite3_value_double(v);
		return true;
	case SQLITE_TEXT: {
		const char *text = (const char *)sqlite3_value_text(v);
		return text && date_parse(text, (size_t)sqlite3_value_bytes(v), ms);
	}
	default:
		return false;
	}
}

static bool number_of(sqlite3_value *v, double *ret)
{
	int type = sqlite3_value_numeric_type(v);
	*ret = sqlite3_value_double(v);
	return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

static void result_date(sqlite3_context *ctx, int64_t ms, int offset, const char *format, size_t len)
{
	sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(ctx));
	date_write(out, ms, offset, format, len);
	sql_result_str(ctx, out);
}

/* ---- now: declared deterministic, so that a statement computes it once, and all its rows see the same time ---- */

/* \return false, with an error set, if there is no clock */
static bool now(sqlite3_context *ctx, int64_t *ms)
{
	sqlite3_vfs *vfs = NULL;
	sqlite3_int64 julian;
	sqlite3_file_control(sqlite3_context_db_handle(ctx), "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
	if (!vfs || vfs->iVersion < 2 || vfs->xCurrentTimeInt64(vfs, &julian) != SQLITE_OK) {
		sqlite3_result_error(ctx, "the clock cannot be read", -1);
		return false;
	}
	*ms = julian - JULIAN_1970;
	return true;
}

static void now_ms(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count, (void)args;
	int64_t ms;
	if (now(ctx, &ms))
		sqlite3_result_int64(ctx, ms);
}

/* In the format given as user data. */
static void now_text(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count, (void)args;
	const char *format = sqlite3_user_data(ctx);
	int64_t ms;
	if (now(ctx, &ms))
		result_date(ctx, ms, 0, format, strlen(format));
}

static void server_time(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count, (void)args;
	int64_t ms;
	struct tm local;
	if (!now(ctx, &ms))
		return;
	time_t seconds = (time_t)(ms / MS_PER_SECOND);
	long east = localtime_r(&seconds, &local) ? local.tm_gmtoff : 0;
	result_date(ctx, ms, (int)(east / 60), FORMAT_FULL, strlen(FORMAT_FULL));
}

/* ---- of a date ---- */

static void date(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	int64_t ms;
	if (date_of(args[0], &ms))
		result_date(ctx, ms, 0, FORMAT_FULL, strlen(FORMAT_FULL));
}

static void format(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	const char *text = (const char *)sqlite3_value_text(args[1]);
	int64_t ms;
	if (text && sqlite3_value_bytes(args[1]) > FORMAT_MAX)
		sqlite3_result_error(ctx, "the date format is too long", -1);
	else if (text && date_of(args[0], &ms))
		result_date(ctx, ms, 0, text, (size_t)sqlite3_value_bytes(args[1]));
}

static void offset_utc(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	int64_t ms;
	double offset;
	if (!date_of(args[0], &ms) || !number_of(args[1], &offset))
		return;
	if (fabs(offset) < OFFSET_HOURS)
		offset *= 60;
	if (fabs(offset) < OFFSET_MAX)
		result_date(ctx, ms, (int)offset, FORMAT_FULL, strlen(FORMAT_FULL));
}

/* ---- intervals ---- */

/* Whether a word is a unit: its plural, its singular or its letter, whose case alone tells months from minutes. */
static bool is_unit(const char *word, const char *plural, const char *letter)
{
	size_t len = strlen(word);
	if (strcmp(word, letter) == 0)
		return true;
	return strncasecmp(word, plural, len) == 0 && len + 1 >= strlen(plural);
}

/* A unit of time: a number of months, or of milliseconds. */
static const struct unit {
	const char *plural, *letter;
	int months;
	int64_t ms;
} units[] = {
	{ "years", "y", 12, 0 },
	{ "quarters", "Q", 3, 0 },
	{ "months", "M", 1, 0 },
	{ "weeks", "w", 0, 7 * MS_PER_DAY },
	{ "days", "d", 0, MS_PER_DAY },
	{ "hours", "h", 0, MS_PER_HOUR },
	{ "minutes", "m", 0, MS_PER_MINUTE },
	{ "seconds", "s", 0, MS_PER_SECOND },
	{ "milliseconds", "ms", 0, 1 },
};

/* NULL if it is not a unit, with an error set unless the argument is NULL. */
static const struct unit *unit_of(sqlite3_context *ctx, sqlite3_value *v)
{
	const char *word = (const char *)sqlite3_value_text(v);
	for (size_t i = 0; word && i < sizeof units / sizeof *units; i++)
		if (is_unit(word, units[i].plural, units[i].letter))
			return &units[i];
	if (word)
		sqlite3_result_error(ctx,
			"an interval must be years, quarters, months, weeks, days, hours, minutes, seconds or milliseconds", -1);
	return NULL;
}

/* \return false if the date is too far away */
static bool add(int64_t *ms, double value, const struct unit *u)
{
	/* a fraction of a month or a day has no fixed length */
	double months = round(value * u->months), rest = value * (double)u->ms;
	if (u->ms >= MS_PER_DAY)
		rest = round(value * (double)(u->ms / MS_PER_DAY)) * (double)MS_PER_DAY;
	if (!in_range(months) || !in_range(rest) || !date_add_months(ms, (int64_t)months))
		return false;
	*ms += (int64_t)rest;
	return *ms >= -DATE_MAX && *ms <= DATE_MAX;
}

/* \p sign: 1 to add, -1 to subtract */
static void date_add(sqlite3_context *ctx, sqlite3_value **args, int sign)
{
	const struct unit *u = unit_of(ctx, args[2]);
	int64_t ms;
	double value;
	if (u && date_of(args[0], &ms) && number_of(args[1], &value) && add(&ms, sign * value, u))
		sqlite3_result_int64(ctx, ms);
}

static void add_call(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	date_add(ctx, args, 1);
}

static void subtract_call(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	date_add(ctx, args, -1);
}

/* Whole months from \p from, and the remaining fraction of a month. */
static double months_between(int64_t from, int64_t to)
{
	struct date_time a = date_time_of(from), b = date_time_of(to);
	/* counted from the later day of the month, so that the end of a short month is not too early */
	if (a.day < b.day)
		return -months_between(to, from);
	int64_t whole = (int64_t)(b.year - a.year) * 12 + b.month - a.month, mark = from, next = from;
	date_add_months(&mark, whole);
	int64_t toward = to < mark ? -1 : 1;
	date_add_months(&next, whole + toward);
	return (double)whole + (double)toward * (double)(to - mark) / (double)(next - mark);
}

static void difference(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	const struct unit *u = count > 2 ? unit_of(ctx, args[2]) : &units[sizeof units / sizeof *units - 1];
	int64_t a, b;
	if (!u || !date_of(args[0], &a) || !date_of(args[1], &b))
		return;
	if (u->months)
		sqlite3_result_double(ctx, 0 - months_between(a, b) / u->months);
	else if (u->ms == 1)
		sqlite3_result_int64(ctx, a - b);
	else
		sqlite3_result_double(ctx, (double)(a - b) / (double)u->ms);
}

/* ---- fields ---- */

static const struct field {
	const char *plural, *letter;
	size_t at; /**< in a struct date_time */
} fields[] = {
	{ "years", "y", offsetof(struct date_time, year) },
	{ "months", "M", offsetof(struct date_time, month) },
	{ "days", "d", offsetof(struct date_time, day) },
	{ "hours", "h", offsetof(struct date_time, hour) },
	{ "minutes", "m", offsetof(struct date_time, minute) },
	{ "seconds", "s", offsetof(struct date_time, second) },
	{ "milliseconds", "ms", offsetof(struct date_time, millisecond) },
	{ "weekdays", "", offsetof(struct date_time, weekday) },
};

static int field_at(int64_t ms, const struct field *f)
{
	struct date_time t = date_time_of(ms);
	int value;
	memcpy(&value, (const char *)&t + f->at, sizeof value);
	return value;
}

/* The field given as user data. */
static void field(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	int64_t ms;
	if (date_of(args[0], &ms))
		sqlite3_result_int(ctx, field_at(ms, sqlite3_user_data(ctx)));
}

static void result_field(sqlite3_context *ctx, int64_t ms, const struct field *f)
{
	char text[16];
	sqlite3_snprintf(sizeof text, text, "%d", field_at(ms, f));
	sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

static void extract(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	const char *word = (const char *)sqlite3_value_text(args[1]);
	int64_t ms;
	bool dated = date_of(args[0], &ms);
	for (const struct field *f = fields; word && f->letter[0]; f++) {
		if (!is_unit(word, f->plural, f->letter))
			continue;
		if (dated)
			result_field(ctx, ms, f);
		return;
	}
	if (word)
		sqlite3_result_error(ctx, "a date part must be year, month, day, hour, minute, second or millisecond", -1);
}

static const struct sql_function rows[] = {
	{ "current_date", 0, now_text, NULL, NULL, FORMAT_DATE, SQLITE_DETERMINISTIC },
	{ "current_time", 0, now_text, NULL, NULL, FORMAT_TIME, SQLITE_DETERMINISTIC },
	{ "current_timestamp", 0, now_ms, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "now", 0, now_ms, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "getdate", 0, now_ms, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "get_server_time", 0, server_time, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "date", 0, now_text, NULL, NULL, FORMAT_FULL, SQLITE_DETERMINISTIC },
	{ "date", 1, date, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "date_add", 3, add_call, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "date_sub", 3, subtract_call, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "date_diff", 2, difference, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "date_diff", 3, difference, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "date_format", 2, format, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "extract", 2, extract, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "offset_utc", 2, offset_utc, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "year", 1, field, NULL, NULL, &fields[0], SQLITE_DETERMINISTIC },
	{ "month", 1, field, NULL, NULL, &fields[1], SQLITE_DETERMINISTIC },
	{ "day", 1, field, NULL, NULL, &fields[2], SQLITE_DETERMINISTIC },
	{ "hour", 1, field, NULL, NULL, &fields[3], SQLITE_DETERMINISTIC },
	{ "minute", 1, field, NULL, NULL, &fields[4], SQLITE_DETERMINISTIC },
	{ "second", 1, field, NULL, NULL, &fields[5], SQLITE_DETERMINISTIC },
	{ "dayofweek", 1, field, NULL, NULL, &fields[7], SQLITE_DETERMINISTIC },
};

const struct sql_functions date_functions = SQL_FUNCTIONS(rows);
