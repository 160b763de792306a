/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/sql_schema.h
 * \brief The tables and attributes that a server describes, for the SQL shell.
 */
#ifndef CTL_SQL_SCHEMA_H
#define CTL_SQL_SCHEMA_H

#include "ctl/client.h"

#include <json-c/json.h>

/** What describe_all says. \param[out] ret  a new reference. \return 0 or CTL_…, said */
int schema_fetch(struct client *c, struct arena *a, struct json_object **ret);
/** \return 0 or CTL_REFUSED, said */
int schema_show_tables(struct json_object *schema);
/** \param table  its name, or database.table; NULL for all. \return 0 or CTL_REFUSED, said */
int schema_show_attributes(struct json_object *schema, const char *table);
/** Names that begin with \p word, each with its NUL: databases, tables in their databases, attributes, also behind another name. */
void schema_complete(struct json_object *schema, const char *word, size_t len, struct buf *names);

#endif
