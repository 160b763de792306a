/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/json.h"
#include "store/key.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* As ck_assert(), but silent on success: these are called a million times. */
#define must(cond) ((cond) ? (void)0 : ck_abort_msg("line %d: %s", __LINE__, #cond))

static uint64_t state = 88172645463325252u;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* A random number of items, bytes and so on: 0 to n - 1. */
static size_t some(size_t n)
{
	return (size_t)(rnd() % n);
}

static int64_t around(int64_t base)
{
	return (int64_t)((uint64_t)base + rnd() % 4096 - 2048);
}

static lyre_value random_number(void)
{
	static const int64_t bases[] = { 0, 1LL << 53, -(1LL << 53), 1LL << 62, -(1LL << 62), 1LL << 56 };
	double d;
	uint64_t bits = rnd();

	switch (rnd() % 10) {
	case 0:
		return value_int((int64_t)rnd());
	case 1:
		return value_int((int64_t)(rnd() >> rnd() % 64));
	case 2:
		return value_int(around(bases[rnd() % 6]));
	case 3:
		return value_int(INT64_MAX - (int64_t)(rnd() % 3000));
	case 4:
		return value_int(INT64_MIN + (int64_t)(rnd() % 3000));
	case 5:
		return value_double((double)around(bases[rnd() % 6]));
	case 6:
		return value_double((double)(rnd() % 2000) / 16.0 - 50);
	case 7:
		bits &= 0x800fffffffffffffu; /* subnormal */
		break;
	case 8:
		return (lyre_value){ .type = LYRE_DOUBLE, .d = rnd() % 2 ? -0.0 : ldexp(rnd() % 2 ? 1 : -1, 63) };
	default:
		break;
	}
	memcpy(&d, &bits, sizeof(d));
	return value_double(isfinite(d) ? d : 1.5);
}

static lyre_value random_text(struct arena *a, size_t max)
{
	static const char *const pieces[] = { "", "a", "b", "\0", "\1", "\2", "\xff", "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x90\xb6", "\x7f", " " };
	static const unsigned char lengths[] = { 0, 1, 1, 1, 1, 1, 1, 2, 3, 4, 1, 1 };
	char text[600];
	size_t len = 0, want = some(max + 1);

	if (rnd() % 2)
		want %= 6;
	while (len < want) {
		unsigned i = (unsigned)(rnd() % 12);
		memcpy(text + len, pieces[i], lengths[i]);
		len += lengths[i];
		if (i == 0)
			want--;
	}
	return value_text(arena_strndup(a, text, len), len);
}

static lyre_value random_scalar(struct arena *a)
{
	switch (rnd() % 8) {
	case 0:
		return value_null();
	case 1:
		return value_bool(rnd() % 2);
	case 2:
	case 3:
	case 4:
		return random_number();
	default:
		return random_text(a, 190);
	}
}

static int sign(int i)
{
	return (i > 0) - (i < 0);
}

static int compare_bytes(const unsigned char *a, size_t na, const unsigned char *b, size_t nb)
{
	int c = memcmp(a, b, na < nb ? na : nb);
	return c ? sign(c) : (na > nb) - (na < nb);
}

static int compare_keys(const struct key *a, const struct key *b)
{
	return compare_bytes(a->bytes, a->len, b->bytes, b->len);
}

START_TEST(values_sort_as_their_keys)
{
	struct arena a;
	arena_init(&a);
	for (int i = 0; i < 300000; i++) {
		lyre_value x = random_scalar(&a), y = random_scalar(&a), back;
		struct key kx, ky;
		must(key_index_value(&kx, &x));
		must(key_index_value(&ky, &y));
		int want = sign(value_compare(&x, &y));
		must(compare_keys(&kx, &ky) == want);
		must(key_index_value_len(kx.bytes, kx.len) == kx.len);
		bool prefix = kx.len < ky.len && !memcmp(kx.bytes, ky.bytes, kx.len);
		must(!prefix);
		must(key_index_read(kx.bytes, kx.len, &a, &back) != kx.cut);
		if (!kx.cut)
			must(value_compare(&x, &back) == 0);
		else
			must(value_is_number(&x) && fabs(value_number(&x)) >= 9223372036854775808.0);
		arena_reset(&a);
	}
	arena_free(&a);
}
END_TEST

START_TEST(entries_sort_by_value_then_key)
{
	struct arena a;
	arena_init(&a);
	for (int i = 0; i < 200000; i++) {
		lyre_value v[2], p[2];
		struct key value[2], primary[2], entry[2];
		bool whole[2];
		v[0] = random_scalar(&a);
		v[1] = rnd() % 3 ? random_scalar(&a) : v[0];
		for (int j = 0; j < 2; j++) {
			p[j] = rnd() % 2 ? random_number() : random_text(&a, 100);
			must(key_index_value(&value[j], &v[j]));
			must(key_primary(&primary[j], &p[j]) == 0);
			key_index_entry(&entry[j], &value[j], primary[j].bytes, primary[j].len, &whole[j]);
			must(whole[j] == (value[j].len + primary[j].len >= KEY_MAX));
			must(key_index_value_len(entry[j].bytes, entry[j].len) == value[j].len);
		}
		int want = sign(value_compare(&v[0], &v[1]));
		if (!want)
			want = sign(value_compare(&p[0], &p[1]));
		if (!whole[0] && !whole[1])
			must(compare_keys(&entry[0], &entry[1]) == want);
		arena_reset(&a);
	}
	arena_free(&a);
}
END_TEST

START_TEST(primary_keys_sort_and_read_back)
{
	struct arena a;
	arena_init(&a);
	for (int i = 0; i < 200000; i++) {
		lyre_value x = rnd() % 2 ? random_number() : random_text(&a, 490);
		lyre_value y = rnd() % 2 ? random_number() : random_text(&a, 490), back;
		struct key kx, ky;
		must(key_primary(&kx, &x) == 0);
		must(key_primary(&ky, &y) == 0);
		must(compare_keys(&kx, &ky) == sign(value_compare(&x, &y)));
		must(key_primary_value(kx.bytes, kx.len, &a, &back) != kx.cut);
		if (!kx.cut) {
			must(value_compare(&x, &back) == 0);
			must(value_is_number(&x) == value_is_number(&back));
		}
		arena_reset(&a);
	}
	arena_free(&a);
}
END_TEST

START_TEST(numbers_are_exact)
{
	static const int64_t ints[] = { 0, 1, -1, INT64_MAX, INT64_MIN + 1, (1LL << 53) - 1, 1LL << 53, (1LL << 53) + 1,
		-(1LL << 53) - 1, 9007199254740993, 1152921504606846977, INT64_MAX - 1, INT64_MAX - 511, INT64_MAX - 512,
		INT64_MAX - 513 };
	struct arena a;
	struct key k, last;
	lyre_value back;
	arena_init(&a);
	for (size_t i = 0; i < sizeof(ints) / sizeof(*ints); i++) {
		lyre_value v = value_int(ints[i]);
		ck_assert_int_eq(key_primary(&k, &v), 0);
		ck_assert(!k.cut);
		ck_assert(key_primary_value(k.bytes, k.len, &a, &back));
		ck_assert_uint_eq(back.type, LYRE_INT);
		ck_assert_int_eq(back.i, ints[i]);
	}
	lyre_value minus_zero = { .type = LYRE_DOUBLE, .d = -0.0 }, zero = value_int(0);
	ck_assert(key_index_value(&k, &minus_zero) && key_index_value(&last, &zero));
	ck_assert_int_eq(compare_keys(&k, &last), 0);

	lyre_value big = { .type = LYRE_BIGINT, .len = 21, .s = "100000000000000000001" }, near_big = value_double(1e20);
	ck_assert(key_index_value(&k, &big) && key_index_value(&last, &near_big));
	ck_assert(k.cut && last.cut);
	ck_assert_int_eq(compare_keys(&k, &last), 0);
	ck_assert(!key_index_read(k.bytes, k.len, &a, &back));

	lyre_value nan_value = { .type = LYRE_DOUBLE, .d = NAN }, array = { .type = LYRE_ARRAY }, flag = value_bool(true),
		   none = value_null();
	ck_assert(!key_index_value(&k, &nan_value));
	ck_assert(!key_index_value(&k, &array));
	ck_assert_int_eq(key_primary(&k, &array), LYRE_EINVAL);
	ck_assert_int_eq(key_primary(&k, &flag), LYRE_EINVAL);
	ck_assert_int_eq(key_primary(&k, &none), LYRE_EINVAL);
	arena_free(&a);
}
END_TEST

/* Each has a key of its own, in this order; outside int64 only the record has the exact value. */
START_TEST(integers_of_64_bits)
{
	static const char *const ascending[] = { "-18446744073709551615", "-18446744073709551614", "-9223372036854777856",
		"-9223372036854775809", "-9223372036854775808", "-9223372036854775807", "-9007199254740993", "-9007199254740992",
		"9007199254740992", "9007199254740993", "9223372036854775295", "9223372036854775296", "9223372036854775807",
		"9223372036854775808", "9223372036854775809", "9223372036854776000", "9223372036854776832", "18446744073709550591",
		"18446744073709550592", "18446744073709551614", "18446744073709551615" };
	struct arena a;
	struct key k, last = { 0 };
	struct err err;
	lyre_value v, kept, back;
	arena_init(&a);
	for (size_t i = 0; i < sizeof(ascending) / sizeof(*ascending); i++) {
		const char *text = ascending[i];
		ck_assert_int_eq(json_decode_copy(&a, text, strlen(text), &v, &err), 0);
		ck_assert(key_number(&v, &kept));
		ck_assert_uint_eq(kept.type, v.type);
		ck_assert_int_eq(key_primary(&k, &kept), 0);
		ck_assert_msg(!i || compare_keys(&last, &k) < 0, "%s", text);
		ck_assert_uint_eq(k.cut, v.type == LYRE_BIGINT);
		ck_assert_uint_eq(key_primary_value(k.bytes, k.len, &a, &back), !k.cut);
		if (!k.cut)
			ck_assert_int_eq(back.i, v.i);
		last = k;
	}
	arena_free(&a);
}
END_TEST

/* Beyond 64 bits, only integers displayed as doubles. */
START_TEST(integers_that_no_key_can_hold)
{
	static const struct {
		const char *text;
		bool kept;
	} cases[] = { { "18446744073709551616", false }, { "18446744073709552000", true }, { "18446744073709552001", false },
		{ "-18446744073709551616", false }, { "-18446744073709552000", true }, { "100000000000000000000", true },
		{ "100000000000000000001", false }, { "1000000000000000000000", true }, { "-1234500000000000000000000", true },
		{ "1234500000000000000000001", false }, { "12345000000000000000000000000000000000000000000000001", false } };
	struct arena a;
	struct err err;
	lyre_value v, kept;
	arena_init(&a);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_assert_int_eq(json_decode_copy(&a, cases[i].text, strlen(cases[i].text), &v, &err), 0);
		ck_assert_msg(key_number(&v, &kept) == cases[i].kept, "%s", cases[i].text);
		ck_assert_uint_eq(kept.type, cases[i].kept ? LYRE_DOUBLE : LYRE_BIGINT);
	}
	arena_free(&a);
}
END_TEST

START_TEST(long_primary_keys)
{
	char text[KEY_PRIMARY_TEXT_MAX + 2];
	struct arena a;
	struct key k, other;
	lyre_value back;
	arena_init(&a);
	memset(text, 'x', sizeof(text));
	for (size_t len = KEY_PRIMARY_MAX - 4; len <= KEY_PRIMARY_TEXT_MAX; len++) {
		lyre_value v = value_text(text, len);
		ck_assert_int_eq(key_primary(&k, &v), 0);
		ck_assert_uint_le(k.len, KEY_PRIMARY_MAX);
		ck_assert(k.cut == (len + 1 >= KEY_PRIMARY_MAX));
		ck_assert(key_primary_value(k.bytes, k.len, &a, &back) == !k.cut);
	}
	text[1200] = 'y';
	lyre_value v = value_text(text, KEY_PRIMARY_TEXT_MAX);
	ck_assert_int_eq(key_primary(&other, &v), 0);
	ck_assert_int_ne(compare_keys(&k, &other), 0);
	v = value_text(text, KEY_PRIMARY_TEXT_MAX + 1);
	ck_assert_int_eq(key_primary(&k, &v), LYRE_EINVAL);
	v = value_text("", 0);
	ck_assert_int_eq(key_primary(&k, &v), 0);
	ck_assert_uint_eq(k.len, 1);
	ck_assert(key_primary_value(k.bytes, k.len, &a, &back) && back.len == 0);
	arena_free(&a);
}
END_TEST

START_TEST(long_texts_in_an_index)
{
	char text[KEY_TEXT_MAX * 2];
	struct arena a;
	struct key k, longer, high, entry, primary;
	lyre_value back;
	bool whole;
	arena_init(&a);
	memset(text, '\0', sizeof(text));
	lyre_value v = value_text(text, KEY_TEXT_MAX), w = value_text(text, KEY_TEXT_MAX + 1);
	ck_assert(key_index_value(&k, &v) && !k.cut);
	ck_assert(key_index_read(k.bytes, k.len, &a, &back) && value_compare(&v, &back) == 0);
	ck_assert(key_index_value(&longer, &w) && longer.cut);
	ck_assert(!key_index_read(longer.bytes, longer.len, &a, &back));
	ck_assert_int_lt(compare_keys(&k, &longer), 0);
	text[KEY_TEXT_MAX - 1] = '\1';
	ck_assert(key_index_value(&high, &v));
	ck_assert_int_lt(compare_keys(&longer, &high), 0);

	/* The longest possible entry. */
	char id[KEY_PRIMARY_TEXT_MAX];
	memset(id, 'k', sizeof(id));
	v = value_text(id, sizeof(id));
	ck_assert_int_eq(key_primary(&primary, &v), 0);
	key_index_entry(&entry, &longer, primary.bytes, primary.len, &whole);
	ck_assert(whole);
	ck_assert_uint_eq(entry.len, KEY_MAX);
	ck_assert_uint_eq(key_index_value_len(entry.bytes, entry.len), longer.len);
	arena_free(&a);
}
END_TEST

START_TEST(index_values_in_place)
{
	const lyre_value values[] = { value_null(), value_bool(true), value_int(-3), value_double(0.5), value_text("text", 4),
		value_text("", 0) };
	struct key k;
	lyre_value back;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		ck_assert(key_index_value(&k, &values[i]));
		ck_assert(key_index_read(k.bytes, k.len, NULL, &back) && value_compare(&values[i], &back) == 0);
		if (back.type == LYRE_STRING)
			ck_assert_ptr_eq(back.s, (const char *)k.bytes + 1);
	}
	const lyre_value escaped = value_text("a\001b", 3);
	ck_assert(key_index_value(&k, &escaped));
	ck_assert(!key_index_read(k.bytes, k.len, NULL, &back));
}
END_TEST

START_TEST(prefixes)
{
	struct arena a;
	arena_init(&a);
	for (int i = 0; i < 100000; i++) {
		lyre_value v = random_text(&a, 300), p = rnd() % 2 ? random_text(&a, 4) : value_text(v.s, v.len ? some(v.len) : 0);
		struct key value, prefix;
		must(key_index_value(&value, &v));
		key_index_prefix(&prefix, p.s, p.len);
		bool starts = p.len <= v.len && !memcmp(p.s, v.s, p.len);
		bool key_starts = prefix.len <= value.len && !memcmp(prefix.bytes, value.bytes, prefix.len);
		must(!starts || key_starts);
		if (!prefix.cut)
			must(starts == key_starts);
		else
			must(p.len > KEY_TEXT_MAX);
		arena_reset(&a);
	}
	arena_free(&a);
}
END_TEST

START_TEST(any_bytes)
{
	static const unsigned char tags[] = { 0x08, 0x10, 0x11, 0x20, 0x30, 0x00, 0x40 };
	struct arena a;
	lyre_value v;
	arena_init(&a);
	for (int i = 0; i < 300000; i++) {
		size_t len = some(24);
		unsigned char *bytes = malloc(len ? len : 1);
		for (size_t j = 0; j < len; j++)
			bytes[j] = (unsigned char)(rnd() % 3 ? rnd() % 4 : rnd());
		if (len)
			bytes[0] = tags[rnd() % sizeof(tags)];
		size_t n = key_index_value_len(bytes, len);
		must(n <= len);
		if (key_index_read(bytes, len, &a, &v)) {
			struct key k;
			must(n && key_index_value(&k, &v));
		}
		if (key_primary_value(bytes, len, &a, &v)) {
			struct key k;
			must(key_primary(&k, &v) == 0);
		}
		free(bytes);
		arena_reset(&a);
	}
	arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store: keys");
	TCase *t = tcase_create("keys");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, values_sort_as_their_keys);
	tcase_add_test(t, entries_sort_by_value_then_key);
	tcase_add_test(t, primary_keys_sort_and_read_back);
	tcase_add_test(t, numbers_are_exact);
	tcase_add_test(t, integers_of_64_bits);
	tcase_add_test(t, integers_that_no_key_can_hold);
	tcase_add_test(t, long_primary_keys);
	tcase_add_test(t, long_texts_in_an_index);
	tcase_add_test(t, index_values_in_place);
	tcase_add_test(t, prefixes);
	tcase_add_test(t, any_bytes);
	suite_add_tcase(s, t);
	return s;
}
UNIT_MAIN(suite)
