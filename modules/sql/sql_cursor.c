/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_cursor.c
 * \brief Rows of a table for SQLite: one reader in the statement's moment, which reads range after range.
 */
#include "sql_vtab.h"

#include "sql_value.h"

#include <stdlib.h>
#include <string.h>

struct cursor {
	sqlite3_vtab_cursor base;
	struct sql_run *run;
	struct sql_table *table;
	lyre_reader *reader;
	sqlite3_uint64 mask; /**< the columns that it reads */
	int *places;         /**< for each column, its place in the reader; -1: not read */
	struct sql_ranges ranges;
	size_t at; /**< the current range */
	bool ended;
};

int sql_cursor_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **ret)
{
	struct sql_vtab *v = (struct sql_vtab *)vtab;
	struct sql_table *t = sql_vtab_table(v);
	struct cursor *c = t ? sqlite3_malloc64(sizeof *c) : NULL;
	if (!c)
		return t ? SQLITE_NOMEM : SQLITE_ERROR;
	memset(c, 0, sizeof *c);
	c->run = v->connection->run;
	c->table = t;
	*ret = &c->base;
	return SQLITE_OK;
}

static void close_reader(struct cursor *c)
{
	if (c->reader)
		lyre_reader_close(c->reader);
	c->reader = NULL;
	sqlite3_free(c->places);
	c->places = NULL;
}

int sql_cursor_close(sqlite3_vtab_cursor *cursor)
{
	struct cursor *c = (struct cursor *)cursor;
	close_reader(c);
	sql_ranges_free(&c->ranges);
	sqlite3_free(c);
	return SQLITE_OK;
}

/** The highest bit stands for all columns from 63 on. */
static bool is_read(sqlite3_uint64 mask, size_t column)
{
	return mask >> (column < 63 ? column : 63) & 1;
}

/** \return SQLite's code */
static int open_reader(struct cursor *c, sqlite3_uint64 mask)
{
	struct sql_table *t = c->table;
	const char **names = sqlite3_malloc64((t->count + 1) * sizeof *names);
	size_t n = 0;
	close_reader(c);
	c->places = sqlite3_malloc64((t->count + 1) * sizeof *c->places);
	if (!names || !c->places) {
		sqlite3_free(names);
		return SQLITE_NOMEM;
	}
	for (size_t i = 0; i < t->count; i++) {
		bool read = i == t->key || (is_read(mask, i) && t->columns[i].readable); /* DELETE needs the key */
		c->places[i] = read ? (int)n : -1;
		if (read)
			names[n++] = t->columns[i].name;
	}
	c->mask = mask;
	int rc = lyre_reader_open(c->run->call, t->table, names, n, &c->reader);
	sqlite3_free(names);
	return rc < 0 ? sql_vtab_stop(c->run, rc) : SQLITE_OK;
}

/** Moves to the next row, in this range or a later one. */
static int go_on(struct cursor *c)
{
	for (;;) {
		int rc = lyre_reader_next(c->reader);
		if (rc < 0)
			return sql_vtab_stop(c->run, rc);
		if (rc != LYRE_END)
			return SQLITE_OK;
		if (c->at + 1 >= c->ranges.count) {
			c->ended = true;
			return SQLITE_OK;
		}
		rc = lyre_reader_seek(c->reader, &c->ranges.items[++c->at]);
		if (rc < 0)
			return sql_vtab_stop(c->run, rc);
	}
}

/** All rows, in the order of their keys. */
static void walk_all(struct cursor *c, int plan)
{
	sql_ranges_free(&c->ranges); /* the ranges made before one condition required all rows */
	c->ranges.items[0] = (struct lyre_range){ .size = sizeof(struct lyre_range) };
	if (plan & SQL_PLAN_DESCENDING)
		c->ranges.items[0].flags = LYRE_RANGE_DESCENDING;
	c->ranges.count = 1;
}

int sql_cursor_filter(sqlite3_vtab_cursor *cursor, int plan, const char *steps, int argc, sqlite3_value **argv)
{
	struct cursor *c = (struct cursor *)cursor;
	char *rest;
	sqlite3_uint64 mask = strtoull(steps, &rest, 16);
	int rc = c->reader && c->mask == mask ? SQLITE_OK : open_reader(c, mask);
	if (rc != SQLITE_OK)
		return rc;
	sql_ranges_free(&c->ranges);
	rc = sql_ranges_make(&c->ranges, c->run, c->table, plan, rest + 1, argc, argv);
	if (rc != SQLITE_OK)
		return rc;
	if (c->ranges.everything)
		walk_all(c, plan);
	c->at = 0;
	c->ended = !c->ranges.count;
	if (c->ended)
		return SQLITE_OK;
	int failure = lyre_reader_seek(c->reader, c->ranges.items);
	return failure < 0 ? sql_vtab_stop(c->run, failure) : go_on(c);
}

int sql_cursor_next(sqlite3_vtab_cursor *cursor)
{
	return go_on((struct cursor *)cursor);
}

int sql_cursor_eof(sqlite3_vtab_cursor *cursor)
{
	return ((struct cursor *)cursor)->ended;
}

int sql_cursor_column(sqlite3_vtab_cursor *cursor, sqlite3_context *ctx, int column)
{
	struct cursor *c = (struct cursor *)cursor;
	struct lyre_field f;
	bool unchanged = c->run->statement.verb == SQL_UPDATE && sqlite3_vtab_nochange(ctx);
	if (unchanged || column < 0 || (size_t)column >= c->table->count || c->places[column] < 0)
		return SQLITE_OK;
	lyre_reader_field(c->reader, (size_t)c->places[column], &f);
	sql_value_give(ctx, &f);
	return SQLITE_OK;
}
