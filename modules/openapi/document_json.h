/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file openapi/document_json.h
 * \brief Builds json-c objects without a check after each: what cannot be allocated marks the document as failed.
 */
#ifndef OPENAPI_DOCUMENT_JSON_H
#define OPENAPI_DOCUMENT_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct document {
	bool failed; /**< out of memory: it lacks something */
};

struct json_object *json_text(struct document *d, const char *text);
struct json_object *json_text_of(struct document *d, const char *text, size_t len);
/** An integer if it is one. */
struct json_object *json_number(struct document *d, double n);
/** The value of a JSON text; NULL for null, too. */
struct json_object *json_value(struct document *d, const char *text);

/** Adds a member to an object, which takes ownership. \p to may be NULL if the document has failed. */
void json_put(struct document *d, struct json_object *to, const char *name, struct json_object *value);
void json_put_text(struct document *d, struct json_object *to, const char *name, const char *text);
void json_put_bool(struct document *d, struct json_object *to, const char *name, bool value);
/** Adds a new object or array. \return it */
struct json_object *json_put_object(struct document *d, struct json_object *to, const char *name);
struct json_object *json_put_array(struct document *d, struct json_object *to, const char *name);
/** Adds an item to an array, which takes ownership. */
void json_push(struct document *d, struct json_object *to, struct json_object *item);
struct json_object *json_push_object(struct document *d, struct json_object *to);
void json_push_text(struct document *d, struct json_object *to, const char *text);

#endif
