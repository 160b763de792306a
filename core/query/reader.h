/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/reader.h
 * \brief Reads ranges of an index in a snapshot, with the values of the records in place: for modules with search rules of
 * their own.
 */
#ifndef QUERY_READER_H
#define QUERY_READER_H

#include "query/query.h"

#include <lyre/query.h>

struct reader;

/** Converts a range of the SDK, of an attribute that \p f shows. LYRE_EINVAL if the attribute has no index. */
int reader_range(const struct table *t, const struct attribute_filter *f, const struct lyre_range *from, struct walk_range *ret,
	struct err *e);
/** lyre_index_look(). */
void reader_index(
	struct snapshot *s, const struct table *t, const struct attribute_filter *f, const char *name, struct lyre_index *ret);

/**
 * \param again  a closed reader to reuse; NULL: a new one, in the arena. It holds no reference to the table
 * \param names  attributes to read; an unknown one of a dynamic table is null in every record
 */
int reader_open(struct reader *again, struct reader **ret, struct arena *a, struct snapshot *s, const struct table *t,
	const struct attribute_filter *f, const char *const *names, size_t count, struct err *e);
int reader_seek(struct reader *r, const struct walk_range *range, struct err *e);
/** \return 0, LYRE_END, or a failure */
int reader_next(struct reader *r, struct err *e);
void reader_field(struct reader *r, size_t i, struct lyre_field *ret);
/** To be called before the snapshot ends. */
void reader_close(struct reader *r);

#endif
