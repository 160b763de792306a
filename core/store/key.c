/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key.h"

#include "base/json.h"
#include "base/text.h"
#include "store/codec.h"

#include <stdlib.h>
#include <string.h>

enum key_tag {
	TAG_NULL = 0x08,
	TAG_FALSE = 0x10,
	TAG_TRUE = 0x11,
	TAG_NUMBER = 0x20,
	TAG_TEXT = 0x30
};

/* Bytes inside an indexed string. */
enum {
	TEXT_END = 0x00,
	TEXT_ESCAPE = 0x01 /* followed by the byte + 1, or by TEXT_END if the string was cut */
};

#define FINGERPRINT 16
#define NUMBER_SHORT 9 /* including the tag */
#define NUMBER_LONG 11
#define REST_BIAS 0x8000

/* Bits of a double. No key is made by arithmetic on doubles, as that may keep more bits than a double has (x87). */
#define SIGN (UINT64_C(1) << 63)
#define FRACTION_BITS 52
#define EXPONENT_BIAS 1023
#define POWER_OF_TWO(n) ((uint64_t)((n) + EXPONENT_BIAS) << FRACTION_BITS)
#define INFINITE POWER_OF_TWO(1024)

_Static_assert(KEY_MAX - FINGERPRINT > 2 * KEY_TEXT_MAX + 3, "the longest value part leaves room for a primary key");

static void fingerprint(const void *data, size_t len, unsigned char *out)
{
	/* Part of the file format, not a secret: readers of a cut key compare the whole one. */
	static const uint8_t seed[16] = "lyre primary key";

	siphash128(seed, data, len, out);
}

static uint64_t bits_of(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof bits);
	return bits;
}

static double double_of(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof d);
	return d;
}

/** The bits of the double nearest to an integer (ties to even); \p rest is the integer minus that double. */
static uint64_t nearest_double(uint64_t i, int *rest)
{
	*rest = 0;
	if (i == 0)
		return 0;

	int top = 63 - __builtin_clzll(i), shift = top - FRACTION_BITS;

	if (shift <= 0)
		return POWER_OF_TWO(top - 1) + (i << -shift);

	uint64_t unit = UINT64_C(1) << shift, low = i & (unit - 1), fraction = i >> shift;
	bool up = low > unit / 2 || (low == unit / 2 && (fraction & 1));

	*rest = (int)low - (up ? (int)unit : 0);
	return POWER_OF_TWO(top - 1) + fraction + up; /* the leading bit, or the carry, adds one to the exponent */
}

static void put_number(struct key *k, bool negative, uint64_t magnitude, int rest)
{
	bool int64 = negative ? magnitude < POWER_OF_TWO(63) || (magnitude == POWER_OF_TWO(63) && rest <= 0) :
		magnitude < POWER_OF_TWO(63) + (rest < 0);

	k->bytes[0] = TAG_NUMBER;
	be_put(k->bytes + 1, negative && magnitude ? ~(SIGN | magnitude) : SIGN | magnitude, 8); /* -0 is 0 */
	k->len = NUMBER_SHORT;
	if (magnitude >= POWER_OF_TWO(53)) {
		be_put(k->bytes + NUMBER_SHORT, (unsigned)((negative ? -rest : rest) + REST_BIAS), 2);
		k->len = NUMBER_LONG;
		k->cut = !int64;
	}
}

static void put_integer(struct key *k, bool negative, uint64_t magnitude)
{
	int rest;
	uint64_t bits = nearest_double(magnitude, &rest);

	put_number(k, negative, bits, rest);
}

static bool put_double_number(struct key *k, double d)
{
	uint64_t bits = bits_of(d);

	if ((bits & ~SIGN) > INFINITE)
		return false;
	put_number(k, bits >> 63, bits & ~SIGN, 0);
	return true;
}

/** \return the length of a number with its tag, 0 when damaged */
static size_t number_len(const unsigned char *key, size_t len)
{
	if (len < NUMBER_SHORT)
		return 0;

	/* The first two bytes are sign and exponent: they determine whether it is the long form. */
	unsigned top = (unsigned)key[1] << 8 | key[2];
	bool is_long = top >= 0xc340 || top <= 0x3cbf;

	return !is_long ? NUMBER_SHORT : len < NUMBER_LONG ? 0 : NUMBER_LONG;
}

static bool get_number(const unsigned char *key, size_t len, lyre_value *ret)
{
	size_t n = number_len(key, len);

	if (n == 0)
		return false;

	uint64_t sortable = be_get(key + 1, 8), bits = sortable & SIGN ? sortable & ~SIGN : ~sortable;
	bool negative = bits & SIGN;
	struct key again;

	if (n == NUMBER_SHORT) {
		*ret = value_double(double_of(bits));
		return true;
	}
	bits &= ~SIGN;
	if (bits > POWER_OF_TWO(63))
		return false;

	/* The double has 53 of 64 bits, so that rest and sign fit. */
	int rest = (int)be_get(key + NUMBER_SHORT, 2) - REST_BIAS;
	uint64_t one = UINT64_C(1) << FRACTION_BITS, fraction = (bits & (one - 1)) | one;
	uint64_t i = fraction << ((bits >> FRACTION_BITS) - EXPONENT_BIAS - FRACTION_BITS);

	i += (uint64_t)(int64_t)(negative ? -rest : rest);
	if (i > (uint64_t)INT64_MAX + negative)
		return false;
	again.cut = false;
	put_integer(&again, negative, i);
	if (again.len != n || memcmp(again.bytes, key, n) != 0)
		return false;
	*ret = value_int((int64_t)(negative ? 0 - i : i));
	return true;
}

static void put_scalar(struct key *k, unsigned char tag)
{
	k->bytes[0] = tag;
	k->len = 1;
}

static bool put_any_number(struct key *k, const lyre_value *v)
{
	uint64_t magnitude;

	switch (v->type) {
	case LYRE_INT:
		put_integer(k, v->i < 0, v->i < 0 ? 0 - (uint64_t)v->i : (uint64_t)v->i);
		return true;
	case LYRE_BIGINT:
		if (value_magnitude(v, &magnitude)) {
			put_integer(k, *v->s == '-', magnitude);
			return true;
		}
		return put_double_number(k, value_number(v));
	case LYRE_DOUBLE:
		return put_double_number(k, v->d);
	default:
		return false;
	}
}

/** Whether a double is displayed as the integer with these digits: such as 1e+30 for a one and thirty zeros. */
static bool shows(double d, const lyre_value *digits)
{
	char shown[NUMBER_TEXT_MAX];
	const char *p = shown, *s = digits->s, *end = s + digits->len;

	double_text(shown, d);
	for (; *p && *p != 'e'; p++) {
		if (*p != '.' && (s == end || *s++ != *p))
			return false;
	}
	for (const char *zero = s; zero < end; zero++) {
		if (*zero != '0')
			return false;
	}
	return *p ? digits->len - (d < 0) == (size_t)atoi(p + 1) + 1 : s == end;
}

bool key_long_integer(lyre_value *v)
{
	uint64_t magnitude;

	if (value_magnitude(v, &magnitude))
		return true;

	lyre_value nearest = value_double(value_number(v));

	if (!shows(nearest.d, v))
		return false;
	*v = nearest;
	return true;
}

int key_primary(struct key *k, const lyre_value *v)
{
	k->cut = false;
	k->len = 0;
	if (v->type != LYRE_STRING)
		return put_any_number(k, v) ? 0 : LYRE_EINVAL;
	if (v->len > KEY_PRIMARY_TEXT_MAX)
		return LYRE_EINVAL;

	size_t keep = v->len;

	k->bytes[0] = TAG_TEXT;
	if (1 + keep >= KEY_PRIMARY_MAX) {
		keep = KEY_PRIMARY_MAX - FINGERPRINT - 1;
		fingerprint(v->s, v->len, k->bytes + 1 + keep);
		k->cut = true;
	}
	if (keep)
		memcpy(k->bytes + 1, v->s, keep);
	k->len = (uint16_t)(k->cut ? KEY_PRIMARY_MAX : 1 + keep);
	return 0;
}

static bool text_copy(struct arena *a, const unsigned char *s, size_t len, lyre_value *ret)
{
	char *copy = arena_strndup(a, (const char *)s, len);

	if (!copy)
		return false;
	*ret = value_text(copy, len);
	return true;
}

bool key_primary_value(const unsigned char *key, size_t len, struct arena *a, lyre_value *ret)
{
	if (len == 0 || len >= KEY_PRIMARY_MAX)
		return false;
	switch (key[0]) {
	case TAG_NUMBER:
		return number_len(key, len) == len && get_number(key, len, ret);
	case TAG_TEXT:
		return text_copy(a, key + 1, len - 1, ret);
	default:
		return false;
	}
}

/** Appends a string's bytes, escaped; at most KEY_TEXT_MAX of them, then the mark of a cut string. */
static void escape_text(struct key *k, const char *s, size_t len)
{
	unsigned char *out = k->bytes;

	*out++ = TAG_TEXT;
	k->cut = len > KEY_TEXT_MAX;
	if (k->cut)
		len = KEY_TEXT_MAX;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= TEXT_ESCAPE) {
			*out++ = TEXT_ESCAPE;
			c++;
		}
		*out++ = c;
	}
	if (k->cut) {
		*out++ = TEXT_ESCAPE;
		*out++ = TEXT_END;
	}
	k->len = (uint16_t)(out - k->bytes);
}

bool key_index_value(struct key *k, const lyre_value *v)
{
	k->cut = false;
	k->len = 0;
	switch (v->type) {
	case LYRE_NULL:
		put_scalar(k, TAG_NULL);
		return true;
	case LYRE_BOOL:
		put_scalar(k, v->b ? TAG_TRUE : TAG_FALSE);
		return true;
	case LYRE_STRING:
		escape_text(k, v->s, v->len);
		if (!k->cut)
			k->bytes[k->len++] = TEXT_END;
		return true;
	default:
		return put_any_number(k, v);
	}
}

void key_index_prefix(struct key *k, const char *prefix, size_t len)
{
	escape_text(k, prefix, len);
}

void key_index_entry(struct key *k, const struct key *value, const unsigned char *primary, size_t primary_len,
	bool *whole)
{
	size_t room = KEY_MAX - value->len;

	memcpy(k->bytes, value->bytes, value->len);
	k->cut = value->cut;
	*whole = primary_len >= room;
	if (*whole) {
		/*
		 * The prefix keeps entries of the same value approximately in the order of their keys.
		 */
		size_t keep = room - FINGERPRINT;

		memcpy(k->bytes + value->len, primary, keep);
		fingerprint(primary, primary_len, k->bytes + value->len + keep);
		k->len = KEY_MAX;
	} else {
		memcpy(k->bytes + value->len, primary, primary_len);
		k->len = (uint16_t)(value->len + primary_len);
	}
}

size_t key_index_value_len(const unsigned char *entry, size_t len)
{
	if (len == 0)
		return 0;
	switch (entry[0]) {
	case TAG_NULL:
	case TAG_FALSE:
	case TAG_TRUE:
		return 1;
	case TAG_NUMBER:
		return number_len(entry, len);
	case TAG_TEXT: {
		/* Escapes contain 0x00 only in the mark of a cut string: the first one ends the string in either case. */
		const unsigned char *end = memchr(entry + 1, TEXT_END, len - 1);

		return end ? (size_t)(end - entry) + 1 : 0;
	}
	default:
		return 0;
	}
}

static bool unescape_text(const unsigned char *text, size_t len, struct arena *a, lyre_value *ret)
{
	if (!memchr(text, TEXT_ESCAPE, len))
		return text_copy(a, text, len, ret);

	char *out = arena_alloc(a, len);
	size_t n = 0;

	if (!out)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = text[i];

		if (c == TEXT_ESCAPE) {
			if (++i == len || text[i] < 1 || text[i] > 2)
				return false;
			c = (unsigned char)(text[i] - 1);
		}
		out[n++] = (char)c;
	}
	/* At least one escape was removed, so that there is room for the NUL. */
	out[n] = '\0';
	*ret = value_text(out, n);
	return true;
}

bool key_index_read(const unsigned char *entry, size_t len, struct arena *a, lyre_value *ret)
{
	size_t n = key_index_value_len(entry, len);

	if (n == 0)
		return false;
	switch (entry[0]) {
	case TAG_NULL:
		*ret = value_null();
		return true;
	case TAG_FALSE:
	case TAG_TRUE:
		*ret = value_bool(entry[0] == TAG_TRUE);
		return true;
	case TAG_NUMBER:
		return get_number(entry, n, ret);
	default:
		return unescape_text(entry + 1, n - 2, a, ret);
	}
}
