/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file csv.c
 * \brief CSV: any bytes are the same rows, wherever the pieces end in which they come.
 *
 * The first byte tells the delimiter, and the size of the pieces.
 */
#include "fuzz.h"

#include "import/csv_delimiter.h"
#include "import/csv_rows.h"
#include "import/csv_value.h"
#include "import/western.h"

/** Bytes that a row may have. */
#define ROW_MAX 4096

/** What was read: a hash of all rows, and their number. */
struct digest {
	uint64_t hash, rows, line;
};

static void add(struct digest *d, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		d->hash = (d->hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
}

static int take(void *arg, const struct csv_row *row)
{
	struct digest *d = arg;
	must(row->count > 0 && row->line > d->line);
	d->line = row->line;
	add(d, &row->line, sizeof row->line);
	for (size_t i = 0; i < row->count; i++) {
		const struct csv_field *f = &row->fields[i];
		must(f->s[f->len] == '\0');
		add(d, f->s, f->len + 1);
		for (enum csv_type type = CSV_ANY; type <= CSV_BYTES; type++) {
			struct csv_value v = csv_value_of(type, f->s, f->len, true);
			must(v.kind <= CSV_IS_WRONG && (type != CSV_ANY || v.kind != CSV_IS_WRONG));
		}
	}
	d->rows++;
	return 0;
}

/** \return the result of the end */
static int read_rows(const char *text, size_t len, char delimiter, size_t piece, struct digest *ret)
{
	struct csv_rows *rows;
	*ret = (struct digest){ .hash = 0xcbf29ce484222325u };
	must(!csv_rows_open(&rows, delimiter, ROW_MAX, take, ret));
	for (size_t at = 0; at < len; at += piece) {
		/* in a block of its own, so that reads beyond it are seen */
		size_t n = piece < len - at ? piece : len - at;
		char *copy = fuzz_copy(text + at, n, 0);
		csv_rows_feed(rows, copy, n);
		free(copy);
	}
	int rc = csv_rows_end(rows);
	csv_rows_close(rows);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char delimiters[] = { ',', ';', '\t', '|' };
	struct digest whole, pieces;
	if (!size)
		return 0;
	char *text = fuzz_copy(data + 1, size - 1, 0);
	char delimiter = delimiters[data[0] & 3];
	int rc = read_rows(text, size - 1, delimiter, size, &whole);
	must(rc == 0 || rc == CSV_ROWS_LARGE || rc == CSV_ROWS_WIDE);
	must(read_rows(text, size - 1, delimiter, 1 + (data[0] >> 2), &pieces) == rc);
	must(pieces.rows == whole.rows && pieces.hash == whole.hash);
	must(memchr(delimiters, csv_delimiter_guess(text, size - 1, data[0] & 1), sizeof delimiters) != NULL);
	char *utf8 = malloc(size * WESTERN_MOST);
	must(utf8 && western_to_utf8(utf8, text, size - 1) >= size - 1);
	free(utf8);
	free(text);
	return 0;
}
