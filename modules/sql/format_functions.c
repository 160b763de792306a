/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PRINTF and FORMAT. SQLite's own take seconds for a width or precision of billions, and then return NULL: these refuse results
 * longer than a string may be. Each directive is formatted by SQLite, with one argument.
 */
#include "function_rows.h"
#include "functions.h"
#include "regexp.h"
#include "sql_limits.h"

#include <stdio.h>
#include <string.h>

/** A directive: %, flags, width, precision, and the letter. */
struct directive {
	const char *at; /**< in the format, after what has been read */
	char flags[8];
	int64_t width, precision; /**< -1: none */
	char letter;
};

struct formatting {
	sqlite3_str *out;
	sqlite3_value **args;
	int count, next;
	int64_t longest;
};

static sqlite3_value *next_argument(struct formatting *f)
{
	return f->next < f->count ? f->args[f->next++] : NULL;
}

static int64_t next_integer(struct formatting *f)
{
	sqlite3_value *v = next_argument(f);
	return v ? sqlite3_value_int64(v) : 0;
}

/* Takes each flag once, as repeating it changes nothing. */
static void take_flags(struct directive *d)
{
	size_t n = 0;
	for (; *d->at && strchr("-+ #!0,", *d->at); d->at++)
		if (!memchr(d->flags, *d->at, n))
			d->flags[n++] = *d->at;
	d->flags[n] = '\0';
}

/* Digits, or * for an argument. */
static int64_t take_number(struct formatting *f, struct directive *d)
{
	int64_t n = 0;
	if (*d->at == '*') {
		d->at++;
		n = (int)next_integer(f); /* SQLite's are int, too */
	}
	for (; *d->at >= '0' && *d->at <= '9'; d->at++)
		n = n > INT32_MAX ? n : 10 * n + (*d->at - '0');
	return n;
}

static void read_directive(struct formatting *f, struct directive *d)
{
	take_flags(d);
	d->width = take_number(f, d);
	if (d->width < 0) { /* from an argument: left-justified */
		d->width = -d->width;
		if (!strchr(d->flags, '-'))
			strcat(d->flags, "-");
	}
	d->precision = -1;
	if (*d->at == '.') {
		d->at++;
		d->precision = take_number(f, d);
		d->precision = d->precision < 0 ? -d->precision : d->precision;
	}
	while (*d->at == 'l')
		d->at++;
	d->letter = *d->at;
	d->at += d->letter != '\0';
}

/* Writes a directive for SQLite, with the length modifier and the letter. */
static void write_directive(const struct directive *d, const char *length, char letter, char *out, size_t room)
{
	int n = snprintf(out, room, "%%%s", d->flags);
	if (d->width > 0)
		n += snprintf(out + n, room - (size_t)n, "%d", (int)d->width);
	if (d->precision >= 0)
		n += snprintf(out + n, room - (size_t)n, ".%d", (int)d->precision);
	snprintf(out + n, room - (size_t)n, "%s%c", length, letter);
}

static unsigned first_character(sqlite3_value *v)
{
	const char *text = v ? (const char *)sqlite3_value_text(v) : NULL;
	uint32_t c = 0;
	if (text && *text)
		regexp_character(text, (size_t)sqlite3_value_bytes(v), &c);
	return c;
}

/* \return false at an unknown letter, which ends the result */
static bool append_directive(struct formatting *f, const struct directive *d)
{
	char text[60];
	sqlite3_value *v;
	if (strchr("diuxXorp", d->letter)) {
		write_directive(d, "ll", d->letter == 'p' ? 'X' : d->letter, text, sizeof text);
		sqlite3_str_appendf(f->out, text, (sqlite3_int64)next_integer(f));
	} else if (strchr("feEgG", d->letter)) {
		v = next_argument(f);
		write_directive(d, "", d->letter, text, sizeof text);
		sqlite3_str_appendf(f->out, text, v ? sqlite3_value_double(v) : 0.0);
	} else if (strchr("szqQw", d->letter)) {
		v = next_argument(f);
		write_directive(d, "", d->letter == 'z' ? 's' : d->letter, text, sizeof text);
		sqlite3_str_appendf(f->out, text, v ? (const char *)sqlite3_value_text(v) : NULL);
	} else if (d->letter == 'c') {
		write_directive(d, "", 'c', text, sizeof text);
		sqlite3_str_appendf(f->out, text, first_character(next_argument(f)));
	} else if (d->letter == '%') {
		sqlite3_str_appendchar(f->out, 1, '%');
	}
	return strchr("diuxXorpfeEgGszqQwc%n", d->letter) != NULL;
}

/* \return whether to go on */
static bool append_next(struct formatting *f, struct directive *d)
{
	const char *mark = strchr(d->at, '%');
	sqlite3_str_append(f->out, d->at, (int)(mark ? (size_t)(mark - d->at) : strlen(d->at)));
	if (!mark)
		return false;
	if (!mark[1]) {
		sqlite3_str_appendchar(f->out, 1, '%');
		return false;
	}
	d->at = mark + 1;
	read_directive(f, d);
	if (d->width > f->longest || d->precision > f->longest) {
		f->longest = -1;
		return false;
	}
	return d->letter && append_directive(f, d) && sqlite3_str_errcode(f->out) == SQLITE_OK && !sql_limits_stopped();
}

static void format(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	sqlite3 *db = sqlite3_context_db_handle(ctx);
	struct directive d = { .at = count > 0 ? (const char *)sqlite3_value_text(args[0]) : NULL };
	if (!d.at)
		return;
	struct formatting f = { sqlite3_str_new(db), args, count, 1, sqlite3_limit(db, SQLITE_LIMIT_LENGTH, -1) };
	while (append_next(&f, &d))
		;
	if (f.longest >= 0) {
		sql_result_str(ctx, f.out);
		return;
	}
	sqlite3_free(sqlite3_str_finish(f.out));
	sqlite3_result_error_toobig(ctx);
}

static const struct sql_function rows[] = {
	{ "format", -1, format, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "printf", -1, format, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
};

const struct sql_functions format_functions = SQL_FUNCTIONS(rows);
