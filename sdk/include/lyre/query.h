/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/query.h
 * \brief Queries, and reading tables as they were at one moment.
 *
 * What lyre/store.h says of failures, threads and rights applies here, too.
 */
#ifndef LYRE_QUERY_H
#define LYRE_QUERY_H

#include <lyre/store.h>

LYRE_BEGIN_DECLS

/* ---- queries ---- */

/** A search. All values belong to the call. */
struct lyre_query {
	uint32_t size;      /**< sizeof(struct lyre_query) */
	uint32_t match_any; /**< non-zero: conditions are or-ed instead of and-ed */
	lyre_table *table;
	const lyre_value *conditions; /**< array of {attribute, comparator, value} and {operator, conditions}; NULL for all */
	const lyre_value *select;     /**< array of attribute names, ["*"], or objects {name, select}; NULL for all */
	const lyre_value *sort;       /**< {attribute, descending, next}; NULL for the order of the first condition's index */
	uint64_t offset;
	uint64_t limit;    /**< UINT64_MAX for none */
	uint32_t reverse;  /**< non-zero: reverse order */
	uint32_t reserved; /**< 0 */
};

/**
 * \return the names of comparators that this server knows, one after the other: the first is the default; NULL after the last.
 *         For any thread
 */
static inline const char *lyre_comparator(size_t i)
{
	return lyre_host->store->comparator(i);
}

/** The conditions of a query that has only one: an array with it. NULL when out of memory, or if \p value is NULL. */
static inline const lyre_value *lyre_make_condition(
	lyre_call *call, const char *attribute, const char *comparator, const lyre_value *value)
{
	static const char *const names[] = { "attribute", "comparator", "value" };
	const lyre_value *parts[] = { lyre_make_text(call, attribute), lyre_make_text(call, comparator), value };
	const lyre_value *condition = lyre_make_object(call, names, parts, 3);

	return lyre_make_array(call, &condition, 1);
}

/**
 * Plans a search; reads nothing yet. The cursor lives until the call ends, or until lyre_reply_rows() takes it. LYRE_EINVAL
 * for invalid conditions, attributes or sort orders.
 */
static inline int lyre_query_open(lyre_call *call, const struct lyre_query *query, lyre_cursor **ret)
{
	return lyre_host->store->query_open(call, query, ret);
}

/**
 * Counts the rows that a query would have, up to its limit and without those that its offset skips; select, sort and reverse
 * are ignored. All records of a table are counted at once, those with one value of an indexed attribute in the index, others
 * by reading and matching them, within the time limit of queries. Blocks.
 * \return 0; as lyre_query_open(); LYRE_EBUSY if it took too long, or nobody waits for the call any more
 */
static inline int lyre_count(lyre_call *call, const struct lyre_query *query, uint64_t *ret)
{
	return lyre_host->store->count(call, query, ret);
}

/**
 * Searches by keys: rows come in the order of \p keys, without unknown ones. \p select is as in struct lyre_query, and the
 * cursor as in lyre_query_open().
 * \param keys  an array; NULL is LYRE_ENOMEM
 */
static inline int lyre_lookup(
	lyre_call *call, lyre_table *table, const lyre_value *keys, const lyre_value *select, lyre_cursor **ret)
{
	return lyre_host->store->lookup(call, table, keys, select, ret);
}

/**
 * The next row as an object; it lives until the next call for the same cursor. Reads from the memory-mapped file: quick for
 * a few rows; use the pool if there may be many.
 * \return 0, LYRE_END after the last, or a failure
 */
static inline int lyre_cursor_next(lyre_call *call, lyre_cursor *cursor, const lyre_value **ret)
{
	return lyre_host->store->cursor_next(call, cursor, ret);
}

/* ---- reading at one moment ---- */

/*
 * For modules with search rules of their own, such as a query language. A cursor may see later writes from row to row;
 * readers see the tables as they were when the moment began, whatever is written meanwhile. A reader goes through a range of
 * an index and gives access to values in place, without making rows of them.
 *
 * The order of an index: null, false, true, numbers, strings by their bytes. A record without the attribute, or with an
 * object, has no entry. An array has an entry for each of its scalar items. So a range finds every record with a scalar
 * value in it, but may find a record with an array several times: compare what is found.
 */

/**
 * Begins a moment: one snapshot of each database that has one of these tables. While it lasts, replaced data keeps its space
 * on the disk, and the databases cannot be dropped: keep it to a few seconds, on a thread that may block. A call has one
 * moment at a time, which ends at the latest when the scope ends or the handler returns. LYRE_ENOTFOUND if a table or its
 * database was dropped.
 */
static inline int lyre_moment_begin(lyre_call *call, lyre_table *const *tables, size_t count)
{
	return lyre_host->store->moment_begin(call, tables, count);
}
/** Ends the moment, and closes all readers. */
static inline void lyre_moment_end(lyre_call *call)
{
	lyre_host->store->moment_end(call);
}

/** Rules of a range. Grows at the end only. */
enum lyre_range_flag {
	LYRE_RANGE_LOW = 1 << 0,        /**< low is its lower bound; else it begins at the first entry */
	LYRE_RANGE_LOW_OPEN = 1 << 1,   /**< low itself is not in it */
	LYRE_RANGE_HIGH = 1 << 2,       /**< high is its upper bound; else it ends at the last entry */
	LYRE_RANGE_HIGH_OPEN = 1 << 3,  /**< high itself is not in it */
	LYRE_RANGE_PREFIX = 1 << 4,     /**< low is a string: the range is all strings that begin with it */
	LYRE_RANGE_DESCENDING = 1 << 5, /**< read from its upper end */
};

/** A value of a record, or a bound. Never grows: bounds are members of a struct. */
struct lyre_field {
	uint32_t type;     /**< enum lyre_type */
	uint32_t len;      /**< bytes of s */
	uint32_t lasting;  /**< s is valid until the moment ends, not only until the reader's next call */
	uint32_t reserved; /**< 0 */
	int64_t i;         /**< LYRE_INT, LYRE_BOOL */
	double d;          /**< LYRE_DOUBLE; for other numbers the nearest double */
	/**
	 * LYRE_STRING: its UTF-8, LYRE_BIGINT: its digits, LYRE_ARRAY and LYRE_OBJECT: their JSON; dates are strings, as in rows.
	 * Not NUL-terminated
	 */
	const char *s;
};

/** A range of an index. */
struct lyre_range {
	uint32_t size;          /**< sizeof(struct lyre_range) */
	uint32_t flags;         /**< enum lyre_range_flag, or-ed */
	const char *attribute;  /**< whose index; NULL: the primary key's, which has all records */
	struct lyre_field low;  /**< a scalar */
	struct lyre_field high; /**< a scalar */
};

/** What an index holds. */
struct lyre_index {
	uint32_t size;     /**< sizeof(struct lyre_index) */
	uint32_t indexed;  /**< there is one */
	uint32_t whole;    /**< every record has exactly one entry in it */
	uint32_t ordered;  /**< its entries are in the order of their values: no string was cut */
	uint32_t booleans; /**< it has entries for booleans */
	uint32_t nested;   /**< a record has, or has had, an array or an object */
	uint64_t entries;
};

/** What the index of an attribute holds in the moment; for an attribute that is not indexed, or unknown, indexed is 0. */
static inline int lyre_index_look(lyre_call *call, lyre_table *table, const char *attribute, struct lyre_index *ret)
{
	return lyre_host->store->index_look(call, table, attribute, ret);
}

/** Estimates the entries of a range in the moment: counted up to \p limit, a guess above. */
static inline int lyre_range_estimate(
	lyre_call *call, lyre_table *table, const struct lyre_range *range, uint64_t limit, uint64_t *ret)
{
	return lyre_host->store->range_estimate(call, table, range, limit, ret);
}

/**
 * Opens a reader of a table of the moment. LYRE_EINVAL for an attribute that is unknown, or that the caller may not read.
 * If they are only the primary key and the attribute of an index, ranges of that index are read without their records.
 * \param attributes  those that lyre_reader_field() returns, by their number; an unknown one of a dynamic table is always null
 */
static inline int lyre_reader_open(
	lyre_call *call, lyre_table *table, const char *const *attributes, size_t count, lyre_reader **ret)
{
	return lyre_host->store->reader_open(call, table, attributes, count, ret);
}
/** Goes to the start of a range, before its first record. However often it is called, the reader's memory does not grow. */
static inline int lyre_reader_seek(lyre_reader *reader, const struct lyre_range *range)
{
	return lyre_host->store->reader_seek(reader, range);
}
/** Goes to the next record of the range. \return 0, LYRE_END after the last, or a failure */
static inline int lyre_reader_next(lyre_reader *reader)
{
	return lyre_host->store->reader_next(reader);
}
/** The value of attribute \p i in this record; LYRE_NULL if it has none. */
static inline void lyre_reader_field(lyre_reader *reader, size_t i, struct lyre_field *ret)
{
	lyre_host->store->reader_field(reader, i, ret);
}
/** Closes it; its memory is reused by the call's next reader. */
static inline void lyre_reader_close(lyre_reader *reader)
{
	lyre_host->store->reader_close(reader);
}

/**
 * Fails as the server does when the caller lacks permissions on a table (enum lyre_permission, or-ed), or on some of its
 * attributes: with LYRE_EDENIED, and an answer that names them; what the caller may not see is reported as missing.
 */
static inline int lyre_table_refuse(
	lyre_call *call, const char *database, const char *table, uint32_t permissions, const char *const *attributes, size_t count)
{
	return lyre_host->store->table_refuse(call, database, table, permissions, attributes, count);
}
/**
 * The caller's permissions on an attribute, enum lyre_permission or-ed. They follow from the role, even if there is no such
 * attribute.
 */
static inline uint32_t lyre_attribute_permissions(lyre_table *table, const char *attribute)
{
	return lyre_host->store->attribute_permissions(table, attribute);
}

LYRE_END_DECLS

#endif
