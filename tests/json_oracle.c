/* SPDX-License-Identifier: Apache-2.0 */
#include "json_oracle.h"

#include "json_grammar.h"

#ifdef HAVE_JSON_C
#include "base/json.h"

#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the same value ---- */

static bool same(const lyre_value *v, struct json_object *o);

/* Numbers that are integral and fit are integers to us: 1.0, 1e3. */
static bool same_double(const lyre_value *v, double d)
{
	if (d >= -0x1p63 && d < 0x1p63 && floor(d) == d)
		return v->type == LYRE_INT && v->i == (int64_t)d;
	return v->type == LYRE_DOUBLE && v->d == d;
}

static bool same_number(const lyre_value *v, struct json_object *o)
{
	if (json_object_is_type(o, json_type_double))
		return same_double(v, json_object_get_double(o));
	if (!json_object_is_type(o, json_type_int))
		return false;
	int64_t i = json_object_get_int64(o);
	uint64_t u;
	if (v->type != LYRE_BIGINT)
		return v->type == LYRE_INT && v->i == i && (i < 0 || json_object_get_uint64(o) == (uint64_t)i);
	if (*v->s == '-')
		return i == INT64_MIN;
	return json_object_get_uint64(o) == (value_magnitude(v, &u) ? u : UINT64_MAX);
}

static bool same_array(const lyre_value *v, struct json_object *o)
{
	if (!json_object_is_type(o, json_type_array) || json_object_array_length(o) != v->len)
		return false;
	for (uint32_t i = 0; i < v->len; i++)
		if (!same(&v->items[i], json_object_array_get_idx(o, i)))
			return false;
	return true;
}

/* json-c cuts names at their first NUL byte: of names that are then equal, one has the value. */
static bool same_cut(const lyre_value *v, const char *name, struct json_object *member)
{
	for (uint32_t i = 0; i < v->len; i++)
		if (!strcmp(v->members[i].name, name) && same(&v->members[i].value, member))
			return true;
	return false;
}

static bool same_object(const lyre_value *v, struct json_object *o)
{
	bool cut = false;
	if (!json_object_is_type(o, json_type_object))
		return false;
	for (uint32_t i = 0; i < v->len; i++) {
		cut |= strlen(v->members[i].name) != v->members[i].name_len;
		if (!json_object_object_get_ex(o, v->members[i].name, NULL))
			return false;
	}
	if (!cut && (uint32_t)json_object_object_length(o) != v->len)
		return false;
	struct json_object_iterator at = json_object_iter_begin(o), end = json_object_iter_end(o);
	for (uint32_t i = 0; !json_object_iter_equal(&at, &end); json_object_iter_next(&at), i++) {
		const char *name = json_object_iter_peek_name(&at);
		struct json_object *member = json_object_iter_peek_value(&at);
		/* In the same order: both keep the position of a name's first occurrence. */
		if (cut ? !same_cut(v, name, member) : strcmp(v->members[i].name, name) || !same(&v->members[i].value, member))
			return false;
	}
	return true;
}

static bool same(const lyre_value *v, struct json_object *o)
{
	switch ((enum lyre_type)v->type) {
	case LYRE_NULL:
		return !o;
	case LYRE_BOOL:
		return json_object_is_type(o, json_type_boolean) && json_object_get_boolean(o) == v->b;
	case LYRE_STRING:
		return json_object_is_type(o, json_type_string) && json_object_get_string_len(o) == (int)v->len &&
			!memcmp(json_object_get_string(o), v->s, v->len);
	case LYRE_ARRAY:
		return same_array(v, o);
	case LYRE_OBJECT:
		return same_object(v, o);
	default:
		return same_number(v, o);
	}
}

/* An integer that does not fit in json-c: 0.16 uses the nearest that does, newer versions refuse it. */
static bool has_long_integer(const lyre_value *v)
{
	uint64_t u;
	bool found = v->type == LYRE_BIGINT && (*v->s == '-' || !value_magnitude(v, &u));
	for (uint32_t i = 0; v->type == LYRE_ARRAY && i < v->len && !found; i++)
		found = has_long_integer(&v->items[i]);
	for (uint32_t i = 0; v->type == LYRE_OBJECT && i < v->len && !found; i++)
		found = has_long_integer(&v->members[i].value);
	return found;
}

/* ---- the other reader ---- */

/* \return whether the whole text is JSON to json-c */
static bool read_by_json_c(const char *text, size_t len, struct json_object **ret)
{
	/* A new one for each text: a tokener of 0.16 keeps an unpaired surrogate after a reset. */
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);
	size_t bom = len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
	char *copy = calloc(1, len - bom + 1);
	if (!tokener || !copy)
		abort();
	memcpy(copy, text + bom, len - bom);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*ret = json_tokener_parse_ex(tokener, copy, (int)(len - bom) + 1);
	/* A NUL byte ends the text. */
	bool all = json_tokener_get_error(tokener) == json_tokener_success && json_tokener_get_parse_end(tokener) == len - bom;
	json_tokener_free(tokener);
	free(copy);
	return all;
}

static const char *judge(const char *text, size_t len, int rc, const lyre_value *v)
{
	struct json_object *o;
	bool accepts = read_by_json_c(text, len, &o);
	const char *fault = NULL;
	if (rc == 0 && !accepts)
		fault = json_c_version_num() >= (17 << 8) && has_long_integer(v) ? NULL : "json-c refuses what is accepted";
	else if (rc == 0 && !same(v, o))
		fault = "json-c reads another value";
	else if (rc != 0 && accepts && json_grammar(text, len) == NOT_JSON)
		fault = "json-c accepts it, and why is not known";
	json_object_put(o);
	return fault;
}
#else
static const char *judge(const char *text, size_t len, int rc, const lyre_value *v)
{
	(void)text, (void)len, (void)rc, (void)v;
	return NULL;
}
#endif

const char *json_oracle(const char *text, size_t len, int rc, const lyre_value *v)
{
	if ((rc == 0) != (json_grammar(text, len) == 0))
		return rc == 0 ? "this is not JSON" : "this is JSON";
	return judge(text, len, rc, v);
}
