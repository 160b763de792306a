/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/print.h"

#include "ctl/document.h"
#include "ctl/write_request.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

/** Arrays of plain values up to this width go on one line. */
#define LINE_WIDTH 100

wchar_t character(const char *s, size_t left, size_t *len)
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

/** Bytes at \p s that are printable ASCII. */
static size_t ascii_run(const char *s, size_t len)
{
	size_t n = 0;
	while (n < len && s[n] >= ' ' && s[n] < 0x7f)
		n++;
	return n;
}

size_t text_width(const char *s, size_t len)
{
	size_t width = 0;
	while (len > 0) {
		size_t step = ascii_run(s, len);
		int columns = step > 0 ? (int)step : wcwidth(character(s, len, &step));
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
		size_t step = ascii_run(s, len);
		wchar_t w = step > 0 ? ' ' : character(s, len, &step);
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

static void print_integer(struct buf *out, struct json_object *o)
{
	int64_t i = json_object_get_int64(o); /* at most INT64_MAX */
	if (i < 0)
		buf_addf(out, "%" PRId64, i);
	else
		buf_addf(out, "%" PRIu64, json_object_get_uint64(o));
}

/** json-c keeps the texts that it makes as long as their values: those of numbers, which may be many, are not made. */
void print_line(struct buf *out, struct json_object *o)
{
	if (json_object_is_type(o, json_type_int)) {
		print_integer(out, o);
		return;
	}
	if (json_object_is_type(o, json_type_double)) {
		buf_add_str(out, json_object_get_userdata(o)); /* as it was sent */
		return;
	}
	size_t len;
	const char *text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	if (text)
		print_text(out, text, len);
	else
		out->failed = true;
}

bool is_plain(struct json_object *o)
{
	return !json_object_is_type(o, json_type_array) && !json_object_is_type(o, json_type_object);
}

static bool all_plain(struct json_object *o)
{
	for (size_t i = 0; i < item_count(o); i++)
		if (!is_plain(json_object_array_get_idx(o, i)))
			return false;
	if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, name, member)
		{
			(void)name;
			if (!is_plain(member))
				return false;
		}
	}
	return true;
}

static void new_line(struct buf *out, unsigned depth)
{
	buf_add_char(out, '\n');
	print_pad(out, 2 * (size_t)depth);
}

void print_plain_item(struct buf *out, struct json_object *item, unsigned depth, size_t *used)
{
	if (*used == 0) {
		*used = 2 * (size_t)depth;
	} else {
		buf_add_char(out, ',');
		*used += 2;
		if (*used > LINE_WIDTH) {
			new_line(out, depth + 1);
			*used = 2 * ((size_t)depth + 1);
		} else {
			buf_add_char(out, ' ');
		}
	}
	size_t before = out->len;
	print_line(out, item);
	*used += out->len - before;
}

void print_item(struct buf *out, struct json_object *item, bool first, unsigned depth)
{
	if (!first)
		buf_add_char(out, ',');
	new_line(out, depth + 1);
	print_json(out, item, depth + 1);
}

static void print_array(struct buf *out, struct json_object *o, unsigned depth)
{
	bool plain = all_plain(o);
	size_t used = 0;
	buf_add_char(out, '[');
	for (size_t i = 0; i < item_count(o); i++) {
		if (plain)
			print_plain_item(out, json_object_array_get_idx(o, i), depth, &used);
		else
			print_item(out, json_object_array_get_idx(o, i), i == 0, depth);
	}
	if (!plain)
		new_line(out, depth);
	buf_add_char(out, ']');
}

static void print_name(struct buf *out, const char *name)
{
	struct buf json;
	buf_init(&json);
	request_text(&json, name, strlen(name));
	print_text(out, json.len > 0 ? json.data : "", json.len);
	buf_add_str(out, ": ");
	out->failed |= json.failed;
	buf_free(&json);
}

static void print_object(struct buf *out, struct json_object *o, unsigned depth)
{
	const char *separator = "";
	/* a small object within another value goes on one line */
	size_t before = out->len;
	if (depth > 0 && all_plain(o)) {
		print_line(out, o);
		if (out->len - before <= LINE_WIDTH)
			return;
		out->len = before;
	}
	buf_add_char(out, '{');
	json_object_object_foreach(o, name, member)
	{
		buf_add_str(out, separator);
		new_line(out, depth + 1);
		print_name(out, name);
		print_json(out, member, depth + 1);
		separator = ",";
	}
	new_line(out, depth);
	buf_add_char(out, '}');
}

void print_json(struct buf *out, struct json_object *o, unsigned depth)
{
	if (is_plain(o) || (item_count(o) == 0 && member_count(o) == 0))
		print_line(out, o);
	else if (json_object_is_type(o, json_type_array))
		print_array(out, o, depth);
	else
		print_object(out, o, depth);
}
