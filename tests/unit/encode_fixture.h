/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode_fixture.h
 * \brief Passes values, given as JSON, through an encoder; and bytes, given as hexadecimal, through a decoder.
 */
#ifndef ENCODE_FIXTURE_H
#define ENCODE_FIXTURE_H

#include "unit.h"

#include "base/json.h"
#include "encode/decode.h"
#include "encode/encode.h"

#include <stdio.h>
#include <string.h>

static struct arena arena;
static struct buf written;

static void encode_setup(void)
{
	arena_init(&arena);
	buf_init(&written);
}

static void encode_teardown(void)
{
	buf_free(&written);
	arena_free(&arena);
}

static inline lyre_value value_of_json(const char *json)
{
	lyre_value v;
	struct err e;

	ck_assert_msg(!json_decode_copy(&arena, json, strlen(json), &v, &e), "%s: %s", json, e.text);
	return v;
}

/** Token by token, as handlers do. */
static inline void write_tokens(lyre_out *o, const lyre_value *v)
{
	if (v->type < LYRE_ARRAY) {
		out_value(o, v);
	} else if (v->type == LYRE_ARRAY) {
		out_array_begin(o);
		for (uint32_t i = 0; i < v->len; i++)
			write_tokens(o, &v->items[i]);
		out_array_end(o);
	} else {
		out_object_begin(o);
		for (uint32_t i = 0; i < v->len; i++) {
			out_keyn(o, v->members[i].name, v->members[i].name_len);
			write_tokens(o, &v->members[i].value);
		}
		out_object_end(o);
	}
}

/** \return the output, also in written */
static inline const char *encode(const struct encoder *f, const lyre_value *v, bool tokens)
{
	lyre_out o;

	buf_clear(&written);
	out_begin(&o, f, &written, &arena);
	if (tokens)
		write_tokens(&o, v);
	else
		out_value(&o, v);
	ck_assert(out_begun(&o));
	out_finish(&o);
	out_drop(&o);
	ck_assert(!written.failed);
	return buf_cstr(&written);
}

static inline const char *hex(const void *data, size_t len)
{
	char *text = arena_alloc(&arena, 2 * len + 1);

	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", ((const unsigned char *)data)[i]);
	text[2 * len] = '\0';
	return text;
}

/** The bytes, in a block of their own so that a sanitizer sees reads beyond it; one byte is spare. */
static inline char *unhex(const char *text, size_t *len)
{
	*len = strlen(text) / 2;
	char *bytes = malloc(*len + 1);

	for (size_t i = 0; i < *len; i++) {
		unsigned byte;
		ck_assert_int_eq(sscanf(text + 2 * i, "%2x", &byte), 1);
		bytes[i] = (char)byte;
	}
	return bytes;
}

static inline int decode_whole(const struct decoder *d, char *bytes, size_t len, lyre_value *v, struct err *e)
{
	return d->decode(&arena, bytes, len, false, v, e);
}

/** In two steps: first only the outermost object. */
static inline int decode_in_steps(const struct decoder *d, char *bytes, size_t len, lyre_value *v, struct err *e)
{
	int rc = d->decode(&arena, bytes, len, true, v, e);

	if (!rc)
		rc = d->rest(&arena, v, e);
	for (uint32_t i = 0; !rc && v->type == LYRE_OBJECT && i < v->len; i++)
		rc = d->rest(&arena, &v->members[i].value, e);
	return rc;
}

/** \return the decoded value as JSON, or the failure's message */
static inline const char *decode(const struct decoder *d, const char *text, bool steps)
{
	size_t len;
	char *bytes = unhex(text, &len);
	lyre_value v;
	struct err e;
	struct buf b;

	buf_init(&b);
	if ((steps ? decode_in_steps : decode_whole)(d, bytes, len, &v, &e))
		buf_add_str(&b, e.text);
	else
		json_add_value(&b, &v);
	const char *said = arena_strndup(&arena, b.data, b.len);
	buf_free(&b);
	free(bytes);
	return said;
}

struct bytes_case {
	const char *json, *hex;
};

/** Must be encoded like this, and decode to the same value. */
static inline void check_both_ways(const struct encoder *f, const struct decoder *d, const struct bytes_case *c)
{
	lyre_value v = value_of_json(c->json);

	encode(f, &v, false);
	ck_assert_msg(!strcmp(hex(written.data, written.len), c->hex), "%s: %s", c->json, hex(written.data, written.len));
	encode(f, &v, true);
	const char *tokens = hex(written.data, written.len);
	for (int steps = 0; steps < 2; steps++) {
		ck_assert_str_eq(decode(d, c->hex, steps), c->json);
		ck_assert_str_eq(decode(d, tokens, steps), c->json);
	}
}

/** Only decoded; or refused, with the message in place of the JSON. */
static inline void check_decoded(const struct decoder *d, const struct bytes_case *c)
{
	for (int steps = 0; steps < 2; steps++)
		ck_assert_msg(!strcmp(decode(d, c->hex, steps), c->json), "%s: %s", c->hex, decode(d, c->hex, steps));
}

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

#endif
