/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/csv.c
 * \brief Answers that are no rows of a query, as CSV: texts quoted, arrays and objects as their JSON, null as nothing.
 */
#include "dispatch/dispatch_internal.h"

#include <string.h>

static void add_quoted(struct buf *out, const char *s, size_t len)
{
	buf_add_char(out, '"');
	for (const char *end = s + len; s < end;) {
		const char *quote = memchr(s, '"', (size_t)(end - s));
		size_t n = quote ? (size_t)(quote - s) + 1 : (size_t)(end - s);

		buf_add(out, s, n);
		if (quote)
			buf_add_char(out, '"');
		s += n;
	}
	buf_add_char(out, '"');
}

static void add_cell(struct buf *out, const lyre_value *v)
{
	struct buf json;

	switch (v ? v->type : LYRE_NULL) {
	case LYRE_NULL:
		break;
	case LYRE_STRING:
		add_quoted(out, v->s, v->len);
		break;
	case LYRE_ARRAY:
	case LYRE_OBJECT:
		buf_init_charged(&json, out->charge);
		json_add_value(&json, v);
		if (json.failed)
			out->failed = true;
		else
			add_quoted(out, json.data, json.len);
		buf_free(&json);
		break;
	default:
		json_add_value(out, v);
	}
}

/** The names of all members of all rows, in the order they are met. \return false when out of memory */
static bool columns_of(const lyre_value *rows, size_t count, struct arena *a, const struct value_member ***ret,
	size_t *ret_count)
{
	const struct value_member **list = NULL;
	size_t n = 0, size = 0;

	for (size_t i = 0; i < count; i++) {
		for (uint32_t j = 0; rows[i].type == LYRE_OBJECT && j < rows[i].len; j++) {
			const struct value_member *m = &rows[i].members[j];
			size_t k = 0;

			while (k < n && (list[k]->name_len != m->name_len || memcmp(list[k]->name, m->name, m->name_len)))
				k++;
			if (k < n)
				continue;
			if (n == size) {
				size = size ? 2 * size : 16;
				const struct value_member **more = ARENA_ARRAY(a, const struct value_member *, size);
				if (!more)
					return false;
				if (n)
					memcpy(more, list, n * sizeof *list);
				list = more;
			}
			list[n++] = m;
		}
	}
	*ret = list;
	*ret_count = n;
	return true;
}

/** Values that have no columns of their own. */
static void add_values(struct buf *out, const lyre_value *rows, size_t count)
{
	if (!count)
		return;
	buf_add_str(out, "\"value\"");
	for (size_t i = 0; i < count; i++) {
		buf_add_char(out, '\n');
		add_cell(out, &rows[i]);
	}
}

void csv_write(struct buf *out, const lyre_value *v, struct arena *a)
{
	const lyre_value *rows = v->type == LYRE_ARRAY ? v->items : v;
	size_t count = v->type == LYRE_ARRAY ? v->len : 1;
	const struct value_member **columns = NULL;
	size_t n = 0;

	if (!columns_of(rows, count, a, &columns, &n)) {
		out->failed = true;
		return;
	}
	if (!n) {
		if (v->type != LYRE_OBJECT)
			add_values(out, rows, count);
		return;
	}
	for (size_t k = 0; k < n; k++) {
		if (k)
			buf_add_char(out, ',');
		add_quoted(out, columns[k]->name, columns[k]->name_len);
	}
	for (size_t i = 0; i < count; i++) {
		buf_add_char(out, '\n');
		for (size_t k = 0; k < n; k++) {
			if (k)
				buf_add_char(out, ',');
			add_cell(out, value_getn(&rows[i], columns[k]->name, columns[k]->name_len));
		}
	}
}
