/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file openapi/openapi.h
 * \brief Shared by the files of this module.
 */
#ifndef OPENAPI_OPENAPI_H
#define OPENAPI_OPENAPI_H

#include "document_json.h"

#include <lyre/lyre.h>

/** Names of the schemas that are not an operation's. */
#define REQUEST_SCHEMA "Request"
#define CONDITION_SCHEMA "Condition"
#define ERROR_SCHEMA "Error"

/* openapi_document.c */

/** The whole document. \return NULL: out of memory */
struct json_object *openapi_document(lyre_call *call);

/* openapi_schema.c */

/** {"$ref": …} to a schema */
void schema_refer(struct document *d, struct json_object *to, const char *name);
/** The schema of an operation's request. */
void schema_operation(struct document *d, struct json_object *to, const struct lyre_operation *op, const char *module);
/** The schema of a condition of a search, with this server's comparators. */
void schema_condition(struct document *d, struct json_object *to);
/** \return the first word of a text of words separated by blanks; NULL after the last */
const char *schema_word(const char *text, size_t *len);

#endif
