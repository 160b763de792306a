/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_arguments.c
 * \brief Arguments checked against their declaration. The texts are not the server's, the codes are.
 */
#include "fake_internal.h"

static uint32_t type_bit(const lyre_value *v)
{
	switch (v->type) {
	case LYRE_NULL:
		return LYRE_T_NULL;
	case LYRE_BOOL:
		return LYRE_T_BOOLEAN;
	case LYRE_STRING:
		return LYRE_T_STRING;
	case LYRE_ARRAY:
		return LYRE_T_ARRAY;
	case LYRE_OBJECT:
		return LYRE_T_OBJECT;
	default:
		return LYRE_T_NUMBER;
	}
}

static int check_items(lyre_call *call, const struct lyre_param *p, const lyre_value *v)
{
	for (size_t i = 0; v->type == LYRE_ARRAY && i < v->count; i++) {
		uint32_t bit = type_bit(v->items[i]);
		if ((p->flags & LYRE_P_OBJECTS && bit != LYRE_T_OBJECT) ||
			(p->flags & LYRE_P_KEYS && !(bit & (LYRE_T_STRING | LYRE_T_NUMBER))))
			return fake_fail(call, LYRE_EINVAL, "'%s' has an item of the wrong type", p->name);
	}
	return 0;
}

static int check(lyre_call *call, const struct lyre_param *p, const lyre_value *v)
{
	double d = fake_value_api.value_double(v);
	uint32_t bit = type_bit(v);

	if (!(p->types & bit))
		return fake_fail(call, LYRE_EINVAL, "'%s' has the wrong type", p->name);
	if (p->flags & LYRE_P_NOT_EMPTY && ((bit == LYRE_T_STRING && v->len == 0) || (bit == LYRE_T_ARRAY && v->count == 0)))
		return fake_fail(call, LYRE_EINVAL, "'%s' must not be empty", p->name);
	if (p->flags & LYRE_P_NAME && bit == LYRE_T_STRING && (v->len == 0 || v->len > 250 || strpbrk(v->s, "/`")))
		return fake_fail(call, LYRE_EINVAL, "'%s' is not a name", p->name);
	if (bit == LYRE_T_NUMBER && p->flags & LYRE_P_INTEGER && v->type == LYRE_DOUBLE)
		return fake_fail(call, LYRE_EINVAL, "'%s' must be an integer", p->name);
	if (bit == LYRE_T_NUMBER && p->flags & LYRE_P_RANGE && (d < p->min || d > p->max))
		return fake_fail(call, LYRE_EINVAL, "'%s' must be from %g to %g", p->name, p->min, p->max);
	return check_items(call, p, v);
}

/** The value of one parameter; NULL if there is none. */
static int take(lyre_call *call, const struct lyre_param *p, const lyre_value **ret)
{
	const lyre_value *v = fake_get(call->body, p->name);

	if (v && v->type == LYRE_NULL && p->flags & LYRE_P_NULL_IS_ABSENT)
		v = NULL;
	*ret = v;
	if (p->flags & LYRE_P_HANDLER_CHECKS)
		return 0;
	if (v)
		return check(call, p, v);
	if (p->flags & LYRE_P_REQUIRED)
		return fake_fail(call, LYRE_EINVAL, "'%s' is required", p->name);
	if (p->fallback && (*ret = fake_parse(&call->memory, p->fallback, strlen(p->fallback))) == NULL)
		fake_die("the fallback of '%s' is not JSON: %s", p->name, p->fallback);
	return 0;
}

int fake_arguments(lyre_call *call, const struct lyre_operation *operation, const lyre_value *given)
{
	const struct lyre_list *params = &operation->params;
	lyre_value *all = fake_take(&call->memory, sizeof *all);
	int rc = 0;

	call->body = given;
	all->type = LYRE_OBJECT;
	all->items = fake_take(&call->memory, (params->count + 1) * sizeof *all->items);
	all->names = fake_take(&call->memory, (params->count + 1) * sizeof *all->names);
	for (uint32_t i = 0; rc == 0 && i < params->count; i++) {
		const struct lyre_param *p = lyre_list_at(params, i);
		const lyre_value *v;
		rc = take(call, p, &v);
		if (rc == 0 && v) {
			all->names[all->count] = p->name;
			all->items[all->count++] = v;
		}
	}
	call->arguments = all;
	return rc;
}
