/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/row_count.h"

/** A character of JSON outside strings. */
static void add_token(struct row_count *r, char c)
{
	switch (c) {
	case '"':
		r->quoted = true;
		break;
	case '[':
	case '{':
		r->array |= r->last == '\0' && c == '[';
		r->rows += r->depth++ == 1;
		break;
	case ']':
	case '}':
		r->depth -= r->depth > 0;
		break;
	default:
		break;
	}
}

static void add_json(struct row_count *r, char c)
{
	if (!r->quoted)
		add_token(r, c);
	else if (r->escaped)
		r->escaped = false;
	else if (c == '\\')
		r->escaped = true;
	else if (c == '"')
		r->quoted = false;
}

void row_count_add(struct row_count *r, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; r->last = bytes[i++]) {
		if (r->format == ROWS_JSON)
			add_json(r, bytes[i]);
		else if (r->format == ROWS_CSV && bytes[i] == '"')
			r->quoted = !r->quoted;
		else if (bytes[i] == '\n' && !r->quoted)
			r->rows++;
	}
}

bool row_count_whole(const struct row_count *r)
{
	switch (r->format) {
	case ROWS_JSON:
		return r->array && r->depth == 0 && !r->quoted;
	case ROWS_CSV:
		return !r->quoted;
	default:
		return r->last == '\n' || r->last == '\0';
	}
}
