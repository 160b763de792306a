/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/out.c
 * \brief Passes the tokens of an answer to the encoder of its format.
 */
#include "encode/encode.h"

#include <string.h>

/** There is only one outermost value. */
static void value_begins(lyre_out *o)
{
	if (o->level)
		return;
	o->misshapen |= o->whole;
	o->whole = true;
}

static bool closes(lyre_out *o)
{
	if (!o->level) {
		o->misshapen = true;
		return false;
	}
	o->level--;
	return true;
}

void out_object_begin(lyre_out *o)
{
	value_begins(o);
	o->level++;
	o->encoder->object_begin(o);
}

void out_object_end(lyre_out *o)
{
	if (closes(o))
		o->encoder->object_end(o);
}

void out_array_begin(lyre_out *o)
{
	value_begins(o);
	o->level++;
	o->encoder->array_begin(o);
}

void out_array_end(lyre_out *o)
{
	if (closes(o))
		o->encoder->array_end(o);
}

void out_keyn(lyre_out *o, const char *name, size_t len)
{
	o->encoder->key(o, name, len);
}

void out_key(lyre_out *o, const char *name)
{
	o->encoder->key(o, name, strlen(name));
}

void out_string(lyre_out *o, const char *s, size_t len)
{
	value_begins(o);
	o->encoder->string(o, s, len);
}

void out_int(lyre_out *o, int64_t i)
{
	value_begins(o);
	o->encoder->integer(o, i);
}

void out_double(lyre_out *o, double d)
{
	value_begins(o);
	o->encoder->number(o, d);
}

void out_bool(lyre_out *o, int b)
{
	value_begins(o);
	o->encoder->boolean(o, b != 0);
}

void out_null(lyre_out *o)
{
	value_begins(o);
	o->encoder->null(o);
}

void out_value(lyre_out *o, const lyre_value *v)
{
	value_begins(o);
	if (v)
		o->encoder->value(o, v);
	else
		o->encoder->null(o);
}

void out_column(lyre_out *o, const char *name)
{
	if (o->encoder->column)
		o->encoder->column(o, name, strlen(name));
}

bool out_begun(const lyre_out *o)
{
	return o->buf->len || o->state || o->lines;
}

bool out_misshapen(const lyre_out *o)
{
	return o->misshapen || o->level;
}

void out_finish(lyre_out *o)
{
	if (o->encoder->finish)
		o->encoder->finish(o);
}

void out_drop(lyre_out *o)
{
	if (o->state && o->encoder->drop)
		o->encoder->drop(o);
	o->state = NULL;
}

/* ---- scalars as values ---- */

void string_as_value(lyre_out *o, const char *s, size_t len)
{
	const lyre_value v = value_text(s, len);

	o->encoder->value(o, &v);
}

void integer_as_value(lyre_out *o, int64_t i)
{
	const lyre_value v = value_int(i);

	o->encoder->value(o, &v);
}

void number_as_value(lyre_out *o, double d)
{
	const lyre_value v = { .type = LYRE_DOUBLE, .d = d };

	o->encoder->value(o, &v);
}

void boolean_as_value(lyre_out *o, bool b)
{
	const lyre_value v = value_bool(b);

	o->encoder->value(o, &v);
}

void null_as_value(lyre_out *o)
{
	const lyre_value v = value_null();

	o->encoder->value(o, &v);
}
