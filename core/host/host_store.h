/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_store.h
 * \brief The implementation of lyre/store.h, which describes each function.
 */
#ifndef HOST_STORE_H
#define HOST_STORE_H

#include "host/host_internal.h"

/* host_table.c */
int host_databases(lyre_call *call, int (*visit)(void *arg, const char *name), void *arg);
int host_databases_failed(lyre_call *call, int (*visit)(void *arg, const char *name, const char *why), void *arg);
int host_database_create(lyre_call *call, const char *database);
int host_database_drop(lyre_call *call, const char *database);
int host_tables(lyre_call *call, const char *database, int (*visit)(void *arg, lyre_table *table), void *arg);
int host_table_create(lyre_call *call, const struct lyre_table_spec *spec);
int host_table_drop(lyre_call *call, const char *database, const char *table);
int host_table_open(lyre_call *call, const char *database, const char *name, lyre_table **ret);
const char *host_table_name(const lyre_table *table);
const char *host_table_database(const lyre_table *table);
int host_table_spec(lyre_call *call, lyre_table *table, struct lyre_table_spec *ret);
int host_table_stats(lyre_call *call, lyre_table *table, int exact, struct lyre_table_stats *ret);
int host_reply_cached(lyre_call *call, const char *database, const char *name, int (*write)(void *arg), void *arg);
int host_attribute_create(lyre_call *call, lyre_table *table, const struct lyre_attribute *attribute, char id[37]);
int host_attribute_drop(lyre_call *call, lyre_table *table, const char *name);

/* host_record.c */
int host_write(lyre_call *call, lyre_table *table, int mode, const lyre_value *records,
	int (*then)(lyre_call *call, const struct lyre_write_result *result, void *arg), void *arg);
const char *host_comparator(size_t i);
int host_count(lyre_call *call, const struct lyre_query *query, uint64_t *ret);
int host_query_open(lyre_call *call, const struct lyre_query *query, lyre_cursor **ret);
int host_lookup(lyre_call *call, lyre_table *table, const lyre_value *keys, const lyre_value *select, lyre_cursor **ret);
int host_cursor_next(lyre_call *call, lyre_cursor *cursor, const lyre_value **ret);
int host_backup(lyre_call *call, const char *database, const char *const *tables, size_t count, int *fd);
int host_restore(lyre_call *call, const char *database, const char *path);
int host_restore_check(lyre_call *call, const char *database, const char *path);
int host_database_compact(lyre_call *call, const char *database, uint64_t *before, uint64_t *after);
int host_database_storage(lyre_call *call, const char *database, struct lyre_storage *ret);
int host_database_check(lyre_call *call, const char *database, struct lyre_check *ret);
int host_write_wait(lyre_call *call, lyre_table *table, int mode, const lyre_value *records, const struct lyre_write_result **ret);
size_t host_write_refused(lyre_call *call, size_t from);
int host_reply_written(lyre_call *call, const struct lyre_write_result *result);

/** The attributes of the table that the caller may see; NULL: all. */
const struct attribute_filter *host_filter(const lyre_table *table, struct attribute_filter *space);

/* host_reader.c */
int host_moment_begin(lyre_call *call, lyre_table *const *tables, size_t count);
void host_moment_end(lyre_call *call);
int host_index_look(lyre_call *call, lyre_table *table, const char *attribute, struct lyre_index *ret);
int host_range_estimate(lyre_call *call, lyre_table *table, const struct lyre_range *range, uint64_t limit, uint64_t *ret);
int host_reader_open(lyre_call *call, lyre_table *table, const char *const *attributes, size_t count, lyre_reader **ret);
int host_reader_seek(lyre_reader *reader, const struct lyre_range *range);
int host_reader_next(lyre_reader *reader);
void host_reader_field(lyre_reader *reader, size_t i, struct lyre_field *ret);
void host_reader_close(lyre_reader *reader);

/* host_rights.c */
int host_table_refuse(lyre_call *call, const char *database, const char *table, uint32_t permissions, const char *const *attributes,
	size_t count);
uint32_t host_attribute_permissions(lyre_table *table, const char *attribute);

/* host_changes.c */
int host_changes(lyre_call *call, lyre_table *table, const struct lyre_change_query *query,
	int (*visit)(void *arg, const struct lyre_change *change), void *arg);
int host_changes_remove(lyre_call *call, lyre_table *table, double before, int (*progress)(void *arg, uint64_t removed), void *arg,
	uint64_t *removed);

/* host_metrics.c */
int host_pages(lyre_call *call, const char *database, lyre_table *table, struct lyre_pages *ret);

#endif
