/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/operand.c
 * \brief Converts the values in clients' conditions to what the comparators need.
 */
#include "query/set.h"

#include "base/json.h"
#include "base/text.h"

int fail_value(struct err *e, const char *what, const lyre_value *v)
{
	struct buf b;
	buf_init(&b);
	json_add_value(&b, v);
	const char *text = buf_cstr(&b);
	int rc = text ? err_set(e, LYRE_EINVAL, "%s%s", what, text) : err_nomem(e);
	buf_free(&b);
	return rc;
}

/** One value to compare with. Dates become what is stored; objects have no place in the order. */
static int parse_whole(const struct condition *c, const lyre_value *v, struct arena *a, lyre_value *ret, struct err *e)
{
	if (v->type == LYRE_OBJECT)
		return fail_value(e, "Unable to serialize object as a key: ", v);
	*ret = *v;
	double ms;
	if (c->attribute->type == ATTRIBUTE_DATE && v->type == LYRE_STRING && iso_time_parse(v->s, v->len, &ms))
		*ret = value_double(ms);
	if (c->attribute->flags & ATTRIBUTE_KEY) {
		(void)key_number(ret, ret); /* what cannot be a key is compared exactly */
	} else if (c->attribute->type != ATTRIBUTE_BIGINT) {
		const lyre_value *plain = value_plain(ret, a);
		if (!plain)
			return err_nomem(e);
		*ret = *plain;
	}
	return 0;
}

static int parse_scalar(const struct condition *c, const lyre_value *v, struct arena *a, lyre_value *ret, struct err *e)
{
	return v->type == LYRE_ARRAY ? fail_value(e, "Unable to serialize array as a key: ", v) : parse_whole(c, v, a, ret, e);
}

static int parse_text(struct condition *c, const lyre_value *v, struct arena *a, struct err *e)
{
	const char *text;
	size_t len;
	int rc = name_of_value(v, a, &text, &len, e);
	if (rc)
		return rc;
	if (!text)
		return fail_value(e, "This comparator needs a string or a number, not ", v);
	c->value = value_text(text, len);
	return 0;
}

/** A missing bound is no bound: [5] means from 5 on, and a value that is not an array sets no bounds. */
static int parse_bounds(struct condition *c, const lyre_value *v, struct arena *a, struct err *e)
{
	if (v->type != LYRE_ARRAY)
		return v->type == LYRE_OBJECT ? parse_scalar(c, v, a, &c->value, e) : 0;
	c->has_low = v->len > 0;
	c->has_high = v->len > 1;
	int rc = c->has_low ? parse_scalar(c, &v->items[0], a, &c->value, e) : 0;
	return rc || !c->has_high ? rc : parse_scalar(c, &v->items[1], a, &c->high, e);
}

/** The list is sorted later, before its first use. */
static int parse_list(struct condition *c, const lyre_value *v, struct arena *a, struct err *e)
{
	if (v->type != LYRE_ARRAY)
		return fail_value(e, "This comparator needs an array of values, not ", v);
	c->set = ARENA_NEW(a, struct condition_set);
	lyre_value *values = ARENA_ARRAY(a, lyre_value, v->len + 1);
	if (!c->set || !values)
		return err_nomem(e);
	*c->set = (struct condition_set){ .kind = SET_VALUES, .values = values, .count = v->len };
	int rc = 0;
	for (uint32_t i = 0; i < v->len && !rc; i++)
		rc = parse_scalar(c, &v->items[i], a, &values[i], e);
	return rc;
}

int operand_parse(struct condition *c, const lyre_value *v, struct arena *a, struct err *e)
{
	switch (c->comparator->operand) {
	case OPERAND_WHOLE:
		return parse_whole(c, v, a, &c->value, e);
	case OPERAND_SCALAR:
		return parse_scalar(c, v, a, &c->value, e);
	case OPERAND_TEXT:
		return parse_text(c, v, a, e);
	case OPERAND_BOUNDS:
		return parse_bounds(c, v, a, e);
	case OPERAND_LIST:
		return parse_list(c, v, a, e);
	}
	return 0;
}
