/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/columns.h
 * \brief What a row shows: made at planning, with the names as JSON, and read by those who write rows.
 */
#ifndef QUERY_COLUMNS_H
#define QUERY_COLUMNS_H

#include "query/plan.h"

enum column_kind {
	COLUMN_FIELD,
	COLUMN_KEY,
	COLUMN_TIME,    /**< one of the record's times */
	COLUMN_MEMBERS, /**< members of a nested object, or of each in an array */
	COLUMN_NONE     /**< always null */
};

struct selection;

/** Most pieces are no longer, and are copied by so many bytes at once. */
#define PIECE_ROOM 32

struct column {
	enum column_kind kind;
	uint16_t id;
	bool created;    /**< of the times: this one, else the updated */
	bool date;       /**< of the times: as text */
	bool undeclared; /**< seen in records only */
	const char *name;
	uint32_t name_len;
	const char *piece; /**< ,"name": with PIECE_ROOM bytes that may be read */
	uint32_t piece_len;
	const struct selection *members;
};

/** A time as it was last written: records that were written together have the same, and a new record has it twice. */
struct time_text {
	double ms;
	size_t len; /**< 0: none yet */
	char text[NUMBER_TEXT_MAX];
};

struct columns {
	struct column *items;
	size_t count;
	bool sparse; /**< what a record does not have is not shown */
	bool fixed;  /**< the same in each row: all that are declared, and no others */
	struct time_text time;
};

/** Members of an object, in the order they were asked for. */
struct selection {
	struct column *items;
	size_t count;
};

/** Finds a column's value, from \p hint on, where it is when records look alike. */
static inline bool column_find(const struct column *c, struct record r, uint16_t *hint, struct field *f)
{
	if (*hint < record_count(r) && record_at(r, *hint, f) == c->id) {
		++*hint;
		return true;
	}
	return record_find(r, c->id, f);
}
double column_time(const struct column *c, struct record r);

#endif
