/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/query.h
 * \brief Turns conditions into a plan, and a plan into rows.
 *
 * A query holds no snapshot between two slices: it remembers its position, so a slow client pins nothing.
 */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include "encode/encode.h"
#include "store/store.h"

#include <lyre/query.h>

struct query;

/**
 * The attributes that the caller may see: the others are unknown, and not in the rows. Called while a query is opened,
 * once per name; the primary key is always visible.
 */
struct attribute_filter {
	bool (*shows)(const void *arg, const struct attribute *at);
	const void *arg;
};

/** What a query may use, and who may end it early. */
struct query_limits {
	size_t conditions; /**< in one query; 0: any number */
	int64_t time_ns;   /**< of work, not counting pauses between its slices; 0: no limit */
	/**
	 * Called about every tenth of a second, between slices that are not light, on the working thread. If it returns
	 * other than 0, the query fails with that. May be NULL
	 */
	int (*check)(void *arg, struct err *e);
	void *arg;
};

/**
 * The query is in the arena and holds a reference to the table until query_close(). Error texts are the API's.
 * \param f  not used after the call; NULL: all attributes
 * \param l  must live as long as the query; NULL: no limits
 */
int query_open(struct query **ret, struct arena *a, const struct table *t, const struct attribute_filter *f,
	const struct lyre_query *q, const struct query_limits *l, struct err *e);
/** lyre_lookup(). */
int lookup_open(struct query **ret, struct arena *a, const struct table *t, const struct attribute_filter *f,
	const lyre_value *keys, const lyre_value *select, const struct query_limits *l, struct err *e);

/**
 * Sets how query_write() works from now on.
 * \param ns     approximate time of one call; 0: no limit
 * \param light  on a thread that others wait for: indivisible work that may take longer, such as a large record, is left
 *               to a slice that is not light
 */
void query_slice(struct query *q, int64_t ns, bool light);
/** How long it has worked, not counting slices that ended before the clock was read. */
int64_t query_worked_ns(const struct query *q);
/** Whether it has ended because its time was up. */
bool query_late(const struct query *q);

/**
 * Writes rows, as one array over all calls, until \p want bytes are in the buffer of \p out, all are written, or the
 * slice is over. A slice may end before there is a row.
* \return 0: there is more; LYRE_END after the last; or a failure
 */
int query_write(struct query *q, lyre_out *out, size_t want, struct err *e);

/** The next row as a value in \p a, after as many slices as it takes; LYRE_END. Not to be mixed with query_write(). */
int query_next(struct query *q, struct arena *a, lyre_value *ret, struct err *e);

/**
 * How many rows there are from here on, after as many slices as it takes. Records are read only if the plan's index does not
 * tell. Not to be mixed with the others.
 */
int query_count(struct query *q, uint64_t *ret, struct err *e);

void query_close(struct query *q);

/* ---- records that do not come from a query (change_record.c) ---- */

struct columns;

/** Describes how to show a table's records as they are, each with the attributes it has. In the arena, valid as long
 * as the table. */
int record_columns(struct columns **ret, struct arena *a, const struct table *t, struct err *e);
/** A record, with its primary-tree key, as a value copied into the arena. */
int record_value(const struct columns *c, struct record r, struct field key, struct arena *a, lyre_value *ret, struct err *e);
/** Its primary key. \return 0; LYRE_ECORRUPT or LYRE_ENOMEM, without a message */
int record_key_value(const struct table *t, struct record r, struct field key, struct arena *a, lyre_value *ret);

#endif
