/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_value.c
 * \brief The functions of lyre/value.h for which the core's own do not fit directly.
 */
#include "base/json.h"
#include "base/text.h"
#include "host/host_internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static int host_value_type(const lyre_value *v)
{
	return v ? (int)v->type : LYRE_NULL;
}

static int host_value_bool(const lyre_value *v)
{
	return value_is(v, LYRE_BOOL) && v->b;
}

static int64_t host_value_int(const lyre_value *v)
{
	if (value_is(v, LYRE_INT))
		return v->i;
	if (!value_is(v, LYRE_DOUBLE))
		return 0;
	/* 2^63 is the first double that does not fit. */
	if (v->d >= 0x1p63)
		return INT64_MAX;
	return v->d < -0x1p63 ? INT64_MIN : (int64_t)v->d;
}

const char *host_value_string(const lyre_value *v, size_t *len)
{
	bool text = value_is(v, LYRE_STRING) || value_is(v, LYRE_BIGINT);
	if (len)
		*len = text ? v->len : 0;
	return text ? v->s : NULL;
}

static size_t host_value_count(const lyre_value *v)
{
	return value_is(v, LYRE_ARRAY) || value_is(v, LYRE_OBJECT) ? v->len : 0;
}

static const lyre_value *host_value_at(const lyre_value *v, size_t i)
{
	if (i >= host_value_count(v))
		return NULL;
	return v->type == LYRE_ARRAY ? v->items + i : &v->members[i].value;
}

static const char *host_value_name(const lyre_value *v, size_t i, size_t *len)
{
	bool there = value_is(v, LYRE_OBJECT) && i < v->len;
	if (len)
		*len = there ? v->members[i].name_len : 0;
	return there ? v->members[i].name : NULL;
}

static void host_out_bool(lyre_out *o, int b)
{
	out_bool(o, b != 0);
}

/* ---- making values ---- */

static const lyre_value *make(lyre_call *call, lyre_value v)
{
	lyre_value *ret = arena_alloc(call->arena, sizeof *ret);
	if (ret)
		*ret = v;
	return ret;
}

static const lyre_value *host_make_null(lyre_call *call)
{
	return make(call, value_null());
}

static const lyre_value *host_make_string(lyre_call *call, const char *s, size_t len)
{
	const char *copy = len <= UINT32_MAX ? arena_strndup(call->arena, s, len) : NULL;
	return copy ? make(call, value_text(copy, len)) : NULL;
}

static const lyre_value *host_make_int(lyre_call *call, int64_t i)
{
	return make(call, value_int(i));
}

static const lyre_value *host_make_uint(lyre_call *call, uint64_t u)
{
	if (u <= INT64_MAX)
		return make(call, value_int((int64_t)u));
	const char *digits = arena_printf(call->arena, "%" PRIu64, u);
	return digits ? make(call, (lyre_value){ .type = LYRE_BIGINT, .len = (uint32_t)strlen(digits), .s = digits }) : NULL;
}

static const lyre_value *host_make_double(lyre_call *call, double d)
{
	return make(call, isfinite(d) ? value_double(d) : value_null());
}

static const lyre_value *host_make_bool(lyre_call *call, int b)
{
	return make(call, value_bool(b != 0));
}

static const lyre_value *host_make_array(lyre_call *call, const lyre_value *const *items, size_t count)
{
	lyre_value *all = count <= UINT32_MAX ? ARENA_ARRAY(call->arena, lyre_value, count + 1) : NULL;
	for (size_t i = 0; all && i < count; i++) {
		if (!items[i])
			return NULL;
		all[i] = *items[i];
	}
	return all ? make(call, (lyre_value){ .type = LYRE_ARRAY, .len = (uint32_t)count, .items = all }) : NULL;
}

static const lyre_value *host_make_object(lyre_call *call, const char *const *names, const lyre_value *const *values, size_t count)
{
	struct value_member *all = count <= UINT32_MAX ? ARENA_ARRAY(call->arena, struct value_member, count + 1) : NULL;
	for (size_t i = 0; all && i < count; i++) {
		size_t len = strlen(names[i]);
		const char *name = arena_strndup(call->arena, names[i], len);
		if (!values[i] || !name)
			return NULL;
		all[i] = (struct value_member){ .name = name, .name_len = (uint32_t)len, .value = *values[i] };
	}
	return all ? make(call, (lyre_value){ .type = LYRE_OBJECT, .len = (uint32_t)count, .members = all }) : NULL;
}

static const lyre_value *host_make_copy(lyre_call *call, const lyre_value *v)
{
	lyre_value copy;
	return v && value_copy(call->arena, v, NULL, 0, &copy) ? make(call, copy) : NULL;
}

/* ---- texts and times ---- */

static int host_text_is_utf8(const char *s, size_t len)
{
	return utf8_valid_prefix(s, len) == len;
}

static int host_time_parse(const char *s, size_t len, double *ms)
{
	return iso_time_parse(s, len, ms) ? 0 : LYRE_EINVAL;
}

const struct lyre_value_api host_value_api = {
	.size = (uint32_t)sizeof(struct lyre_value_api),

	.value_type = host_value_type,
	.value_bool = host_value_bool,
	.value_int = host_value_int,
	.value_double = value_number,
	.value_string = host_value_string,
	.value_count = host_value_count,
	.value_at = host_value_at,
	.value_name = host_value_name,
	.value_get = value_get,

	.make_null = host_make_null,
	.make_bool = host_make_bool,
	.make_int = host_make_int,
	.make_double = host_make_double,
	.make_string = host_make_string,
	.make_array = host_make_array,
	.make_object = host_make_object,
	.make_copy = host_make_copy,

	.out_object_begin = out_object_begin,
	.out_object_end = out_object_end,
	.out_array_begin = out_array_begin,
	.out_array_end = out_array_end,
	.out_key = out_key,
	.out_string = out_string,
	.out_int = out_int,
	.out_double = out_double,
	.out_bool = host_out_bool,
	.out_null = out_null,
	.out_value = out_value,
	.out_column = out_column,

	.time_now = now_ms,
	.time_parse = host_time_parse,
	.time_text = iso_time,

	.make_uint = host_make_uint,
	.text_is_utf8 = host_text_is_utf8,
};
