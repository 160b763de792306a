/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Values are first stacked in temporary memory, as the number of an array's items is not known before its end, then
 * copied to the arena in one run. Texts are unescaped where they stand.
 */
#define STACK_FIRST 64

struct stacked {
	const char *name;
	uint32_t name_len;
	lyre_value value;
};

struct reader {
	struct arena *arena;
	char *start, *p, *end;
	struct stacked *stack, *first; /* first: where it stands while it is small */
	size_t top, cap;
	unsigned depth;
	size_t adjust; /* UTF-16 units that unescaping has taken from the counting */
	struct err *err;
};

/* Clients count UTF-16 units from the start of the document. */
static size_t position(const struct reader *r, const char *at)
{
	size_t n = r->adjust;
	for (const char *p = r->start; p < at; p++) {
		unsigned char c = (unsigned char)*p;
		n += (c & 0xc0) != 0x80;
		n += c >= 0xf0;
	}
	return n;
}

static int fail_at(struct reader *r, const char *at, const char *what)
{
	return err_set(r->err, LYRE_EINVAL, "%s in JSON at position %zu", what, position(r, at));
}

static int fail_end(struct reader *r)
{
	return err_set(r->err, LYRE_EINVAL, "Unexpected end of JSON input");
}

/* A stretch of the document around the fault, as people expect it from other servers. */
static int fail_token(struct reader *r)
{
	enum { AROUND = 10 };
	if (r->p >= r->end)
		return fail_end(r);
	char *from = r->p - r->start > AROUND ? r->p - AROUND : r->start;
	while (from < r->p && ((unsigned char)*from & 0xc0) == 0x80)
		from++;
	size_t rest = (size_t)(r->end - r->p);
	size_t tail = utf8_valid_prefix(r->p, utf8_cut(r->p, rest, rest < AROUND ? rest : AROUND));
	if (!tail)
		return fail_at(r, r->p, "Invalid UTF-8");
	int char_len = 1;
	while (char_len < (int)tail && ((unsigned char)r->p[char_len] & 0xc0) == 0x80)
		char_len++;
	/* Texts that were read end in a NUL where their quote stood. */
	for (char *p = from; p < r->p; p++)
		if (*p == '\0')
			*p = '"';
	/* Texts that were decoded in place may have left half a character behind. */
	while (from < r->p && utf8_valid_prefix(from, (size_t)(r->p - from)) < (size_t)(r->p - from))
		from++;
	return err_set(r->err, LYRE_EINVAL, "Unexpected token '%.*s', %s\"%.*s\"%s is not valid JSON", char_len, r->p,
		from > r->start ? "..." : "", (int)(r->p - from) + (int)tail, from, tail < rest ? "... " : "");
}

static void skip_space(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
}

static int push(struct reader *r, const struct stacked *s)
{
	if (r->top == r->cap) {
		size_t cap = r->cap * 2;
		struct stacked *stack = realloc(r->stack == r->first ? NULL : r->stack, cap * sizeof *stack);
		if (!stack)
			return err_nomem(r->err);
		if (r->stack == r->first)
			memcpy(stack, r->first, r->top * sizeof *stack);
		r->stack = stack;
		r->cap = cap;
	}
	r->stack[r->top++] = *s;
	return 0;
}

static int hex4(const char *p, const char *end, unsigned *ret)
{
	unsigned u = 0;
	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
			: c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
			: c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
					       : 16;
		if (digit == 16)
			return -1;
		u = u << 4 | digit;
	}
	*ret = u;
	return 0;
}

static char *put_utf8(char *w, unsigned u)
{
	if (u < 0x80) {
		*w++ = (char)u;
	} else if (u < 0x800) {
		*w++ = (char)(0xc0 | u >> 6);
		*w++ = (char)(0x80 | (u & 0x3f));
	} else if (u < 0x10000) {
		*w++ = (char)(0xe0 | u >> 12);
		*w++ = (char)(0x80 | (u >> 6 & 0x3f));
		*w++ = (char)(0x80 | (u & 0x3f));
	} else {
		*w++ = (char)(0xf0 | u >> 18);
		*w++ = (char)(0x80 | (u >> 12 & 0x3f));
		*w++ = (char)(0x80 | (u >> 6 & 0x3f));
		*w++ = (char)(0x80 | (u & 0x3f));
	}
	return w;
}

/* What unescaping leaves behind the text counts one unit a byte. */
static void blank(char *from, const char *to)
{
	if (from < to)
		memset(from, 'x', (size_t)(to - from));
}

/* A failure within a text, whose rest behind \p w is not in its place yet. */
static int fail_text(struct reader *r, char *w, const char *rest, const char *at, const char *why)
{
	blank(w, rest);
	return fail_at(r, at, why);
}

/* r->p stands behind a backslash; the unescaped character goes to *w, which is never ahead of r->p. */
static int read_escape(struct reader *r, char **w)
{
	static const char plain[256] = { ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f',
		['n'] = '\n', ['r'] = '\r', ['t'] = '\t' };
	const char *at = r->p - 1, *start = *w;
	if (r->p >= r->end)
		return fail_text(r, *w, at, r->p, "Unterminated string");
	unsigned char c = (unsigned char)*r->p;
	if (plain[c]) {
		*(*w)++ = plain[c];
		r->p++;
		return 0;
	}
	if (c != 'u')
		return fail_text(r, *w, at, r->p, "Bad escaped character");
	unsigned u, low;
	if (hex4(r->p + 1, r->end, &u))
		return fail_text(r, *w, at, r->p + 1, "Bad Unicode escape");
	r->p += 5;
	if (u >= 0xd800 && u < 0xe000) {
		if (u >= 0xdc00 || r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u' || hex4(r->p + 2, r->end, &low) ||
			low < 0xdc00 || low >= 0xe000)
			return fail_text(r, *w, at, at, "Lone surrogate in string literal");
		r->p += 6;
		u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
	}
	*w = put_utf8(*w, u);
	r->adjust += (size_t)(*w - start) - (u >= 0x10000 ? 2 : 1);
	return 0;
}

/* Moves to the next byte that ends a text or needs a look, by eights while there are. Returns whether all passed over is ASCII. */
static bool pass_plain(struct reader *r)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	char *p = r->p;
	uint64_t x, seen = 0;
	for (; r->end - p >= 8; p += 8) {
		memcpy(&x, p, 8);
		uint64_t quote = x ^ ones * '"', backslash = x ^ ones * '\\';
		if (((x - ones * 0x20) | (quote - ones) | (backslash - ones)) & ~x & tops)
			break;
		seen |= x;
	}
	for (; p < r->end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\'; p++)
		seen |= (unsigned char)*p;
	r->p = p;
	return !(seen & tops);
}

/* r->p stands behind the opening quote. The text is NUL-terminated at the place of its closing quote or before. */
static int read_text(struct reader *r, const char **ret, uint32_t *len)
{
	char *from = r->p, *w = r->p;
	for (;;) {
		char *plain = r->p;
		bool ascii = pass_plain(r);
		size_t n = (size_t)(r->p - plain);
		size_t good = ascii ? n : utf8_valid_prefix(plain, n);
		if (good != n)
			return fail_text(r, w, plain, plain + good, "Invalid UTF-8 in string literal");
		if (w != plain)
			memmove(w, plain, n);
		w += n;
		if (r->p < r->end && *r->p == '"')
			break;
		if (r->p >= r->end)
			return fail_text(r, w, r->p, r->p, "Unterminated string");
		if (*r->p != '\\')
			return fail_text(r, w, r->p, r->p, "Bad control character in string literal");
		r->p++;
		int rc = read_escape(r, &w);
		if (rc)
			return rc;
	}
	blank(w, r->p);
	r->p++;
	if ((size_t)(w - from) >= UINT32_MAX)
		return err_set(r->err, LYRE_ETOOBIG, "a text of the request is over 4 GiB");
	*w = '\0';
	*ret = from;
	*len = (uint32_t)(w - from);
	return 0;
}

static bool is_digit(const struct reader *r)
{
	return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

/* Integers that surely fit, which most numbers are, without another look at their digits. */
static bool read_short_integer(struct reader *r, lyre_value *v)
{
	char *p = r->p, *end = r->end;
	bool negative = *p == '-';
	const char *first = p += negative;
	int64_t i = 0;
	while (p < end && p - first < 18 && *p >= '0' && *p <= '9')
		i = i * 10 + (*p++ - '0');
	bool one_more = p < end && ((*p >= '0' && *p <= '9') || *p == '.' || *p == 'e' || *p == 'E');
	if (p == first || one_more || (*first == '0' && p - first > 1))
		return false;
	r->p = p;
	*v = value_int(negative ? -i : i);
	return true;
}

static int read_number(struct reader *r, lyre_value *v)
{
	if (read_short_integer(r, v))
		return 0;
	char *from = r->p;
	bool integer = true;
	if (*r->p == '-') {
		r->p++;
		if (!is_digit(r))
			return r->p < r->end ? fail_at(r, r->p, "No number after minus sign") : fail_end(r);
	}
	if (*r->p == '0')
		r->p++;
	else
		while (is_digit(r))
			r->p++;
	if (is_digit(r))
		return fail_at(r, r->p, "Unexpected number");
	if (r->p < r->end && *r->p == '.') {
		integer = false;
		r->p++;
		if (!is_digit(r))
			return fail_at(r, r->p, "Unterminated fractional number");
		while (is_digit(r))
			r->p++;
	}
	if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
		integer = false;
		r->p++;
		if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
			r->p++;
		if (!is_digit(r))
			return fail_at(r, r->p, "Exponent part is missing a number");
		while (is_digit(r))
			r->p++;
	}
	size_t len = (size_t)(r->p - from);

	/* The byte behind the number is put back: it ends the text for strtod only. */
	char *end = r->p, behind = *end;
	*end = '\0';
	if (integer) {
		errno = 0;
		long long i = strtoll(from, NULL, 10);
		if (errno == 0) {
			*v = value_int(i);
			*end = behind;
			return 0;
		}
		char *text = arena_strndup(r->arena, from, len);
		*v = (lyre_value){ .type = LYRE_BIGINT, .len = (uint32_t)len, .s = text };
		double d = strtod(from, NULL);
		*end = behind;
		if (!text)
			return err_nomem(r->err);
		return isfinite(d) ? 0 : fail_at(r, from, "Number out of range");
	}
	double d = strtod(from, NULL);
	*end = behind;
	if (!isfinite(d))
		return fail_at(r, from, "Number out of range");
	*v = value_double(d);
	return 0;
}

static int read_word(struct reader *r, const char *word, lyre_value value, lyre_value *v)
{
	for (; *word; word++, r->p++)
		if (r->p >= r->end || *r->p != *word)
			return fail_token(r);
	*v = value;
	return 0;
}

static int read_value(struct reader *r, lyre_value *v);

static int finish_array(struct reader *r, size_t base, lyre_value *v)
{
	size_t n = r->top - base;
	lyre_value *items = NULL;
	if (n) {
		items = arena_alloc(r->arena, n * sizeof *items);
		if (!items || n >= UINT32_MAX)
			return err_nomem(r->err);
		for (size_t i = 0; i < n; i++)
			items[i] = r->stack[base + i].value;
	}
	*v = (lyre_value){ .type = LYRE_ARRAY, .len = (uint32_t)n, .items = items };
	r->top = base;
	return 0;
}

static int read_array(struct reader *r, lyre_value *v)
{
	size_t base = r->top;
	r->p++;
	skip_space(r);
	if (r->p < r->end && *r->p == ']') {
		r->p++;
		return finish_array(r, base, v);
	}
	for (;;) {
		struct stacked s = { 0 };
		int rc = read_value(r, &s.value);
		if (rc || (rc = push(r, &s)))
			return rc;
		skip_space(r);
		if (r->p >= r->end)
			return fail_end(r);
		if (*r->p == ']')
			break;
		if (*r->p != ',')
			return fail_at(r, r->p, "Expected ',' or ']' after array element");
		r->p++;
	}
	r->p++;
	return finish_array(r, base, v);
}

static bool same_name(const struct stacked *a, const struct value_member *b)
{
	return a->name_len == b->name_len && !memcmp(a->name, b->name, b->name_len);
}

/* By a key where one is given. */
static size_t hash_name(const uint8_t *key, const char *s, uint32_t len)
{
	uint64_t keyed[2];
	uint32_t h = 2166136261u;

	if (key) {
		siphash128(key, s, len, (uint8_t *)keyed);
		return (size_t)keyed[0];
	}
	for (uint32_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

/* Objects of so many names are looked through; those of more have a table, with room for twice as many. */
#define FEW_NAMES 16
/* Steps a name in the table, on the average, that only names which were made to collide take. */
#define STEPS_MAX 16

/* Puts the stacked names and values into the members by a zeroed table. Returns how many, or SIZE_MAX where it takes too long. */
static size_t merge_by_table(const struct stacked *s, size_t n, struct value_member *members, uint32_t *table, size_t mask,
	const uint8_t *key)
{
	size_t count = 0, steps = 0;

	for (size_t i = 0; i < n; i++) {
		size_t slot = hash_name(key, s[i].name, s[i].name_len) & mask;
		while (table[slot] && !same_name(&s[i], &members[table[slot] - 1])) {
			slot = (slot + 1) & mask;
			steps++;
		}
		if (!key && steps > n * STEPS_MAX)
			return SIZE_MAX;
		if (!table[slot])
			table[slot] = (uint32_t)++count;
		members[table[slot] - 1] = (struct value_member){ .name = s[i].name, .name_len = s[i].name_len, .value = s[i].value };
	}
	return count;
}

static size_t merge_by_looking(const struct stacked *s, size_t n, struct value_member *members)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		size_t j = 0;
		while (j < count && !same_name(&s[i], &members[j]))
			j++;
		count += j == count;
		members[j] = (struct value_member){ .name = s[i].name, .name_len = s[i].name_len, .value = s[i].value };
	}
	return count;
}

/* Returns how many there are; 0 when out of memory. */
static size_t merge_many(const struct stacked *s, size_t n, struct value_member *members)
{
	uint8_t key[16];
	size_t size = 64;

	while (size < n * 2)
		size *= 2;
	uint32_t *table = calloc(size, sizeof *table);
	if (!table)
		return 0;
	size_t count = merge_by_table(s, n, members, table, size - 1, NULL);
	if (count == SIZE_MAX) {
		/* A client chose the names by their places: now they have places that it cannot know. */
		random_bytes(key, sizeof key);
		memset(table, 0, size * sizeof *table);
		count = merge_by_table(s, n, members, table, size - 1, key);
	}
	free(table);
	return count;
}

/* The last of equal names wins, in the place of the first. No names that a client may send cost n². */
static int finish_object(struct reader *r, size_t base, lyre_value *v)
{
	size_t n = r->top - base, count = 0;
	struct value_member *members = NULL;

	if (n) {
		members = arena_alloc(r->arena, n * sizeof *members);
		if (!members || n >= UINT32_MAX / 4)
			return err_nomem(r->err);
		count = n > FEW_NAMES ? merge_many(&r->stack[base], n, members) : merge_by_looking(&r->stack[base], n, members);
		if (!count)
			return err_nomem(r->err);
	}
	*v = (lyre_value){ .type = LYRE_OBJECT, .len = (uint32_t)count, .members = members };
	r->top = base;
	return 0;
}

static int read_member(struct reader *r, struct stacked *s)
{
	r->p++;
	int rc = read_text(r, &s->name, &s->name_len);
	if (rc)
		return rc;
	skip_space(r);
	if (r->p >= r->end)
		return fail_end(r);
	if (*r->p != ':')
		return fail_at(r, r->p, "Expected ':' after property name");
	r->p++;
	return read_value(r, &s->value);
}

static int read_object(struct reader *r, lyre_value *v)
{
	size_t base = r->top;
	r->p++;
	skip_space(r);
	if (r->p < r->end && *r->p == '}') {
		r->p++;
		return finish_object(r, base, v);
	}
	for (bool first = true;; first = false) {
		struct stacked s = { 0 };
		skip_space(r);
		if (r->p >= r->end)
			return fail_end(r);
		if (*r->p != '"')
			return fail_at(r, r->p, first ? "Expected property name or '}'" : "Expected double-quoted property name");
		int rc = read_member(r, &s);
		if (rc || (rc = push(r, &s)))
			return rc;
		skip_space(r);
		if (r->p >= r->end)
			return fail_end(r);
		if (*r->p == '}')
			break;
		if (*r->p != ',')
			return fail_at(r, r->p, "Expected ',' or '}' after property value");
		r->p++;
	}
	r->p++;
	return finish_object(r, base, v);
}

static int read_value(struct reader *r, lyre_value *v)
{
	int rc;
	skip_space(r);
	if (r->p >= r->end)
		return fail_end(r);
	switch (*r->p) {
	case '{':
	case '[':
		if (++r->depth > JSON_DEPTH_MAX)
			return fail_at(r, r->p, "Nesting too deep");
		rc = *r->p == '{' ? read_object(r, v) : read_array(r, v);
		r->depth--;
		return rc;
	case '"':
		r->p++;
		*v = (lyre_value){ .type = LYRE_STRING };
		return read_text(r, &v->s, &v->len);
	case 't':
		return read_word(r, "true", value_bool(true), v);
	case 'f':
		return read_word(r, "false", value_bool(false), v);
	case 'n':
		return read_word(r, "null", value_null(), v);
	default:
		return *r->p == '-' || is_digit(r) ? read_number(r, v) : fail_token(r);
	}
}

int json_decode(struct arena *a, char *text, size_t len, lyre_value *ret, struct err *e)
{
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	struct stacked first[STACK_FIRST];
	struct reader r = {
		.arena = a, .start = text, .p = text, .end = text + len, .stack = first, .first = first, .cap = STACK_FIRST,
		.err = e,
	};
	int rc = read_value(&r, ret);
	if (!rc) {
		skip_space(&r);
		if (r.p < r.end)
			rc = err_set(e, LYRE_EINVAL, "Unexpected non-whitespace character after JSON at position %zu",
				position(&r, r.p));
	}
	if (r.stack != first)
		free(r.stack);
	return rc;
}

int json_decode_copy(struct arena *a, const char *text, size_t len, lyre_value *ret, struct err *e)
{
	char *copy = arena_strndup(a, text, len);
	return copy ? json_decode(a, copy, len, ret, e) : err_nomem(e);
}
