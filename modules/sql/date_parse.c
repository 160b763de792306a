/* SPDX-License-Identifier: Apache-2.0 */
#include "date_time.h"

#include <string.h>
#include <strings.h>

/* The rest of a string. */
struct text {
	const char *at, *end;
};

struct parts {
	int year, month, day;
	int64_t time;  /* of the day, ms */
	int64_t shift; /* of its zone, ms east of UTC */
	bool timed;    /* there was a time */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int digits_ahead(const struct text *t)
{
	int n = 0;
	while (t->at + n < t->end && is_digit(t->at[n]))
		n++;
	return n;
}

/* Exactly this many digits. */
static bool take_digits(struct text *t, int count, int *ret)
{
	if (t->end - t->at < count)
		return false;
	*ret = 0;
	for (int i = 0; i < count; i++) {
		if (!is_digit(t->at[i]))
			return false;
		*ret = *ret * 10 + (t->at[i] - '0');
	}
	t->at += count;
	return true;
}

static bool take(struct text *t, char c)
{
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

/* Digits after the decimal point, of which three count. */
static int64_t take_fraction(struct text *t)
{
	int64_t ms = 0, unit = 100;
	for (; t->at < t->end && is_digit(*t->at); t->at++) {
		ms += (*t->at - '0') * unit;
		unit /= 10;
	}
	return ms;
}

/* hh[:mm[:ss[.fraction]]], or all without the colons. */
static bool take_time(struct text *t, struct parts *p)
{
	int hour, minute = 0, second = 0;
	if (!take_digits(t, digits_ahead(t) == 1 ? 1 : 2, &hour))
		return false;
	bool colons = take(t, ':');
	if ((colons || digits_ahead(t) > 0) && !take_digits(t, 2, &minute))
		return false;
	if ((colons ? take(t, ':') : digits_ahead(t) > 0) && !take_digits(t, 2, &second))
		return false;
	p->time = hour * MS_PER_HOUR + minute * MS_PER_MINUTE + second * MS_PER_SECOND;
	if (take(t, '.') || take(t, ','))
		p->time += take_fraction(t);
	p->timed = true;
	return minute < 60 && second < 60 && p->time <= MS_PER_DAY;
}

/* +hh:mm, +hhmm or +hh, after the sign. */
static bool take_shift(struct text *t, int sign, struct parts *p)
{
	int hours, minutes = 0;
	if (!take_digits(t, 2, &hours))
		return false;
	if ((take(t, ':') || digits_ahead(t) > 0) && !take_digits(t, 2, &minutes))
		return false;
	p->shift = sign * (hours * MS_PER_HOUR + minutes * MS_PER_MINUTE);
	return hours < 24 && minutes < 60;
}

static bool take_zone(struct text *t, struct parts *p)
{
	if (take(t, 'Z') || take(t, 'z'))
		return true;
	if (take(t, '+'))
		return take_shift(t, 1, p);
	return take(t, '-') ? take_shift(t, -1, p) : true;
}

/* YYYY, YYYY-MM, YYYY-MM-DD or YYYYMMDD, then a time after T or a blank. */
static bool iso(struct text t, struct parts *p)
{
	bool compact = digits_ahead(&t) == 8, date;
	*p = (struct parts){ .month = 1, .day = 1 };
	if (!take_digits(&t, 4, &p->year))
		return false;
	if (compact)
		date = take_digits(&t, 2, &p->month) && take_digits(&t, 2, &p->day);
	else
		date = !take(&t, '-') || (take_digits(&t, 2, &p->month) && (!take(&t, '-') || take_digits(&t, 2, &p->day)));
	if (date && (take(&t, 'T') || take(&t, 't') || take(&t, ' ')))
		date = take_time(&t, p) && (take(&t, ' ') || true) && take_zone(&t, p);
	return date && t.at == t.end;
}

/* ---- with names ---- */

/* The index of a word among names that may be abbreviated to three letters; -1 for none. */
static int name_place(const char *const *names, int count, const char *word, size_t len)
{
	for (int i = 0; i < count; i++)
		if (len >= 3 && len <= strlen(names[i]) && strncasecmp(names[i], word, len) == 0)
			return i;
	return -1;
}

/* Zones of RFC 2822. \return false if it is none */
static bool zone_named(const char *word, size_t len, struct parts *p)
{
	static const struct {
		const char *name;
		int hours;
	} zones[] = { { "Z", 0 }, { "UT", 0 }, { "UTC", 0 }, { "GMT", 0 }, { "EST", -5 }, { "EDT", -4 }, { "CST", -6 },
		{ "CDT", -5 }, { "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 } };
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
		if (strlen(zones[i].name) == len && strncasecmp(zones[i].name, word, len) == 0) {
			p->shift = zones[i].hours * MS_PER_HOUR;
			return true;
		}
	}
	return false;
}

/* AM or PM, after a time on the 12-hour clock. */
static bool half_named(const char *word, size_t len, struct parts *p)
{
	bool after = len == 2 && strncasecmp(word, "PM", 2) == 0, before = len == 2 && strncasecmp(word, "AM", 2) == 0;
	if (!p->timed || (!after && !before) || p->time >= 13 * MS_PER_HOUR)
		return false;
	p->time = p->time % (12 * MS_PER_HOUR) + (after ? 12 * MS_PER_HOUR : 0);
	return true;
}

static bool take_word(struct text *t, struct parts *p)
{
	static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December" };
	static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
	const char *word = t->at;
	while (t->at < t->end && is_letter(*t->at))
		t->at++;
	size_t len = (size_t)(t->at - word);
	int month = name_place(months, 12, word, len);
	if (month >= 0 && p->month == 0) {
		p->month = month + 1;
		return true;
	}
	return name_place(days, 7, word, len) >= 0 || half_named(word, len, p) || zone_named(word, len, p);
}

/* A day, or a year, which in RFC 2822's obsolete form has two digits. */
static bool take_number(struct text *t, struct parts *p)
{
	int count = digits_ahead(t), number = 0;
	if (count < 1 || count > 4 || !take_digits(t, count, &number))
		return false;
	if (p->day == 0 && count <= 2) {
		p->day = number;
		return true;
	}
	if (p->year >= 0 || (count != 2 && count != 4))
		return false;
	p->year = count == 4 ? number : number < 50 ? 2000 + number : 1900 + number;
	return true;
}

/* YYYY/MM/DD or MM/DD/YYYY. */
static bool take_slashes(struct text *t, struct parts *p)
{
	int number[3];
	bool year_first = digits_ahead(t) == 4;
	for (int i = 0; i < 3; i++) {
		int count = digits_ahead(t);
		if (count < 1 || count > 4 || (i > 0 && year_first && count > 2) || !take_digits(t, count, &number[i]))
			return false;
		if (i < 2 && !take(t, '/'))
			return false;
	}
	p->year = number[year_first ? 0 : 2];
	p->month = number[year_first ? 1 : 0];
	p->day = number[year_first ? 2 : 1];
	return true;
}

static bool take_piece(struct text *t, struct parts *p)
{
	if (is_letter(*t->at))
		return take_word(t, p);
	if (p->timed && take(t, '+'))
		return take_shift(t, 1, p);
	if (p->timed && take(t, '-'))
		return take_shift(t, -1, p);
	int digits = digits_ahead(t);
	char next = t->at + digits < t->end ? t->at[digits] : '\0';
	if (next == ':')
		return !p->timed && take_time(t, p);
	return next == '/' ? p->month == 0 && take_slashes(t, p) : take_number(t, p);
}

/* "Wed, 22 Apr 2020 15:20:45 +0200", "April 22, 2020 3:20 PM", "4/22/2020": the pieces in any order, each at most once. */
static bool written(struct text t, struct parts *p)
{
	*p = (struct parts){ .year = -1 };
	while (t.at < t.end) {
		if (*t.at == ' ' || *t.at == ',')
			t.at++;
		else if (!take_piece(&t, p))
			return false;
	}
	return p->year >= 0 && p->month > 0 && p->day > 0;
}

static bool is_date(const struct parts *p)
{
	return p->month >= 1 && p->month <= 12 && p->day >= 1 && p->day <= date_month_days(p->year, p->month);
}

bool date_parse(const char *s, size_t len, int64_t *ms)
{
	struct text t = { s, s + len };
	struct parts p;
	while (t.at < t.end && *t.at == ' ')
		t.at++;
	while (t.at < t.end && t.end[-1] == ' ')
		t.end--;
	if ((!iso(t, &p) && !written(t, &p)) || !is_date(&p))
		return false;
	*ms = date_days(p.year, p.month, p.day) * MS_PER_DAY + p.time - p.shift;
	return true;
}
