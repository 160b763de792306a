/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/columns.h
 * \brief What a row shows: made when planning, with the names as JSON, and used to write rows.
 */
#ifndef QUERY_COLUMNS_H
#define QUERY_COLUMNS_H

#include "query/plan.h"

enum column_kind {
	COLUMN_FIELD,
	COLUMN_KEY,
	COLUMN_TIME,    /**< one of the record's timestamps */
	COLUMN_MEMBERS, /**< members of a nested object, or of each in an array */
	COLUMN_NONE     /**< always null */
};

struct selection;

/** Most pieces are no longer than this, so this many bytes are copied at once. */
#define PIECE_ROOM 32

struct column {
	enum column_kind kind;
	uint16_t id;
	bool created;    /**< for a timestamp: the creation time, else the update time */
	bool date;       /**< for a timestamp: as text */
	bool undeclared; /**< found only in records */
	const char *name;
	uint32_t name_len;
	const char *piece; /**< ,"name": with PIECE_ROOM readable bytes */
	uint32_t piece_len;
	const struct selection *members;
};

/** The last timestamp written, as text: records written together share it, and a new record has it twice. */
struct time_text {
	double ms;
	size_t len; /**< 0: none yet */
	char text[NUMBER_TEXT_MAX];
};

struct columns {
	struct column *items;
	size_t count;
	bool sparse; /**< absent values are not shown */
	bool fixed;  /**< the same in every row: exactly the declared attributes */
	struct time_text time;
};

/** Members of an object, in the order requested. */
struct selection {
	struct column *items;
	size_t count;
};

/** Finds a column's value, starting at \p hint, where it is if records are alike. */
static inline bool column_find(const struct column *c, struct record r, uint16_t *hint, struct field *f)
{
	if (*hint < record_count(r) && record_at(r, *hint, f) == c->id) {
		++*hint;
		return true;
	}
	return record_find(r, c->id, f);
}
double column_time(const struct column *c, struct record r);
/** Which attribute a column shows, and how; its name is left alone. */
void column_set_attribute(struct column *c, const struct attribute *at);

#endif
