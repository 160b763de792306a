/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/document.h
 * \brief JSON texts, read by json-c.
 *
 * In addition to any version of json-c: the grammar is strict, numbers of any length and form print as they were sent,
 * and a NUL character, which json-c does not allow in names, is the two bytes C0 80 in every string; print_text() prints
 * it as a NUL. These bytes cannot occur otherwise: invalid UTF-8 is refused.
 */
#ifndef CTL_DOCUMENT_H
#define CTL_DOCUMENT_H

#include "base/err.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/** How deep arrays and objects may nest. */
#define DEPTH_MAX 512

/** Parses the whole text. \param[out] ret  a new reference; NULL for null, and after a failure. \return 0, or a negative code */
int document_read(const char *text, size_t len, struct json_object **ret, struct err *e);
/**
 * Reads an array item by item, so that it needs no more memory than the largest item; any other value is one item.
 * \param item  called with each item, which it must not keep; a nonzero return stops the reading
 * \return 0, a negative code, or what \p item returned
 */
int document_each(const char *text, size_t len, int (*item)(void *arg, struct json_object *item), void *arg, struct err *e);
/** Position of the value, whose first character determines its type; \p len if there is none. */
size_t document_begin(const char *text, size_t len);

/** The member \p name if it is a string; else NULL, also if \p o is not an object. */
const char *text_member(struct json_object *o, const char *name);
/** Whether \p o is the string \p s. */
bool text_is(struct json_object *o, const char *s);
/** Items of an array; 0 for anything else. */
size_t item_count(struct json_object *o);
/** Members of an object; 0 for anything else. */
size_t member_count(struct json_object *o);

#endif
