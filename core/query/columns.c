/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/columns.c
 * \brief Turns a selection of attributes into columns.
 */
#include "query/columns.h"

#include "base/json.h"

#include <string.h>

#define SELECT_DEPTH_MAX 64

static bool needs_escape(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] < 0x20 || s[i] == '"' || s[i] == '\\')
			return true;
	}
	return false;
}

/** \p name must live as long as the query. */
static int set_name(struct column *c, struct arena *a, const char *name, size_t len, struct err *e)
{
	struct buf b;
	buf_init(&b);
	c->name = name;
	c->name_len = (uint32_t)len;
	if (needs_escape(name, len)) {
		json_add_string(&b, name, len);
		name = b.data + 1;
		len = b.failed ? 0 : b.len - 2;
	}
	/* one extra byte, as a row's first name is read without its comma */
	char *piece = b.failed ? NULL : arena_alloc(a, len + 4 > PIECE_ROOM ? len + 4 : PIECE_ROOM + 1);
	if (piece) {
		piece[0] = ',';
		piece[1] = '"';
		memcpy(piece + 2, name, len);
		piece[len + 2] = '"';
		piece[len + 3] = ':';
	}
	c->piece = piece;
	c->piece_len = (uint32_t)len + 4;
	buf_free(&b);
	return piece ? 0 : err_nomem(e);
}

static int set_name_copied(struct column *c, struct arena *a, const char *name, size_t len, struct err *e)
{
	const char *copy = arena_strndup(a, name, len);
	return copy ? set_name(c, a, copy, len, e) : err_nomem(e);
}

void column_set_attribute(struct column *c, const struct attribute *at)
{
	const uint32_t declared = ATTRIBUTE_DECLARED | ATTRIBUTE_KEY | ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED;
	c->kind = COLUMN_FIELD;
	if (at->flags & ATTRIBUTE_KEY)
		c->kind = COLUMN_KEY;
	else if (at->flags & (ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED))
		c->kind = COLUMN_TIME;
	c->id = at->id;
	c->created = at->flags & ATTRIBUTE_CREATED;
	c->date = at->type == ATTRIBUTE_DATE;
	c->undeclared = !(at->flags & declared);
}

static int all_columns(struct columns *ret, struct arena *a, const struct table *t, const struct attribute_filter *f, struct err *e)
{
	ret->items = ARENA_ARRAY(a, struct column, t->attribute_count);
	if (!ret->items)
		return err_nomem(e);
	ret->sparse = !t->dynamic;
	for (uint16_t i = 0; i < t->attribute_count; i++) {
		if (!attribute_is_shown(f, &t->attributes[i]))
			continue;
		struct column *c = &ret->items[ret->count++];
		column_set_attribute(c, &t->attributes[i]);
		c->undeclared = c->undeclared && !t->dynamic;
		int rc = set_name(c, a, t->attributes[i].name, t->attributes[i].name_len, e);
		if (rc)
			return rc;
	}
	return 0;
}

static int fail_item(struct err *e)
{
	return err_set(e, LYRE_EINVAL, "'get_attributes' must be strings, numbers or objects with a name");
}

/** The name that an item selects, and what it selects within it. */
static int item_name(
	const lyre_value *v, struct arena *a, const char **name, size_t *len, const lyre_value **members, struct err *e)
{
	const lyre_value *named = v;
	*members = NULL;
	if (v->type == LYRE_OBJECT) {
		named = value_get(v, "name");
		if (!named)
			named = value_get(v, "attribute");
		*members = value_get(v, "select");
		if (*members && (*members)->type != LYRE_ARRAY)
			return err_set(e, LYRE_EINVAL, "'select' must be an array");
	}
	int rc = named ? name_of_value(named, a, name, len, e) : fail_item(e);
	return rc ? rc : *name ? 0 : fail_item(e);
}

static bool is_repeated(const struct column *items, size_t count, const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		if (items[i].name_len == len && !memcmp(items[i].name, name, len))
			return true;
	}
	return false;
}

static int select_members(const struct selection **ret, struct arena *a, const lyre_value *v, unsigned depth, struct err *e)
{
	*ret = NULL;
	if (!v || (v->len && value_equals_str(&v->items[0], "*")))
		return 0;
	if (depth > SELECT_DEPTH_MAX)
		return err_set(e, LYRE_EINVAL, "'select' must not nest deeper than %d levels", SELECT_DEPTH_MAX);
	struct selection *s = ARENA_NEW(a, struct selection);
	if (s)
		s->items = ARENA_ARRAY(a, struct column, v->len);
	if (!s || !s->items)
		return err_nomem(e);
	for (uint32_t i = 0; i < v->len; i++) {
		const char *name = NULL;
		size_t len;
		const lyre_value *members;
		int rc = item_name(&v->items[i], a, &name, &len, &members, e);
		if (rc)
			return rc;
		if (is_repeated(s->items, s->count, name, len))
			continue;
		struct column *c = &s->items[s->count++];
		rc = set_name_copied(c, a, name, len, e);
		if (!rc)
			rc = select_members(&c->members, a, members, depth + 1, e);
		if (rc)
			return rc;
	}
	*ret = s;
	return 0;
}

static int add_column(struct columns *ret, struct arena *a, const struct table *t, const struct attribute_filter *f,
	const lyre_value *v, struct unknown_names *u, struct err *e)
{
	const char *name = NULL;
	size_t len;
	const lyre_value *members;
	int rc = item_name(v, a, &name, &len, &members, e);
	if (rc)
		return rc;
	const struct attribute *at = visible_attribute(t, f, name, len);
	bool star = len == 1 && *name == '*';
	if (!at && len == 3 && !memcmp(name, "$id", 3))
		at = &t->attributes[t->key];
	if (!at && !star)
		return unknown_add(u, a, name, len, e);
	if (is_repeated(ret->items, ret->count, name, len))
		return 0;
	struct column *c = &ret->items[ret->count++];
	rc = set_name_copied(c, a, name, len, e);
	if (!rc)
		rc = select_members(&c->members, a, members, 1, e);
	if (rc)
		return rc;
	if (!at) {
		c->kind = COLUMN_NONE;
		return 0;
	}
	column_set_attribute(c, at);
	c->undeclared = false;
	if (c->members && c->kind == COLUMN_FIELD)
		c->kind = COLUMN_MEMBERS;
	return 0;
}

int columns_make(struct columns **ret, struct arena *a, const struct table *t, const struct attribute_filter *f,
	const lyre_value *v, struct unknown_names *u, struct err *e)
{
	struct columns *c = ARENA_NEW(a, struct columns);
	if (!c)
		return err_nomem(e);
	*ret = c;
	if (!v)
		return all_columns(c, a, t, f, e);
	if (v->type != LYRE_ARRAY)
		return err_set(e, LYRE_EINVAL, "'get_attributes' must be an array");
	if (!v->len)
		return err_set(e, LYRE_EINVAL, "'get_attributes' must contain at least 1 items");
	if (value_equals_str(&v->items[0], "*"))
		return all_columns(c, a, t, f, e);
	c->items = ARENA_ARRAY(a, struct column, v->len);
	if (!c->items)
		return err_nomem(e);
	for (uint32_t i = 0; i < v->len; i++) {
		int rc = add_column(c, a, t, f, &v->items[i], u, e);
		if (rc)
			return rc;
	}
	return 0;
}

double column_time(const struct column *c, struct record r)
{
	return c->created ? record_created(r) : record_updated(r);
}
