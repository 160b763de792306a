/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/encode_json.c
 * \brief Answers in JSON (RFC 8259).
 */
#include "base/json.h"
#include "encode/encode.h"

static void place_comma(lyre_out *o)
{
	if (o->comma)
		buf_add_char(o->buf, ',');
	o->comma = true;
}

static void object_begin(lyre_out *o)
{
	place_comma(o);
	buf_add_char(o->buf, '{');
	o->comma = false;
}

static void object_end(lyre_out *o)
{
	buf_add_char(o->buf, '}');
	o->comma = true;
}

static void array_begin(lyre_out *o)
{
	place_comma(o);
	buf_add_char(o->buf, '[');
	o->comma = false;
}

static void array_end(lyre_out *o)
{
	buf_add_char(o->buf, ']');
	o->comma = true;
}

static void key(lyre_out *o, const char *name, size_t len)
{
	bool comma = o->comma;

	o->comma = false;
	json_add_name(o->buf, comma, name, len);
}

static void string(lyre_out *o, const char *s, size_t len)
{
	place_comma(o);
	json_add_string(o->buf, s, len);
}

static void integer(lyre_out *o, int64_t i)
{
	place_comma(o);
	json_add_int(o->buf, i);
}

static void number(lyre_out *o, double d)
{
	place_comma(o);
	json_add_double(o->buf, d);
}

static void boolean(lyre_out *o, bool b)
{
	place_comma(o);
	buf_add(o->buf, b ? "true" : "false", b ? 4 : 5);
}

static void null(lyre_out *o)
{
	place_comma(o);
	buf_add(o->buf, "null", 4);
}

static void value(lyre_out *o, const lyre_value *v)
{
	place_comma(o);
	json_add_value(o->buf, v);
}

void out_raw(lyre_out *o, const char *json, size_t len)
{
	place_comma(o);
	buf_add(o->buf, json, len);
}

const struct encoder encode_json = {
	.object_begin = object_begin,
	.object_end = object_end,
	.array_begin = array_begin,
	.array_end = array_end,
	.key = key,
	.string = string,
	.integer = integer,
	.number = number,
	.boolean = boolean,
	.null = null,
	.value = value,
	.json = true,
};
