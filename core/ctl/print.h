/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/print.h
 * \brief Prints texts and values for people, on a terminal or not.
 */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include "base/buf.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

/** The character at \p s, UTF-8; \p len receives its bytes. */
wchar_t character(const char *s, size_t left, size_t *len);
/** Width of a text in terminal columns. */
size_t text_width(const char *s, size_t len);
/** Columns of the terminal on standard output; SIZE_MAX if it is not a terminal. */
size_t screen_width(void);
/** Text for a terminal: control characters are escaped. */
void print_text(struct buf *out, const char *s, size_t len);
/** Blanks. */
void print_pad(struct buf *out, size_t count);

/** Whether it is neither an array nor an object. */
bool is_plain(struct json_object *o);
/** JSON on one line. */
void print_line(struct buf *out, struct json_object *o);
/** JSON on as many lines as needed; the first continues the current line. */
void print_json(struct buf *out, struct json_object *o, unsigned depth);
/** An item of an array whose items are all plain, filled into lines. \param used columns used in the line, 0 before
 * the first item */
void print_plain_item(struct buf *out, struct json_object *item, unsigned depth, size_t *used);
/** An item of any other array, on a line of its own. */
void print_item(struct buf *out, struct json_object *item, bool first, unsigned depth);

#endif
