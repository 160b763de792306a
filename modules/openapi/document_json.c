/* SPDX-License-Identifier: Apache-2.0 */
#include "document_json.h"

#include <stdint.h>

static struct json_object *made(struct document *d, struct json_object *o)
{
	d->failed = d->failed || !o;
	return o;
}

struct json_object *json_text(struct document *d, const char *text)
{
	return made(d, json_object_new_string(text));
}

struct json_object *json_text_of(struct document *d, const char *text, size_t len)
{
	return made(d, json_object_new_string_len(text, (int)len));
}

struct json_object *json_number(struct document *d, double n)
{
	int64_t i = n >= -9007199254740992.0 && n <= 9007199254740992.0 ? (int64_t)n : 0;
	bool whole = n >= (double)i && n <= (double)i;

	return made(d, whole ? json_object_new_int64(i) : json_object_new_double(n));
}

struct json_object *json_value(struct document *d, const char *text)
{
	enum json_tokener_error error;
	struct json_object *o = json_tokener_parse_verbose(text, &error);

	d->failed = d->failed || error != json_tokener_success;
	return o;
}

void json_put(struct document *d, struct json_object *to, const char *name, struct json_object *value)
{
	if (to && !json_object_object_add(to, name, value))
		return;
	d->failed = true;
	json_object_put(value);
}

void json_put_text(struct document *d, struct json_object *to, const char *name, const char *text)
{
	json_put(d, to, name, json_text(d, text));
}

void json_put_bool(struct document *d, struct json_object *to, const char *name, bool value)
{
	json_put(d, to, name, made(d, json_object_new_boolean(value)));
}

/** \return \p part, now in \p to; NULL if that failed */
static struct json_object *put_part(struct document *d, struct json_object *to, const char *name, struct json_object *part)
{
	if (to && made(d, part) && !json_object_object_add(to, name, part))
		return part;
	d->failed = true;
	json_object_put(part);
	return NULL;
}

struct json_object *json_put_object(struct document *d, struct json_object *to, const char *name)
{
	return put_part(d, to, name, json_object_new_object());
}

struct json_object *json_put_array(struct document *d, struct json_object *to, const char *name)
{
	return put_part(d, to, name, json_object_new_array());
}

static bool push(struct document *d, struct json_object *to, struct json_object *item)
{
	if (to && item && !json_object_array_add(to, item))
		return true;
	d->failed = true;
	json_object_put(item);
	return false;
}

void json_push(struct document *d, struct json_object *to, struct json_object *item)
{
	push(d, to, item);
}

struct json_object *json_push_object(struct document *d, struct json_object *to)
{
	struct json_object *o = json_object_new_object();

	return push(d, to, o) ? o : NULL;
}

void json_push_text(struct document *d, struct json_object *to, const char *text)
{
	json_push(d, to, json_text(d, text));
}
