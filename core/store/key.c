/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key.h"

#include "base/text.h"
#include "store/key_format.h"

#include <string.h>

#define CUT_MARK 2
#define FINGERPRINT 16

_Static_assert(KEY_MAX - FINGERPRINT > 2 * KEY_TEXT_MAX + 3, "the longest value part leaves room for a primary key");

static void fingerprint(const void *data, size_t len, unsigned char *out)
{
	/* Part of the file format, not a secret: readers of a cut key compare the whole one. */
	static const uint8_t seed[16] = "lyre primary key";

	siphash128(seed, data, len, out);
}

static void put_scalar(struct key *k, unsigned char tag)
{
	k->bytes[0] = tag;
	k->len = 1;
}

int key_primary(struct key *k, const lyre_value *v)
{
	k->cut = false;
	k->len = 0;
	if (v->type != LYRE_STRING)
		return key_put_number(k, v) ? 0 : LYRE_EINVAL;
	if (v->len > KEY_PRIMARY_TEXT_MAX)
		return LYRE_EINVAL;

	size_t keep = v->len;

	k->bytes[0] = KEY_TAG_TEXT;
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

/** A copy in the arena; in place if it is NULL. */
static bool text_copy(struct arena *a, const unsigned char *s, size_t len, lyre_value *ret)
{
	const char *copy = a ? arena_strndup(a, (const char *)s, len) : (const char *)s;

	if (!copy)
		return false;
	*ret = value_text(copy, len);
	return true;
}

void key_primary_prefix(struct key *k, const char *prefix, size_t len)
{
	k->cut = len > KEY_PREFIX_MAX;
	if (k->cut)
		len = KEY_PREFIX_MAX;
	k->bytes[0] = KEY_TAG_TEXT;
	if (len)
		memcpy(k->bytes + 1, prefix, len);
	k->len = (uint16_t)(1 + len);
}

void key_primary_longer(struct key *k)
{
	k->bytes[k->len++] = 0;
}

bool key_primary_value(const unsigned char *key, size_t len, struct arena *a, lyre_value *ret)
{
	if (len == 0 || len >= KEY_PRIMARY_MAX)
		return false;
	switch (key[0]) {
	case KEY_TAG_NUMBER:
		return key_number_len(key, len) == len && key_get_number(key, len, ret);
	case KEY_TAG_TEXT:
		return text_copy(a, key + 1, len - 1, ret);
	default:
		return false;
	}
}

/** Appends a string's bytes, escaped; at most KEY_TEXT_MAX of them, then the mark of a cut string. */
static void escape_text(struct key *k, const char *s, size_t len)
{
	unsigned char *out = k->bytes;

	*out++ = KEY_TAG_TEXT;
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
	if (k->cut) { /* CUT_MARK bytes */
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
		put_scalar(k, KEY_TAG_NULL);
		return true;
	case LYRE_BOOL:
		put_scalar(k, v->b ? KEY_TAG_TRUE : KEY_TAG_FALSE);
		return true;
	case LYRE_STRING:
		escape_text(k, v->s, v->len);
		if (!k->cut)
			k->bytes[k->len++] = TEXT_END;
		return true;
	default:
		return key_put_number(k, v);
	}
}

void key_index_prefix(struct key *k, const char *prefix, size_t len)
{
	escape_text(k, prefix, len);
	if (k->cut)
		k->len = (uint16_t)(k->len - CUT_MARK);
}

void key_index_numbers(struct key *k)
{
	k->cut = false;
	put_scalar(k, KEY_TAG_NUMBER);
}

void key_index_entry(struct key *k, const struct key *value, const unsigned char *primary, size_t primary_len, bool *whole)
{
	size_t room = KEY_MAX - value->len;

	memcpy(k->bytes, value->bytes, value->len);
	k->cut = value->cut;
	*whole = primary_len >= room;
	if (*whole) {
		/*
		 * The prefix keeps entries of one value approximately in key order.
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
	case KEY_TAG_NULL:
	case KEY_TAG_FALSE:
	case KEY_TAG_TRUE:
		return 1;
	case KEY_TAG_NUMBER:
		return key_number_len(entry, len);
	case KEY_TAG_TEXT: {
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

	char *out = a ? arena_alloc(a, len) : NULL;
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
	case KEY_TAG_NULL:
		*ret = value_null();
		return true;
	case KEY_TAG_FALSE:
	case KEY_TAG_TRUE:
		*ret = value_bool(entry[0] == KEY_TAG_TRUE);
		return true;
	case KEY_TAG_NUMBER:
		return key_get_number(entry, n, ret);
	default:
		return unescape_text(entry + 1, n - 2, a, ret);
	}
}
