/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_json.h
 * \brief JSON without a tree: a value is a pointer to its beginning in the text, which has been checked as a whole.
 *
 * Values are copied as they were written, with all digits. json-c is not used: it crashes if memory runs out for a name, and
 * takes hundreds of bytes for an empty object.
 */
#ifndef SQL_GEO_JSON_H
#define SQL_GEO_JSON_H

#include <stdbool.h>
#include <stddef.h>

/** Maximum depth to which arrays and objects may be nested. */
#define GEO_DEPTH_MAX 64

/** \param text  has a NUL after \p len bytes. \return its value; NULL if it is not JSON, or nested too deeply */
const char *geo_json_value(const char *text, size_t len);
/** The end of a value. */
const char *geo_json_behind(const char *value);
bool geo_json_is_object(const char *value);
bool geo_json_is_array(const char *value);
/** The first item of an array; NULL if there is none. */
const char *geo_json_first(const char *array);
/** The item after it; NULL if there is none. */
const char *geo_json_next(const char *item);
/** The value of an object's first member with a name; NULL if there is none, or if \p object is NULL or not an object. */
const char *geo_json_member(const char *object, const char *name);
/** The text of a string between its quotes, without decoding escapes. \return its length; 0 if it is not a string */
size_t geo_json_text(const char *value, const char **ret);
/** \return false if it is not a number */
bool geo_json_number(const char *value, double *ret);

#endif
