/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/transfer.h
 * \brief Shared by export and import: formats of files, names of tables.
 */
#ifndef CTL_TRANSFER_H
#define CTL_TRANSFER_H

#include "base/buf.h"
#include "ctl/row_count.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct client;
struct json_object;
struct options;

struct file_format {
	const char *name; /**< of --format, of import_file, and the extension of files */
	const char *also; /**< another one; NULL: none */
	const char *type; /**< media type */
	enum rows rows;
};

extern const struct file_format format_json, format_lines, format_csv;

/**
 * The format that the options name, or else the file's extension.
 * \param[out] ret  NULL: neither tells
 * \return 0, or CTL_USAGE after a message
 */
int transfer_format(const struct options *o, const char *file, const struct file_format **ret);

struct table_name {
	const char *database; /**< NULL: the server's default */
	const char *table;
};

/**
 * Reads DATABASE.TABLE or TABLE; a name with dots is in double quotes, a double quote inside them is doubled.
 * \return 0, or CTL_… after a message
 */
int table_name_read(struct arena *a, const char *word, struct table_name *ret);
/** The parameters of a request that name the table. */
void request_table(struct buf *request, const struct table_name *table);

/**
 * What the server tells about a table.
 * \param[out] missing  NULL: a table that does not exist is a failure
 * \param[out] ret      a new reference
 * \return 0, or CTL_… after a message
 */
int table_describe(struct client *c, struct arena *a, const struct table_name *table, bool *missing, struct json_object **ret);

#endif
