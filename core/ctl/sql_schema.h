/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/sql_schema.h
 * \brief The tables and attributes that a server describes, for the SQL shell.
 */
#ifndef CTL_SQL_SCHEMA_H
#define CTL_SQL_SCHEMA_H

#include "ctl/client.h"

#include <json-c/json.h>

/** Runs describe_all. \param[out] ret  a new reference. \return 0, or CTL_… after a message */
int schema_fetch(struct client *c, struct arena *a, struct json_object **ret);
/** \return 0, or CTL_REFUSED after a message */
int schema_show_tables(struct json_object *schema);
/** \param table  its name, or database.table; NULL for all. \return 0, or CTL_REFUSED after a message */
int schema_show_attributes(struct json_object *schema, const char *table);
/** Names that begin with \p word, each with its NUL: databases, database.table, attributes, also after a table's name or alias. */
void schema_complete(struct json_object *schema, const char *word, size_t len, struct buf *names);

#endif
