/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/query.h
 * \brief Conditions to a plan, a plan to rows.
 *
 * A query holds no snapshot between two slices: it remembers its place, so a slow client pins nothing.
 */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include "encode/encode.h"
#include "store/store.h"

struct query;

/**
 * Which attributes there are for who asks: the others are unknown, and not in the rows. Asked while a query is opened, once
 * a name; the primary key is always there.
 */
struct attribute_filter {
	bool (*shows)(const void *arg, const struct attribute *at);
	const void *arg;
};

/** What a query may take, and who may end it before. */
struct query_limits {
	size_t conditions; /**< in one query; 0: any number */
	int64_t time_ns;   /**< of work, without what others do between its slices; 0: any time */
	/**
	 * Asked about every tenth of a second, between slices that are not light, on the thread that works. What is not 0 is
	 * what the query fails with. NULL: nobody
	 */
	int (*check)(void *arg, struct err *e);
	void *arg;
};

/**
 * The query lives in the arena, holds a reference to the table, ends with query_close(). Sentences are the API's.
 * \param f  nothing of it is kept; NULL: all attributes
 * \param l  as long as the query; NULL: without limits
 */
int query_open(struct query **ret, struct arena *a, const struct table *t, const struct attribute_filter *f,
	const struct lyre_query *q, const struct query_limits *l, struct err *e);
/** lyre_lookup(). */
int lookup_open(struct query **ret, struct arena *a, const struct table *t, const struct attribute_filter *f,
	const lyre_value *keys, const lyre_value *select, const struct query_limits *l, struct err *e);

/**
 * How query_write() works from now on.
 * \param ns     how long one call lasts, about; 0: without a limit
 * \param light  on a thread that others wait for: what may take longer in one piece, such as a large record, is left to a
 *               slice that is not light
 */
void query_slice(struct query *q, int64_t ns, bool light);
/** How long it has worked, without what was over before the clock was read. */
int64_t query_worked_ns(const struct query *q);
/** Whether it has ended for the time that it took. */
bool query_late(const struct query *q);

/**
 * Writes rows, one array in all, until \p want bytes are in the buffer of \p out, all are written, or the slice is over. A slice
 * may end before there is a row.
 * \return 0 when there is more, LYRE_END after the last, or a failure
 */
int query_write(struct query *q, lyre_out *out, size_t want, struct err *e);

/** The next row as a value in \p a, after as many slices as it takes; LYRE_END. Not to be mixed with query_write(). */
int query_next(struct query *q, struct arena *a, lyre_value *ret, struct err *e);

void query_close(struct query *q);

/* ---- records that no query has found (change_record.c) ---- */

struct columns;

/** What shows records of a table as they are: each with what it has. In the arena, as long as the table. */
int record_columns(struct columns **ret, struct arena *a, const struct table *t, struct err *e);
/** A record, with its primary-tree key, as a value that is all in the arena. */
int record_value(const struct columns *c, struct record r, struct field key, struct arena *a, lyre_value *ret, struct err *e);
/** Its primary key. \return 0; LYRE_ECORRUPT or LYRE_ENOMEM, without a sentence */
int record_key_value(const struct table *t, struct record r, struct field key, struct arena *a, lyre_value *ret);

#endif
