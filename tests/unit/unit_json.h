/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file unit_json.h
 * \brief JSON in tests is written with ' for ", and with ` for the few literal ', so that no line is full of backslashes:
 * "{'error':'Table `dev.dog` does not exist'}".
 */
#ifndef UNIT_JSON_H
#define UNIT_JSON_H

#include "unit.h"

#include "base/json.h"

#include <string.h>

/** Converts such a text to JSON in place. \return it */
static inline char *json_quote(char *text)
{
	for (char *p = text; *p; p++) {
		if (*p == '\'')
			*p = '"';
		else if (*p == '`')
			*p = '\'';
	}
	return text;
}

/** \return a copy as JSON, valid until the fourth call from now on this thread */
static inline const char *json_of(const char *text)
{
	static _Thread_local char copies[4][16384];
	static _Thread_local unsigned next;
	char *copy = copies[next++ % 4];
	size_t len = strlen(text);

	ck_assert_uint_lt(len, sizeof copies[0]);
	return json_quote(memcpy(copy, text, len + 1));
}

/** Decodes such a text. \return as json_decode() */
static inline int json_read(struct arena *a, const char *text, lyre_value *ret, struct err *e)
{
	size_t len = strlen(text);
	char *copy = arena_strndup(a, text, len);

	ck_assert_ptr_nonnull(copy);
	return json_decode(a, json_quote(copy), len, ret, e);
}

/** \p want is such a text, \p got is the server's answer. */
#define ck_assert_json_eq(got, want) ck_assert_str_eq(got, json_of(want))

#endif
