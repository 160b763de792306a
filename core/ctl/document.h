/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/document.h
 * \brief JSON texts, read by json-c.
 *
 * Beyond what json-c does by itself, in any version: the grammar is strict, numbers of any length and form write themselves as they
 * were sent, and a NUL character, which cannot stand in a name of json-c, is the two bytes C0 80 in every text, which print_text()
 * writes out as such. No other text has these bytes: what is not UTF-8 is refused.
 */
#ifndef CTL_DOCUMENT_H
#define CTL_DOCUMENT_H

#include "base/err.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/** How deep arrays and objects may nest. */
#define DEPTH_MAX 512

/** Reads all of it. \param[out] ret  a new reference; NULL is null, and after a failure. \return 0, or a negative code */
int document_read(const char *text, size_t len, struct json_object **ret, struct err *e);
/**
 * Reads an array item by item, so that it takes no more memory than the largest item; another value is one item.
 * \param item  called with each, which it may not keep; what it returns ends the reading unless it is 0
 * \return 0, a negative code, or what \p item returned
 */
int document_each(const char *text, size_t len, int (*item)(void *arg, struct json_object *item), void *arg, struct err *e);
/** Where its value begins, whose first character tells its kind; \p len where there is none. */
size_t document_begin(const char *text, size_t len);

/** The member \p name if it is a text; NULL else, and where \p o is no object. */
const char *text_member(struct json_object *o, const char *name);
/** Whether \p o is the text \p s. */
bool text_is(struct json_object *o, const char *s);
/** Items of an array; 0 for what is none. */
size_t item_count(struct json_object *o);
/** Members of an object; 0 for what is none. */
size_t member_count(struct json_object *o);

#endif
