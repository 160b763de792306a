/* SPDX-License-Identifier: Apache-2.0 */
#include "unit_json.h"

#include "base/value.h"
#include "store/record.h"

#include <string.h>

static uint64_t state = 88172645463325252u;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/** Members of an object as items, with ids from 1. */
static size_t items_of(const lyre_value *object, struct record_item *items)
{
	for (uint32_t i = 0; i < object->len; i++)
		items[i] = (struct record_item){ .id = (uint16_t)(i + 1), .value = &object->members[i].value };
	return object->len;
}

static lyre_value decode(struct arena *a, const char *json)
{
	lyre_value v;
	struct err e = { 0 };

	ck_assert_msg(json_read(a, json, &v, &e) == 0, "%s", e.text);
	return v;
}

static struct record build(struct buf *b, const struct record_item *items, size_t count)
{
	record_build(b, 1000.5, 2000.25, items, count);
	ck_assert(!b->failed);

	struct record r = { .data = (const unsigned char *)b->data, .len = b->len };

	ck_assert(record_check(r));
	ck_assert(record_created(r) == 1000.5 && record_updated(r) == 2000.25);
	ck_assert_uint_eq(record_count(r), count);
	return r;
}

static void written(struct field f, const char *want)
{
	struct buf b;
	buf_init(&b);
	field_write(f, &b);
	ck_assert_json_eq(buf_cstr(&b), want);
	buf_free(&b);
}

static const char *const document = "{'a':null,'b':true,'c':false,'d':0,'e':-1,'f':127,'g':-129,'h':70000,'i':-5000000000,"
				    "'j':9223372036854775807,'k':0.1,'l':1e+300,'m':123456789012345678901234567890,'n':'',"
				    "'o':'line\\n\\'\\u0000end','p':[],'q':{},'r':[1,[2,[3,{'x':[null]}]],'t'],"
				    "'s':{'name':'\xc3\xa9','n':{'deep':[true,false,1.5]},'':0}}";

START_TEST(all_kinds_come_back)
{
	struct arena a;
	struct buf b;
	struct record_item items[32];
	arena_init(&a);
	buf_init(&b);
	lyre_value v = decode(&a, document);
	struct record r = build(&b, items, items_of(&v, items));
	struct buf json;
	buf_init(&json);
	for (uint16_t i = 0; i < record_count(r); i++) {
		struct field f, found;
		ck_assert_uint_eq(record_at(r, i, &f), i + 1);
		ck_assert(record_find(r, (uint16_t)(i + 1), &found) && found.data == f.data && found.len == f.len);
		lyre_value back = field_value(f, &a);
		ck_assert(value_equal(&back, &v.members[i].value));
		ck_assert_uint_eq(field_type(f), v.members[i].value.type);
		ck_assert_int_eq(field_kind(f), FIELD_PLAIN);
		buf_add_char(&json, i ? ',' : '{');
		json_add_string(&json, v.members[i].name, v.members[i].name_len);
		buf_add_char(&json, ':');
		field_write(f, &json);
	}
	buf_add_char(&json, '}');
	ck_assert_json_eq(buf_cstr(&json), document);
	struct field none;
	ck_assert(!record_find(r, 0, &none));
	ck_assert(!record_find(r, 100, &none));
	buf_free(&json);
	buf_free(&b);
	arena_free(&a);
}
END_TEST

START_TEST(dates_and_bytes)
{
	struct buf b;
	struct arena a;
	struct field f;
	lyre_value date = value_double(1795298333123.0), far = { .type = LYRE_DOUBLE, .d = 1e18 }, bytes = value_text("ab\0", 3),
		   null = value_null();
	struct record_item items[] = {
		{ .id = 7, .kind = FIELD_DATE, .value = &date },
		{ .id = 3, .kind = FIELD_BYTES, .value = &bytes },
		{ .id = 9, .kind = FIELD_DATE, .value = &null },
		{ .id = 1, .kind = FIELD_DATE, .value = &far },
	};
	arena_init(&a);
	buf_init(&b);
	struct record r = build(&b, items, 4);
	ck_assert_uint_eq(record_at(r, 0, &f), 7);
	ck_assert_int_eq(field_kind(f), FIELD_DATE);
	ck_assert_uint_eq(field_type(f), LYRE_DOUBLE);
	ck_assert(field_value(f, &a).d == 1795298333123.0);
	written(f, "'2026-11-21T21:58:53.123Z'");
	ck_assert(record_find(r, 3, &f));
	ck_assert_int_eq(field_kind(f), FIELD_BYTES);
	written(f, "{'type':'Buffer','data':[97,98,0]}");
	ck_assert(record_find(r, 9, &f));
	written(f, "null");
	ck_assert(record_find(r, 1, &f));
	written(f, "1000000000000000000");
	buf_free(&b);
	arena_free(&a);
}
END_TEST

START_TEST(stored_forms_are_copied)
{
	struct buf one, two;
	struct arena a;
	struct record_item items[32];
	arena_init(&a);
	buf_init(&one);
	buf_init(&two);
	lyre_value v = decode(&a, document), text = value_text("new", 3);
	struct record r = build(&one, items, items_of(&v, items));
	uint16_t count = record_count(r);
	for (uint16_t i = 0; i < count; i++) {
		items[i].value = NULL;
		items[i].id = record_at(r, i, &items[i].field);
	}
	struct record same = build(&two, items, count);
	ck_assert_uint_eq(same.len, r.len);
	ck_assert_mem_eq(same.data, r.data, r.len);
	items[2].value = &text;
	buf_clear(&two);
	struct record changed = build(&two, items, count);
	struct field f;
	ck_assert(record_find(changed, 3, &f));
	written(f, "'new'");
	buf_free(&one);
	buf_free(&two);
	arena_free(&a);
}
END_TEST

START_TEST(wide_records)
{
	struct buf b;
	struct arena a;
	struct record_item items[300];
	lyre_value values[300];
	char *text = malloc(70000);
	arena_init(&a);
	buf_init(&b);
	memset(text, 'w', 70000);
	for (size_t total = 65500; total < 65580; total++) {
		values[0] = value_text(text, total - 300);
		for (size_t i = 1; i < 300; i++)
			values[i] = value_int((int64_t)(i % 100));
		for (size_t i = 0; i < 300; i++)
			items[i] = (struct record_item){ .id = (uint16_t)(1000 - i), .value = &values[i] };
		buf_clear(&b);
		struct record r = build(&b, items, 300);
		struct field f;
		ck_assert(record_find(r, 1000, &f) && f.len == total - 299);
		ck_assert(record_find(r, 701, &f));
		ck_assert_int_eq(field_value(f, &a).i, 99);
		ck_assert_uint_eq(r.len, 20 + 300u * (r.data[1] ? 6 : 4) + total - 299 + 299 * 2);
	}
	free(text);
	buf_free(&b);
	arena_free(&a);
}
END_TEST

START_TEST(empty_record)
{
	struct buf b;
	buf_init(&b);
	buf_add_str(&b, "before");
	record_build(&b, 1, 2, NULL, 0);
	struct record r = { .data = (const unsigned char *)b.data + 6, .len = b.len - 6 };
	ck_assert(record_check(r));
	ck_assert_uint_eq(r.len, 20);
	ck_assert_uint_eq(record_count(r), 0);
	r.len--;
	ck_assert(!record_check(r));
	buf_free(&b);
}
END_TEST

START_TEST(order_is_that_of_values)
{
	static const char *const json =
		"[null,{},[],{'a':1},[[]],false,[true],true,-1e300,-9223372036854775808,-1.5,[[-1,9]],0,0.5,1,"
		"9007199254740993,9007199254740992.0,9223372036854775807,123456789012345678901234567890,"
		"[123456789012345678901234567891,1],1e300,'','a',"
		"'a\\u0000',['a'],'ab','b','\xc3\xa9']";
	struct arena a;
	struct buf b;
	struct record_item items[64];
	arena_init(&a);
	buf_init(&b);
	lyre_value v = decode(&a, json);
	for (uint32_t i = 0; i < v.len; i++)
		items[i] = (struct record_item){ .id = (uint16_t)i, .value = &v.items[i] };
	struct record r = build(&b, items, v.len);
	for (uint16_t i = 0; i < v.len; i++) {
		for (uint16_t j = 0; j < v.len; j++) {
			struct field x, y;
			record_at(r, i, &x);
			record_at(r, j, &y);
			int want = value_compare(&v.items[i], &v.items[j]), got = field_compare(x, y);
			ck_assert_int_eq((want > 0) - (want < 0), (got > 0) - (got < 0));
		}
	}
	buf_free(&b);
	arena_free(&a);
}
END_TEST

static void read_all(struct record r, struct arena *a, struct buf *json)
{
	struct field f, last = { 0 };
	for (uint16_t i = 0; i < record_count(r); i++) {
		record_at(r, i, &f);
		lyre_value v = field_value(f, a);
		json_add_value(json, &v);
		field_write(f, json);
		(void)field_type(f);
		(void)field_kind(f);
		(void)field_compare(f, last);
		record_find(r, i, &last);
	}
	(void)record_created(r);
	(void)record_updated(r);
}

START_TEST(damaged_records)
{
	struct arena a;
	struct buf b, json;
	struct record_item items[32];
	arena_init(&a);
	buf_init(&b);
	buf_init(&json);
	lyre_value v = decode(&a, document);
	struct record r = build(&b, items, items_of(&v, items));
	for (int i = 0; i < 200000; i++) {
		size_t len = rnd() % 4 ? r.len : (size_t)(rnd() % r.len);
		unsigned char *copy = malloc(len ? len : 1);
		memcpy(copy, r.data, len);
		for (uint64_t n = rnd() % 4; n && len; n--) {
			size_t at = (size_t)(rnd() % 8 ? 20 + rnd() % len : rnd() % len);
			if (at < len)
				copy[at] = (unsigned char)rnd();
		}
		struct record damaged = { .data = copy, .len = len };
		if (record_check(damaged))
			read_all(damaged, &a, &json);
		free(copy);
		arena_reset(&a);
		buf_clear(&json);
	}
	buf_free(&json);
	buf_free(&b);
	arena_free(&a);
}
END_TEST

/* Nesting deeper than any document can have must not exhaust the stack. */
START_TEST(endless_nesting)
{
	size_t depth = 200000, len = 24 + depth * 3 + 1;
	unsigned char *bytes = calloc(1, 26 + depth * 7 + 8);
	unsigned char *p = bytes;
	struct arena a;
	struct buf json;
	arena_init(&a);
	buf_init(&json);
	*p++ = 1;
	*p++ = 1;
	*p++ = 1;
	p = bytes + 22;
	size_t inner = depth * 7 + 1;
	for (int i = 0; i < 4; i++)
		*p++ = (unsigned char)(inner >> 8 * i);
	for (size_t i = 0; i < depth; i++) {
		*p++ = 12;
		*p++ = 1;
		inner -= 7;
		for (int j = 0; j < 5; j++)
			*p++ = (unsigned char)((inner >> 7 * j & 0x7f) | (j < 4 ? 0x80 : 0));
	}
	*p++ = 0;
	len = (size_t)(p - bytes);
	struct record r = { .data = bytes, .len = len };
	ck_assert(record_check(r));
	read_all(r, &a, &json);
	ck_assert_uint_gt(json.len, JSON_DEPTH_MAX);
	buf_free(&json);
	arena_free(&a);
	free(bytes);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store: records");
	TCase *t = tcase_create("records");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, all_kinds_come_back);
	tcase_add_test(t, dates_and_bytes);
	tcase_add_test(t, stored_forms_are_copied);
	tcase_add_test(t, wide_records);
	tcase_add_test(t, empty_record);
	tcase_add_test(t, order_is_that_of_values);
	tcase_add_test(t, damaged_records);
	tcase_add_test(t, endless_nesting);
	suite_add_tcase(s, t);
	return s;
}
UNIT_MAIN(suite)
