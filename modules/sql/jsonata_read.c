/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file jsonata_read.c
 * \brief Reads JSON into values, and writes values as JSON.
 */
#include "function_rows.h"
#include "jsonata.h"

#include <stdlib.h>
#include <string.h>

struct reader {
	struct jsonata_run *run;
	const char *p, *end;
	int depth;
};

static void skip_blanks(struct reader *r)
{
	while (r->p < r->end && strchr(" \t\r\n", *r->p) && *r->p)
		r->p++;
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

/* ---- strings ---- */

/** \return the value of four hexadecimal digits; -1 if they are missing */
static long hex4(const char *p, const char *end)
{
	char digits[5] = { 0 }, *last;
	if (end - p < 4)
		return -1;
	memcpy(digits, p, 4);
	if (strspn(digits, "0123456789abcdefABCDEF") != 4)
		return -1;
	return strtol(digits, &last, 16);
}

static char *put_character(char *out, long c)
{
	int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	if (!more) {
		*out++ = (char)c;
		return out;
	}
	*out++ = (char)((0xff00 >> (more + 1)) | (c >> (6 * more)));
	while (more-- > 0)
		*out++ = (char)(0x80 | ((c >> (6 * more)) & 0x3f));
	return out;
}

/** Reads \\u0041, or a pair like \\uD83D\\uDE00, from after its first u on; advances \p p past it. \return -1 if not valid */
static long take_unicode(const char **p, const char *end)
{
	long c = hex4(*p, end), low;
	*p += c < 0 ? 0 : 4;
	if (c < 0xd800 || c > 0xdfff)
		return c;
	if (c > 0xdbff || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
		return 0xfffd;
	low = hex4(*p + 2, end);
	if (low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*p += 6;
	return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

/** Reads an escape from after the backslash on; advances \p p past it. \return NULL if it is not valid */
static char *take_escape(const char **p, const char *end, char *out)
{
	static const char letters[] = "\"\\/'bfnrt", characters[] = "\"\\/'\b\f\n\r\t";
	const char *at = *p < end && **p ? strchr(letters, **p) : NULL;
	if (at) {
		*out++ = characters[at - letters];
		++*p;
		return out;
	}
	if (*p == end || **p != 'u')
		return NULL;
	++*p;
	long c = take_unicode(p, end);
	return c < 0 ? NULL : put_character(out, c);
}

struct jsonata_value *jsonata_read_string(struct jsonata_run *run, const char **p, const char *end)
{
	char quote = **p;
	const char *q = ++*p;
	while (q < end && *q != quote)
		q += *q == '\\' && q + 1 < end ? 2 : 1;
	if (q >= end)
		return NULL;
	char *text = jsonata_alloc(run, (size_t)(q - *p) + 1), *out = text;
	while (out && *p < q) {
		if (*(*p)++ != '\\')
			*out++ = (*p)[-1];
		else
			out = take_escape(p, q, out);
	}
	*p = q + 1;
	return out ? jsonata_string(run, text, (size_t)(out - text)) : NULL;
}

/* ---- values ---- */

static struct jsonata_value *read_value(struct reader *r);

static struct jsonata_value *read_array(struct reader *r)
{
	struct jsonata_value *array = jsonata_new(r->run, JSONATA_ARRAY);
	if (take(r, ']'))
		return array;
	do {
		struct jsonata_value *item = read_value(r);
		if (!item)
			return NULL;
		jsonata_push(r->run, array, item);
	} while (take(r, ','));
	return take(r, ']') ? array : NULL;
}

static struct jsonata_value *read_object(struct reader *r)
{
	struct jsonata_value *object = jsonata_new(r->run, JSONATA_OBJECT);
	if (take(r, '}'))
		return object;
	do {
		skip_blanks(r);
		struct jsonata_value *name = NULL, *item = NULL;
		if (r->p < r->end && *r->p == '"')
			name = jsonata_read_string(r->run, &r->p, r->end);
		if (name && take(r, ':'))
			item = read_value(r);
		if (!item)
			return NULL;
		jsonata_set(r->run, object, name, item);
	} while (take(r, ','));
	return take(r, '}') ? object : NULL;
}

static struct jsonata_value *read_number(struct reader *r)
{
	char text[64];
	size_t len = 0;
	while (r->p + len < r->end && r->p[len] && strchr("+-.0123456789eE", r->p[len]))
		len++;
	if (!len || len >= sizeof text)
		return NULL;
	memcpy(text, r->p, len);
	text[len] = 0;
	char *end;
	struct jsonata_value *v = jsonata_number(r->run, strtod(text, &end));
	if (!v || *end)
		return NULL;
	v->text = r->p;
	v->len = len;
	r->p += len;
	return v;
}

static bool take_word(struct reader *r, const char *word)
{
	size_t len = strlen(word);
	if ((size_t)(r->end - r->p) < len || memcmp(r->p, word, len) != 0)
		return false;
	r->p += len;
	return true;
}

static struct jsonata_value *read_scalar(struct reader *r)
{
	if (r->p < r->end && *r->p == '"')
		return jsonata_read_string(r->run, &r->p, r->end);
	if (take_word(r, "null"))
		return jsonata_new(r->run, JSONATA_NULL);
	if (take_word(r, "true"))
		return jsonata_boolean(r->run, true);
	if (take_word(r, "false"))
		return jsonata_boolean(r->run, false);
	return read_number(r);
}

static struct jsonata_value *read_value(struct reader *r)
{
	struct jsonata_value *v = NULL;
	if (r->depth == JSONATA_DEPTH_MAX || !jsonata_goes_on(r->run))
		return NULL;
	r->depth++;
	if (take(r, '['))
		v = read_array(r);
	else if (take(r, '{'))
		v = read_object(r);
	else
		v = read_scalar(r);
	r->depth--;
	return v;
}

struct jsonata_value *jsonata_read(struct jsonata_run *run, const char *text, size_t len)
{
	struct reader r = { .run = run, .p = text, .end = text + len };
	struct jsonata_value *v = read_value(&r);
	skip_blanks(&r);
	return r.p == r.end ? v : NULL;
}

/* ---- writing ---- */

/** A number as it was read, if it was. */
static void write_number(sqlite3_str *out, const struct jsonata_value *v)
{
	if (v->text)
		sqlite3_str_append(out, v->text, (int)v->len);
	else
		sql_append_real(out, v->number);
}

static void write_nested(sqlite3_str *out, const struct jsonata_value *v)
{
	bool object = v->type == JSONATA_OBJECT;
	sqlite3_str_appendchar(out, 1, object ? '{' : '[');
	for (size_t i = 0; i < v->count && sqlite3_str_errcode(out) == SQLITE_OK; i++) {
		if (i)
			sqlite3_str_appendchar(out, 1, ',');
		if (object) {
			sql_append_string(out, v->names[i]->text, v->names[i]->len);
			sqlite3_str_appendchar(out, 1, ':');
		}
		jsonata_write(out, v->items[i]);
	}
	sqlite3_str_appendchar(out, 1, object ? '}' : ']');
}

void jsonata_write(sqlite3_str *out, const struct jsonata_value *v)
{
	switch (v->type) {
	case JSONATA_NULL:
		sqlite3_str_appendall(out, "null");
		break;
	case JSONATA_BOOLEAN:
		sqlite3_str_appendall(out, v->truth ? "true" : "false");
		break;
	case JSONATA_NUMBER:
		write_number(out, v);
		break;
	case JSONATA_STRING:
		sql_append_string(out, v->text, v->len);
		break;
	default:
		write_nested(out, v);
	}
}
