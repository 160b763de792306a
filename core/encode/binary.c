/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/binary.c
 * \brief Arrays and maps of binary formats, with the limits of JSON.
 *
 * A count is trusted only as far as the remaining bytes allow: each item takes at least one, including those that enclosing
 * counts announced. So all counts together never allocate more than the body can fill.
 */
#include "encode/binary.h"

#include "base/json.h"
#include "base/text.h"
#include "encode/bignum.h"
#include "encode/item_bytes.h"

#include <math.h>
#include <string.h>

/** Initial capacity of an array or a map without a count. */
#define ROOM_FIRST 2

int binary_fail(struct binary_reader *r, const char *at, const char *what)
{
	return err_set(r->err, LYRE_EINVAL, "%s: %s at byte %zu", r->format->name, what, (size_t)(at - r->start));
}

int binary_fail_end(struct binary_reader *r)
{
	return err_set(r->err, LYRE_EINVAL, "Unexpected end of %s input", r->format->name);
}

/* ---- for the formats ---- */

int binary_number(struct binary_reader *r, unsigned bytes, uint64_t *ret)
{
	if ((size_t)(r->end - r->p) < bytes)
		return binary_fail_end(r);
	*ret = wire_get(r->p, bytes);
	r->p += bytes;
	return 0;
}

int binary_bytes(struct binary_reader *r, uint64_t len, const char **ret)
{
	if ((size_t)(r->end - r->p) < len)
		return binary_fail_end(r);
	*ret = r->p;
	r->p += len;
	return 0;
}

int binary_text(struct binary_reader *r, uint64_t len, char *text, lyre_value *v)
{
	const char *from = NULL;
	int rc = binary_bytes(r, len, &from);

	if (rc)
		return rc;
	size_t valid = utf8_valid_prefix(from, (size_t)len);
	if (valid < len)
		return binary_fail(r, from + valid, "Invalid UTF-8");
	if (!r->skims) {
		memmove(text + v->len, from, (size_t)len);
		text[v->len + len] = '\0';
	}
	*v = value_text(text, v->len + (size_t)len);
	return 0;
}

int binary_double(struct binary_reader *r, const char *at, double d, lyre_value *v)
{
	if (!isfinite(d))
		return binary_fail(r, at, "Number out of range");
	*v = value_double(d);
	return 0;
}

int binary_copy(struct binary_reader *r, const char *s, size_t len, enum lyre_type type, lyre_value *v)
{
	*v = (lyre_value){ .type = (uint32_t)type, .len = (uint32_t)len };
	if (r->skims)
		return 0;
	v->s = arena_strndup(r->arena, s, len);
	return v->s ? 0 : err_nomem(r->err);
}

int binary_bignum(struct binary_reader *r, const char *at, const void *bytes, size_t len, bool negative, lyre_value *v)
{
	char digits[BIGNUM_DIGITS];
	const uint8_t *first = bytes;

	for (; len && !*first; len--)
		first++;
	uint64_t n = len <= 8 ? wire_get((const char *)first, (unsigned)len) : UINT64_MAX;
	if (n <= INT64_MAX) {
		*v = value_int(negative ? ~(int64_t)n : (int64_t)n);
		return 0;
	}
	size_t count = bignum_text(digits, first, len, negative);
	return count ? binary_copy(r, digits, count, LYRE_BIGINT, v) : binary_fail(r, at, "Number out of range");
}

int binary_time(struct binary_reader *r, const char *at, double ms, lyre_value *v)
{
	char text[32];
	size_t len = isfinite(ms) ? iso_time(text, ms) : 0;

	return len ? binary_copy(r, text, len, LYRE_STRING, v) : binary_fail(r, at, "Date out of range");
}

/* ---- arrays and maps ---- */

/** The items read so far. */
struct items {
	size_t size; /* of an item: a lyre_value, or a member */
	char *place;
	uint64_t room;
	uint32_t count;
};

/** Makes room for this many; keeps what is there. */
static int make_room(struct binary_reader *r, struct items *i, uint64_t room)
{
	char *place = room <= SIZE_MAX / 2 / i->size ? arena_alloc(r->arena, (size_t)room * i->size) : NULL;

	if (!place)
		return err_nomem(r->err);
	if (i->count)
		memcpy(place, i->place, i->count * i->size);
	i->place = place;
	i->room = room;
	return 0;
}

static int items_begin(struct binary_reader *r, struct items *i, const struct token *t, const char *at)
{
	bool map = t->kind == TOKEN_MAP;
	uint64_t left = (uint64_t)(r->end - r->p), each = map ? 2 : 1;

	*i = (struct items){ .size = map ? sizeof(struct value_member) : sizeof(lyre_value) };
	if (++r->depth > JSON_DEPTH_MAX)
		return binary_fail(r, at, "Nesting too deep");
	if (t->open)
		return 0;
	if (t->count > left / each || r->due > left - t->count * each)
		return binary_fail_end(r);
	r->due += t->count * each;
	return r->skims || !t->count ? 0 : make_room(r, i, t->count);
}

static int items_add(struct binary_reader *r, struct items *i, const struct value_member *m)
{
	if (r->skims)
		return 0;
	int rc = i->count < i->room ? 0 : make_room(r, i, i->room ? i->room * 2 : ROOM_FIRST);
	if (rc)
		return rc;
	if (i->size == sizeof *m)
		((struct value_member *)(void *)i->place)[i->count++] = *m;
	else
		((lyre_value *)(void *)i->place)[i->count++] = m->value;
	return 0;
}

static int items_end(struct binary_reader *r, struct items *i, const struct token *t, lyre_value *ret)
{
	r->depth--;
	if (t->kind == TOKEN_ARRAY) {
		*ret = (lyre_value){ .type = LYRE_ARRAY, .len = i->count, .items = (lyre_value *)(void *)i->place };
		return 0;
	}
	struct value_member *members = (struct value_member *)(void *)i->place;
	uint32_t count = value_merge_names(members, i->count, r->arena->charge);
	if (i->count && !count)
		return err_nomem(r->err);
	*ret = (lyre_value){ .type = LYRE_OBJECT, .len = count, .members = members };
	return 0;
}

static int read_items(struct binary_reader *r, const struct token *t, const char *at, lyre_value *ret);

/** Reads the value that a token begins. */
static int finish_value(struct binary_reader *r, const struct token *t, const char *at, lyre_value *ret)
{
	if (t->kind == TOKEN_ARRAY || t->kind == TOKEN_MAP)
		return read_items(r, t, at, ret);
	if (t->kind == TOKEN_END)
		return binary_fail(r, at, "Unexpected break");
	*ret = t->value;
	return 0;
}

/** Skips an array or a map, leaving it encoded. */
static int leave(struct binary_reader *r, const struct token *t, char *at, lyre_value *ret)
{
	lyre_value unread;

	r->skims = true;
	int rc = read_items(r, t, at, &unread);
	r->skims = false;
	*ret = (lyre_value){ .type = VALUE_UNREAD, .len = (uint32_t)(r->p - at), .s = at };
	return rc;
}

/** Reads the value of a member whose name was read. */
static int read_member(struct binary_reader *r, lyre_value *ret)
{
	struct token t;
	char *at = r->p;
	int rc = r->format->next(r, &t);

	if (rc)
		return rc;
	bool later = r->later && r->depth == 1 && !r->skims && (t.kind == TOKEN_ARRAY || t.kind == TOKEN_MAP);
	return later ? leave(r, &t, at, ret) : finish_value(r, &t, at, ret);
}

/** Reads an item, or a name with its value. \return LYRE_END after the last, if there is no count */
static int read_item(struct binary_reader *r, const struct token *t, struct value_member *m)
{
	struct token item;
	char *at = r->p;
	int rc = r->format->next(r, &item);

	if (rc)
		return rc;
	if (item.kind == TOKEN_END && t->open)
		return LYRE_END;
	if (t->kind == TOKEN_ARRAY) {
		r->due -= !t->open;
		return finish_value(r, &item, at, &m->value);
	}
	if (item.kind != TOKEN_TEXT)
		return binary_fail(r, at, "A map key is not a text string");
	m->name = item.value.s;
	m->name_len = item.value.len;
	r->due -= t->open ? 0 : 2;
	return read_member(r, &m->value);
}

static int read_items(struct binary_reader *r, const struct token *t, const char *at, lyre_value *ret)
{
	struct items items;
	int rc = items_begin(r, &items, t, at);

	for (uint64_t i = 0; !rc && (t->open || i < t->count); i++) {
		struct value_member m;

		rc = read_item(r, t, &m);
		if (!rc)
			rc = items_add(r, &items, &m);
	}
	return rc < 0 ? rc : items_end(r, &items, t, ret);
}

/* ---- a body ---- */

static int read_outermost(struct binary_reader *r, lyre_value *ret)
{
	struct token t;
	char *at = r->p;
	int rc = r->format->next(r, &t);

	if (rc)
		return rc;
	if (t.kind == TOKEN_END && r->p < r->end)
		return 0; /* and anything after it is refused */
	return r->later && t.kind == TOKEN_ARRAY ? leave(r, &t, at, ret) : finish_value(r, &t, at, ret);
}

int binary_decode(
	const struct binary_format *f, struct arena *a, char *body, size_t len, bool outer, lyre_value *ret, struct err *e)
{
	struct binary_reader r = {
		.format = f,
		.arena = a,
		.start = body,
		.p = body,
		.end = body + len,
		.later = outer,
		.err = e,
	};
	if (len > UINT32_MAX)
		return err_set(e, LYRE_ETOOBIG, "a %s body may not exceed 4 GiB", f->name);
	int rc = read_outermost(&r, ret);
	if (!rc && r.p < r.end)
		rc = err_set(e, LYRE_EINVAL, "Data read, but end of buffer not reached");
	return rc;
}

int binary_rest(const struct binary_format *f, struct arena *a, lyre_value *v, struct err *e)
{
	lyre_value read;

	if (v->type != VALUE_UNREAD)
		return 0;
	int rc = binary_decode(f, a, (char *)(uintptr_t)v->s, v->len, false, &read, e);
	if (!rc)
		*v = read;
	return rc;
}
