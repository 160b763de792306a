/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_json.h
 * \brief JSON without a tree: a value is where it begins in its text, which has been checked as a whole.
 *
 * What is read is copied as it was written, with all digits. json-c is not used, since it crashes where it has no memory for a
 * name, and takes hundreds of bytes for an empty object.
 */
#ifndef SQL_GEO_JSON_H
#define SQL_GEO_JSON_H

#include <stdbool.h>
#include <stddef.h>

/** How deep arrays and objects may be nested. */
#define GEO_DEPTH_MAX 64

/** \param text  ends with a NUL behind \p len. \return the value that it is; NULL: it is no JSON, or too deep */
const char *geo_json_value(const char *text, size_t len);
/** What follows a value. */
const char *geo_json_behind(const char *value);
bool geo_json_is_object(const char *value);
bool geo_json_is_array(const char *value);
/** The first item of an array; NULL: there is none. */
const char *geo_json_first(const char *array);
/** The one behind it; NULL: there is none. */
const char *geo_json_next(const char *item);
/** The value of an object's first member of a name; NULL: there is none, or \p object is no object, which may be NULL. */
const char *geo_json_member(const char *object, const char *name);
/** The text of a string without escapes and quotes; 0: it is no string. */
size_t geo_json_text(const char *value, const char **ret);
/** \return false: it is no number */
bool geo_json_number(const char *value, double *ret);

#endif
