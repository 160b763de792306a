/* SPDX-License-Identifier: Apache-2.0 */
#include "json_split.h"

#include <stdlib.h>
#include <string.h>

/** Where the text is, outside strings. */
enum state {
	START,   /**< nothing but blanks yet */
	BETWEEN, /**< records that follow each other: before one, or after the last */
	FIRST,   /**< in the array: before a record, or its end */
	ITEM,    /**< in the array: before a record */
	AFTER,   /**< in the array: after a record */
	ENDED,   /**< after the array */
	LINE,    /**< a line that is a record */
	VALUE,   /**< in a record with brackets */
	STRING,  /**< in a string of it */
	ESCAPE,  /**< after a backslash in a string */
	SCALAR   /**< in something that is no record: a number, a word */
};

struct json_split {
	int (*take)(void *arg, const struct json_text *text);
	void *arg;
	size_t bytes_max;
	bool lines, array;
	enum state state;
	int rc;
	uint64_t line;  /**< where the reading is */
	uint64_t begun; /**< where the record begins */
	char wrong;
	unsigned depth;
	unsigned char curly[JSON_SPLIT_DEPTH / 8]; /**< a bit for each open bracket: it is a curly one */
	char *text;                                /**< what earlier pieces had of the record */
	size_t len, size;
};

/* ---- the text of a record ---- */

static int keep(struct json_split *j, const char *s, size_t len)
{
	size_t size = j->size ? j->size : 4096;

	if (len > j->bytes_max || j->len > j->bytes_max - len)
		return JSON_SPLIT_LARGE;
	while (size < j->len + len)
		size *= 2;
	if (size > j->size) {
		char *text = realloc(j->text, size);
		if (!text)
			return JSON_SPLIT_MEMORY;
		j->text = text;
		j->size = size;
	}
	memcpy(j->text + j->len, s, len);
	j->len += len;
	return 0;
}

/** A record is complete: \p s is what this piece has of it. */
static int pass(struct json_split *j, const char *s, size_t len)
{
	struct json_text text = { .line = j->begun, .s = s, .len = len };

	if (j->len || len > j->bytes_max) {
		int rc = keep(j, s, len);
		if (rc)
			return rc;
		text.s = j->text;
		text.len = j->len;
	}
	j->len = 0;
	return j->take(j->arg, &text) ? JSON_SPLIT_TAKE : 0;
}

/* ---- brackets ---- */

static int open_bracket(struct json_split *j, bool curly)
{
	unsigned char bit = (unsigned char)(1u << j->depth % 8);

	if (j->depth == JSON_SPLIT_DEPTH)
		return JSON_SPLIT_DEEP;
	unsigned char *byte = &j->curly[j->depth / 8];
	*byte = (unsigned char)(curly ? *byte | bit : *byte & ~bit);
	j->depth++;
	return 0;
}

static bool close_bracket(struct json_split *j, bool curly)
{
	unsigned at = j->depth - 1;
	bool is_curly = j->curly[at / 8] >> at % 8 & 1;

	j->depth--;
	return is_curly == curly;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int is_wrong(struct json_split *j, char c)
{
	j->wrong = c;
	return JSON_SPLIT_WRONG;
}

/* ---- the text, character by character: each returns 0 or a failure, and sets the state ---- */

static int begin_record(struct json_split *j, char c)
{
	j->begun = j->line;
	j->depth = 0;
	if (c == '{' || c == '[') {
		j->state = VALUE;
		return open_bracket(j, c == '{');
	}
	j->state = c == '"' ? STRING : SCALAR;
	return c == ',' || c == ':' || c == ']' || c == '}' ? is_wrong(j, c) : 0;
}

/** Outside records. */
static int step_outside(struct json_split *j, char c)
{
	if (is_blank(c))
		return 0;
	switch (j->state) {
	case START:
		j->array = c == '[';
		j->state = j->array ? FIRST : BETWEEN;
		return j->array ? 0 : step_outside(j, c);
	case BETWEEN:
		return c == '{' ? begin_record(j, c) : is_wrong(j, c);
	case FIRST:
		if (c == ']') {
			j->state = ENDED;
			return 0;
		}
		return begin_record(j, c);
	case ITEM:
		return begin_record(j, c);
	case AFTER:
		j->state = c == ',' ? ITEM : ENDED;
		return c == ',' || c == ']' ? 0 : is_wrong(j, c);
	default:
		return is_wrong(j, c);
	}
}

/** In a record's brackets. \return 1 if this is its last character */
static int step_value(struct json_split *j, char c)
{
	switch (c) {
	case '"':
		j->state = STRING;
		return 0;
	case '{':
	case '[':
		return open_bracket(j, c == '{');
	case '}':
	case ']':
		if (!close_bracket(j, c == '}'))
			return is_wrong(j, c);
		return j->depth == 0;
	default:
		return 0;
	}
}

static int step_string(struct json_split *j, char c)
{
	if (j->state == ESCAPE) {
		j->state = STRING;
	} else if (c == '\\') {
		j->state = ESCAPE;
	} else if (c == '"') {
		j->state = VALUE;
		return j->depth == 0;
	}
	return 0;
}

static bool is_outside(enum state s)
{
	return s <= ENDED;
}

static bool ends_scalar(char c)
{
	return c == ',' || c == ']' || c == '}' || is_blank(c);
}

static int step_within(struct json_split *j, char c)
{
	return j->state == VALUE ? step_value(j, c) : j->state == SCALAR ? 0 : step_string(j, c);
}

/** A line is a record, unless it is blank. */
static int pass_line(struct json_split *j, const char *s, size_t len)
{
	size_t blanks = 0;

	while (!j->len && blanks < len && is_blank(s[blanks]))
		blanks++;
	j->begun = j->line;
	return !j->len && blanks == len ? 0 : pass(j, s + blanks, len - blanks);
}

static int feed_lines(struct json_split *j, const char *s, const char *end)
{
	int rc = 0;

	for (const char *at; !rc && (at = memchr(s, '\n', (size_t)(end - s))); s = at + 1) {
		rc = pass_line(j, s, (size_t)(at - s));
		j->line++;
	}
	while (!j->len && s < end && is_blank(*s))
		s++;
	return rc ? rc : keep(j, s, (size_t)(end - s));
}

static int feed_records(struct json_split *j, const char *s, const char *end)
{
	const char *from = s; /* of what this piece has of a record */
	int rc = 0;

	for (; s < end && !rc; s++) {
		if (j->state == SCALAR && ends_scalar(*s)) {
			j->state = AFTER;
			rc = pass(j, from, (size_t)(s - from));
		}
		if (!rc && is_outside(j->state)) {
			from = s;
			rc = step_outside(j, *s);
		} else if (!rc && (rc = step_within(j, *s)) > 0) {
			j->state = j->array ? AFTER : BETWEEN;
			rc = pass(j, from, (size_t)(s + 1 - from));
		}
		j->line += *s == '\n';
	}
	return rc || is_outside(j->state) ? rc : keep(j, from, (size_t)(end - from));
}

/* ---- in and out ---- */

int json_split_open(
	struct json_split **ret, bool lines, size_t bytes_max, int (*take)(void *arg, const struct json_text *text), void *arg)
{
	struct json_split *j = calloc(1, sizeof *j);

	*ret = j;
	if (!j)
		return JSON_SPLIT_MEMORY;
	j->take = take;
	j->arg = arg;
	j->bytes_max = bytes_max;
	j->lines = lines;
	j->state = lines ? LINE : START;
	j->line = j->begun = 1;
	return 0;
}

int json_split_feed(struct json_split *j, const char *bytes, size_t len)
{
	if (!j->rc)
		j->rc = j->lines ? feed_lines(j, bytes, bytes + len) : feed_records(j, bytes, bytes + len);
	return j->rc;
}

int json_split_end(struct json_split *j)
{
	if (j->rc)
		return j->rc;
	if (j->lines)
		j->rc = j->len ? pass_line(j, "", 0) : 0;
	else if (j->state != START && j->state != BETWEEN && j->state != ENDED)
		j->rc = JSON_SPLIT_CUT;
	return j->rc;
}

uint64_t json_split_line(const struct json_split *j)
{
	return is_outside(j->state) || j->state == LINE ? j->line : j->begun;
}

uint64_t json_split_wrong(const struct json_split *j, char *ret)
{
	*ret = j->wrong;
	return j->line;
}

void json_split_close(struct json_split *j)
{
	if (!j)
		return;
	free(j->text);
	free(j);
}

/* ---- lines ---- */

static int count_record(void *arg, const struct json_text *text)
{
	(void)text;
	++*(unsigned *)arg;
	return 0;
}

bool json_split_is_lines(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);
	struct json_split *j;
	unsigned count = 0;

	if (!end || json_split_open(&j, false, len + 1, count_record, &count))
		return false;
	bool whole = !json_split_feed(j, text, (size_t)(end - text)) && j->state == BETWEEN;
	json_split_close(j);
	return whole && count == 1;
}
