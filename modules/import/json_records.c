/* SPDX-License-Identifier: Apache-2.0 */
#include "json_records.h"

#include "json_split.h"

#include <inttypes.h>
#include <stdlib.h>

struct json_records {
	struct load *load;
	struct json_split *split;
	int rc; /**< of take_text() */
};

/** What is wrong with a text that the server could not read. */
static int refuse(struct load *l, const struct json_text *t)
{
	if (!lyre_text_is_utf8(t->s, t->len))
		return load_bad(l, t->line, t->len, "The record is not UTF-8");
	if (!lyre_alloc(l->call, 2 * t->len)) /* it was memory that lacked */
		return lyre_fail_no_memory(l->call);
	return load_bad(l, t->line, 2 * t->len, "The record is not valid JSON");
}

static int take_text(void *arg, const struct json_text *t)
{
	struct json_records *r = arg;
	struct load *l = r->load;

	r->rc = load_begin(l);
	if (r->rc)
		return r->rc;
	const lyre_value *v = lyre_make_json(l->call, t->s, t->len);
	if (!v)
		r->rc = refuse(l, t);
	else if (lyre_value_type(v) != LYRE_OBJECT)
		r->rc = load_bad(l, t->line, t->len, "A record must be an object");
	else
		r->rc = load_record(l, v, t->line, t->len);
	return r->rc;
}

static int wrong(struct json_records *r)
{
	char c;
	uint64_t line = json_split_wrong(r->split, &c);

	if (c > ' ' && c <= '~')
		return lyre_fail(r->load->call, LYRE_EINVAL, "Line %" PRIu64 ": the JSON is malformed: unexpected '%c'", line, c);
	return lyre_fail(r->load->call, LYRE_EINVAL, "Line %" PRIu64 ": the JSON is malformed: unexpected byte 0x%02x", line,
		(unsigned char)c);
}

static int failure(struct json_records *r, int rc)
{
	lyre_call *call = r->load->call;
	uint64_t line = r->split ? json_split_line(r->split) : 0;

	switch (rc) {
	case 0:
		return 0;
	case JSON_SPLIT_TAKE:
		return r->rc;
	case JSON_SPLIT_LARGE:
		return lyre_fail(call, LYRE_EINVAL,
			"Line %" PRIu64 ": the record has more than %zu bytes (modules.import.maxRecord)", line,
			r->load->options.record_max);
	case JSON_SPLIT_DEEP:
		return lyre_fail(call, LYRE_EINVAL, "Line %" PRIu64 ": the record is nested more than %d levels deep", line,
			JSON_SPLIT_DEPTH);
	case JSON_SPLIT_WRONG:
		return wrong(r);
	case JSON_SPLIT_CUT:
		return lyre_fail(call, LYRE_EINVAL, "Line %" PRIu64 ": the JSON is malformed: it ends too early", line);
	default:
		return lyre_fail_no_memory(call);
	}
}

int json_records_open(struct json_records **ret, struct load *l, bool lines)
{
	struct json_records *r = calloc(1, sizeof *r);

	*ret = r;
	if (!r)
		return lyre_fail_no_memory(l->call);
	r->load = l;
	return failure(r, json_split_open(&r->split, lines, l->options.record_max, take_text, r));
}

int json_records_feed(struct json_records *r, const char *bytes, size_t len)
{
	return failure(r, json_split_feed(r->split, bytes, len));
}

int json_records_end(struct json_records *r)
{
	return failure(r, json_split_end(r->split));
}

void json_records_close(struct json_records *r)
{
	if (!r)
		return;
	json_split_close(r->split);
	free(r);
}
