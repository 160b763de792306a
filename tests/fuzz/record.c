/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file record.c
 * \brief Records: 'J' and an object are built and read back; anything else is read as a stored record.
 */
#include "fuzz.h"

#include "json_oracle.h"
#include "store/record.h"

#define ITEMS_MAX 16

static void read_field(struct field f, struct arena *a)
{
	struct buf out;
	field_check(f);
	field_kind(f);
	lyre_value v = field_value(f, a);
	must(v.type == (uint32_t)field_type(f) || v.type == LYRE_NULL);
	must(value_equal(&v, &v));
	buf_init(&out);
	field_write(f, &out);
	json_add_value(&out, &v);
	buf_free(&out);
}

static void read_record(struct record r, struct arena *a)
{
	struct field fields[ITEMS_MAX], f;
	if (!record_check(r))
		return;
	record_created(r);
	record_updated(r);
	uint16_t count = record_count(r);
	for (uint16_t i = 0; i < count; i++) {
		uint16_t id = record_at(r, i, &f);
		must(f.data >= r.data && f.len <= (size_t)(r.data + r.len - f.data));
		must(record_find(r, id, &f));
		read_field(f, a);
		if (i < ITEMS_MAX)
			fields[i] = f;
	}
	for (uint16_t i = 0; i < count && i < ITEMS_MAX; i++)
		for (uint16_t j = 0; j <= i; j++)
			must(field_compare(fields[i], fields[j]) <= 0 || field_compare(fields[j], fields[i]) <= 0);
}

static void build(struct arena *a, const lyre_value *v)
{
	struct record_item items[ITEMS_MAX];
	struct buf stored, text;
	struct field f, g;
	size_t count = v->len < ITEMS_MAX ? v->len : ITEMS_MAX;
	for (size_t i = 0; i < count; i++)
		items[i] = (struct record_item){ .id = (uint16_t)(i * 7 + 1), .value = &v->members[i].value };
	buf_init(&stored);
	buf_init(&text);
	record_build(&stored, 1.5, 2.5, items, count);
	must(!stored.failed);
	unsigned char *copy = fuzz_copy(stored.data, stored.len, 0);
	struct record r = { copy, stored.len };
	must(record_check(r) && record_count(r) == count && record_created(r) == 1.5 && record_updated(r) == 2.5);
	for (size_t i = 0; i < count; i++) {
		must(record_find(r, items[i].id, &f) && field_check(f));
		lyre_value back = field_value(f, a);
		must(value_equal(items[i].value, &back));
		buf_clear(&text);
		field_write(f, &text);
		size_t len = text.len;
		json_add_value(&text, items[i].value);
		must(text.len == 2 * len && !memcmp(text.data, text.data + len, len));
		for (size_t j = 0; j < i; j++) {
			must(record_find(r, items[j].id, &g));
			int stood = field_compare(f, g), stands = value_compare(items[i].value, items[j].value);
			must((stood > 0) == (stands > 0) && (stood < 0) == (stands < 0));
		}
	}
	read_record(r, a);
	free(copy);
	buf_free(&text);
	buf_free(&stored);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct err e;
	lyre_value v;
	arena_init(&a);
	if (size && data[0] == 'J') {
		int rc = json_decode_copy(&a, (const char *)data + 1, size - 1, &v, &e);
		must_not_say(json_oracle((const char *)data + 1, size - 1, rc, &v));
		if (rc == 0 && v.type == LYRE_OBJECT)
			build(&a, &v);
	} else {
		read_record((struct record){ data, size }, &a);
	}
	arena_free(&a);
	return 0;
}
