/* SPDX-License-Identifier: Apache-2.0 */
#include "certificate_records.h"

#include <stdlib.h>

#define DATABASE "system"
#define TABLE "hdb_certificate"
#define MEMBERS_MAX 8

int records_ensure(lyre_call *call)
{
	static const struct lyre_table_spec spec = {
		.size = sizeof spec,
		.database = DATABASE,
		.name = TABLE,
		.primary_key = "name",
		.expiration = -1,
		.audit = 0,
	};
	lyre_table *table;
	return lyre_table_ensure(call, &spec, &table);
}

/* A text of a record; NULL if it is none, or has a NUL in it. */
static const char *text_of(const lyre_value *record, const char *name)
{
	size_t len;
	const char *text = lyre_value_string(lyre_value_get(record, name), &len);
	return text && strlen(text) == len ? text : NULL;
}

static const lyre_value *array_of(const lyre_value *record, const char *name)
{
	const lyre_value *v = lyre_value_get(record, name);
	return lyre_value_type(v) == LYRE_ARRAY && lyre_value_count(v) ? v : NULL;
}

/* The name of a file in the keys folder; anybody may have written the record. */
static const char *key_name_of(const lyre_value *record)
{
	const char *name = text_of(record, "private_key_name");
	return name && *name && *name != '.' && !strchr(name, '/') && strlen(name) <= KEY_NAME_MAX ? name : NULL;
}

static struct record record_of(const lyre_value *v)
{
	const char *name = text_of(v, "name"), *pem = text_of(v, "certificate");
	return (struct record){
		.name = name ? name : "",
		.pem = pem ? pem : "",
		.key_name = key_name_of(v),
		.authority = lyre_value_bool(lyre_value_get(v, "is_authority")),
		.own = array_of(v, "uses") != NULL, /* others are for whatever listener there is */
		.hosts = array_of(v, "hosts"),
		.value = v,
	};
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct record *)a)->name, ((const struct record *)b)->name);
}

int records_read(lyre_call *call, struct record_list *ret)
{
	struct lyre_query query = { .size = sizeof query, .limit = RECORDS_MAX };
	const lyre_value *row;
	lyre_cursor *cursor;
	*ret = (struct record_list){ .items = lyre_alloc(call, RECORDS_MAX * sizeof *ret->items) };
	if (!ret->items)
		return lyre_fail_no_memory(call);
	int rc = lyre_table_open(call, DATABASE, TABLE, &query.table);
	if (!rc)
		rc = lyre_query_open(call, &query, &cursor);
	while (!rc && !(rc = lyre_cursor_next(call, cursor, &row))) {
		const lyre_value *copy = lyre_make_copy(call, row);
		if (!copy)
			return lyre_fail_no_memory(call);
		ret->items[ret->count++] = record_of(copy);
	}
	if (rc < 0)
		return rc;
	if (ret->count)
		qsort(ret->items, ret->count, sizeof *ret->items, compare_names);
	return 0;
}

const struct record *records_find(const struct record_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i].name, name))
			return &list->items[i];
	return NULL;
}

bool records_share_key(const struct record_list *list, const char *name, const char *key_name)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct record *r = &list->items[i];
		if (strcmp(r->name, name) && r->key_name && !strcmp(r->key_name, key_name))
			return true;
	}
	return false;
}

/* ---- writing ---- */

static const lyre_value *make_details(lyre_call *call, const struct certificate *c)
{
	struct certificate_details d;
	const char *names[6] = { "issuer", "subject" };
	const lyre_value *values[6];
	size_t count = 2;
	if (!certificate_describe(c, &d))
		return NULL;
	values[0] = lyre_make_text(call, d.issuer);
	values[1] = lyre_make_text(call, d.subject);
	if (d.alt_names) {
		names[count] = "subject_alt_name";
		values[count++] = lyre_make_text(call, d.alt_names);
	}
	names[count] = "serial_number";
	values[count++] = lyre_make_text(call, d.serial);
	names[count] = "valid_from";
	values[count++] = lyre_make_text(call, d.from);
	names[count] = "valid_to";
	values[count++] = lyre_make_text(call, d.to);
	certificate_details_free(&d);
	return lyre_make_object(call, names, values, count);
}

static const lyre_value *make_uses(lyre_call *call)
{
	const lyre_value *words[] = { lyre_make_text(call, "https"), lyre_make_text(call, "wss") };
	return lyre_make_array(call, words, 2);
}

/* A member; where there is no value, null if it must replace one. */
static void add(lyre_call *call, const char **names, const lyre_value **values, size_t *count, const char *name, bool some,
	const lyre_value *value, const struct record *before)
{
	if (!some && (!before || lyre_value_type(lyre_value_get(before->value, name)) == LYRE_NULL))
		return;
	names[*count] = name;
	values[(*count)++] = some ? value : lyre_make_null(call);
}

int records_write(lyre_call *call, const struct record *r, const struct certificate *c, const struct record *before)
{
	const char *names[MEMBERS_MAX] = { "name", "certificate", "is_authority", "details" };
	const lyre_value *values[MEMBERS_MAX] = {
		lyre_make_text(call, r->name),
		lyre_make_text(call, r->pem),
		lyre_make_bool(call, r->authority),
		make_details(call, c),
	};
	size_t count = 4;
	const struct lyre_write_result *result;
	lyre_table *table;
	add(call, names, values, &count, "private_key_name", r->key_name, r->key_name ? lyre_make_text(call, r->key_name) : NULL,
		before);
	bool self_signed = r->own || certificate_is_self_signed(c);
	add(call, names, values, &count, "is_self_signed", true, lyre_make_bool(call, self_signed), before);
	add(call, names, values, &count, "uses", r->own, r->own ? make_uses(call) : NULL, before);
	add(call, names, values, &count, "hosts", r->hosts, r->hosts, before);
	const lyre_value *record = lyre_make_object(call, names, values, count);
	int rc = lyre_table_open(call, DATABASE, TABLE, &table);
	return rc ? rc : lyre_write_wait(call, table, LYRE_UPSERT, lyre_make_array(call, &record, 1), &result);
}

int records_delete(lyre_call *call, const char *name)
{
	const struct lyre_write_result *result;
	const lyre_value *key = lyre_make_text(call, name);
	lyre_table *table;
	int rc = lyre_table_open(call, DATABASE, TABLE, &table);
	return rc ? rc : lyre_write_wait(call, table, LYRE_DELETE, lyre_make_array(call, &key, 1), &result);
}
