/* SPDX-License-Identifier: Apache-2.0 */
#include "date_time.h"

#include <stdlib.h>
#include <string.h>

static const char *const month_names[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September",
	"October", "November", "December" };
static const char *const day_names[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };

struct moment {
	struct date_time t;
	int64_t ms;
	int offset; /* minutes east of UTC */
};

/* ---- numbers ---- */

static int64_t year(const struct moment *m)
{
	return m->t.year;
}

static int64_t year_short(const struct moment *m)
{
	return abs(m->t.year % 100);
}

static int64_t quarter(const struct moment *m)
{
	return (m->t.month + 2) / 3;
}

static int64_t month(const struct moment *m)
{
	return m->t.month;
}

static int64_t day(const struct moment *m)
{
	return m->t.day;
}

static int64_t year_day(const struct moment *m)
{
	return m->t.year_day;
}

static int64_t weekday(const struct moment *m)
{
	return m->t.weekday;
}

static int64_t weekday_iso(const struct moment *m)
{
	return m->t.weekday == 0 ? 7 : m->t.weekday;
}

static int64_t hour(const struct moment *m)
{
	return m->t.hour;
}

static int64_t hour_of_12(const struct moment *m)
{
	return m->t.hour % 12 == 0 ? 12 : m->t.hour % 12;
}

static int64_t hour_from_1(const struct moment *m)
{
	return m->t.hour == 0 ? 24 : m->t.hour;
}

static int64_t minute(const struct moment *m)
{
	return m->t.minute;
}

static int64_t second(const struct moment *m)
{
	return m->t.second;
}

static int64_t unix_seconds(const struct moment *m)
{
	return m->ms / MS_PER_SECOND - (m->ms % MS_PER_SECOND < 0);
}

static int64_t unix_ms(const struct moment *m)
{
	return m->ms;
}

/* The day that decides which year a week belongs to: its Thursday in ISO 8601; otherwise its Saturday, as weeks begin on Sunday. */
static struct date_time week_mark(const struct moment *m, bool iso)
{
	int days = iso ? 4 - (int)weekday_iso(m) : 6 - m->t.weekday;
	return date_time_of(m->ms + m->offset * MS_PER_MINUTE + days * MS_PER_DAY);
}

static int64_t week(const struct moment *m)
{
	return (week_mark(m, false).year_day - 1) / 7 + 1;
}

static int64_t week_iso(const struct moment *m)
{
	return (week_mark(m, true).year_day - 1) / 7 + 1;
}

static int64_t week_year(const struct moment *m)
{
	return week_mark(m, false).year;
}

static int64_t week_year_iso(const struct moment *m)
{
	return week_mark(m, true).year;
}

/* ---- texts ---- */

static void month_name(sqlite3_str *out, const struct moment *m, int width)
{
	sqlite3_str_appendf(out, "%.*s", width, month_names[m->t.month - 1]);
}

static void day_name(sqlite3_str *out, const struct moment *m, int width)
{
	sqlite3_str_appendf(out, "%.*s", width, day_names[m->t.weekday]);
}

static void half_upper(sqlite3_str *out, const struct moment *m, int width)
{
	sqlite3_str_append(out, m->t.hour < 12 ? "AM" : "PM", width);
}

static void half_lower(sqlite3_str *out, const struct moment *m, int width)
{
	sqlite3_str_append(out, m->t.hour < 12 ? "am" : "pm", width);
}

static void write_zone(sqlite3_str *out, const struct moment *m, const char *between)
{
	int minutes = abs(m->offset);
	sqlite3_str_appendf(out, "%c%02d%s%02d", m->offset < 0 ? '-' : '+', minutes / 60, between, minutes % 60);
}

static void zone(sqlite3_str *out, const struct moment *m, int width)
{
	(void)width;
	write_zone(out, m, ":");
}

static void zone_compact(sqlite3_str *out, const struct moment *m, int width)
{
	(void)width;
	write_zone(out, m, "");
}

static void zone_name(sqlite3_str *out, const struct moment *m, int width)
{
	if (m->offset == 0)
		sqlite3_str_append(out, "UTC", width);
}

/* A year of six digits always has a sign. */
static void year_long(sqlite3_str *out, const struct moment *m, int width)
{
	sqlite3_str_appendf(out, "%c%0*d", m->t.year < 0 ? '-' : '+', width, abs(m->t.year));
}

static void fraction(sqlite3_str *out, const struct moment *m, int width)
{
	char digits[] = "000000000";
	for (int i = 2, rest = m->t.millisecond; i >= 0; i--, rest /= 10)
		digits[i] = (char)('0' + rest % 10);
	sqlite3_str_append(out, digits, width);
}

/* ---- the format ---- */

/* Of tokens that begin alike, the longer comes first. Numbers have at least this many digits; a final o makes them ordinals. */
static const struct token {
	const char *text;
	int64_t (*number)(const struct moment *m);
	void (*write)(sqlite3_str *out, const struct moment *m, int width);
	int width;
	const char *format; /* which it abbreviates */
} tokens[] = {
	{ "YYYYYY", NULL, year_long, 6, NULL },
	{ "YYYYY", year, NULL, 5, NULL },
	{ "YYYY", year, NULL, 4, NULL },
	{ "YY", year_short, NULL, 2, NULL },
	{ "Y", year, NULL, 4, NULL },
	{ "Qo", quarter, NULL, 1, NULL },
	{ "Q", quarter, NULL, 1, NULL },
	{ "MMMM", NULL, month_name, 9, NULL },
	{ "MMM", NULL, month_name, 3, NULL },
	{ "MM", month, NULL, 2, NULL },
	{ "Mo", month, NULL, 1, NULL },
	{ "M", month, NULL, 1, NULL },
	{ "DDDD", year_day, NULL, 3, NULL },
	{ "DDDo", year_day, NULL, 1, NULL },
	{ "DDD", year_day, NULL, 1, NULL },
	{ "DD", day, NULL, 2, NULL },
	{ "Do", day, NULL, 1, NULL },
	{ "D", day, NULL, 1, NULL },
	{ "dddd", NULL, day_name, 9, NULL },
	{ "ddd", NULL, day_name, 3, NULL },
	{ "dd", NULL, day_name, 2, NULL },
	{ "do", weekday, NULL, 1, NULL },
	{ "d", weekday, NULL, 1, NULL },
	{ "e", weekday, NULL, 1, NULL },
	{ "E", weekday_iso, NULL, 1, NULL },
	{ "ww", week, NULL, 2, NULL },
	{ "wo", week, NULL, 1, NULL },
	{ "w", week, NULL, 1, NULL },
	{ "WW", week_iso, NULL, 2, NULL },
	{ "Wo", week_iso, NULL, 1, NULL },
	{ "W", week_iso, NULL, 1, NULL },
	{ "gggg", week_year, NULL, 4, NULL },
	{ "GGGG", week_year_iso, NULL, 4, NULL },
	{ "A", NULL, half_upper, 2, NULL },
	{ "a", NULL, half_lower, 2, NULL },
	{ "HH", hour, NULL, 2, NULL },
	{ "H", hour, NULL, 1, NULL },
	{ "hh", hour_of_12, NULL, 2, NULL },
	{ "h", hour_of_12, NULL, 1, NULL },
	{ "kk", hour_from_1, NULL, 2, NULL },
	{ "k", hour_from_1, NULL, 1, NULL },
	{ "mm", minute, NULL, 2, NULL },
	{ "m", minute, NULL, 1, NULL },
	{ "ss", second, NULL, 2, NULL },
	{ "s", second, NULL, 1, NULL },
	{ "SSSSSSSSS", NULL, fraction, 9, NULL },
	{ "SSSSSSSS", NULL, fraction, 8, NULL },
	{ "SSSSSSS", NULL, fraction, 7, NULL },
	{ "SSSSSS", NULL, fraction, 6, NULL },
	{ "SSSSS", NULL, fraction, 5, NULL },
	{ "SSSS", NULL, fraction, 4, NULL },
	{ "SSS", NULL, fraction, 3, NULL },
	{ "SS", NULL, fraction, 2, NULL },
	{ "S", NULL, fraction, 1, NULL },
	{ "X", unix_seconds, NULL, 1, NULL },
	{ "x", unix_ms, NULL, 1, NULL },
	{ "zz", NULL, zone_name, 3, NULL },
	{ "z", NULL, zone_name, 3, NULL },
	{ "ZZ", NULL, zone_compact, 5, NULL },
	{ "Z", NULL, zone, 6, NULL },
	{ "LTS", NULL, NULL, 0, "h:mm:ss A" },
	{ "LT", NULL, NULL, 0, "h:mm A" },
	{ "LLLL", NULL, NULL, 0, "dddd, MMMM D, YYYY h:mm A" },
	{ "LLL", NULL, NULL, 0, "MMMM D, YYYY h:mm A" },
	{ "LL", NULL, NULL, 0, "MMMM D, YYYY" },
	{ "L", NULL, NULL, 0, "MM/DD/YYYY" },
	{ "llll", NULL, NULL, 0, "ddd, MMM D, YYYY h:mm A" },
	{ "lll", NULL, NULL, 0, "MMM D, YYYY h:mm A" },
	{ "ll", NULL, NULL, 0, "MMM D, YYYY" },
	{ "l", NULL, NULL, 0, "M/D/YYYY" },
};

static const char *ordinal_end(int64_t n)
{
	static const char *const ends[] = { "th", "st", "nd", "rd" };
	bool teen = n / 10 % 10 == 1;
	return n % 10 < 4 && !teen ? ends[n % 10] : ends[0];
}

static void write_number(sqlite3_str *out, const struct token *t, int64_t n)
{
	/* years beyond the usual four digits have a sign */
	if (t->width >= 4 && n > 9999)
		sqlite3_str_appendchar(out, 1, '+');
	sqlite3_str_appendf(out, "%s%0*lld", n < 0 ? "-" : "", t->width, (long long)(n < 0 ? -n : n));
	if (t->text[strlen(t->text) - 1] == 'o')
		sqlite3_str_appendall(out, ordinal_end(n));
}

static void write_format(sqlite3_str *out, const struct moment *m, const char *format, size_t len);

static const struct token *token_at(const char *s, size_t len)
{
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
		size_t n = strlen(tokens[i].text);
		if (n <= len && memcmp(s, tokens[i].text, n) == 0)
			return &tokens[i];
	}
	return NULL;
}

static void write_token(sqlite3_str *out, const struct moment *m, const struct token *t)
{
	if (t->number)
		write_number(out, t, t->number(m));
	else if (t->write)
		t->write(out, m, t->width);
	else
		write_format(out, m, t->format, strlen(t->format));
}

/* Text in brackets, or after a backslash, stands for itself. \return its bytes, 0 for none */
static size_t write_escaped(sqlite3_str *out, const char *s, size_t len)
{
	const char *close = *s == '[' ? memchr(s, ']', len) : NULL;
	if (close) {
		sqlite3_str_append(out, s + 1, (int)(close - s - 1));
		return (size_t)(close - s) + 1;
	}
	if (*s != '\\' || len < 2)
		return 0;
	const struct token *t = token_at(s + 1, len - 1);
	size_t n = t ? strlen(t->text) : 1;
	sqlite3_str_append(out, s + 1, (int)n);
	return n + 1;
}

static void write_format(sqlite3_str *out, const struct moment *m, const char *format, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t n = write_escaped(out, format + at, len - at);
		const struct token *t = n == 0 ? token_at(format + at, len - at) : NULL;
		if (t) {
			write_token(out, m, t);
			n = strlen(t->text);
		} else if (n == 0) {
			n = 1;
			sqlite3_str_append(out, format + at, 1);
		}
		at += n;
	}
}

void date_write(sqlite3_str *out, int64_t ms, int offset, const char *format, size_t len)
{
	const struct moment m = { date_time_of(ms + offset * MS_PER_MINUTE), ms, offset };
	write_format(out, &m, format, len);
}
