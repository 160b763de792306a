/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/json-c.h
 * \brief Converts a call's values to json-c objects and back, and answers with one.
 *
 * Optional: lyre/lyre.h does not include it. A module that does needs json-c 0.14 or newer (pkg-config json-c). Objects
 * belong to the module, which releases them with json_object_put(), and their memory is not charged to the call: limit
 * what you convert. Call these functions only on the thread that runs the call; on failure they set the call's failure.
 */
#ifndef LYRE_JSON_C_H
#define LYRE_JSON_C_H

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include <lyre/call.h>
#include <lyre/value.h>

LYRE_BEGIN_DECLS

/** How deep arrays and objects may be nested, as in a request. */
#define LYRE_JSON_C_DEPTH_MAX 512

/* ---- internal: do not call ---- */

static inline int lyre_json_c_write(lyre_call *call, const lyre_value *v, int depth, struct json_object **ret);
static inline int lyre_json_c_read(lyre_call *call, struct json_object *object, int depth, const lyre_value **ret);

static inline int lyre_json_c_made(lyre_call *call, struct json_object *object)
{
	return object ? 0 : lyre_fail_no_memory(call);
}

static inline int lyre_json_c_too_deep(lyre_call *call)
{
	return lyre_fail(call, LYRE_EINVAL, "arrays and objects are nested deeper than %d levels", LYRE_JSON_C_DEPTH_MAX);
}

static inline int lyre_json_c_write_text(lyre_call *call, const lyre_value *v, struct json_object **ret)
{
	size_t len;
	const char *s = lyre_value_string(v, &len);

	if (len > INT_MAX)
		return lyre_fail(call, LYRE_ETOOBIG, "a string of %lu bytes is too long for json-c", (unsigned long)len);
	*ret = json_object_new_string_len(s, (int)len);
	return lyre_json_c_made(call, *ret);
}

static inline int lyre_json_c_write_big(lyre_call *call, const lyre_value *v, struct json_object **ret)
{
	const char *digits = lyre_value_string(v, NULL);
	unsigned long long u;

	errno = 0;
	u = strtoull(digits, NULL, 10);
	if (digits[0] == '-' || errno != 0)
		return lyre_json_c_write_text(call, v, ret);
	*ret = json_object_new_uint64(u);
	return lyre_json_c_made(call, *ret);
}

/* By default json-c writes 17 digits even if 15 suffice: 0.10000000000000001. */
static inline int lyre_json_c_write_double(lyre_call *call, double d, struct json_object **ret)
{
	static char short_format[] = "%.15g";
	char text[32];

	*ret = json_object_new_double(d);
	if (*ret && snprintf(text, sizeof text, "%.15g", d) > 0 && strtod(text, NULL) == d)
		json_object_set_serializer(*ret, json_object_double_to_json_string, short_format, NULL);
	return lyre_json_c_made(call, *ret);
}

/* Adds part i to an array or an object, which takes ownership of it unless this fails. */
static inline int lyre_json_c_add(lyre_call *call, const lyre_value *v, size_t i, struct json_object *part, struct json_object *to)
{
	size_t len;
	const char *name = lyre_value_name(v, i, &len);

	if (name && strlen(name) != len)
		return lyre_fail(call, LYRE_EINVAL,
			"the name that begins with '%s' contains a NUL byte, which json-c does not support", name);
	if ((name ? json_object_object_add(to, name, part) : json_object_array_add(to, part)) != 0)
		return lyre_fail_no_memory(call);
	return 0;
}

static inline int lyre_json_c_write_parts(lyre_call *call, const lyre_value *v, int depth, struct json_object *to)
{
	size_t i, count = lyre_value_count(v);

	if (depth == LYRE_JSON_C_DEPTH_MAX)
		return lyre_json_c_too_deep(call);
	for (i = 0; i < count; i++) {
		struct json_object *part;
		int rc = lyre_json_c_write(call, lyre_value_at(v, i), depth + 1, &part);
		if (rc != 0)
			return rc;
		rc = lyre_json_c_add(call, v, i, part, to);
		if (rc != 0) {
			json_object_put(part);
			return rc;
		}
	}
	return 0;
}

static inline int lyre_json_c_write(lyre_call *call, const lyre_value *v, int depth, struct json_object **ret)
{
	int rc;

	*ret = NULL;
	switch (lyre_value_type(v)) {
	case LYRE_NULL:
		return 0;
	case LYRE_BOOL:
		*ret = json_object_new_boolean(lyre_value_bool(v));
		return lyre_json_c_made(call, *ret);
	case LYRE_INT:
		*ret = json_object_new_int64(lyre_value_int(v));
		return lyre_json_c_made(call, *ret);
	case LYRE_DOUBLE:
		return lyre_json_c_write_double(call, lyre_value_double(v), ret);
	case LYRE_BIGINT:
		return lyre_json_c_write_big(call, v, ret);
	case LYRE_STRING:
		return lyre_json_c_write_text(call, v, ret);
	case LYRE_ARRAY:
		*ret = json_object_new_array();
		break;
	case LYRE_OBJECT:
		*ret = json_object_new_object();
		break;
	default:
		return lyre_fail(call, LYRE_ENOTSUP, "a value has a type of a newer server, which json-c cannot represent");
	}
	rc = lyre_json_c_made(call, *ret);
	if (rc == 0)
		rc = lyre_json_c_write_parts(call, v, depth, *ret);
	if (rc != 0) {
		json_object_put(*ret);
		*ret = NULL;
	}
	return rc;
}

static inline int lyre_json_c_utf8(lyre_call *call, const char *s, size_t len)
{
	return lyre_text_is_utf8(s, len) ? 0 : lyre_fail(call, LYRE_EINVAL, "a string from json-c is not valid UTF-8");
}

static inline int lyre_json_c_read_array(lyre_call *call, struct json_object *object, int depth, const lyre_value **ret)
{
	size_t i, count = json_object_array_length(object);
	const lyre_value **items = (const lyre_value **)lyre_alloc(call, (count + 1) * sizeof *items);
	int rc = items ? 0 : lyre_fail_no_memory(call);

	for (i = 0; rc == 0 && i < count; i++)
		rc = lyre_json_c_read(call, json_object_array_get_idx(object, i), depth, &items[i]);
	if (rc == 0)
		*ret = lyre_make_array(call, items, count);
	return rc;
}

static inline int lyre_json_c_read_object(lyre_call *call, struct json_object *object, int depth, const lyre_value **ret)
{
	size_t i = 0, count = (size_t)json_object_object_length(object);
	const char **names = (const char **)lyre_alloc(call, (count + 1) * sizeof *names);
	const lyre_value **values = (const lyre_value **)lyre_alloc(call, (count + 1) * sizeof *values);
	struct json_object_iterator at = json_object_iter_begin(object), end = json_object_iter_end(object);
	int rc = names && values ? 0 : lyre_fail_no_memory(call);

	for (; rc == 0 && !json_object_iter_equal(&at, &end); json_object_iter_next(&at), i++) {
		names[i] = json_object_iter_peek_name(&at);
		rc = lyre_json_c_utf8(call, names[i], strlen(names[i]));
		if (rc == 0)
			rc = lyre_json_c_read(call, json_object_iter_peek_value(&at), depth, &values[i]);
	}
	if (rc == 0)
		*ret = lyre_make_object(call, names, values, count);
	return rc;
}

static inline int lyre_json_c_read_text(lyre_call *call, struct json_object *object, const lyre_value **ret)
{
	const char *s = json_object_get_string(object);
	size_t len = (size_t)json_object_get_string_len(object);
	int rc = lyre_json_c_utf8(call, s, len);

	if (rc == 0)
		*ret = lyre_make_string(call, s, len);
	return rc;
}

static inline const lyre_value *lyre_json_c_read_integer(lyre_call *call, struct json_object *object)
{
	int64_t i = json_object_get_int64(object); /* at most INT64_MAX */

	return i < 0 ? lyre_make_int(call, i) : lyre_make_uint(call, json_object_get_uint64(object));
}

static inline int lyre_json_c_read(lyre_call *call, struct json_object *object, int depth, const lyre_value **ret)
{
	enum json_type type = json_object_get_type(object);
	int rc = 0;

	*ret = NULL;
	if ((type == json_type_array || type == json_type_object) && depth == LYRE_JSON_C_DEPTH_MAX)
		return lyre_json_c_too_deep(call);
	switch (type) {
	case json_type_null:
		*ret = lyre_make_null(call);
		break;
	case json_type_boolean:
		*ret = lyre_make_bool(call, json_object_get_boolean(object));
		break;
	case json_type_int:
		*ret = lyre_json_c_read_integer(call, object);
		break;
	case json_type_double:
		*ret = lyre_make_double(call, json_object_get_double(object));
		break;
	case json_type_string:
		rc = lyre_json_c_read_text(call, object, ret);
		break;
	case json_type_array:
		rc = lyre_json_c_read_array(call, object, depth + 1, ret);
		break;
	case json_type_object:
		rc = lyre_json_c_read_object(call, object, depth + 1, ret);
		break;
	}
	return rc == 0 && !*ret ? lyre_fail_no_memory(call) : rc;
}

/* ---- public ---- */

/**
 * Converts a value to a json-c object. Integers are exact from -2^63 to 2^64-1; larger ones become strings of their
 * digits, as json-c has no larger integers.
 * \param[out] ret  a new reference, owned by the caller; NULL if \p v is null, as usual in json-c, and after a failure
 * \return 0; LYRE_EINVAL for a name that contains a NUL byte, which json-c does not support, or for nesting beyond
 * LYRE_JSON_C_DEPTH_MAX; LYRE_ETOOBIG for a string of 2 GiB; LYRE_ENOMEM
 */
static inline int lyre_value_to_json_c(lyre_call *call, const lyre_value *v, struct json_object **ret)
{
	return lyre_json_c_write(call, v, 0, ret);
}

/**
 * Copies a json-c object to a value of the call; the caller still owns the object. Integers are exact; numbers that are
 * not finite become null. Serializers set with json_object_set_serializer() are ignored.
 * \param object  NULL is null
 * \param[out] ret  NULL after a failure
 * \return 0; LYRE_EINVAL for a string or a name that is not valid UTF-8, which json-c checks only roughly, or for nesting
 * beyond LYRE_JSON_C_DEPTH_MAX; LYRE_ENOMEM
 */
static inline int lyre_value_from_json_c(lyre_call *call, struct json_object *object, const lyre_value **ret)
{
	return lyre_json_c_read(call, object, 0, ret);
}

/**
 * Answers with a json-c object, instead of writing to lyre_reply(); the caller still owns the object. To make it part of
 * an answer, write the value that lyre_value_from_json_c() returns.
  * \return as lyre_value_from_json_c()
 */
static inline int lyre_reply_json_c(lyre_call *call, struct json_object *object)
{
	const lyre_value *v;
	int rc = lyre_value_from_json_c(call, object, &v);

	if (rc == 0)
		lyre_out_value(lyre_reply(call), v);
	return rc;
}

LYRE_END_DECLS

#endif
