/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/rows.c
 * \brief Turns records into rows: JSON directly from the stored bytes, other formats through values.
 */
#include "query/columns.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

static void write_time(const struct column *c, struct record r, struct time_text *last, struct buf *out)
{
	double ms = column_time(c, r);
	char text[32];
	size_t len = c->date ? iso_time(text, ms) : 0;
	if (len) {
		json_add_string(out, text, len);
		return;
	}
	if (!last->len || last->ms != ms) {
		last->len = double_text(last->text, ms);
		last->ms = ms;
	}
	if (buf_reserve(out, NUMBER_TEXT_MAX)) {
		memcpy(out->data + out->len, last->text, NUMBER_TEXT_MAX);
		out->len += last->len;
	}
}

static void write_key(const struct column *c, const struct row *r, struct buf *out)
{
	lyre_value v = value_null();
	row_key(r, c->id, &v);
	if (v.type == LYRE_INT)
		json_add_int(out, v.i);
	else
		json_add_value(out, &v);
}

/** A column's name; \p first in its row: without the comma. */
static inline void write_piece(const struct column *c, bool first, struct buf *out)
{
	const char *piece = c->piece + first;
	size_t len = c->piece_len - first;
	if (len > PIECE_ROOM) {
		buf_add(out, piece, len);
	} else if (buf_reserve(out, PIECE_ROOM)) {
		memcpy(out->data + out->len, piece, PIECE_ROOM);
		out->len += len;
	}
}

static void write_selected(const struct selection *s, const lyre_value *v, struct buf *out)
{
	if (s && v->type == LYRE_ARRAY) {
		buf_add_char(out, '[');
		for (uint32_t i = 0; i < v->len; i++) {
			if (i)
				buf_add_char(out, ',');
			write_selected(s, &v->items[i], out);
		}
		buf_add_char(out, ']');
		return;
	}
	if (!s || v->type != LYRE_OBJECT) {
		json_add_value(out, v);
		return;
	}
	buf_add_char(out, '{');
	for (size_t i = 0; i < s->count; i++) {
		const struct column *c = &s->items[i];
		const lyre_value *member = value_getn(v, c->name, c->name_len);
		write_piece(c, !i, out);
		if (member)
			write_selected(c->members, member, out);
		else
			buf_add(out, "null", 4);
	}
	buf_add_char(out, '}');
}

/** Finds a column's value in a row; a stored field is returned in \p f. */
static bool find(const struct column *c, const struct row *r, uint16_t *hint, struct field *f)
{
	switch (c->kind) {
	case COLUMN_KEY:
	case COLUMN_TIME:
		return true;
	case COLUMN_FIELD:
	case COLUMN_MEMBERS:
		return column_find(c, r->record, hint, f);
	case COLUMN_NONE:
		break;
	}
	return false;
}

/** Whether there is something to show. */
static bool write_column(struct columns *columns, const struct column *c, const struct row *r, uint16_t *hint, bool first,
	struct buf *out, struct arena *scratch)
{
	struct field f;
	bool found = find(c, r, hint, &f);
	if (!found && columns->sparse)
		return false;
	write_piece(c, first, out);
	if (!found) {
		buf_add(out, "null", 4);
	} else if (c->kind == COLUMN_KEY) {
		write_key(c, r, out);
	} else if (c->kind == COLUMN_TIME) {
		write_time(c, r->record, &columns->time, out);
	} else if (c->kind == COLUMN_FIELD || field_type(f) < LYRE_ARRAY) {
		field_write(f, out);
	} else {
		lyre_value v = field_value(f, scratch);
		write_selected(c->members, &v, out);
	}
	return true;
}

static void write_json(struct columns *c, const struct row *r, lyre_out *out, struct arena *scratch)
{
	uint16_t hint = 0;
	bool first = true;
	out_object_begin(out);
	for (size_t i = 0; i < c->count; i++) {
		if (write_column(c, &c->items[i], r, &hint, first, out->buf, scratch))
			first = false;
	}
	out_object_end(out);
}

/* ---- as values ---- */

static int value_of_time(double ms, bool date, struct arena *a, lyre_value *ret, struct err *e)
{
	char text[32];
	size_t len = date ? iso_time(text, ms) : 0;
	*ret = value_double(ms);
	if (!len)
		return 0;
	const char *copy = arena_strndup(a, text, len);
	*ret = value_text(copy, len);
	return copy ? 0 : err_nomem(e);
}

/** {"type":"Buffer","data":[…]} */
static int value_of_bytes(const lyre_value *v, struct arena *a, lyre_value *ret, struct err *e)
{
	struct value_member *members = ARENA_ARRAY(a, struct value_member, 2);
	lyre_value *items = ARENA_ARRAY(a, lyre_value, v->len);
	if (!members || !items)
		return err_nomem(e);
	for (uint32_t i = 0; i < v->len; i++)
		items[i] = value_int((unsigned char)v->s[i]);
	members[0] = (struct value_member){ .name = "type", .name_len = 4, .value = value_text("Buffer", 6) };
	members[1] = (struct value_member){ .name = "data", .name_len = 4 };
	members[1].value = (lyre_value){ .type = LYRE_ARRAY, .len = v->len, .items = items };
	*ret = (lyre_value){ .type = LYRE_OBJECT, .len = 2, .members = members };
	return 0;
}

/** Copies a value into the arena; of objects only what is selected. */
static int copy_value(const struct selection *s, const lyre_value *v, struct arena *a, lyre_value *ret, struct err *e)
{
	*ret = *v;
	if (v->type == LYRE_STRING || v->type == LYRE_BIGINT) {
		ret->s = arena_strndup(a, v->s, v->len);
		return ret->s ? 0 : err_nomem(e);
	}
	int rc = 0;
	if (v->type == LYRE_ARRAY) {
		ret->items = ARENA_ARRAY(a, lyre_value, v->len);
		if (!ret->items)
			return err_nomem(e);
		for (uint32_t i = 0; i < v->len && !rc; i++)
			rc = copy_value(s, &v->items[i], a, &ret->items[i], e);
	} else if (v->type == LYRE_OBJECT) {
		ret->len = s ? (uint32_t)s->count : v->len;
		ret->members = ARENA_ARRAY(a, struct value_member, ret->len);
		if (!ret->members)
			return err_nomem(e);
		for (uint32_t i = 0; i < ret->len && !rc; i++) {
			struct value_member *m = &ret->members[i];
			const char *name = s ? s->items[i].name : v->members[i].name;
			m->name_len = s ? s->items[i].name_len : v->members[i].name_len;
			m->name = arena_strndup(a, name, m->name_len);
			const lyre_value *from = s ? value_getn(v, name, m->name_len) : &v->members[i].value;
			rc = !m->name ? err_nomem(e) : from ? copy_value(s ? s->items[i].members : NULL, from, a, &m->value, e) : 0;
		}
	}
	return rc;
}

static int column_value(
	const struct column *c, const struct row *r, struct field f, bool keep, struct arena *a, lyre_value *ret, struct err *e)
{
	enum field_kind kind = FIELD_PLAIN;
	*ret = value_null();
	if (c->kind == COLUMN_TIME)
		return value_of_time(column_time(c, r->record), c->date, a, ret, e);
	if (c->kind == COLUMN_KEY) {
		row_key(r, c->id, ret);
	} else {
		*ret = field_value(f, a);
		kind = field_kind(f);
	}
	lyre_value v = *ret;
	if (kind == FIELD_DATE)
		return value_of_time(value_number(&v), true, a, ret, e);
	if (kind == FIELD_BYTES)
		return value_of_bytes(&v, a, ret, e);
	return keep || c->members ? copy_value(c->members, &v, a, ret, e) : 0;
}

int columns_value(const struct columns *c, const struct row *r, bool keep, struct arena *a, lyre_value *ret, struct err *e)
{
	struct value_member *members = ARENA_ARRAY(a, struct value_member, c->count);
	if (!members)
		return err_nomem(e);
	uint32_t count = 0;
	uint16_t hint = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct column *column = &c->items[i];
		struct field f = { 0 };
		bool found = find(column, r, &hint, &f);
		if (c->fixed ? column->undeclared : !found && c->sparse)
			continue;
		struct value_member *m = &members[count++];
		m->name = column->name;
		m->name_len = column->name_len;
		int rc = found ? column_value(column, r, f, keep, a, &m->value, e) : 0;
		if (rc)
			return rc;
	}
	*ret = (lyre_value){ .type = LYRE_OBJECT, .len = count, .members = members };
	return 0;
}

/* ---- in the answer's format ---- */

void columns_begin(struct columns *c, lyre_out *out)
{
	c->fixed = out->encoder->column != NULL;
	for (size_t i = 0; c->fixed && i < c->count; i++) {
		if (!c->items[i].undeclared)
			out->encoder->column(out, c->items[i].name, c->items[i].name_len);
	}
	out_array_begin(out);
}

int columns_write(struct columns *c, const struct row *r, lyre_out *out, struct arena *scratch, struct err *e)
{
	out->rows++;
	if (out->encoder->json) {
		write_json(c, r, out, scratch);
		return 0;
	}
	lyre_value v;
	int rc = columns_value(c, r, false, scratch, &v, e);
	if (!rc)
		out_value(out, &v);
	return rc;
}
