/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/argument.c
 * \brief Reads a request's arguments before they are bound.
 */
#include "dispatch/dispatch_internal.h"

#include "base/words.h"

const lyre_value *request_argument(const struct operation *o, const lyre_value *body, const char *name)
{
	size_t i = operation_param(o, name);

	if (i == o->param_count)
		return NULL;
	const lyre_value *v = words_get(body, name, NULL);
	if (v && !(v->type == LYRE_NULL && o->params[i].flags & LYRE_P_NULL_IS_ABSENT))
		return v;
	return o->params[i].fallback ? &o->fallbacks[i] : NULL;
}

int request_name(const lyre_value *v, struct arena *a, const char **ret, size_t *len)
{
	char number[NUMBER_TEXT_MAX];

	*ret = NULL;
	*len = 0;
	if (value_is(v, LYRE_STRING) || value_is(v, LYRE_BIGINT)) {
		*ret = v->s;
		*len = v->len;
	} else if (value_is_number(v)) {
		*len = v->type == LYRE_INT ? int_text(number, v->i) : double_text(number, v->d);
		*ret = arena_strndup(a, number, *len);
		return *ret ? 0 : LYRE_ENOMEM;
	}
	return 0;
}
