/* SPDX-License-Identifier: Apache-2.0 */
#include "csv_delimiter.h"

#include "csv_rows.h"

/** Rows that are looked at. */
#define ROWS 20

/** How a delimiter divides the first rows. */
struct division {
	size_t header; /**< fields */
	size_t rows;   /**< after the header */
	size_t alike;  /**< rows with as many fields */
};

static int count_row(void *arg, const struct csv_row *row)
{
	struct division *d = arg;

	if (!d->header) {
		d->header = row->count;
		return 0;
	}
	d->alike += row->count == d->header;
	return ++d->rows == ROWS;
}

/** \return false: out of memory */
static bool divide(const char *text, size_t len, bool whole, char delimiter, struct division *ret)
{
	struct csv_rows *rows;

	*ret = (struct division){ 0 };
	if (csv_rows_open(&rows, delimiter, len + 1, count_row, ret))
		return false;
	csv_rows_feed(rows, text, len);
	if (whole || !ret->header)
		csv_rows_end(rows);
	csv_rows_close(rows);
	return true;
}

/** Compares the shares of rows that are alike; equal shares, then the number of fields. */
static bool is_better(const struct division *a, const struct division *b)
{
	size_t x = (a->alike + 1) * (b->rows + 1), y = (b->alike + 1) * (a->rows + 1); /* the header is like itself */

	return x != y ? x > y : a->header > b->header;
}

char csv_delimiter_guess(const char *text, size_t len, bool whole)
{
	static const char candidates[] = { ',', ';', '\t', '|' };
	struct division best = { 0 }, d;
	char ret = ',';

	for (size_t i = 0; i < sizeof candidates; i++) {
		if (divide(text, len, whole, candidates[i], &d) && d.header > 1 && (best.header < 2 || is_better(&d, &best))) {
			best = d;
			ret = candidates[i];
		}
	}
	return ret;
}
