/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/table.h"

#include "ctl/print.h"

#include <stdlib.h>
#include <string.h>

#define GAP 2
/** Text columns are not made narrower than this, whatever the screen. */
#define COLUMN_MIN 12
#define CUT_MARK "…"

struct column {
	char *name;
	size_t width;
	bool numbers; /**< all its values are numbers: right-aligned */
};

static struct column *add_column(struct table *t, const char *name)
{
	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : 16;
		struct column *more = realloc(t->columns, room * sizeof *more);
		if (!more)
			return NULL;
		t->columns = more;
		t->room = room;
	}
	struct column *c = &t->columns[t->count];
	*c = (struct column){ .name = strdup(name), .numbers = true };
	if (!c->name)
		return NULL;
	t->count++;
	return c;
}

/** \p next is where it is likely to be. */
static struct column *column_named(struct table *t, const char *name, size_t next)
{
	for (size_t i = 0; i < t->count; i++) {
		struct column *c = &t->columns[(next + i) % t->count];
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return add_column(t, name);
}

static void set_cell(struct table *t, struct json_object *o)
{
	buf_clear(&t->cell);
	if (json_object_is_type(o, json_type_string))
		print_text(&t->cell, json_object_get_string(o), (size_t)json_object_get_string_len(o));
	else
		print_line(&t->cell, o);
}

static size_t cell_width(const struct table *t)
{
	return t->cell.len > 0 ? text_width(t->cell.data, t->cell.len) : 0;
}

static void widen(struct column *c, size_t width)
{
	c->width = width > c->width ? width : c->width;
}

bool table_measure(struct table *t, struct json_object *row)
{
	size_t i = 0;
	json_object_object_foreach(row, name, o)
	{
		struct column *c = column_named(t, name, i++);
		if (!c)
			return false;
		set_cell(t, o);
		if (t->cell.failed)
			return false;
		widen(c, cell_width(t));
		c->numbers =
			c->numbers && (!o || json_object_is_type(o, json_type_int) || json_object_is_type(o, json_type_double));
	}
	return true;
}

/** Narrows the widest text columns to fit the screen. Numbers are never cut. */
static void fit(struct table *t, size_t screen)
{
	size_t total = 0;
	for (size_t i = 0; i < t->count; i++)
		total += t->columns[i].width + (i > 0 ? GAP : 0);
	while (total > screen) {
		struct column *widest = NULL;
		size_t next = COLUMN_MIN;
		for (size_t i = 0; i < t->count; i++) {
			struct column *c = &t->columns[i];
			if (c->numbers || c->width <= COLUMN_MIN)
				continue;
			if (!widest || c->width > widest->width) {
				next = widest ? widest->width : next;
				widest = c;
			} else if (c->width > next) {
				next = c->width;
			}
		}
		if (!widest)
			return;
		/* as narrow as the next one, then in turns */
		size_t less = widest->width > next ? widest->width - next : 1;
		less = less < total - screen ? less : total - screen;
		widest->width -= less;
		total -= less;
	}
}

/** Cuts a text to \p width columns, with a mark at its end. */
static void cut(struct buf *cell, size_t width)
{
	size_t used = 0, at = 0;
	while (at < cell->len) {
		size_t step;
		character(cell->data + at, cell->len - at, &step);
		used += text_width(cell->data + at, step);
		if (used >= width)
			break;
		at += step;
	}
	cell->len = at;
	buf_add_str(cell, CUT_MARK);
}

/** Prints the cell with its padding; the last column has none. */
static void print_cell(struct table *t, struct buf *out, const struct column *c)
{
	bool last = c == &t->columns[t->count - 1];
	size_t width = cell_width(t);
	if (width > c->width) {
		cut(&t->cell, c->width);
		width = cell_width(t);
	}
	size_t blanks = width < c->width ? c->width - width : 0;
	if (c->numbers)
		print_pad(out, blanks);
	buf_add(out, t->cell.data, t->cell.len);
	if (!last)
		print_pad(out, (c->numbers ? 0 : blanks) + GAP);
	out->failed |= t->cell.failed;
}

static void end_row(struct buf *out, size_t begin)
{
	while (out->len > begin && out->data[out->len - 1] == ' ')
		out->len--;
	buf_add_char(out, '\n');
}

void table_head(struct table *t, struct buf *out)
{
	size_t begin = out->len;
	for (size_t i = 0; i < t->count; i++) {
		buf_clear(&t->cell);
		print_text(&t->cell, t->columns[i].name, strlen(t->columns[i].name));
		widen(&t->columns[i], cell_width(t));
	}
	fit(t, screen_width());
	for (size_t i = 0; i < t->count; i++) {
		buf_clear(&t->cell);
		print_text(&t->cell, t->columns[i].name, strlen(t->columns[i].name));
		print_cell(t, out, &t->columns[i]);
	}
	end_row(out, begin);
	for (size_t i = 0; i < t->count; i++) {
		for (size_t n = 0; n < t->columns[i].width; n++)
			buf_add_char(out, '-');
		if (i + 1 < t->count)
			print_pad(out, GAP);
	}
	buf_add_char(out, '\n');
}

void table_row(struct table *t, struct buf *out, struct json_object *row)
{
	size_t begin = out->len;
	for (size_t i = 0; i < t->count; i++) {
		struct json_object *o;
		if (json_object_object_get_ex(row, t->columns[i].name, &o))
			set_cell(t, o);
		else
			buf_clear(&t->cell);
		print_cell(t, out, &t->columns[i]);
	}
	end_row(out, begin);
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->columns[i].name);
	free(t->columns);
	buf_free(&t->cell);
}
