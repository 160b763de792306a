/* SPDX-License-Identifier: Apache-2.0 */
/* Random tables and queries, evaluated a second time here, row by row, on the records that were written. */
#include <config.h>

#include "random_queries.h"

#define QUERIES 1500

/** Many conditions on one attribute, or-ed or, if negated, and-ed: sets are made from them. */
static void add_values(struct buf *b)
{
	static const char *const names[2][6] = { { "equals", "starts_with", "contains", "ends_with", "equals", "less_than" },
		{ "not_equal", "not_starts_with", "not_contains", "not_ends_with", "not_equal", "less_than" } };
	const char *attribute = attributes[rnd(ATTRIBUTES)];
	bool all = rnd(2);
	unsigned kinds = rnd(3) ? 1 : 1 + rnd(6);
	unsigned first = rnd(5), n = 2 + (rnd(2) ? rnd(9) : rnd(60));
	buf_addf(b, "{\"operator\":\"%s\",\"conditions\":[", all ? "and" : "or");
	for (unsigned i = 0; i < n; i++) {
		const char *name = names[all][(first + rnd(kinds)) % 6];
		const lyre_value text = value_text(name, strlen(name));
		if (!rnd(all ? 60 : 20))
			attribute = attributes[rnd(ATTRIBUTES)];
		buf_addf(b, "%s{\"attribute\":\"%s\",\"comparator\":\"%s\",\"value\":", i ? "," : "", attribute, name);
		add_operand(b, comparator_find(&text), attribute);
		buf_add_char(b, '}');
	}
	buf_add_str(b, "]}");
}

/* ---- the same, evaluated the simple way ---- */

static void text_of(const lyre_value *v, bool numbers, struct buf *b)
{
	buf_clear(b);
	if (v->type == LYRE_STRING)
		buf_add(b, v->s, v->len);
	else if (numbers && value_is_number(v))
		json_add_value(b, v);
	else
		b->failed = true;
}

static bool text_matches(const char *comparator, const lyre_value *v, const lyre_value *part)
{
	struct buf x, y;
	bool found = false;
	buf_init(&x);
	buf_init(&y);
	text_of(v, *comparator != 's', &x);
	text_of(part, true, &y);
	for (size_t i = 0; !x.failed && i + y.len <= x.len; i++) {
		if (y.len && memcmp(x.data + i, y.data, y.len))
			continue;
		if ((*comparator == 's' && i) || (*comparator == 'e' && i + y.len != x.len))
			continue;
		found = true;
	}
	found = found || (!x.failed && !y.len);
	buf_free(&x);
	buf_free(&y);
	return found;
}

static bool is_negated(const char *comparator)
{
	return !strncmp(comparator, "not_", 4);
}

/** The opposite of a negated comparator. */
static const char *positive_of(const char *comparator)
{
	return !strcmp(comparator, "not_equal") ? "equals" : is_negated(comparator) ? comparator + 4 : comparator;
}

static bool is_listed(const lyre_value *v, const lyre_value *list)
{
	bool found = false;
	for (uint32_t i = 0; i < list->len; i++)
		found = found || !value_compare(v, &list->items[i]);
	return found;
}

static bool is_positive_match(const char *comparator, const lyre_value *v, const lyre_value *with)
{
	if (!strcmp(comparator, "contains") || !strcmp(comparator, "starts_with") || !strcmp(comparator, "ends_with"))
		return text_matches(comparator, v, with);
	if (!strcmp(comparator, "between"))
		return (with->len < 1 || value_compare(v, &with->items[0]) >= 0) &&
			(with->len < 2 || value_compare(v, &with->items[1]) <= 0);
	if (!strcmp(comparator, "equals"))
		return with->type != LYRE_ARRAY && !value_compare(v, with);
	if (!strcmp(comparator, "in"))
		return is_listed(v, with);
	bool greater = !strncmp(comparator, "greater_than", 12);
	if (!greater && strncmp(comparator, "less_than", 9))
		ck_abort_msg("this test knows no '%s': say here what it matches", comparator);
	int c = value_compare(v, with);
	return v->type != LYRE_NULL && ((greater ? c > 0 : c < 0) || (!c && strstr(comparator, "_equal")));
}

static bool item_matches(const char *comparator, const lyre_value *v, const lyre_value *with, bool loose)
{
	bool negated = is_negated(comparator);
	if (v->type >= LYRE_ARRAY || (negated && v->type == LYRE_NULL && !loose))
		return false;
	return is_positive_match(positive_of(comparator), v, with) != negated;
}

static bool matches(const lyre_value *condition, const lyre_value *record, bool declared)
{
	const lyre_value *inner = value_get(condition, "conditions");
	if (inner) {
		bool any = value_equals_str(value_get(condition, "operator"), "or");
		for (uint32_t i = 0; i < inner->len; i++) {
			if (matches(&inner->items[i], record, declared) == any)
				return any;
		}
		return !any;
	}
	const lyre_value *v = value_get(record, value_get(condition, "attribute")->s);
	const lyre_value *with = value_get(condition, "value");
	const char *comparator = value_get(condition, "comparator")->s;
	bool loose = is_negated(comparator) && !indexed(value_get(condition, "attribute")->s, declared);
	if (!v || v->type == LYRE_OBJECT)
		return loose;
	if (v->type != LYRE_ARRAY)
		return item_matches(comparator, v, with, loose);
	if (with->type == LYRE_ARRAY && !strcmp(positive_of(comparator), "equals"))
		return value_equal(v, with) != is_negated(comparator);
	for (uint32_t i = 0; i < v->len; i++) {
		if (item_matches(comparator, &v->items[i], with, loose))
			return true;
	}
	return loose && !v->len;
}

static const lyre_value *sorting;
static bool ties_descending;

static int compare_rows(const void *x, const void *y)
{
	static const lyre_value null = { .type = LYRE_NULL };
	const lyre_value *a = *(const lyre_value *const *)x, *b = *(const lyre_value *const *)y;
	for (const lyre_value *s = sorting; s; s = value_get(s, "next")) {
		const lyre_value *p = value_get(a, value_get(s, "attribute")->s), *q = value_get(b, value_get(s, "attribute")->s);
		int c = value_compare(p ? p : &null, q ? q : &null);
		if (c)
			return is_true(value_get(s, "descending")) ? -c : c;
	}
	int c = value_compare(value_get(a, "id"), value_get(b, "id"));
	return ties_descending ? -c : c;
}

/* ---- comparing the two ---- */

struct sides {
	const char *table;
	bool declared;
	const lyre_value *records;
	const lyre_value *rows[RECORDS]; /* the matching rows */
	size_t count;
};

static void find_rows(struct sides *s, const lyre_value *condition)
{
	s->count = 0;
	for (uint32_t i = 0; i < s->records->len; i++) {
		if (!condition || matches(condition, &s->records->items[i], s->declared))
			s->rows[s->count++] = &s->records->items[i];
	}
}

static void ask_text(struct sides *s, struct arena *a, const char *request, size_t want, struct buf *out)
{
	if (ask(s->table, json(a, request), &encode_json, want, out))
		ck_abort_msg("%s: %s", request, err.text);
}

static const lyre_value *ids_of(struct arena *a, const char *text)
{
	return json(a, text);
}

static void same_ids(const char *request, const lyre_value *found, const lyre_value *const *rows, size_t from, size_t count)
{
	bool same = found->len == count;
	for (size_t i = 0; same && i < count; i++)
		same = value_equal(value_get(&found->items[i], "id"), value_get(rows[from + i], "id"));
	if (same)
		return;
	fprintf(stderr, "%s\n", request);
	for (size_t i = 0; i < count || i < found->len; i++) {
		struct buf b;
		buf_init(&b);
		json_add_value(&b, i < count ? value_get(rows[from + i], "id") : NULL);
		buf_add_str(&b, "   ");
		json_add_value(&b, i < found->len ? value_get(&found->items[i], "id") : NULL);
		fprintf(stderr, "%.*s\n", (int)b.len, b.data);
		buf_free(&b);
	}
	ck_abort_msg("%zu rows wanted, %u found", count, found->len);
}

/** Rows without an order: the same rows, each once. */
static void same_set(const char *request, struct sides *s, const lyre_value *found)
{
	const lyre_value **order = malloc((found->len + 1) * sizeof(*order));
	lyre_value *sorted = malloc((found->len + 1) * sizeof(*sorted));
	must(order && sorted);
	for (uint32_t i = 0; i < found->len; i++)
		order[i] = &found->items[i];
	sorting = NULL;
	ties_descending = false;
	qsort(order, found->len, sizeof(*order), compare_rows);
	qsort(s->rows, s->count, sizeof(*s->rows), compare_rows);
	for (uint32_t i = 0; i < found->len; i++)
		sorted[i] = *order[i];
	lyre_value all = { .type = LYRE_ARRAY, .len = found->len, .items = sorted };
	same_ids(request, &all, s->rows, 0, s->count);
	free(sorted);
	free(order);
}

static void random_query(struct sides *s)
{
	struct arena a;
	struct buf conditions, tail, request, out, sliced;
	arena_init(&a);
	buf_init(&conditions);
	buf_init(&tail);
	buf_init(&request);
	buf_init(&out);
	buf_init(&sliced);

	bool any = !rnd(3), all = !rnd(10), values = !rnd(6);
	unsigned count = any ? 2 + rnd(2) : 1 + rnd(3);
	buf_addf(&conditions, "\"operator\":\"%s\",\"conditions\":[", any ? "or" : "and");
	for (unsigned i = 0; i < count; i++) {
		if (i)
			buf_add_char(&conditions, ',');
		if (values)
			add_values(&conditions);
		else
			add_condition(&conditions, 2);
	}
	buf_add_char(&conditions, ']');
	if (all)
		buf_clear(&conditions);
	must(buf_cstr(&conditions));
	buf_addf(&request, "{%s}", conditions.data);
	const lyre_value *condition = json(&a, buf_cstr(&request));
	find_rows(s, all ? NULL : condition);

	/* without an order */
	buf_clear(&request);
	buf_addf(&request, "{\"get_attributes\":[\"id\"]%s%s}", all ? "" : ",", conditions.data);
	ask_text(s, &a, buf_cstr(&request), SIZE_MAX / 2, &out);
	const lyre_value *found = ids_of(&a, out.data);
	same_set(request.data, s, found);
	slice_ns = rnd(2); /* ends after each step */
	ask_text(s, &a, request.data, slice_ns ? SIZE_MAX / 2 : 1 + rnd(60), &sliced);
	ck_assert_msg(!slice_ns || s->count < 10 || slices > 2, "%u slices, %zu: %s", slices, s->count, request.data);
	ck_assert_msg(out.len == sliced.len && !memcmp(out.data, sliced.data, out.len), "sliced: %s", request.data);

	/* reversed, and a part of it */
	const lyre_value **order = malloc((found->len + 1) * sizeof(*order));
	must(order);
	for (uint32_t i = 0; i < found->len; i++)
		order[found->len - 1 - i] = &found->items[i];
	size_t offset = rnd(10) ? rnd(10) : rnd(RECORDS), limit = rnd(4) ? rnd(20) : rnd(RECORDS);
	size_t from = offset < found->len ? offset : found->len;
	size_t part = limit < found->len - from ? limit : found->len - from;
	buf_clear(&request);
	buf_addf(&request, "{\"get_attributes\":[\"id\"],\"reverse\":true,\"offset\":%zu,\"limit\":%zu%s%s}", offset, limit,
		all ? "" : ",", conditions.data);
	ask_text(s, &a, buf_cstr(&request), 1 + rnd(100), &sliced);
	same_ids(request.data, ids_of(&a, sliced.data), order, from, part);
	free(order);

	/* sorted */
	bool reverse = !rnd(3), limited = rnd(3);
	const lyre_value *leaf = all ? NULL : &value_get(condition, "conditions")->items[0];
	while (leaf && value_get(leaf, "conditions") && value_equals_str(value_get(leaf, "operator"), "and"))
		leaf = &value_get(leaf, "conditions")->items[0];
	const lyre_value *on = value_get(leaf, "attribute");
	add_sort(&tail, 2, on ? on->s : NULL);
	sorting = json(&a, buf_cstr(&tail));
	ties_descending = false;
	if (!value_get(sorting, "next") && !all && !any && is_true(value_get(sorting, "descending"))) {
		const lyre_value *by = value_get(sorting, "attribute");
		ties_descending = on && !strcmp(on->s, by->s) && indexed(by->s, s->declared);
	}
	qsort(s->rows, s->count, sizeof(*s->rows), compare_rows);
	for (size_t i = 0; reverse && i < s->count / 2; i++) {
		const lyre_value *x = s->rows[i];
		s->rows[i] = s->rows[s->count - 1 - i];
		s->rows[s->count - 1 - i] = x;
	}
	from = limited && offset < s->count ? offset : limited ? s->count : 0;
	part = limited && limit < s->count - from ? limit : s->count - from;
	buf_clear(&request);
	buf_addf(&request, "{\"get_attributes\":[\"id\"],\"reverse\":%s,\"sort\":%s", reverse ? "true" : "false", tail.data);
	if (limited)
		buf_addf(&request, ",\"offset\":%zu,\"limit\":%zu", offset, limit);
	buf_addf(&request, "%s%s}", all ? "" : ",", conditions.data);
	ask_text(s, &a, buf_cstr(&request), 1 + rnd(200), &sliced);
	same_ids(request.data, ids_of(&a, sliced.data), s->rows, from, part);
	slice_ns = 0;
	buf_free(&conditions);
	buf_free(&tail);
	buf_free(&request);
	buf_free(&out);
	buf_free(&sliced);
	arena_free(&a);
}

static void random_table(const char *name, bool declared, bool arrays, uint64_t seed)
{
	struct sides s = { .table = name, .declared = declared };
	struct arena a;
	struct buf b;
	arena_init(&a);
	buf_init(&b);
	state = seed;
	struct lyre_attribute specs[ATTRIBUTES];
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		specs[i] = (struct lyre_attribute){ .size = sizeof(*specs),
			.name = attributes[i],
			.flags = indexed(attributes[i], declared) ? LYRE_A_INDEXED : 0 };
	}
	make_table(name, specs, ATTRIBUTES);
	buf_add_char(&b, '[');
	for (unsigned i = 0; i < RECORDS; i++) {
		if (i)
			buf_add_char(&b, ',');
		add_record(&b, i, arrays);
	}
	buf_add_char(&b, ']');
	s.records = json(&a, buf_cstr(&b));
	write_records(name, LYRE_INSERT, s.records);
	for (unsigned i = 0; i < QUERIES; i++)
		random_query(&s);
	buf_free(&b);
	arena_free(&a);
}

START_TEST(declared)
{
	random_table("declared", true, true, 88172645463325252u);
}
END_TEST

START_TEST(all_indexed)
{
	random_table("indexed", false, true, 1234567);
}
END_TEST

START_TEST(without_arrays)
{
	random_table("scalars", true, false, 777);
}
END_TEST

/* Rows read one by one as values equal the rows that are written. */
START_TEST(one_by_one)
{
	struct arena a;
	struct buf b, out;
	arena_init(&a);
	buf_init(&b);
	buf_init(&out);
	make_table("values", NULL, 0);
	buf_add_char(&b, '[');
	for (unsigned i = 0; i < RECORDS; i++) {
		if (i)
			buf_add_char(&b, ',');
		add_record(&b, i, true);
	}
	buf_add_char(&b, ']');
	insert("values", buf_cstr(&b));
	const lyre_value *request = json(&a, "{\"sort\":{\"attribute\":\"n\",\"descending\":true}}");
	must_do(ask("values", request, &encode_json, 1000, &out));
	const lyre_value *rows = json(&a, out.data);
	ck_assert_uint_eq(rows->len, RECORDS);
	const struct table *t = table_of("values");
	struct query *q;
	must_do(open_query(&q, &a, t, request));
	lyre_value row;
	for (uint32_t i = 0; i < rows->len; i++) {
		must_do(query_next(q, &a, &row, &err));
		must(value_equal(&row, &rows->items[i]));
	}
	ck_assert_int_eq(query_next(q, &a, &row, &err), LYRE_END);
	query_close(q);
	table_unref(t);
	buf_free(&b);
	buf_free(&out);
	arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("query_random");
	TCase *c = tcase_create("against a naive answer");
	tcase_set_timeout(c, 300);
	tcase_add_checked_fixture(c, store_start, store_stop);
	tcase_add_test(c, declared);
	tcase_add_test(c, all_indexed);
	tcase_add_test(c, without_arrays);
	tcase_add_test(c, one_by_one);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
