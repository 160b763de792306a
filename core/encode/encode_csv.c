/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/encode_csv.c
 * \brief Answers in CSV (RFC 4180): strings are quoted.
 */
#include "encode/cells.h"

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

const struct encoder encode_csv = {
	CELLS,
	.style = &(const struct cell_style){ .separator = ',', .add_text = add_quoted },
};
