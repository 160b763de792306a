/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/json_count.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Values are first stacked, as the number of an array's items is not known before its end, then copied to the arena in one
 * run. When the stack is full, what is left of the array is counted and read to its place. Texts are unescaped where they
 * stand. What is left in the text for later is read as everything is, but nothing is kept or changed.
 */
#define STACK_FIRST 64
#define STACK_MAX 4096

struct reader {
	struct arena *arena;
	char *start, *p, *end;
	struct value_member *stack, *first; /* first: where it stands while it is small */
	size_t top, cap;
	size_t limit;  /* of top: cap, or 0 while nothing is stacked */
	struct json_counts counts;
	bool counted;  /* what is read now is in counts */
	unsigned depth;
	bool later;    /* arrays and objects within the outermost object are left in the text */
	bool skims;    /* what is read now is */
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
static void blank(const struct reader *r, char *from, const char *to)
{
	if (from < to && !r->skims)
		memset(from, 'x', (size_t)(to - from));
}

/* A failure within a text, whose rest behind \p w is not in its place yet. */
static int fail_text(struct reader *r, char *w, const char *rest, const char *at, const char *why)
{
	blank(r, w, rest);
	return fail_at(r, at, why);
}

/* r->p stands behind a backslash; the unescaped character goes to *w, which is never ahead of r->p. */
static int read_escape(struct reader *r, char **w)
{
	static const char plain[256] = { ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f',
		['n'] = '\n', ['r'] = '\r', ['t'] = '\t' };
	const char *at = r->p - 1;
	char unread[4], *start = r->skims ? unread : *w, *to = start;
	if (r->p >= r->end)
		return fail_text(r, *w, at, r->p, "Unterminated string");
	unsigned char c = (unsigned char)*r->p;
	if (plain[c]) {
		*start = plain[c];
		r->p++;
		*w += 1;
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
	to = put_utf8(start, u);
	*w += to - start;
	if (!r->skims)
		r->adjust += (size_t)(to - start) - (u >= 0x10000 ? 2 : 1);
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
		if (w != plain && !r->skims)
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
	blank(r, w, r->p);
	r->p++;
	if (!r->skims)
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
		char *text = r->skims ? from : arena_strndup(r->arena, from, len);
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

/* ---- what is in an array or an object ---- */

/* What was read of it: on the stack from base on, or in its place. */
struct items {
	size_t size;  /* of one: of a lyre_value, or of a member */
	size_t base;
	char *place;  /* NULL: on the stack */
	uint32_t count, room;
	bool counted; /* it is the one that counts */
};

static bool make_place(struct reader *r, struct items *i, uint64_t room)
{
	i->room = (uint32_t)room;
	if (room * i->size > SIZE_MAX / 2 || room > UINT32_MAX / 4)
		return false;
	i->place = arena_alloc(r->arena, (size_t)room * i->size);
	return i->place != NULL;
}

static int items_begin(struct reader *r, struct items *i, size_t size)
{
	*i = (struct items){ .size = size, .base = r->top };
	if (!r->counted || r->skims)
		return 0;
	uint32_t room = json_counts_next(&r->counts);
	return !room || make_place(r, i, room) ? 0 : err_nomem(r->err);
}

static void put_in_place(struct items *i, const struct value_member *m)
{
	if (i->size == sizeof *m)
		((struct value_member *)(void *)i->place)[i->count++] = *m;
	else
		((lyre_value *)(void *)i->place)[i->count++] = m->value;
}

/* Moves the items from the stack to a place of their own, with room for more. */
static int leave_stack(struct reader *r, struct items *i, size_t more)
{
	size_t n = r->top - i->base;
	if (n + more && !make_place(r, i, (uint64_t)n + more))
		return err_nomem(r->err);
	const struct value_member *from = &r->stack[i->base];
	if (n && i->size == sizeof *from)
		memcpy(i->place, from, n * sizeof *from);
	for (size_t k = 0; i->size != sizeof *from && k < n; k++)
		((lyre_value *)(void *)i->place)[k] = from[k].value;
	i->count = (uint32_t)n;
	r->top = i->base;
	return 0;
}

/* Behind an item that is read, but not on the stack. */
static int count_rest(struct reader *r, struct items *i)
{
	i->counted = r->counted = true;
	r->limit = 0;
	if (json_count(&r->counts, r->p, (size_t)(r->end - r->p), r->arena->charge))
		return err_nomem(r->err);
	return leave_stack(r, i, (size_t)json_counts_next(&r->counts) + 1);
}

static bool grow_stack(struct reader *r)
{
	size_t cap = r->cap * 2, more = (r->stack == r->first ? cap : r->cap) * sizeof *r->stack;
	if (!charge_take(r->arena->charge, more))
		return false;
	struct value_member *stack = realloc(r->stack == r->first ? NULL : r->stack, cap * sizeof *stack);
	if (!stack) {
		charge_give(r->arena->charge, more);
		return false;
	}
	if (r->stack == r->first)
		memcpy(stack, r->first, r->top * sizeof *stack);
	r->stack = stack;
	r->limit = r->cap = cap;
	return true;
}

static void free_stack(struct reader *r)
{
	if (r->stack == r->first)
		return;
	charge_give(r->arena->charge, r->cap * sizeof *r->stack);
	free(r->stack);
}

static int add_otherwise(struct reader *r, struct items *i, const struct value_member *m)
{
	if (r->skims)
		return 0;
	if (!r->counted && r->cap < STACK_MAX) {
		if (!grow_stack(r))
			return err_nomem(r->err);
		r->stack[r->top++] = *m;
		return 0;
	}
	int rc = r->counted ? 0 : count_rest(r, i);
	if (rc)
		return rc;
	if (i->count == i->room)
		return fail_end(r);
	put_in_place(i, m);
	return 0;
}

static inline int items_add(struct reader *r, struct items *i, const struct value_member *m)
{
	if (r->top >= r->limit)
		return add_otherwise(r, i, m);
	r->stack[r->top++] = *m;
	return 0;
}

static int items_end(struct reader *r, struct items *i)
{
	int rc = r->counted || r->skims ? 0 : leave_stack(r, i, 0);
	if (!i->counted)
		return rc;
	json_counts_free(&r->counts);
	r->counted = false;
	r->limit = r->cap;
	return rc;
}

static int read_value(struct reader *r, lyre_value *v);

static int read_array(struct reader *r, lyre_value *v)
{
	struct items items;
	int rc = items_begin(r, &items, sizeof(lyre_value));
	r->p++;
	skip_space(r);
	bool more = r->p >= r->end || *r->p != ']';
	while (!rc && more) {
		struct value_member m;
		rc = read_value(r, &m.value);
		if (!rc)
			rc = items_add(r, &items, &m);
		if (rc)
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
	if (!rc)
		rc = items_end(r, &items);
	*v = (lyre_value){ .type = LYRE_ARRAY, .len = items.count, .items = (lyre_value *)(void *)items.place };
	return rc;
}

static bool same_name(const struct value_member *a, const struct value_member *b)
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

/* The place of a name in the table: its own, or a free one. */
static size_t find_slot(const struct value_member *m, const struct value_member *members, const uint32_t *table, size_t mask,
	const uint8_t *key, size_t *steps)
{
	size_t slot = hash_name(key, m->name, m->name_len) & mask;
	for (; table[slot] && !same_name(m, &members[table[slot] - 1]); ++*steps)
		slot = (slot + 1) & mask;
	return slot;
}

/* By a zeroed table of the places of names. Where a client chose the names by their places, they get others that it cannot know. */
static uint32_t merge_by_table(struct value_member *members, uint32_t n, uint32_t *table, size_t mask)
{
	uint8_t key[16], *keyed = NULL;
	size_t steps = 0;
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++) {
		size_t slot = find_slot(&members[i], members, table, mask, keyed, &steps);
		if (!keyed && steps / STEPS_MAX > n) {
			random_bytes(key, sizeof key);
			keyed = key;
			memset(table, 0, (mask + 1) * sizeof *table);
			for (uint32_t j = 0; j < count; j++)
				table[find_slot(&members[j], members, table, mask, keyed, &steps)] = j + 1;
			slot = find_slot(&members[i], members, table, mask, keyed, &steps);
		}
		if (!table[slot])
			table[slot] = ++count;
		members[table[slot] - 1] = members[i];
	}
	return count;
}

static uint32_t merge_by_looking(struct value_member *members, uint32_t n)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t j = 0;
		while (j < count && !same_name(&members[i], &members[j]))
			j++;
		count += j == count;
		if (i != j)
			members[j] = members[i];
	}
	return count;
}

/* Returns how many there are; 0 when out of memory. */
static uint32_t merge_many(struct value_member *members, uint32_t n, struct charge *charge)
{
	size_t size = 64;

	while (size < (size_t)n * 2)
		size *= 2;
	if (!charge_take(charge, size * sizeof(uint32_t)))
		return 0;
	uint32_t *table = calloc(size, sizeof *table);
	uint32_t count = table ? merge_by_table(members, n, table, size - 1) : 0;
	free(table);
	charge_give(charge, size * sizeof *table);
	return count;
}

/* The last of equal names wins, in the place of the first. No names that a client may send cost n². */
static int finish_object(struct reader *r, struct items *i, lyre_value *v)
{
	struct value_member *members = (struct value_member *)(void *)i->place;
	uint32_t n = i->count;
	uint32_t count = n > FEW_NAMES ? merge_many(members, n, r->arena->charge) : merge_by_looking(members, n);

	if (n && !count)
		return err_nomem(r->err);
	*v = (lyre_value){ .type = LYRE_OBJECT, .len = count, .members = members };
	return 0;
}

/* What is left in the text is what it will be read from. */
static int read_later(struct reader *r, lyre_value *v)
{
	const char *from = r->p;
	lyre_value unread;

	r->skims = true;
	r->limit = 0;
	int rc = read_value(r, &unread);
	r->skims = false;
	r->limit = r->counted ? 0 : r->cap;
	*v = (lyre_value){ .type = VALUE_UNREAD, .len = (uint32_t)(r->p - from), .s = from };
	return rc;
}

static int read_member(struct reader *r, struct value_member *m)
{
	r->p++;
	int rc = read_text(r, &m->name, &m->name_len);
	if (rc)
		return rc;
	skip_space(r);
	if (r->p >= r->end)
		return fail_end(r);
	if (*r->p != ':')
		return fail_at(r, r->p, "Expected ':' after property name");
	r->p++;
	skip_space(r);
	bool later = r->later && r->depth == 1 && r->p < r->end && (*r->p == '{' || *r->p == '[');
	return later ? read_later(r, &m->value) : read_value(r, &m->value);
}

static int read_object(struct reader *r, lyre_value *v)
{
	struct items items;
	int rc = items_begin(r, &items, sizeof(struct value_member));
	r->p++;
	skip_space(r);
	bool more = r->p >= r->end || *r->p != '}';
	for (bool first = true; !rc && more; first = false) {
		struct value_member m;
		skip_space(r);
		if (r->p >= r->end)
			return fail_end(r);
		if (*r->p != '"')
			return fail_at(r, r->p, first ? "Expected property name or '}'" : "Expected double-quoted property name");
		rc = read_member(r, &m);
		if (!rc)
			rc = items_add(r, &items, &m);
		if (rc)
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
	if (!rc)
		rc = items_end(r, &items);
	return rc ? rc : finish_object(r, &items, v);
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

static int decode(struct arena *a, char *text, size_t len, bool later, lyre_value *ret, struct err *e)
{
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	if (len > UINT32_MAX)
		return err_set(e, LYRE_ETOOBIG, "JSON of more than 4 GiB is not read");
	struct value_member first[STACK_FIRST];
	struct reader r;
	r.arena = a;
	r.start = r.p = text;
	r.end = text + len;
	r.stack = r.first = first;
	r.top = 0;
	r.limit = r.cap = STACK_FIRST;
	r.depth = 0;
	r.later = later;
	r.counted = r.skims = false;
	r.adjust = 0;
	r.err = e;
	skip_space(&r);
	int rc = later && r.p < r.end && *r.p == '[' ? read_later(&r, ret) : read_value(&r, ret);
	if (!rc) {
		skip_space(&r);
		if (r.p < r.end)
			rc = err_set(e, LYRE_EINVAL, "Unexpected non-whitespace character after JSON at position %zu",
				position(&r, r.p));
	}
	if (r.counted)
		json_counts_free(&r.counts);
	free_stack(&r);
	return rc;
}

int json_decode(struct arena *a, char *text, size_t len, lyre_value *ret, struct err *e)
{
	return decode(a, text, len, false, ret, e);
}

int json_decode_outer(struct arena *a, char *text, size_t len, lyre_value *ret, struct err *e)
{
	return decode(a, text, len, true, ret, e);
}

int json_decode_rest(struct arena *a, lyre_value *v, struct err *e)
{
	if (v->type != VALUE_UNREAD)
		return 0;
	lyre_value read;
	int rc = decode(a, (char *)(uintptr_t)v->s, v->len, false, &read, e);
	if (!rc)
		*v = read;
	return rc;
}

int json_decode_copy(struct arena *a, const char *text, size_t len, lyre_value *ret, struct err *e)
{
	char *copy = arena_strndup(a, text, len);
	return copy ? json_decode(a, copy, len, ret, e) : err_nomem(e);
}
