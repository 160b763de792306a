/* SPDX-License-Identifier: Apache-2.0 */
/** Uses every part of lyre/json-c.h: a value to json-c and back, as json-c prints it, and what json-c parses. */
#include <lyre/lyre.h>
#include <lyre/json-c.h>

/** Converts the value to json-c and back, and answers with the result. */
static int echo(lyre_call *call)
{
	struct json_object *object;
	int rc = lyre_value_to_json_c(call, lyre_arg(call, "value"), &object);
	if (rc == 0)
		rc = lyre_reply_json_c(call, object);
	json_object_put(object);
	return rc;
}

/** The value as json-c prints it. */
static int written(lyre_call *call)
{
	struct json_object *object;
	int rc = lyre_value_to_json_c(call, lyre_arg(call, "value"), &object);
	if (rc == 0)
		rc = lyre_reply_message(call, "%s", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
	return rc;
}

static int parse(lyre_call *call, const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(2000);
	struct json_object *object = tokener ? json_tokener_parse_ex(tokener, text, (int)len + 1) : NULL;
	enum json_tokener_error e = tokener ? json_tokener_get_error(tokener) : json_tokener_error_size;
	int rc = e == json_tokener_success ? lyre_reply_json_c(call, object) :
					     lyre_fail(call, LYRE_EINVAL, "json-c cannot read that");
	json_object_put(object);
	if (tokener)
		json_tokener_free(tokener);
	return rc;
}

/** Answers with what json-c parses from the bytes, in its lax mode. */
static int read_bytes(lyre_call *call)
{
	const lyre_value *bytes = lyre_arg(call, "bytes");
	size_t count = lyre_value_count(bytes);
	char *text = lyre_alloc(call, count + 1);
	if (!text)
		return lyre_fail_no_memory(call);
	for (size_t i = 0; i < count; i++)
		text[i] = (char)lyre_value_int(lyre_value_at(bytes, i));
	return parse(call, text, count);
}

/** A value nested as deep as requested, which no request can be. */
static int deep(lyre_call *call)
{
	const lyre_value *v = lyre_make_null(call);
	struct json_object *object;
	for (int64_t i = lyre_value_int(lyre_arg(call, "depth")); i > 0; i--)
		v = lyre_make_array(call, &v, 1);
	int rc = v ? lyre_value_to_json_c(call, v, &object) : lyre_fail_no_memory(call);
	if (rc != 0)
		return rc;
	json_object_put(object);
	return lyre_reply_message(call, "done");
}

static const struct lyre_param value_params[] = { { .name = "value", .types = LYRE_T_ANY, .help = "Any value." } };
static const struct lyre_param bytes_params[] = { { .name = "bytes", .types = LYRE_T_ARRAY, .help = "Bytes of JSON." } };
static const struct lyre_param depth_params[] = { { .name = "depth", .types = LYRE_T_NUMBER, .help = "How deep." } };

static const struct lyre_operation operations[] = {
	{ .name = "json_c_echo",
		.handler = echo,
		.access = LYRE_ACCESS_OPEN,
		.params = LYRE_LIST(value_params),
		.help = "There and back." },
	{ .name = "json_c_written",
		.handler = written,
		.access = LYRE_ACCESS_OPEN,
		.params = LYRE_LIST(value_params),
		.help = "There." },
	{ .name = "json_c_read",
		.handler = read_bytes,
		.access = LYRE_ACCESS_OPEN,
		.params = LYRE_LIST(bytes_params),
		.help = "Back." },
	{ .name = "json_c_deep", .handler = deep, .access = LYRE_ACCESS_OPEN, .params = LYRE_LIST(depth_params), .help = "Deep." },
};

LYRE_MODULE(json_c, "1.0.0", "Values through json-c", .operations = LYRE_LIST(operations));
