/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/parse.c
 * \brief Parses clients' conditions and sorts into trees.
 */
#include "query/set.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

struct parser {
	struct arena *arena;
	const struct table *table;
	const struct attribute_filter *filter;
	struct set_finder sets;
	size_t left, max; /**< conditions that may still follow, and the maximum */
	struct err *err;
};

/** A condition's attribute as it was sent; an array of one name stands for the name. */
static const lyre_value *condition_attribute(const lyre_value *v)
{
	const lyre_value *m = value_get(v, "attribute");
	return value_is(m, LYRE_ARRAY) && m->len == 1 ? &m->items[0] : m;
}

static int names(const lyre_value *v, unsigned depth, struct parser *p, struct unknown_names *u)
{
	if (!value_is(v, LYRE_ARRAY) || depth > CONDITION_DEPTH_MAX)
		return 0;
	for (uint32_t i = 0; i < v->len; i++) {
		const lyre_value *c = &v->items[i];
		const lyre_value *inner = value_get(c, "conditions");
		const char *name;
		size_t len;
		int rc;
		if (inner) {
			rc = names(inner, depth + 1, p, u);
		} else {
			rc = name_of_value(condition_attribute(c), p->arena, &name, &len, p->err);
			if (!rc && name && !visible_attribute(p->table, p->filter, name, len))
				rc = unknown_add(u, p->arena, name, len, p->err);
		}
		if (rc)
			return rc;
	}
	return 0;
}

int conditions_names(const lyre_value *v, struct arena *a, const struct table *t, const struct attribute_filter *f,
	struct unknown_names *u, struct err *e)
{
	struct parser p = { .arena = a, .table = t, .filter = f, .err = e };
	return names(v, 1, &p, u);
}

/** Paths and other values that are not names are joined as in the reference API: owner,name. */
static int fail_undefined(struct parser *p, const lyre_value *path)
{
	struct buf b;
	buf_init(&b);
	for (uint32_t i = 0; i < path->len; i++) {
		const lyre_value *item = &path->items[i];
		if (i)
			buf_add_char(&b, ',');
		if (item->type == LYRE_STRING)
			buf_add(&b, item->s, item->len);
		else
			json_add_value(&b, item);
	}
	const char *text = buf_cstr(&b);
	int rc = text ? err_set(p->err, LYRE_ENOTFOUND, "%s is not a defined attribute", text) : err_nomem(p->err);
	buf_free(&b);
	return rc;
}

/** The attribute that a condition or a sort names. */
static int parse_attribute(struct parser *p, const lyre_value *v, const struct attribute **ret)
{
	if (value_is(v, LYRE_ARRAY) && v->len)
		return fail_undefined(p, v);
	const char *name;
	size_t len;
	int rc = name_of_value(v, p->arena, &name, &len, p->err);
	if (rc)
		return rc;
	if (!name)
		return err_set(p->err, LYRE_EINVAL, "'attribute' must be a string");
	*ret = visible_attribute(p->table, p->filter, name, len);
	return *ret ? 0 : err_set(p->err, LYRE_ENOTFOUND, "%.*s is not a defined attribute", (int)len, name);
}

static int parse_comparator(struct parser *p, const lyre_value *v, const struct comparator **ret)
{
	*ret = !v || v->type == LYRE_NULL ? comparators : comparator_find(v);
	if (*ret)
		return 0;
	if (v->type == LYRE_STRING)
		return err_set(p->err, LYRE_EINVAL, "Unknown query comparator \"%.*s\"", (int)v->len, v->s);
	return fail_value(p->err, "Unknown query comparator ", v);
}

static int take_conditions(struct parser *p, size_t count)
{
	if (count > p->left)
		return err_set(p->err, LYRE_EINVAL, "A query must not have more than %zu conditions (operationsApi.maxConditions)",
			p->max);
	p->left -= count;
	return 0;
}

static int parse_leaf(struct parser *p, const lyre_value *v, const struct condition **ret)
{
	const lyre_value *attribute = condition_attribute(v);
	const lyre_value *value = value_get(v, "value");
	int rc = take_conditions(p, 1);
	if (rc)
		return rc;
	if (!attribute || attribute->type == LYRE_NULL)
		return err_set(p->err, LYRE_EINVAL, "Search condition must have an attribute");
	struct condition *c = ARENA_NEW(p->arena, struct condition);
	if (!c)
		return err_nomem(p->err);
	rc = parse_attribute(p, attribute, &c->attribute);
	if (rc)
		return rc;
	if (!value)
		return err_set(p->err, LYRE_EINVAL, "Search condition for %s must have a value", c->attribute->name);
	rc = parse_comparator(p, value_get(v, "comparator"), &c->comparator);
	if (!rc && c->comparator->operand == OPERAND_LIST && value->type == LYRE_ARRAY && value->len)
		rc = take_conditions(p, value->len - 1); /* each value counts as a condition */
	if (rc)
		return rc;
	c->kind = CONDITION_LEAF;
	c->loose = c->comparator->negated &&
		!(c->attribute->flags & (ATTRIBUTE_INDEXED | ATTRIBUTE_KEY | ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED));
	*ret = c;
	return operand_parse(c, value, p->arena, p->err);
}

static int parse_group(struct parser *p, const lyre_value *v, bool any, unsigned depth, const struct condition **ret);

static int parse_condition(struct parser *p, const lyre_value *v, unsigned depth, const struct condition **ret)
{
	if (v->type != LYRE_OBJECT)
		return fail_value(p->err, "A search condition must be an object, not ", v);
	const lyre_value *inner = value_get(v, "conditions");
	if (!inner)
		return parse_leaf(p, v, ret);
	const lyre_value *joined = value_get(v, "operator");
	bool any = false;
	if (joined && joined->type != LYRE_NULL) {
		any = joined->type == LYRE_STRING && joined->len == 2 && !strncasecmp(joined->s, "or", 2);
		if (!any && !(joined->type == LYRE_STRING && joined->len == 3 && !strncasecmp(joined->s, "and", 3)))
			return err_set(p->err, LYRE_EINVAL, "'operator' must be one of [and, or]");
	}
	return parse_group(p, inner, any, depth + 1, ret);
}

/** Nested groups of the same kind are merged; a group of one condition becomes that condition. */
static int parse_group(struct parser *p, const lyre_value *v, bool any, unsigned depth, const struct condition **ret)
{
	if (v->type != LYRE_ARRAY)
		return err_set(p->err, LYRE_EINVAL, "'conditions' must be an array");
	if (depth > CONDITION_DEPTH_MAX)
		return err_set(p->err, LYRE_EINVAL, "'conditions' must not nest deeper than %d levels", CONDITION_DEPTH_MAX);
	if (!v->len)
		return err_set(p->err, LYRE_EINVAL, "'conditions' must contain at least 1 items");
	if (any && v->len < 2)
		return err_set(p->err, LYRE_EINVAL, "An \"or\" operator requires at least two conditions");
	enum condition_kind kind = any ? CONDITION_ANY : CONDITION_ALL;
	const struct condition **parsed = ARENA_ARRAY(p->arena, const struct condition *, v->len);
	if (!parsed)
		return err_nomem(p->err);
	size_t count = 0;
	for (uint32_t i = 0; i < v->len; i++) {
		int rc = parse_condition(p, &v->items[i], depth, &parsed[i]);
		if (rc)
			return rc;
		count += parsed[i]->kind == kind ? parsed[i]->count : 1;
	}
	if (count == 1) {
		*ret = parsed[0];
		return 0;
	}
	struct condition *c = ARENA_NEW(p->arena, struct condition);
	if (c)
		c->children = ARENA_ARRAY(p->arena, const struct condition *, count);
	if (!c || !c->children)
		return err_nomem(p->err);
	c->kind = kind;
	for (uint32_t i = 0; i < v->len; i++) {
		if (parsed[i]->kind != kind) {
			c->children[c->count++] = parsed[i];
			continue;
		}
		memcpy(c->children + c->count, parsed[i]->children, parsed[i]->count * sizeof(*c->children));
		c->count += parsed[i]->count;
	}
	int rc = sets_find(&p->sets, c, p->err);
	*ret = c->count == 1 ? c->children[0] : c;
	return rc;
}

int conditions_parse(const lyre_value *v, bool any, struct arena *a, const struct table *t, const struct attribute_filter *f,
	size_t max, const struct condition **ret, struct err *e)
{
	struct parser p = { .arena = a,
		.table = t,
		.filter = f,
		.sets = { .arena = a, .table = t },
		.left = max ? max : SIZE_MAX,
		.max = max,
		.err = e };
	*ret = NULL;
	return v ? parse_group(&p, v, any, 1, ret) : 0;
}

int sort_parse(const lyre_value *v, struct arena *a, const struct table *t, const struct attribute_filter *f,
	struct sort_order *ret, struct err *e)
{
	struct parser p = { .arena = a, .table = t, .filter = f, .err = e };
	const char *label = "sort";
	ret->count = 0;
	for (; v; v = value_get(v, "next")) {
		if (v->type == LYRE_NULL && ret->count)
			break;
		if (v->type != LYRE_OBJECT)
			return err_set(e, LYRE_EINVAL, "'%s' must be of type object", label);
		if (ret->count == SORT_LEVELS_MAX)
			return err_set(e, LYRE_EINVAL, "'sort' must not have more than %d levels", SORT_LEVELS_MAX);
		struct sort_level *level = &ret->levels[ret->count++];
		const lyre_value *descending = value_get(v, "descending");
		const lyre_value *attribute = value_get(v, "attribute");
		if (descending && descending->type != LYRE_BOOL)
			return err_set(e, LYRE_EINVAL, "'%s.descending' must be a boolean", label);
		if (!attribute || attribute->type == LYRE_NULL)
			return err_set(e, LYRE_EINVAL, "Sort requires an attribute");
		if (attribute->type == LYRE_ARRAY && attribute->len == 1)
			attribute = &attribute->items[0];
		int rc = parse_attribute(&p, attribute, &level->attribute);
		if (rc)
			return rc;
		level->descending = descending && descending->b;
		label = arena_printf(a, "%s.next", label);
		if (!label)
			return err_nomem(e);
	}
	return 0;
}
