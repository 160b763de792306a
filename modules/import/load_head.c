/* SPDX-License-Identifier: Apache-2.0 */
#include "load_head.h"

#include "csv_delimiter.h"
#include "csv_records.h"
#include "json_records.h"
#include "json_split.h"
#include "western.h"

#include <stdlib.h>
#include <string.h>

struct load_head {
	struct load *load;
	char *first; /**< the first piece, until it is complete; NULL afterwards */
	size_t len;
	char *utf8; /**< room for a converted piece */
	bool western;
	struct csv_records *csv; /**< one of them */
	struct json_records *json;
};

int load_head_open(struct load_head **ret, struct load *l)
{
	struct load_head *h = calloc(1, sizeof *h);

	*ret = h;
	if (!h)
		return lyre_fail_no_memory(l->call);
	h->load = l;
	h->western = l->options.western;
	h->first = malloc(LOAD_PIECE);
	return h->first ? 0 : lyre_fail_no_memory(l->call);
}

void load_head_close(struct load_head *h)
{
	if (!h)
		return;
	csv_records_close(h->csv);
	json_records_close(h->json);
	free(h->utf8);
	free(h->first);
	free(h);
}

/* ---- the first piece ---- */

/** Files that are not text, and what to do about it. */
static int check_text(struct load_head *h)
{
	static const struct {
		const char *bytes, *what;
	} others[] = {
		{ "\xff\xfe", "The text is UTF-16: convert it to UTF-8" },
		{ "\xfe\xff", "The text is UTF-16: convert it to UTF-8" },
		{ "\x1f\x8b", "The data is compressed with gzip: decompress it" },
		{ "PK\x03\x04", "The data is a ZIP archive or a spreadsheet, not CSV or JSON: save it as CSV" },
	};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		size_t n = strlen(others[i].bytes);
		if (h->len >= n && !memcmp(h->first, others[i].bytes, n))
			return lyre_fail(h->load->call, LYRE_EINVAL, "%s", others[i].what);
	}
	return 0;
}

static enum load_format guess(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r'))
		i++;
	if (i == len || (text[i] != '{' && text[i] != '['))
		return LOAD_CSV;
	return json_split_is_lines(text + i, len - i) ? LOAD_JSON_LINES : LOAD_JSON;
}

static int open_reader(struct load_head *h, const char *text, size_t len, bool whole)
{
	struct load *l = h->load;
	enum load_format format = l->options.format;

	if (format == LOAD_GUESSED)
		format = guess(text, len);
	if (format != LOAD_CSV)
		return json_records_open(&h->json, l, format == LOAD_JSON_LINES);
	char delimiter = l->options.delimiter;
	return csv_records_open(&h->csv, l, delimiter ? delimiter : csv_delimiter_guess(text, len, whole));
}

/* ---- all pieces ---- */

static int feed_reader(struct load_head *h, const char *text, size_t len)
{
	return h->csv ? csv_records_feed(h->csv, text, len) : json_records_feed(h->json, text, len);
}

/** \param len  at most LOAD_PIECE */
static int feed_piece(struct load_head *h, const char *bytes, size_t len)
{
	int rc;

	if (h->western && !h->utf8 && !(h->utf8 = malloc(LOAD_PIECE * WESTERN_MOST)))
		return lyre_fail_no_memory(h->load->call);
	if (h->western)
		rc = feed_reader(h, h->utf8, western_to_utf8(h->utf8, bytes, len));
	else
		rc = feed_reader(h, bytes, len);
	return rc ? rc : load_progress(h->load);
}

/** The first piece is complete: decides how all is read. */
static int decide(struct load_head *h, bool whole)
{
	static const char mark[] = "\xef\xbb\xbf";
	char *first = h->first;
	size_t skip = h->len >= 3 && !memcmp(first, mark, 3) ? 3 : 0;

	int rc = check_text(h);
	if (skip)
		h->western = false; /* whatever the client said */
	if (!rc)
		rc = open_reader(h, first + skip, h->len - skip, whole);
	if (!rc)
		rc = feed_piece(h, first + skip, h->len - skip);
	h->first = NULL;
	free(first);
	return rc;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

int load_head_feed(struct load_head *h, const char *bytes, size_t len)
{
	int rc = 0;

	while (len && !rc) {
		size_t n = least(len, h->first ? LOAD_PIECE - h->len : LOAD_PIECE);
		h->load->read += n;
		if (h->first) {
			memcpy(h->first + h->len, bytes, n);
			h->len += n;
			rc = h->len == LOAD_PIECE ? decide(h, false) : 0;
		} else {
			rc = feed_piece(h, bytes, n);
		}
		bytes += n;
		len -= n;
	}
	return rc;
}

int load_head_end(struct load_head *h)
{
	int rc = h->first ? decide(h, true) : 0;

	if (!rc)
		rc = h->csv ? csv_records_end(h->csv) : json_records_end(h->json);
	return rc ? rc : load_flush(h->load);
}
