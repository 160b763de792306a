/* SPDX-License-Identifier: Apache-2.0 */
#include "csv_rows.h"

#include <csv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/** Bytes by which libcsv makes its buffer larger. */
#define GROW ((size_t)65536)

/** Where a field is in the text of its row. */
struct place {
	size_t at, len;
};

struct csv_rows {
	struct csv_parser parser;
	int (*take)(void *arg, const struct csv_row *row);
	void *arg;
	size_t bytes_max;
	int rc;

	char *text; /**< the fields of the row, each followed by a NUL */
	size_t text_len, text_size;
	struct csv_field *fields; /**< their texts are set when the row is complete */
	struct place *places;
	size_t count, size;
	uint64_t line;  /**< where the row begins */
	uint64_t lines; /**< ends of lines within the row */
	bool after_cr;  /**< a LF that comes next ends no other line */
};

/** libcsv must not remove blanks. */
static int is_nothing(unsigned char c)
{
	(void)c;
	return 0;
}

static int is_end(unsigned char c)
{
	return c == CSV_CR || c == CSV_LF;
}

/* ---- the text of a row ---- */

static bool more_text(struct csv_rows *r, size_t len)
{
	size_t need = r->text_len + len + 1, size = r->text_size ? r->text_size : 1024;

	if (need <= r->text_size)
		return true;
	while (size < need)
		size *= 2;
	char *text = realloc(r->text, size);
	if (!text)
		return false;
	r->text = text;
	r->text_size = size;
	return true;
}

static bool more_fields(struct csv_rows *r)
{
	size_t size = r->size ? r->size * 2 : 64;

	if (r->count < r->size)
		return true;
	struct csv_field *fields = realloc(r->fields, size * sizeof *fields);
	if (!fields)
		return false;
	r->fields = fields;
	struct place *places = realloc(r->places, size * sizeof *places);
	if (!places)
		return false;
	r->places = places;
	r->size = size;
	return true;
}

static uint64_t ends_of_lines(const char *s, size_t len)
{
	uint64_t n = 0;

	for (const char *end = s + len; s < end; s++) {
		if (*s == '\n' || (*s == '\r' && (s + 1 == end || s[1] != '\n')))
			n++;
	}
	return n;
}

/* ---- what libcsv calls ---- */

static void take_field(void *s, size_t len, void *arg)
{
	struct csv_rows *r = arg;

	if (r->rc)
		return;
	if (r->count == CSV_FIELDS_MAX)
		r->rc = CSV_ROWS_WIDE;
	else if (len > r->bytes_max || r->text_len > r->bytes_max - len)
		r->rc = CSV_ROWS_LARGE;
	else if (!more_text(r, len) || !more_fields(r))
		r->rc = CSV_ROWS_MEMORY;
	if (r->rc)
		return;
	char *to = r->text + r->text_len;
	memcpy(to, s, len);
	to[len] = '\0';
	r->places[r->count++] = (struct place){ r->text_len, len };
	r->text_len += len + 1;
	r->lines += ends_of_lines(to, len);
	r->after_cr = false;
}

static void pass_row(struct csv_rows *r)
{
	const struct csv_row row = { .line = r->line, .bytes = r->text_len, .count = r->count, .fields = r->fields };

	for (size_t i = 0; i < r->count; i++)
		r->fields[i] = (struct csv_field){ r->text + r->places[i].at, r->places[i].len };
	if (r->take(r->arg, &row))
		r->rc = CSV_ROWS_TAKE;
	r->text_len = 0;
	r->count = 0;
}

/** Every end of a line outside quotes; -1 at the end of the text. */
static void take_end(int end, void *arg)
{
	struct csv_rows *r = arg;

	if (r->rc)
		return;
	if (r->count)
		pass_row(r);
	if (!(end == CSV_LF && r->after_cr))
		r->line += r->lines + 1;
	r->lines = 0;
	r->after_cr = end == CSV_CR;
}

/* ---- in and out ---- */

int csv_rows_open(
	struct csv_rows **ret, char delimiter, size_t bytes_max, int (*take)(void *arg, const struct csv_row *row), void *arg)
{
	struct csv_rows *r = calloc(1, sizeof *r);

	*ret = r;
	if (!r)
		return CSV_ROWS_MEMORY;
	*r = (struct csv_rows){ .take = take, .arg = arg, .bytes_max = bytes_max, .line = 1 };
	csv_init(&r->parser, CSV_REPALL_NL);
	csv_set_delim(&r->parser, (unsigned char)delimiter);
	csv_set_space_func(&r->parser, is_nothing);
	csv_set_term_func(&r->parser, is_end);
	csv_set_blk_size(&r->parser, GROW);
	return 0;
}

int csv_rows_feed(struct csv_rows *r, const char *bytes, size_t len)
{
	if (r->rc)
		return r->rc;
	if (csv_parse(&r->parser, bytes, len, take_field, take_end, r) != len && !r->rc)
		r->rc = CSV_ROWS_MEMORY;
	if (!r->rc && csv_get_buffer_size(&r->parser) > r->bytes_max + 2 * GROW)
		r->rc = CSV_ROWS_LARGE;
	return r->rc;
}

int csv_rows_end(struct csv_rows *r)
{
	if (!r->rc && csv_fini(&r->parser, take_field, take_end, r) && !r->rc)
		r->rc = CSV_ROWS_MEMORY;
	return r->rc;
}

uint64_t csv_rows_line(const struct csv_rows *r)
{
	return r->line;
}

void csv_rows_close(struct csv_rows *r)
{
	if (!r)
		return;
	csv_free(&r->parser);
	free(r->text);
	free(r->fields);
	free(r->places);
	free(r);
}
