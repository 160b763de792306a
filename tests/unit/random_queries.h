/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file random_queries.h
 * \brief Random records, and random queries for them, as JSON.
 */
#ifndef RANDOM_QUERIES_H
#define RANDOM_QUERIES_H

#include "query_fixture.h"

#include "query/comparators.h"

#define RECORDS 400

/* The attributes that are queried; "u" and "w" have no index in a declared table. */
static const char *const attributes[] = { "id", "n", "s", "v", "tags", "u", "w" };
#define ATTRIBUTES (sizeof(attributes) / sizeof(*attributes))

static bool indexed(const char *attribute, bool declared)
{
	return !declared || (strcmp(attribute, "u") && strcmp(attribute, "w"));
}

static uint64_t state = 88172645463325252u;

static unsigned rnd(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 11) % below);
}

static void add_text(struct buf *b, unsigned kind)
{
	static const char *const words[] = { "", "a", "ab", "abc", "b", "ba", "a\\u0000", "a\\u0000b", "a\\u0001", "Zoë", "1", "10",
		"ab\\u00ff" };
	buf_add_char(b, '"');
	if (kind == 0) {
		/* long ones differ after the part that an index holds */
		for (unsigned i = 0, n = 190 + rnd(40); i < n; i++)
			buf_add_char(b, 'k');
		buf_addf(b, "%u", rnd(5));
	} else {
		buf_add_str(b, words[rnd(sizeof(words) / sizeof(*words))]);
	}
	buf_add_char(b, '"');
}

static void add_number(struct buf *b)
{
	static const char *const odd[] = { "9007199254740992", "9007199254740993", "9007199254740994", "-9007199254740993",
		"9223372036854775807", "9223372036854775806", "-9223372036854775808", "1e19", "0.5", "-0.5", "1e-7", "1e300" };
	if (rnd(3))
		buf_addf(b, "%d", (int)rnd(24) - 4);
	else
		buf_add_str(b, odd[rnd(sizeof(odd) / sizeof(*odd))]);
}

static void add_scalar(struct buf *b)
{
	switch (rnd(10)) {
	case 0:
		buf_add_str(b, "null");
		break;
	case 1:
		buf_add_str(b, rnd(2) ? "true" : "false");
		break;
	case 2:
	case 3:
	case 4:
		add_number(b);
		break;
	default:
		add_text(b, rnd(8));
		break;
	}
}

static void add_array(struct buf *b)
{
	buf_add_char(b, '[');
	for (unsigned i = 0, n = rnd(5); i < n; i++) {
		if (i)
			buf_add_char(b, ',');
		if (rnd(12))
			add_scalar(b);
		else
			buf_add_str(b, rnd(2) ? "{\"x\":1}" : "[]");
	}
	buf_add_char(b, ']');
}

static void add_any(struct buf *b)
{
	switch (rnd(12)) {
	case 0:
		buf_add_str(b, "{\"x\":1}");
		break;
	case 1:
		add_array(b);
		break;
	default:
		add_scalar(b);
		break;
	}
}

static void add_key(struct buf *b, unsigned i)
{
	switch (i % 7) {
	case 0:
		buf_addf(b, "\"k%u\"", i);
		break;
	case 1:
		buf_addf(b, "\"k%u\\u0000x\"", i - 1);
		break;
	case 2: {
		/* longer than what a key holds completely; these sort by their prefixes */
		buf_addf(b, "\"%u", i);
		for (unsigned j = 0; j < 100 + i % 500; j++)
			buf_add_str(b, "ab");
		buf_add_char(b, '"');
		break;
	}
	case 3:
		buf_addf(b, "%u.5", i);
		break;
	default:
		buf_addf(b, "%d", (int)i - 100);
		break;
	}
}

static void add_record(struct buf *b, unsigned i, bool arrays)
{
	buf_add_str(b, "{\"id\":");
	add_key(b, i);
	if (rnd(10))
		buf_addf(b, ",\"n\":%u", rnd(20));
	if (rnd(10)) {
		buf_add_str(b, ",\"s\":");
		add_text(b, 1);
	}
	if (rnd(6)) {
		buf_add_str(b, ",\"v\":");
		arrays ? add_any(b) : add_scalar(b);
	}
	if (arrays && rnd(4)) {
		buf_add_str(b, ",\"tags\":");
		add_array(b);
	}
	if (rnd(4)) {
		buf_add_str(b, ",\"u\":");
		add_any(b);
	}
	buf_addf(b, ",\"w\":%u}", rnd(5));
}

/** A value of an attribute, to compare with. */
static void add_value(struct buf *b, const char *attribute)
{
	if (!strcmp(attribute, "id"))
		add_key(b, rnd(RECORDS + 50));
	else if (!strcmp(attribute, "n") && rnd(8))
		buf_addf(b, "%u", rnd(22));
	else
		add_scalar(b);
}

static void add_operand(struct buf *b, const struct comparator *c, const char *attribute)
{
	unsigned n = 0;
	switch (c->operand) {
	case OPERAND_TEXT:
		rnd(4) ? add_text(b, rnd(12)) : buf_addf(b, "%u", rnd(20));
		return;
	case OPERAND_WHOLE:
		!strcmp(attribute, "tags") && !rnd(4) ? add_array(b) : add_value(b, attribute);
		return;
	case OPERAND_SCALAR:
		add_value(b, attribute);
		return;
	case OPERAND_BOUNDS:
		n = rnd(8) ? 2 : 1;
		break;
	case OPERAND_LIST:
		n = rnd(3) ? rnd(6) : rnd(60);
		break;
	}
	buf_add_char(b, '[');
	for (unsigned i = 0; i < n; i++) {
		buf_add_str(b, i ? "," : "");
		add_value(b, attribute);
	}
	buf_add_char(b, ']');
}

/** Any row of the table: one that the model does not know stops the test. */
static const struct comparator *random_comparator(void)
{
	unsigned count = 0;
	while (*comparators[count].names)
		count++;
	return &comparators[rnd(10) ? rnd(count) : 0];
}

static void add_condition(struct buf *b, unsigned depth)
{
	if (depth && !rnd(3)) {
		buf_addf(b, "{\"operator\":\"%s\",\"conditions\":[", rnd(2) ? "or" : "and");
		for (unsigned i = 0, n = 2 + rnd(2); i < n; i++) {
			if (i)
				buf_add_char(b, ',');
			add_condition(b, depth - 1);
		}
		buf_add_str(b, "]}");
		return;
	}
	const char *attribute = attributes[rnd(ATTRIBUTES)];
	const struct comparator *c = random_comparator();
	buf_addf(b, "{\"attribute\":\"%s\",\"comparator\":\"%s\",\"value\":", attribute, c->names[0]);
	add_operand(b, c, attribute);
	buf_add_char(b, '}');
}

/** \p by  an attribute that is chosen more often; NULL: none */
static void add_sort(struct buf *b, unsigned depth, const char *by)
{
	buf_addf(b, "{\"attribute\":\"%s\"", by && rnd(2) ? by : attributes[rnd(ATTRIBUTES)]);
	if (rnd(2))
		buf_addf(b, ",\"descending\":%s", rnd(2) ? "true" : "false");
	if (depth && !rnd(3)) {
		buf_add_str(b, ",\"next\":");
		add_sort(b, depth - 1, NULL);
	}
	buf_add_char(b, '}');
}

#endif
