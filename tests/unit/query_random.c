/* SPDX-License-Identifier: Apache-2.0 */
/* Random tables and queries, evaluated a second time here, row by row, on the records that were written. */
#include <config.h>

#include "query_fixture.h"

#include "query/comparators.h"

#define RECORDS 400
#define QUERIES 1500

/* The attributes that are queried; "u" and "w" have no index in the declared table. */
static const char *const attributes[] = { "id", "n", "s", "v", "tags", "u", "w" };
#define ATTRIBUTES (sizeof(attributes) / sizeof(*attributes))

/* The formats in which hidden attributes are searched for. */
static const struct encoder *const formats[] = {
	&encode_json,
	&encode_json,
#ifdef LYRE_FORMAT_CSV
	&encode_csv,
#endif
};
#define FORMATS (sizeof(formats) / sizeof(*formats))

static uint64_t state = 88172645463325252u;

static unsigned rnd(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 11) % below);
}

/* ---- random JSON ---- */

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

/* ---- the same, evaluated the simple way ---- */

static bool indexed(const char *attribute, bool declared)
{
	return !declared || (strcmp(attribute, "u") && strcmp(attribute, "w"));
}

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

/* ---- hidden attributes ---- */

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

/* ---- divided work ---- */

static void fill(const char *name, unsigned count, size_t padding)
{
	struct buf b;
	buf_init(&b);
	make_table(name, NULL, 0);
	for (unsigned i = 0; i < count;) {
		buf_clear(&b);
		buf_add_char(&b, '[');
		for (unsigned n = 0; n < 1000 && i < count; n++, i++) {
			buf_addf(&b, "%s{\"id\":%u,\"n\":%u,\"m\":%u,\"s\":\"", n ? "," : "", i, i * 7919 % count, i % 3);
			for (size_t k = 0; k < padding; k++)
				buf_add_char(&b, 'x');
			buf_add_str(&b, "\"}");
		}
		buf_add_char(&b, ']');
		insert(name, buf_cstr(&b));
	}
	buf_free(&b);
}

/* More rows than are sorted at once, and more than are wanted. */
START_TEST(many_rows_sorted)
{
	static const unsigned limits_of[] = { 7000, 1500, 1100, 10, 1 };
	const unsigned count = 7000;
	struct arena a;
	struct buf request, out;
	arena_init(&a);
	buf_init(&request);
	buf_init(&out);
	fill("many", count, 0);
	for (size_t i = 0; i < 4 * sizeof(limits_of) / sizeof(*limits_of); i++) {
		unsigned limit = limits_of[i / 4], offset = i & 1 ? 700 : 0, down = i & 2;
		slice_ns = i % 3 == 2 ? 0 : 20000;
		arena_reset(&a);
		buf_clear(&request);
		/* because of the second sort level no index can serve it */
		buf_addf(&request,
			"{\"get_attributes\":[\"n\"],\"offset\":%u,\"limit\":%u,\"sort\":{\"attribute\":\"n\",\"descending\":%s,"
			"\"next\":{\"attribute\":\"m\"}}}",
			offset, limit, down ? "true" : "false");
		must_do(ask("many", json(&a, buf_cstr(&request)), &encode_json, SIZE_MAX / 2, &out));
		must(!slice_ns || slices > 4);
		const lyre_value *rows = json(&a, out.data);
		unsigned expect = limit < count - offset ? limit : count - offset;
		ck_assert_uint_eq(rows->len, expect);
		for (unsigned k = 0; k < expect; k++)
			must(value_get(&rows->items[k], "n")->i == (down ? count - 1 - offset - k : offset + k));
	}
	slice_ns = 0;
	buf_free(&request);
	buf_free(&out);
	arena_free(&a);
}
END_TEST

/* A light slice leaves large records to the next one, however they are found, and loses none. */
START_TEST(large_records_wait)
{
	static const char *const requests[] = {
		"{}",
		"{'reverse':true}",
		"{'ids':[3,1,99,2,0]}",
		"{'conditions':[{'attribute':'n','comparator':'ge','value':0}]}",
		"{'reverse':true,'conditions':[{'attribute':'n','comparator':'ge','value':0}]}",
		"{'operator':'or','conditions':[{'attribute':'id','value':1},{'attribute':'id','value':3}]}",
		"{'sort':{'attribute':'m','next':{'attribute':'n'}}}",
		"{'sort':{'attribute':'m','descending':true}}",
	};
	struct arena a;
	struct buf whole, part;
	arena_init(&a);
	buf_init(&whole);
	buf_init(&part);
	fill("large", 4, 300000);
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		const lyre_value *request = json(&a, requests[i]);
		slice_ns = 0;
		must_do(ask("large", request, &encode_json, SIZE_MAX / 2, &whole));
		must(whole.len > 600000);
		slice_ns = INT64_C(3600) * 1000000000;
		must_do(ask("large", request, &encode_json, SIZE_MAX / 2, &part));
		ck_assert_msg(slices == 2, "%s: %u slices", requests[i], slices);
		must(!strcmp(whole.data, part.data));
	}
	slice_ns = 0;
	buf_free(&whole);
	buf_free(&part);
	arena_free(&a);
}
END_TEST

/* The same for a plan with long strings, however few. */
START_TEST(long_texts_wait)
{
	enum { TEXTS = 10, LENGTH = 20000 };
	struct arena a;
	struct buf b, out;
	arena_init(&a);
	buf_init(&b);
	buf_init(&out);
	fill("texts", 4, 0);
	slice_ns = INT64_C(3600) * 1000000000;
	for (int length = 20; length <= LENGTH; length += LENGTH - 20) {
		buf_clear(&b);
		buf_add_str(&b, "{\"operator\":\"or\",\"conditions\":[");
		for (int i = 0; i < TEXTS; i++)
			buf_addf(&b, "%s{\"attribute\":\"m\",\"comparator\":\"contains\",\"value\":\"%0*d\"}", i ? "," : "", length,
				i);
		buf_add_str(&b, "]}");
		must_do(ask("texts", json(&a, buf_cstr(&b)), &encode_json, SIZE_MAX / 2, &out));
		ck_assert_uint_eq(slices, length < LENGTH ? 1 : 2);
	}
	slice_ns = 0;
	buf_free(&b);
	buf_free(&out);
	arena_free(&a);
}
END_TEST

/* The time limit applies within a row too: one array with this many conditions takes longer than any test. */
START_TEST(ends_in_time)
{
	const struct query_limits short_time = { .time_ns = 50000000 };
	struct arena a;
	struct buf b, out;
	arena_init(&a);
	buf_init(&b);
	buf_init(&out);
	const struct lyre_attribute specs[] = { { .size = sizeof(*specs), .name = "id" }, { .size = sizeof(*specs), .name = "v" } };
	make_table("wide", specs, 2);
	buf_add_str(&b, "[{\"id\":1,\"v\":[0");
	for (unsigned i = 1; i < 400000; i++)
		buf_addf(&b, ",%u", i % 10);
	buf_add_str(&b, "]}]");
	insert("wide", buf_cstr(&b));
	buf_clear(&b);
	buf_add_str(&b, "{\"operator\":\"or\",\"conditions\":[{\"attribute\":\"v\",\"comparator\":\"gt\",\"value\":10}");
	for (unsigned i = 0; i < 5000; i++)
		buf_addf(&b, ",{\"attribute\":\"v\",\"comparator\":\"between\",\"value\":[%u,%u]}", 20 + i, 30 + i);
	buf_add_str(&b, "],\"sort\":{\"attribute\":\"id\"}}");
	limits = &short_time;
	ck_assert_int_eq(ask("wide", json(&a, buf_cstr(&b)), &encode_json, SIZE_MAX / 2, &out), LYRE_EBUSY);
	ck_assert_str_eq(err.text, "The query was stopped: it ran for more than 50 ms (operationsApi.queryTimeout)");
	limits = NULL;
	buf_free(&b);
	buf_free(&out);
	arena_free(&a);
}
END_TEST

static int no_more(void *arg, struct err *e)
{
	++*(unsigned *)arg;
	return err_set(e, LYRE_EUNAUTHENTICATED, "gone");
}

/* limits->check() is called between a query's slices, also if rows are read one by one. */
START_TEST(ends_when_told)
{
	unsigned asked = 0;
	const struct query_limits told = { .check = no_more, .arg = &asked };
	struct arena a;
	struct query *q;
	lyre_value row;
	int rc;
	arena_init(&a);
	fill("told", 3000, 0);
	const struct table *t = table_of("told");
	limits = &told;
	must_do(open_query(&q, &a, t, json(&a, "{}")));
	must_do(query_next(q, &a, &row, &err));
	ck_assert_uint_eq(asked, 0); /* a query that ends soon is not checked */
	usleep(150000);
	while (!(rc = query_next(q, &a, &row, &err)))
		;
	ck_assert_int_eq(rc, LYRE_EUNAUTHENTICATED);
	ck_assert_uint_eq(asked, 1);
	limits = NULL;
	query_close(q);
	table_unref(t);
	arena_free(&a);
}
END_TEST

/* Keys that are equal up to where a bound is truncated, and more than are compared one by one. */
START_TEST(lists_of_long_keys)
{
	enum { KEYS = 60 };
	static const unsigned wanted[] = { 0, 20, 21, 59 };
	struct arena a;
	struct buf b, out;
	arena_init(&a);
	buf_init(&b);
	buf_init(&out);
	make_table("long", NULL, 0);
	for (unsigned i = 0; i < KEYS; i++)
		buf_addf(&b, "%s{\"id\":\"%0450u\"}", i ? "," : "[", i);
	buf_add_char(&b, ']');
	insert("long", buf_cstr(&b));
	for (unsigned reverse = 0; reverse < 2; reverse++) {
		buf_clear(&b);
		buf_addf(&b, "{\"reverse\":%s,\"conditions\":[{\"attribute\":\"id\",\"comparator\":\"in\",\"value\":",
			reverse ? "true" : "false");
		for (unsigned i = 0; i < 4; i++)
			buf_addf(&b, "%s\"%0450u\"", i ? "," : "[", wanted[i]);
		buf_add_str(&b, "]}]}");
		must_do(ask("long", json(&a, buf_cstr(&b)), &encode_json, SIZE_MAX / 2, &out));
		const lyre_value *rows = json(&a, out.data);
		ck_assert_uint_eq(rows->len, 4);
		for (unsigned i = 0; i < 4; i++)
			ck_assert_int_eq(atoi(value_get(&rows->items[i], "id")->s + 400), (int)wanted[reverse ? 3 - i : i]);
	}
	buf_free(&b);
	buf_free(&out);
	arena_free(&a);
}
END_TEST

/* This many conditions, at every depth, and no more. */
START_TEST(conditions_are_limited)
{
	const struct query_limits few = { .conditions = 4 };
	struct arena a;
	struct buf out;
	arena_init(&a);
	buf_init(&out);
	fill("few", 2, 0);
	limits = &few;
	must_do(ask("few",
		json(&a,
			"{'conditions':[{'attribute':'n','value':1},{'operator':'or','conditions':["
			"{'attribute':'n','value':1},{'attribute':'n','value':2},{'attribute':'n','value':3}]}]}"),
		&encode_json, 100, &out));
	ck_assert_int_eq(
		ask("few",
			json(&a,
				"{'conditions':[{'attribute':'n','value':1},{'operator':'or','conditions':["
				"{'attribute':'n','value':1},{'attribute':'n','value':2},{'attribute':'n','value':3},{'attribute':'n','value':4}]}]}"),
			&encode_json, 100, &out),
		LYRE_EINVAL);
	ck_assert_str_eq(err.text, "A query must not have more than 4 conditions (operationsApi.maxConditions)");
	/* each value of a list counts as one */
	must_do(ask("few",
		json(&a, "{'conditions':[{'attribute':'n','value':1},{'attribute':'n','comparator':'in','value':[1,2,1]}]}"),
		&encode_json, 100, &out));
	must_do(ask("few", json(&a, "{'conditions':[{'attribute':'n','comparator':'not_in','value':[1,2,3,4]}]}"), &encode_json,
		100, &out));
	ck_assert_int_eq(ask("few", json(&a, "{'conditions':[{'attribute':'n','comparator':'not_in','value':[1,1,1,1,1]}]}"),
				 &encode_json, 100, &out),
		LYRE_EINVAL);
	ck_assert_str_eq(err.text, "A query must not have more than 4 conditions (operationsApi.maxConditions)");
	limits = NULL;
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
	tcase_add_test(c, many_rows_sorted);
	tcase_add_test(c, large_records_wait);
	tcase_add_test(c, long_texts_wait);
	tcase_add_test(c, ends_in_time);
	tcase_add_test(c, ends_when_told);
	tcase_add_test(c, lists_of_long_keys);
	tcase_add_test(c, conditions_are_limited);
	tcase_add_test(c, hidden_attributes_of_a_declared_table);
	tcase_add_test(c, hidden_attributes_of_a_dynamic_table);
	tcase_add_test(c, one_by_one);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
