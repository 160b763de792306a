/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/arena.h"
#include "base/json.h"
#include "ctl/ctl.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define GAP 2
/** Narrower arrays of plain values stand on one line. */
#define LINE_WIDTH 100
/** Columns of texts are not made narrower than this, whatever the screen. */
#define COLUMN_MIN 12
#define CUT_MARK "…"

/** The character at \p s, valid UTF-8; \p len receives its bytes. */
static wchar_t character(const char *s, size_t left, size_t *len)
{
	unsigned char c = (unsigned char)s[0];
	*len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (*len > left)
		*len = left;
	wchar_t w = *len == 1 ? c : c & (0xff >> (*len + 1));
	for (size_t i = 1; i < *len; i++)
		w = (wchar_t)((w << 6) | ((unsigned char)s[i] & 0x3f));
	return w;
}

size_t text_width(const char *s, size_t len)
{
	size_t width = 0;
	while (len > 0) {
		size_t step;
		int columns = wcwidth(character(s, len, &step));
		width += columns < 0 ? 1 : (size_t)columns;
		s += step;
		len -= step;
	}
	return width;
}

size_t screen_width(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return SIZE_MAX;
	return size.ws_col;
}

void print_pad(struct buf *out, size_t count)
{
	while (count-- > 0)
		buf_add_char(out, ' ');
}

void print_text(struct buf *out, const char *s, size_t len)
{
	while (len > 0) {
		size_t step;
		wchar_t w = character(s, len, &step);
		if (w == '\n')
			buf_add_str(out, "\\n");
		else if (w == '\t')
			buf_add_str(out, "\\t");
		else if (w < 0x20 || (w >= 0x7f && w < 0xa0))
			buf_addf(out, "\\u%04x", (unsigned)w);
		else
			buf_add(out, s, step);
		s += step;
		len -= step;
	}
}

/** JSON on one line. */
static void add_json(struct buf *out, const lyre_value *v)
{
	struct buf plain;
	buf_init(&plain);
	json_add_value(&plain, v);
	print_text(out, plain.len > 0 ? plain.data : "", plain.len);
	out->failed |= plain.failed;
	buf_free(&plain);
}

static bool is_plain(const lyre_value *v)
{
	return v->type != LYRE_ARRAY && v->type != LYRE_OBJECT;
}

static bool all_plain(const lyre_value *v)
{
	for (uint32_t i = 0; i < v->len; i++)
		if (!is_plain(v->type == LYRE_OBJECT ? &v->members[i].value : &v->items[i]))
			return false;
	return true;
}

static void new_line(struct buf *out, unsigned depth)
{
	buf_add_char(out, '\n');
	print_pad(out, 2 * (size_t)depth);
}

static void print_json(struct buf *out, const lyre_value *v, unsigned depth);

/** Array items, filled into lines. */
static void print_plain_items(struct buf *out, const lyre_value *v, unsigned depth)
{
	size_t used = 2 * (size_t)depth;
	for (uint32_t i = 0; i < v->len; i++) {
		size_t before = out->len;
		add_json(out, &v->items[i]);
		if (i + 1 < v->len)
			buf_add_char(out, ',');
		used += out->len - before + 1;
		if (i + 1 < v->len) {
			if (used > LINE_WIDTH) {
				new_line(out, depth + 1);
				used = 2 * ((size_t)depth + 1);
			} else {
				buf_add_char(out, ' ');
			}
		}
	}
}

static void print_json(struct buf *out, const lyre_value *v, unsigned depth)
{
	if (is_plain(v) || v->len == 0) {
		add_json(out, v);
		return;
	}
	bool object = v->type == LYRE_OBJECT;
	if (!object && all_plain(v)) {
		buf_add_char(out, '[');
		print_plain_items(out, v, depth);
		buf_add_char(out, ']');
		return;
	}
	/* a small object within another value stands on one line */
	size_t before = out->len;
	if (object && depth > 0 && all_plain(v)) {
		add_json(out, v);
		if (out->len - before <= LINE_WIDTH)
			return;
		out->len = before;
	}
	buf_add_char(out, object ? '{' : '[');
	for (uint32_t i = 0; i < v->len; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		new_line(out, depth + 1);
		if (object) {
			lyre_value name = value_text(v->members[i].name, v->members[i].name_len);
			add_json(out, &name);
			buf_add_str(out, ": ");
		}
		print_json(out, object ? &v->members[i].value : &v->items[i], depth + 1);
	}
	new_line(out, depth);
	buf_add_char(out, object ? '}' : ']');
}

/* ---- tables ---- */

struct column {
	const char *name;
	uint32_t name_len;
	size_t width;
	bool numbers; /**< all its values are: they stand to the right */
};

struct table {
	const lyre_value *rows;
	struct column *columns;
	size_t count, room;
};

static bool table_add_column(struct table *t, const struct value_member *m)
{
	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : 16;
		struct column *more = realloc(t->columns, room * sizeof *more);
		if (!more)
			return false;
		t->columns = more;
		t->room = room;
	}
	t->columns[t->count++] = (struct column){ .name = m->name, .name_len = m->name_len, .numbers = true };
	return true;
}

/** The columns of all rows, in the order they are first seen. \p next is where it is likely to be. */
static struct column *table_column(struct table *t, const struct value_member *m, size_t next)
{
	for (size_t i = 0; i < t->count; i++) {
		struct column *c = &t->columns[(next + i) % t->count];
		if (c->name_len == m->name_len && memcmp(c->name, m->name, m->name_len) == 0)
			return c;
	}
	return table_add_column(t, m) ? &t->columns[t->count - 1] : NULL;
}

static void add_cell(struct buf *out, const lyre_value *v)
{
	if (!v)
		return;
	if (v->type == LYRE_STRING)
		print_text(out, v->s, v->len);
	else
		add_json(out, v);
}

static bool table_measure(struct table *t)
{
	struct buf cell;
	buf_init(&cell);
	bool good = true;
	for (uint32_t r = 0; good && r < t->rows->len; r++) {
		const lyre_value *row = &t->rows->items[r];
		for (uint32_t i = 0; good && i < row->len; i++) {
			struct column *c = table_column(t, &row->members[i], i);
			if (!(good = c != NULL))
				break;
			buf_clear(&cell);
			const lyre_value *v = &row->members[i].value;
			add_cell(&cell, v);
			size_t width = cell.len > 0 ? text_width(cell.data, cell.len) : 0;
			c->width = width > c->width ? width : c->width;
			c->numbers = c->numbers && (value_is_number(v) || v->type == LYRE_NULL);
			good = !cell.failed;
		}
	}
	for (size_t i = 0; good && i < t->count; i++) {
		buf_clear(&cell);
		print_text(&cell, t->columns[i].name, t->columns[i].name_len);
		size_t width = cell.len > 0 ? text_width(cell.data, cell.len) : 0;
		t->columns[i].width = width > t->columns[i].width ? width : t->columns[i].width;
		good = !cell.failed;
	}
	buf_free(&cell);
	return good;
}

/** Takes from the widest columns of texts what the screen has no room for. Numbers stay whole. */
static void table_fit(struct table *t, size_t screen)
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
		/* as narrow as the next one, and then in turns */
		size_t less = widest->width > next ? widest->width - next : 1;
		less = less < total - screen ? less : total - screen;
		widest->width -= less;
		total -= less;
	}
}

/** Shortens a text to \p width columns, with a mark at its end. */
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

/** A cell with its blanks; the last column has none behind it. */
static void print_cell(struct buf *out, const struct column *c, struct buf *cell, bool last)
{
	if (text_width(cell->data, cell->len) > c->width)
		cut(cell, c->width);
	size_t width = text_width(cell->data, cell->len);
	size_t blanks = width < c->width ? c->width - width : 0;
	if (c->numbers)
		print_pad(out, blanks);
	buf_add(out, cell->data, cell->len);
	if (!last)
		print_pad(out, (c->numbers ? 0 : blanks) + GAP);
}

static void print_rows(struct buf *out, const struct table *t)
{
	struct buf cell;
	buf_init(&cell);
	/* row -2 is the header, row -1 the line below */
	for (int64_t r = -2; r < (int64_t)t->rows->len; r++) {
		for (size_t i = 0; i < t->count; i++) {
			const struct column *c = &t->columns[i];
			buf_clear(&cell);
			if (r == -2)
				print_text(&cell, c->name, c->name_len);
			else if (r == -1)
				for (size_t n = 0; n < c->width; n++)
					buf_add_char(&cell, '-');
			else
				add_cell(&cell, value_getn(&t->rows->items[r], c->name, c->name_len));
			print_cell(out, c, &cell, i + 1 == t->count);
			out->failed |= cell.failed;
		}
		while (out->len > 0 && out->data[out->len - 1] == ' ')
			out->len--;
		buf_add_char(out, '\n');
	}
	buf_free(&cell);
}

static bool is_table(const lyre_value *v)
{
	if (v->type != LYRE_ARRAY || v->len == 0)
		return false;
	for (uint32_t i = 0; i < v->len; i++)
		if (v->items[i].type != LYRE_OBJECT || v->items[i].len == 0)
			return false;
	return true;
}

void print_value(struct buf *out, const lyre_value *v)
{
	const lyre_value *message = value_get(v, "message");
	if (is_table(v)) {
		struct table t = { .rows = v };
		if (table_measure(&t)) {
			table_fit(&t, screen_width());
			print_rows(out, &t);
		} else {
			out->failed = true;
		}
		free(t.columns);
	} else if (value_is(message, LYRE_STRING) && v->len == 1) {
		print_text(out, message->s, message->len);
		buf_add_char(out, '\n');
	} else {
		print_json(out, v, 0);
		buf_add_char(out, '\n');
	}
}
