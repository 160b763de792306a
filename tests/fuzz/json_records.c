/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file json_records.c
 * \brief Records of JSON: they are the same wherever pieces end; what the server's reader takes as an array of records is divided into
 * the records of that array, and its records are divided alike when they follow each other.
 *
 * The first byte tells the size of the pieces, and whether each line is a record.
 */
#include "fuzz.h"

#include "base/json.h"
#include "import/json_split.h"

#define RECORD_MAX 4096

/** What was read: a hash of all records, their number, and how many the server can read. */
struct digest {
	uint64_t hash, records, line;
	uint64_t valid;
};

static bool is_json(const char *s, size_t len, lyre_value *ret, struct arena *a)
{
	struct err ignored;
	return !json_decode_copy(a, s, len, ret, &ignored);
}

static int take(void *arg, const struct json_text *text)
{
	struct digest *d = arg;
	struct arena a;
	lyre_value v;
	must(text->len > 0 && text->line >= d->line);
	d->line = text->line;
	for (size_t i = 0; i < text->len; i++)
		d->hash = (d->hash ^ (unsigned char)text->s[i]) * 0x100000001b3u;
	d->hash = (d->hash ^ text->line) * 0x100000001b3u;
	arena_init(&a);
	d->valid += is_json(text->s, text->len, &v, &a);
	arena_free(&a);
	d->records++;
	return 0;
}

static int split(const char *text, size_t len, bool lines, size_t piece, struct digest *ret)
{
	struct json_split *j;
	*ret = (struct digest){ .hash = 0xcbf29ce484222325u };
	must(!json_split_open(&j, lines, RECORD_MAX, take, ret));
	for (size_t at = 0; at < len; at += piece) {
		size_t n = piece < len - at ? piece : len - at;
		char *copy = fuzz_copy(text + at, n, 0);
		json_split_feed(j, copy, n);
		free(copy);
	}
	int rc = json_split_end(j);
	must(json_split_line(j) > 0);
	json_split_close(j);
	return rc;
}

/** Compares with the server's own reader, if it reads the whole text. */
static void compare(const char *text, size_t len, int rc, const struct digest *d)
{
	struct arena a;
	lyre_value v;
	arena_init(&a);
	if (is_json(text, len, &v, &a) && rc != JSON_SPLIT_LARGE && rc != JSON_SPLIT_DEEP) {
		if (v.type == LYRE_ARRAY)
			must(rc == 0 && d->records == v.len && d->valid == v.len);
		else if (v.type == LYRE_OBJECT)
			must(rc == 0 && d->records == 1 && d->valid == 1);
		else
			must(rc == JSON_SPLIT_WRONG);
	}
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct digest whole, pieces;
	if (!size)
		return 0;
	char *text = fuzz_copy(data + 1, size - 1, 0);
	bool lines = data[0] & 1;
	int rc = split(text, size - 1, lines, size, &whole);
	must(rc == 0 || rc <= JSON_SPLIT_LARGE);
	must(split(text, size - 1, lines, 1 + (data[0] >> 1), &pieces) == rc);
	must(pieces.records == whole.records && pieces.hash == whole.hash);
	if (!lines)
		compare(text, size - 1, rc, &whole);
	json_split_is_lines(text, size - 1);
	free(text);
	return 0;
}
