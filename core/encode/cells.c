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
	bool in_row; /* of a row that comes in tokens: the cell that comes next, and open arrays and objects in it */
	uint32_t cell, open;
	struct arena nested; /* for these, which are collected */
};

static struct cells *cells_of(lyre_out *o)
{
	struct cells *c = o->state;

	if (!c && !o->buf->failed) {
		c = o->state = ARENA_NEW(o->arena, struct cells);
		if (!c) {
			o->buf->failed = true;
			return NULL;
		}
		c->all.arena = o->arena;
		arena_init_charged(&c->nested, o->arena->charge);
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

/* ---- rows in tokens ---- */

static void begin_row(struct cells *c, struct buf *out)
{
	buf_add_char(out, '\n');
	c->any = c->in_row = true;
	c->cell = 0;
}

static void add_next_cell(lyre_out *o, struct cells *c, const lyre_value *v)
{
	if (c->cell++)
		buf_add_char(o->buf, style_of(o)->separator);
	add_cell(o->buf, style_of(o), v);
}

static void begin_nested(struct cells *c, enum lyre_type type)
{
	if (!c->open++)
		c->all = (struct collector){ .arena = &c->nested };
	collect_begin(&c->all, type);
}

static void end_nested(lyre_out *o, struct cells *c)
{
	collect_end(&c->all);
	if (--c->open)
		return;
	if (c->all.failed)
		o->buf->failed = true;
	else
		add_next_cell(o, c, &c->all.value);
	arena_reset(&c->nested);
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

	if (c && c->in_row)
		begin_nested(c, type);
	else if (c && c->rows && type == LYRE_OBJECT)
		begin_row(c, o->buf);
	else if (c && !c->rows)
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

	if (c && c->open)
		end_nested(o, c);
	else if (c && c->in_row)
		c->in_row = false;
	else if (c && c->rows)
		end_rows(c, o->buf);
	else if (c)
		collect_end(&c->all);
}

void cells_key(lyre_out *o, const char *name, size_t len)
{
	struct cells *c = cells_of(o);

	if (c && (c->open || !c->rows)) /* the names of a row's cells were announced */
		collect_key(&c->all, name, len);
}

void cells_value(lyre_out *o, const lyre_value *v)
{
	struct cells *c = cells_of(o);

	if (c && c->in_row && !c->open) {
		add_next_cell(o, c, v);
	} else if (c && c->rows && !c->in_row) {
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

void cells_drop(lyre_out *o)
{
	struct cells *c = o->state;

	arena_free(&c->nested);
}
