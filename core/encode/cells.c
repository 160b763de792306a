/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/cells.h"

#include "base/json.h"
#include "encode/collect.h"

#include <string.h>

struct cells {
	struct collector all;
	bool rows;   /* rows are written immediately */
	bool any;    /* there were rows */
	size_t head; /* length of the header line */
};

static struct cells *cells_of(lyre_out *o)
{
	struct cells *c = o->state;

	if (!c && !o->buf->failed) {
		c = o->state = ARENA_NEW(o->arena, struct cells);
		if (c)
			c->all.arena = o->arena;
		else
			o->buf->failed = true;
	}
	return c;
}

static const struct cell_style *style_of(const lyre_out *o)
{
	return o->encoder->style;
}

static void add_cell(struct buf *out, const struct cell_style *style, const lyre_value *v)
{
	struct buf json;

	switch (v ? v->type : LYRE_NULL) {
	case LYRE_NULL:
		break;
	case LYRE_STRING:
		style->add_text(out, v->s, v->len);
		break;
	case LYRE_ARRAY:
	case LYRE_OBJECT:
		buf_init_charged(&json, out->charge);
		json_add_value(&json, v);
		if (json.failed)
			out->failed = true;
		else
			style->add_text(out, json.data, json.len);
		buf_free(&json);
		break;
	default:
		json_add_value(out, v);
	}
}

/* ---- rows written immediately ---- */

void cells_column(lyre_out *o, const char *name, size_t len)
{
	struct cells *c = cells_of(o);

	if (!c)
		return;
	if (c->rows)
		buf_add_char(o->buf, style_of(o)->separator);
	c->rows = true;
	style_of(o)->add_text(o->buf, name, len);
	c->head = o->buf->len;
}

static void add_row(struct buf *out, const struct cell_style *style, const lyre_value *row)
{
	buf_add_char(out, '\n');
	for (uint32_t i = 0; i < row->len; i++) {
		if (i)
			buf_add_char(out, style->separator);
		add_cell(out, style, &row->members[i].value);
	}
}

/** Without rows there is no header line either, unless it was already sent. */
static void end_rows(struct cells *c, struct buf *out)
{
	if (!c->any && out->len == c->head)
		out->len = 0;
}

/* ---- collected values ---- */

/** The names of all members of all rows, in order of appearance. \return false: out of memory */
static bool columns_of(const lyre_value *rows, size_t count, struct arena *a, const struct value_member ***ret, size_t *ret_count)
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

/** Values without columns. */
static void add_values(struct buf *out, const struct cell_style *style, const lyre_value *rows, size_t count)
{
	if (!count)
		return;
	style->add_text(out, "value", strlen("value"));
	for (size_t i = 0; i < count; i++) {
		buf_add_char(out, '\n');
		add_cell(out, style, &rows[i]);
	}
}

static void add_table(struct buf *out, const struct cell_style *style, const lyre_value *v, struct arena *a)
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
			add_values(out, style, rows, count);
		return;
	}
	for (size_t k = 0; k < n; k++) {
		if (k)
			buf_add_char(out, style->separator);
		style->add_text(out, columns[k]->name, columns[k]->name_len);
	}
	for (size_t i = 0; i < count; i++) {
		buf_add_char(out, '\n');
		for (size_t k = 0; k < n; k++) {
			if (k)
				buf_add_char(out, style->separator);
			add_cell(out, style, value_getn(&rows[i], columns[k]->name, columns[k]->name_len));
		}
	}
}

/* ---- the encoder ---- */

static void begin(lyre_out *o, enum lyre_type type)
{
	struct cells *c = cells_of(o);

	if (c && !c->rows)
		collect_begin(&c->all, type);
}

void cells_object_begin(lyre_out *o)
{
	begin(o, LYRE_OBJECT);
}

void cells_array_begin(lyre_out *o)
{
	begin(o, LYRE_ARRAY);
}

void cells_end(lyre_out *o)
{
	struct cells *c = cells_of(o);

	if (c && c->rows)
		end_rows(c, o->buf);
	else if (c)
		collect_end(&c->all);
}

void cells_key(lyre_out *o, const char *name, size_t len)
{
	struct cells *c = cells_of(o);

	if (c)
		collect_key(&c->all, name, len);
}

void cells_value(lyre_out *o, const lyre_value *v)
{
	struct cells *c = cells_of(o);

	if (c && c->rows) {
		add_row(o->buf, style_of(o), v);
		c->any = true;
	} else if (c) {
		collect_value(&c->all, v);
	}
}

void cells_finish(lyre_out *o)
{
	struct cells *c = cells_of(o);

	if (!c || c->rows)
		return;
	if (c->all.failed)
		o->buf->failed = true;
	else
		add_table(o->buf, style_of(o), &c->all.value, o->arena);
}
