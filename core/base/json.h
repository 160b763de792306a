/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/json.h
 * \brief JSON in (RFC 8259, strict) and JSON out.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/value.h"

/** How deep arrays and objects may nest. */
#define JSON_DEPTH_MAX 512

/**
 * Decodes one document. Texts are unescaped in place, so \p text changes, and values point into it: it must be writable,
 * have one spare byte behind \p len, and live as long as the values. A leading byte order mark is passed over, the last
 * of duplicate names wins, integers are kept exactly. Refused, with the position in UTF-16 units as clients count: what the grammar does not
 * allow, invalid UTF-8, lone surrogates, numbers beyond double, nesting beyond JSON_DEPTH_MAX.
 * \return 0, LYRE_EINVAL, LYRE_ENOMEM
 */
int json_decode(struct arena *a, char *text, size_t len, lyre_value *ret, struct err *e);

/**
 * The same, but arrays and objects that are members of the outermost object are checked only, and left where they stand
 * as VALUE_UNREAD, and so is an outermost array: so a client is known, and what it may, before its values take memory.
 */
int json_decode_outer(struct arena *a, char *text, size_t len, lyre_value *ret, struct err *e);
/** Decodes a value that was left so; another is left alone. After a failure it is not to be decoded again. \return 0, LYRE_ENOMEM */
int json_decode_rest(struct arena *a, lyre_value *v, struct err *e);

/** The same from constant text, copied into the arena first. */
int json_decode_copy(struct arena *a, const char *text, size_t len, lyre_value *ret, struct err *e);

/* Values as JSON text, without commas. */
void json_add_string(struct buf *b, const char *s, size_t len);
/** The name of a member, with the colon; with \p comma one before it. */
void json_add_name(struct buf *b, bool comma, const char *name, size_t len);
void json_add_int(struct buf *b, int64_t i);
void json_add_double(struct buf *b, double d);
void json_add_value(struct buf *b, const lyre_value *v);

/** Longest text of a number, with the NUL. */
#define NUMBER_TEXT_MAX 32
/** The shortest text that reads back as \p d, as ECMAScript writes it: 1e+21, 1e-7, 0.1, 100. \return its length */
size_t double_text(char out[NUMBER_TEXT_MAX], double d);
size_t int_text(char out[NUMBER_TEXT_MAX], int64_t i);

#endif
