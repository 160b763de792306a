/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/sql_schema.h"

#include "ctl/document.h"
#include "ctl/write_request.h"

#include <string.h>

int schema_fetch(struct client *c, struct arena *a, struct json_object **ret)
{
	struct buf request;
	buf_init(&request);
	request_begin(&request, "describe_all");
	request_end(&request);
	int rc = request_value(c, a, &request, ret);
	buf_free(&request);
	return rc;
}

/** Completes an array of objects and shows it. */
static int show_rows(struct buf *rows)
{
	buf_add_char(rows, ']');
	int rc = rows->failed ? complain(CTL_REFUSED, "out of memory") : show_answer(rows->data, rows->len);
	buf_free(rows);
	return rc;
}

/** Opens a row with the name of a table. */
static void begin_row(struct buf *rows, const char *database, const char *table)
{
	struct buf name;
	buf_init(&name);
	buf_addf(&name, "%s.%s", database, table);
	buf_add_str(rows, rows->len > 1 ? ",{\"table\":" : "{\"table\":");
	request_text(rows, name.len > 0 ? name.data : "", name.len);
	rows->failed |= name.failed;
	buf_free(&name);
}

static void add_member(struct buf *rows, const char *name, struct json_object *value)
{
	request_name(rows, name);
	buf_add_str(rows, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
}

int schema_show_tables(struct json_object *schema)
{
	struct buf rows;
	buf_init(&rows);
	buf_add_char(&rows, '[');
	json_object_object_foreach(schema, database, tables)
	{
		json_object_object_foreach(tables, table, about)
		{
			begin_row(&rows, database, table);
			add_member(&rows, "records", json_object_object_get(about, "record_count"));
			buf_add_char(&rows, '}');
		}
	}
	return show_rows(&rows);
}

/** Whether a name, with the database or without, is that of a table. */
static bool is_named(const char *database, const char *table, const char *name)
{
	size_t len = strlen(database);
	if (!name || strcmp(table, name) == 0)
		return true;
	return strncmp(name, database, len) == 0 && name[len] == '.' && strcmp(name + len + 1, table) == 0;
}

static void add_attributes(struct buf *rows, const char *database, const char *table, struct json_object *about)
{
	struct json_object *attributes = json_object_object_get(about, "attributes");
	for (size_t i = 0; i < item_count(attributes); i++) {
		struct json_object *attribute = json_object_array_get_idx(attributes, i);
		bool key = json_object_get_boolean(json_object_object_get(attribute, "is_primary_key"));
		bool indexed = json_object_get_boolean(json_object_object_get(attribute, "indexed"));
		begin_row(rows, database, table);
		add_member(rows, "attribute", json_object_object_get(attribute, "attribute"));
		request_member(rows, "index", key ? "primary key" : indexed ? "index" : "");
		buf_add_char(rows, '}');
	}
}

int schema_show_attributes(struct json_object *schema, const char *table)
{
	struct buf rows;
	bool found = false;
	buf_init(&rows);
	buf_add_char(&rows, '[');
	json_object_object_foreach(schema, database, tables)
	{
		json_object_object_foreach(tables, name, about)
		{
			if (!is_named(database, name, table))
				continue;
			found = true;
			add_attributes(&rows, database, name, about);
		}
	}
	if (found || !table)
		return show_rows(&rows);
	buf_free(&rows);
	return complain(CTL_REFUSED, "there is no table '%s': .tables lists the tables", table);
}

/** Adds a name if it begins with the word, unless it is there already. */
static void offer(struct buf *names, const char *name, const char *word, size_t len)
{
	size_t size = strlen(name) + 1;
	if (strncmp(name, word, len) != 0 || names->failed)
		return;
	for (size_t at = 0; at < names->len; at += strlen(names->data + at) + 1)
		if (strcmp(names->data + at, name) == 0)
			return;
	buf_add(names, name, size);
}

/** The attributes of a table, each after \p before: the table's name or alias as typed, with its dot. */
static void offer_attributes(
	struct buf *names, struct json_object *about, const char *before, size_t before_len, const char *word, size_t len)
{
	struct json_object *attributes = json_object_object_get(about, "attributes");
	struct buf name;
	buf_init(&name);
	for (size_t i = 0; i < item_count(attributes); i++) {
		const char *attribute = text_member(json_object_array_get_idx(attributes, i), "attribute");
		if (!attribute)
			continue;
		buf_clear(&name);
		buf_add(&name, before, before_len);
		buf_add_str(&name, attribute);
		if (buf_cstr(&name))
			offer(names, name.data, word, len);
	}
	buf_free(&name);
}

static bool is_database(struct json_object *schema, const char *name, size_t len)
{
	json_object_object_foreach(schema, database, tables)
	{
		(void)tables;
		if (strlen(database) == len && memcmp(database, name, len) == 0)
			return true;
	}
	return false;
}

/** "database." and "database.table". */
static void offer_tables(struct buf *names, const char *database, struct json_object *tables, const char *word, size_t len)
{
	struct buf name;
	buf_init(&name);
	buf_addf(&name, "%s.", database);
	size_t prefix = name.len;
	if (len < prefix && buf_cstr(&name))
		offer(names, name.data, word, len);
	json_object_object_foreach(tables, table, about)
	{
		(void)about;
		name.len = prefix;
		buf_add_str(&name, table);
		if (len >= prefix && buf_cstr(&name))
			offer(names, name.data, word, len);
	}
	buf_free(&name);
}

void schema_complete(struct json_object *schema, const char *word, size_t len, struct buf *names)
{
	const char *dot = memrchr(word, '.', len);
	size_t before = dot ? (size_t)(dot - word) : 0;
	bool of_database = dot && is_database(schema, word, before);
	json_object_object_foreach(schema, database, tables)
	{
		offer_tables(names, database, tables, word, len);
		json_object_object_foreach(tables, table, about)
		{
			(void)table;
			if (!of_database)
				offer_attributes(names, about, word, dot ? before + 1 : 0, word, len);
		}
	}
}
