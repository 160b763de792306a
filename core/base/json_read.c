/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/json_reader.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Values are first pushed on a stack, as the number of an array's items is unknown before its end, and then copied to the
 * arena at once. When the stack is full, the rest of the array is counted and read directly to the arena. Strings are
 * unescaped in place. Values left in the text for later are read like all others, but nothing is stored or changed.
 */
#define STACK_FIRST 64
#define STACK_MAX 4096

static void skip_space(struct json_reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
}

static bool is_digit(const struct json_reader *r)
{
	return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

static void pass_digits(struct json_reader *r)
{
	while (is_digit(r))
		r->p++;
}

/* Fast path for integers that certainly fit, which most numbers are: reads their digits only once. */
static bool read_short_integer(struct json_reader *r, lyre_value *v)
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

/* Skips a number. \param[out] integer  whether it has neither fraction nor exponent */
static int pass_number(struct json_reader *r, bool *integer)
{
	*integer = true;
	if (*r->p == '-') {
		r->p++;
		if (!is_digit(r))
			return r->p < r->end ? json_fail_at(r, r->p, "No number after minus sign") : json_fail_end(r);
	}
	if (*r->p == '0')
		r->p++;
	else
		pass_digits(r);
	if (is_digit(r))
		return json_fail_at(r, r->p, "Unexpected number");
	if (r->p < r->end && *r->p == '.') {
		*integer = false;
		r->p++;
		if (!is_digit(r))
			return json_fail_at(r, r->p, "Unterminated fractional number");
		pass_digits(r);
	}
	if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
		*integer = false;
		r->p++;
		if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
			r->p++;
		if (!is_digit(r))
			return json_fail_at(r, r->p, "Exponent part is missing a number");
		pass_digits(r);
	}
	return 0;
}

/* A long integer. \p text ends in a NUL */
static int long_integer(struct json_reader *r, const char *text, size_t len, lyre_value *v)
{
	errno = 0;
	long long i = strtoll(text, NULL, 10);
	if (errno == 0) {
		*v = value_int(i);
		return 0;
	}
	const char *kept = r->skims ? text : arena_strndup(r->arena, text, len);
	*v = (lyre_value){ .type = LYRE_BIGINT, .len = (uint32_t)len, .s = kept };
	if (!kept)
		return err_nomem(r->err);
	return isfinite(strtod(text, NULL)) ? 0 : json_fail_at(r, text, "Number out of range");
}

static int read_number(struct json_reader *r, lyre_value *v)
{
	if (read_short_integer(r, v))
		return 0;
	char *from = r->p;
	bool integer;
	int rc = pass_number(r, &integer);
	if (rc)
		return rc;

	/* The byte after the number is replaced by a NUL only for the conversion. */
	char *end = r->p, behind = *end;
	*end = '\0';
	if (integer) {
		rc = long_integer(r, from, (size_t)(end - from), v);
		*end = behind;
		return rc;
	}
	double d = strtod(from, NULL);
	*end = behind;
	if (!isfinite(d))
		return json_fail_at(r, from, "Number out of range");
	*v = value_double(d);
	return 0;
}

static int read_word(struct json_reader *r, const char *word, lyre_value value, lyre_value *v)
{
	for (; *word; word++, r->p++)
		if (r->p >= r->end || *r->p != *word)
			return json_fail_token(r);
	*v = value;
	return 0;
}

/* ---- items of arrays and objects ---- */

/* The items read so far: on the stack from base on, or at their final place. */
struct items {
	size_t size; /* of an item: a lyre_value, or a member */
	size_t base;
	char *place; /* NULL: on the stack */
	uint32_t count, room;
	bool counted; /* the counts were made for this one */
};

static bool make_place(struct json_reader *r, struct items *i, uint64_t room)
{
	i->room = (uint32_t)room;
	if (room * i->size > SIZE_MAX / 2 || room > UINT32_MAX / 4)
		return false;
	i->place = arena_alloc(r->arena, (size_t)room * i->size);
	return i->place != NULL;
}

static int items_begin(struct json_reader *r, struct items *i, size_t size)
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

/* Moves the items from the stack to the arena, with room for more. */
static int leave_stack(struct json_reader *r, struct items *i, size_t more)
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

/* Called after an item that has been read, but is not on the stack. */
static int count_rest(struct json_reader *r, struct items *i)
{
	i->counted = r->counted = true;
	r->limit = 0;
	if (json_count(&r->counts, r->p, (size_t)(r->end - r->p), r->arena->charge))
		return err_nomem(r->err);
	return leave_stack(r, i, (size_t)json_counts_next(&r->counts) + 1);
}

static bool grow_stack(struct json_reader *r)
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

static void free_stack(struct json_reader *r)
{
	if (r->stack == r->first)
		return;
	charge_give(r->arena->charge, r->cap * sizeof *r->stack);
	free(r->stack);
}

static int add_otherwise(struct json_reader *r, struct items *i, const struct value_member *m)
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
		return json_fail_end(r);
	put_in_place(i, m);
	return 0;
}

static inline int items_add(struct json_reader *r, struct items *i, const struct value_member *m)
{
	if (r->top >= r->limit)
		return add_otherwise(r, i, m);
	r->stack[r->top++] = *m;
	return 0;
}

static int items_end(struct json_reader *r, struct items *i)
{
	int rc = r->counted || r->skims ? 0 : leave_stack(r, i, 0);
	if (!i->counted)
		return rc;
	json_counts_free(&r->counts);
	r->counted = false;
	r->limit = r->cap;
	return rc;
}

static int read_value(struct json_reader *r, lyre_value *v);

static int read_array(struct json_reader *r, lyre_value *v)
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
			return json_fail_end(r);
		if (*r->p == ']')
			break;
		if (*r->p != ',')
			return json_fail_at(r, r->p, "Expected ',' or ']' after array element");
		r->p++;
	}
	r->p++;
	if (!rc)
		rc = items_end(r, &items);
	*v = (lyre_value){ .type = LYRE_ARRAY, .len = items.count, .items = (lyre_value *)(void *)items.place };
	return rc;
}

static int finish_object(struct json_reader *r, struct items *i, lyre_value *v)
{
	struct value_member *members = (struct value_member *)(void *)i->place;
	uint32_t count = value_merge_names(members, i->count, r->arena->charge);

	if (i->count && !count)
		return err_nomem(r->err);
	*v = (lyre_value){ .type = LYRE_OBJECT, .len = count, .members = members };
	return 0;
}

/* The value refers to its text, from which it is read later. */
static int read_later(struct json_reader *r, lyre_value *v)
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

static int read_member(struct json_reader *r, struct value_member *m)
{
	r->p++;
	int rc = json_read_text(r, &m->name, &m->name_len);
	if (rc)
		return rc;
	skip_space(r);
	if (r->p >= r->end)
		return json_fail_end(r);
	if (*r->p != ':')
		return json_fail_at(r, r->p, "Expected ':' after property name");
	r->p++;
	skip_space(r);
	bool later = r->later && r->depth == 1 && r->p < r->end && (*r->p == '{' || *r->p == '[');
	return later ? read_later(r, &m->value) : read_value(r, &m->value);
}

static int read_object(struct json_reader *r, lyre_value *v)
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
			return json_fail_end(r);
		if (*r->p != '"')
			return json_fail_at(
				r, r->p, first ? "Expected property name or '}'" : "Expected double-quoted property name");
		rc = read_member(r, &m);
		if (!rc)
			rc = items_add(r, &items, &m);
		if (rc)
			return rc;
		skip_space(r);
		if (r->p >= r->end)
			return json_fail_end(r);
		if (*r->p == '}')
			break;
		if (*r->p != ',')
			return json_fail_at(r, r->p, "Expected ',' or '}' after property value");
		r->p++;
	}
	r->p++;
	if (!rc)
		rc = items_end(r, &items);
	return rc ? rc : finish_object(r, &items, v);
}

static int read_value(struct json_reader *r, lyre_value *v)
{
	int rc;
	skip_space(r);
	if (r->p >= r->end)
		return json_fail_end(r);
	switch (*r->p) {
	case '{':
	case '[':
		if (++r->depth > JSON_DEPTH_MAX)
			return json_fail_at(r, r->p, "Nesting too deep");
		rc = *r->p == '{' ? read_object(r, v) : read_array(r, v);
		r->depth--;
		return rc;
	case '"':
		r->p++;
		*v = (lyre_value){ .type = LYRE_STRING };
		return json_read_text(r, &v->s, &v->len);
	case 't':
		return read_word(r, "true", value_bool(true), v);
	case 'f':
		return read_word(r, "false", value_bool(false), v);
	case 'n':
		return read_word(r, "null", value_null(), v);
	default:
		return *r->p == '-' || is_digit(r) ? read_number(r, v) : json_fail_token(r);
	}
}

static int decode(struct arena *a, char *text, size_t len, bool later, lyre_value *ret, struct err *e)
{
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	if (len > UINT32_MAX)
		return err_set(e, LYRE_ETOOBIG, "JSON of more than 4 GiB is not supported");
	struct value_member first[STACK_FIRST];
	struct json_reader r;
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
				json_position(&r, r.p));
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
