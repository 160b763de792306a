/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/encode_jsonl.c
 * \brief Answers as JSON lines: one line for each item of an array, one for anything else.
 */
#include "encode/encode.h"

/** After a value: ends the line, unless the value is part of another. */
static void end_line(lyre_out *o)
{
	if (o->depth > o->lines)
		return;
	buf_add_char(o->buf, '\n');
	o->comma = false;
}

static void object_begin(lyre_out *o)
{
	encode_json.object_begin(o);
	o->depth++;
}

static void object_end(lyre_out *o)
{
	encode_json.object_end(o);
	o->depth--;
	end_line(o);
}

static void array_begin(lyre_out *o)
{
	if (o->depth)
		encode_json.array_begin(o);
	else
		o->lines = true;
	o->depth++;
}

static void array_end(lyre_out *o)
{
	if (!--o->depth)
		return;
	encode_json.array_end(o);
	end_line(o);
}

static void key(lyre_out *o, const char *name, size_t len)
{
	encode_json.key(o, name, len);
}

static void value(lyre_out *o, const lyre_value *v)
{
	if (o->depth || v->type != LYRE_ARRAY) {
		encode_json.value(o, v);
		end_line(o);
		return;
	}
	array_begin(o);
	for (uint32_t i = 0; i < v->len; i++)
		value(o, &v->items[i]);
	array_end(o);
}

const struct encoder encode_jsonl = {
	.object_begin = object_begin,
	.object_end = object_end,
	.array_begin = array_begin,
	.array_end = array_end,
	.key = key,
	.value = value,
	SCALARS_AS_VALUES,
	.json = true,
};
