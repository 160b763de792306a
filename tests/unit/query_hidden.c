/* SPDX-License-Identifier: Apache-2.0 */
/* A caller that does not see some attributes gets the same answers as from a table that never had them. */
#include <config.h>

#include "random_queries.h"

/* The formats in which hidden attributes are searched for. */
static const struct encoder *const formats[] = {
	&encode_json,
	&encode_json,
#ifdef LYRE_FORMAT_CSV
	&encode_csv,
#endif
};
#define FORMATS (sizeof(formats) / sizeof(*formats))

/** \p arg  bits of the hidden attributes[]; the times are always hidden, as they differ between two tables */
static bool shows(const void *arg, const struct attribute *at)
{
	unsigned hidden = *(const unsigned *)arg;
	for (unsigned i = 0; i < ATTRIBUTES; i++) {
		if (!strcmp(at->name, attributes[i]))
			return !(hidden >> i & 1);
	}
	return at->name[0] != '_';
}

/** The records without hidden attributes. */
static const lyre_value *stripped(struct arena *a, const lyre_value *records, unsigned hidden)
{
	lyre_value *all = ARENA_NEW(a, lyre_value);
	must(all);
	*all = *records;
	all->items = ARENA_ARRAY(a, lyre_value, records->len);
	must(all->items);
	for (uint32_t i = 0; i < records->len; i++) {
		const lyre_value *from = &records->items[i];
		lyre_value *to = &all->items[i];
		*to = *from;
		to->len = 0;
		to->members = ARENA_ARRAY(a, struct value_member, from->len);
		must(to->members);
		for (uint32_t j = 0; j < from->len; j++) {
			unsigned k = 0;
			while (strcmp(attributes[k], from->members[j].name))
				k++;
			if (!(hidden >> k & 1))
				to->members[to->len++] = from->members[j];
		}
	}
	return all;
}

/** A request of any kind, about any attribute. */
static void add_request(struct buf *b)
{
	static const char *const selects[] = { "\"*\"", "\"id\"", "\"$id\"", "\"nope\"", "{\"name\":\"u\",\"select\":[\"x\"]}",
		"{\"name\":\"v\"}" };
	buf_addf(b, "{\"reverse\":%s", rnd(2) ? "true" : "false");
	if (!rnd(4)) {
		buf_add_str(b, ",\"ids\":[");
		for (unsigned i = 0; i < 5; i++) {
			buf_add_str(b, i ? "," : "");
			add_key(b, rnd(RECORDS + 50));
		}
		buf_add_char(b, ']');
	} else {
		buf_addf(b, ",\"operator\":\"%s\",\"conditions\":[", rnd(3) ? "and" : "or");
		add_condition(b, 1);
		buf_add_char(b, ',');
		add_condition(b, 1);
		buf_add_char(b, ']');
		if (rnd(2)) {
			buf_add_str(b, ",\"sort\":");
			add_sort(b, 1, NULL);
		}
		if (rnd(2))
			buf_addf(b, ",\"offset\":%u,\"limit\":%u", rnd(10), rnd(50));
	}
	if (rnd(4)) {
		buf_add_str(b, ",\"get_attributes\":[");
		for (unsigned i = 0, n = 1 + rnd(3); i < n; i++) {
			buf_add_str(b, i ? "," : "");
			if (rnd(2))
				buf_addf(b, "\"%s\"", attributes[rnd(ATTRIBUTES)]);
			else
				buf_add_str(b, selects[rnd(sizeof(selects) / sizeof(*selects))]);
		}
		buf_add_char(b, ']');
	}
	buf_add_char(b, '}');
}

/** A caller that does not see some attributes gets the same answers as from a table that never had them: rows, order, refusals. */
static void hidden_attributes(bool typed, uint64_t seed)
{
	const unsigned none = 0;
	unsigned hidden, refused = 0, rows = 0;
	const struct attribute_filter some = { .shows = shows, .arg = &hidden }, all = { .shows = shows, .arg = &none };
	struct arena a;
	struct buf b, whole, part;
	arena_init(&a);
	buf_init(&b);
	buf_init(&whole);
	buf_init(&part);
	state = seed;
	for (unsigned round = 0; round < 12; round++) {
		char names[2][16];
		struct lyre_attribute specs[2][ATTRIBUTES];
		unsigned counts[2] = { 0, 0 };
		hidden = (1 + rnd((1u << (ATTRIBUTES - 1)) - 1)) << 1; /* never the key */
		for (unsigned i = 0; i < ATTRIBUTES; i++) {
			const struct lyre_attribute spec = { .size = sizeof(spec),
				.name = attributes[i],
				.flags = indexed(attributes[i], typed) ? LYRE_A_INDEXED : 0 };
			specs[0][counts[0]++] = spec;
			if (!(hidden >> i & 1))
				specs[1][counts[1]++] = spec;
		}
		arena_reset(&a);
		buf_clear(&b);
		for (unsigned i = 0; i < RECORDS; i++) {
			buf_add_char(&b, i ? ',' : '[');
			add_record(&b, i, true);
		}
		buf_add_char(&b, ']');
		const lyre_value *records = json(&a, buf_cstr(&b));
		for (unsigned i = 0; i < 2; i++) {
			snprintf(names[i], sizeof(names[i]), "%s%u", i ? "part" : "whole", round);
			make_table(names[i], typed ? specs[i] : NULL, typed ? counts[i] : 0);
			write_records(names[i], LYRE_INSERT, i ? stripped(&a, records, hidden) : records);
		}
		for (unsigned i = 0; i < 150; i++) {
			struct err first;
			size_t want = rnd(2) ? SIZE_MAX / 2 : 1 + rnd(100);
			const struct encoder *format = formats[rnd(FORMATS)];
			buf_clear(&b);
			add_request(&b);
			const lyre_value *request = json(&a, buf_cstr(&b));
			filter = &some;
			int rc = ask(names[0], request, format, want, &whole);
			first = err;
			filter = &all;
			ck_assert_msg(ask(names[1], request, format, want, &part) == rc, "%s: %d, then %s", b.data, rc, err.text);
			filter = NULL;
			if (rc)
				ck_assert_str_eq(first.text, err.text);
			else
				ck_assert_msg(!strcmp(whole.data, part.data), "%s:\n%s\n%s", b.data, whole.data, part.data);
			refused += rc != 0;
			rows += whole.len > 10;
		}
	}
	must(refused > 100 && rows > 100); /* both occurred */
	buf_free(&b);
	buf_free(&whole);
	buf_free(&part);
	arena_free(&a);
}

START_TEST(hidden_attributes_of_a_declared_table)
{
	hidden_attributes(true, 4242);
}
END_TEST

START_TEST(hidden_attributes_of_a_dynamic_table)
{
	hidden_attributes(false, 31337);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("query_hidden");
	TCase *c = tcase_create("hidden attributes");
	tcase_set_timeout(c, 300);
	tcase_add_checked_fixture(c, store_start, store_stop);
	tcase_add_test(c, hidden_attributes_of_a_declared_table);
	tcase_add_test(c, hidden_attributes_of_a_dynamic_table);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
