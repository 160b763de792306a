/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/plan.h
 * \brief Shared by the files of this room: conditions as a tree, walks that find their rows, the order, the columns.
 *
 * A row is in the result if it matches the tree. Comparators look at an array item by item: one match is enough. Absent
 * values match nothing, except negated comparators on an attribute without an index (\ref condition::loose).
 */
#ifndef QUERY_PLAN_H
#define QUERY_PLAN_H

#include "base/json.h"
#include "base/name_set.h"
#include "query/comparators.h"
#include "query/pace.h"
#include "query/query.h"

/* ---- conditions ---- */

#define CONDITION_DEPTH_MAX 64
#define SORT_LEVELS_MAX 16

enum condition_kind { CONDITION_LEAF, CONDITION_ALL, CONDITION_ANY, CONDITION_SET };

struct condition {
	enum condition_kind kind;
	/* leaf */
	const struct comparator *comparator;
	const struct attribute *attribute;
	lyre_value value; /**< for between: the lower bound, if has_low; for the text comparators: a string */
	lyre_value high;  /**< for between: the upper bound, if has_high */
	bool has_low, has_high;
	bool loose; /**< null, absent values and objects differ from the value, and match */
	/* all, any: at least two, none of the same kind */
	const struct condition **children;
	size_t count;
	/**
	 * For a set, and for a leaf with a list (query/set.h). A set's children are leaves on its attribute, any of which
	 * must match or, if its comparator is negated, all. Its comparator is that of its first child.
	 */
	struct condition_set *set;
};

static inline bool is_negated_set(const struct condition *c)
{
	return c->kind == CONDITION_SET && c->comparator->negated;
}

struct sort_level {
	const struct attribute *attribute;
	bool descending;
};

struct sort_order {
	struct sort_level levels[SORT_LEVELS_MAX];
	unsigned count;
	bool ties_descending; /**< by primary key */
};

/** Names of no attribute, each once, in the order found: they are reported in one message. */
struct unknown_names {
	struct name_set seen;
	struct unknown_name *first, **last;
	size_t count;
};

void unknown_init(struct unknown_names *u, struct arena *a);
int unknown_add(struct unknown_names *u, struct arena *a, const char *name, size_t len, struct err *e);
/** 0 if there are none, else LYRE_EINVAL "unknown attribute 'a, b and c'". */
int unknown_fail(const struct unknown_names *u, struct arena *a, struct err *e);

/** Whether a filter (NULL: none) shows an attribute. */
static inline bool attribute_is_shown(const struct attribute_filter *f, const struct attribute *at)
{
	return !f || at->flags & ATTRIBUTE_KEY || f->shows(f->arg, at);
}
/** An attribute that a client may name: on schema-defined tables, a declared one. */
const struct attribute *visible_attribute(const struct table *t, const struct attribute_filter *f, const char *name, size_t len);
/** A name from a client, a string or a number; \p name stays NULL for other types. LYRE_ENOMEM. */
int name_of_value(const lyre_value *v, struct arena *a, const char **name, size_t *len, struct err *e);

/** LYRE_EINVAL, with a message that ends with a value as JSON. */
int fail_value(struct err *e, const char *what, const lyre_value *v);
/** Parses what a condition compares with; its attribute and comparator are known. LYRE_EINVAL, LYRE_ENOMEM */
int operand_parse(struct condition *c, const lyre_value *v, struct arena *a, struct err *e);
/** Only collects the unknown names. */
int conditions_names(const lyre_value *v, struct arena *a, const struct table *t, const struct attribute_filter *f,
	struct unknown_names *u, struct err *e);
/** \p ret is NULL if there are no conditions. \p max: how many are allowed; 0: any number */
int conditions_parse(const lyre_value *v, bool any, struct arena *a, const struct table *t, const struct attribute_filter *f,
	size_t max, const struct condition **ret, struct err *e);
int sort_parse(const lyre_value *v, struct arena *a, const struct table *t, const struct attribute_filter *f,
	struct sort_order *ret, struct err *e);

/* ---- rows ---- */

/** A record and its primary-tree key, which contains the primary key; most records do not. */
struct row {
	struct record record;
	const unsigned char *key;
	size_t key_len;
};

/** The primary key; strings stay in place, without a NUL. \p id: its attribute. \return false if the row is damaged */
bool row_key(const struct row *r, uint16_t id, lyre_value *ret);

/* ---- matching ---- */

/**
 * Uses the query's scratch memory, which the caller empties now and then. If the query's time runs out meanwhile, the
 * result is meaningless.
 */
bool condition_match(const struct condition *c, const struct row *r, struct query *q);
/** Whether a value other than an array or an object matches a leaf or a set. \p date: it is a date, ms as a number. */
bool match_value(const struct condition *c, const lyre_value *v, bool date);

/** A value as the text comparators see it. */
struct value_as_text {
	const char *s;
	size_t len;
	char room[NUMBER_TEXT_MAX > 32 ? NUMBER_TEXT_MAX : 32];
};

/** Strings, dates and numbers as they are shown. \return false for other values */
bool text_of_value(struct value_as_text *ret, const lyre_value *v, bool date);
/** An attribute's value in a row: 1 with \p f, 2 with \p v (the key, the timestamps), 0 if absent. */
int attribute_read(const struct attribute *at, const struct row *r, struct field *f, lyre_value *v);

/* ---- plans ---- */

/** One walk over the entries that the leaves (all on one attribute) select; no leaves: over all of \p attribute. */
struct driver {
	const struct attribute *attribute;     /**< the index; NULL or the key: the primary tree */
	const struct condition *const *leaves; /**< including sets, if one walk finds everything that their members match */
	size_t leaf_count;
	bool look;                    /**< entries are matched against the leaves before the record is read */
	const struct condition *node; /**< what a row of this walk matches, if there are several walks */
	bool get;                     /**< the only leaf is an equals on the key */
	/** an or of values, no two of which match the same value; the walks of its children are adjacent */
	const struct condition *set;
	size_t set_left; /**< walks of the set from this one on */
};

enum plan_order {
	PLAN_PLAIN,  /**< the walks one after the other */
	PLAN_GROUPS, /**< one walk by value, with the rows of one value in the opposite direction */
	PLAN_SORT    /**< rows are collected and sorted */
};

struct plan {
	struct driver *drivers;
	size_t count;
	enum plan_order order;
	bool reverse;      /**< the walks run backwards, starting with the last */
	bool tree_implied; /**< a row that matches a driver's node matches the tree */
};

/**
 * \param reverse  if there is no order: reverses the walks
 * \param wanted   maximum rows that will be read: offset + limit; UINT64_MAX: all
 * \param light    gives up with QUERY_PAUSED if it would take more than a moment
 */
int plan_make(struct plan *ret, struct arena *a, struct snapshot *s, const struct table *t, const struct condition *tree,
	const struct sort_order *order, bool reverse, uint64_t wanted, bool light, struct err *e);
/** The bounds of a walk. \return false if no entry can match */
bool driver_range(const struct driver *d, const struct table *t, struct walk_range *r);
/** Whether the value part of an index entry is within the bounds. */
bool range_has(const struct walk_range *r, const unsigned char *bytes, size_t len);

/* ---- sorting ---- */

struct sorter;

/** \param keep  how many rows are wanted, from the first; UINT64_MAX: all */
/** \p charge: charged for its memory; NULL: nothing is. \return NULL: out of memory */
struct sorter *sorter_new(const struct sort_order *order, uint64_t keep, struct charge *charge);
void sorter_free(struct sorter *s);
/**
 * Only while sorter_settle() has nothing to do. LYRE_ENOMEM; LYRE_ETOOBIG if the sort needs more memory than a query may use.
 */
int sorter_add(struct sorter *s, const struct row *r, struct arena *scratch, struct err *e);
/** Discards rows that are not among the first, if there are many. QUERY_PAUSED: call it again; LYRE_ENOMEM */
int sorter_settle(struct sorter *s, struct pace *p, struct err *e);
/** After the last row. LYRE_ENOMEM */
int sorter_finish(struct sorter *s, struct err *e);
/** The key of the next row in order, valid as long as the sorter; NULL after the last. */
const unsigned char *sorter_peek(const struct sorter *s, size_t *len);
/** Advances to the next row. */
void sorter_pop(struct sorter *s);

/* ---- columns ---- */

struct columns;

/** \p v as in struct lyre_query. Unknown names are added to \p u; then \p ret must not be used. */
int columns_make(struct columns **ret, struct arena *a, const struct table *t, const struct attribute_filter *f,
	const lyre_value *v, struct unknown_names *u, struct err *e);
/** Begins the array of rows, with the names of the columns for formats that need them. */
void columns_begin(struct columns *c, lyre_out *out);
int columns_write(struct columns *c, const struct row *r, lyre_out *out, struct arena *scratch, struct err *e);
/** The row as a value in \p a; with \p keep all of it, else its strings may point into the record. */
int columns_value(const struct columns *c, const struct row *r, bool keep, struct arena *a, lyre_value *ret, struct err *e);

/* ---- a running query ---- */

/** The slice ended before there was a row, or the end. */
#define QUERY_PAUSED 100

struct query {
	struct arena *arena;
	const struct table *table;
	struct columns *columns;
	struct arena scratch;
	struct pace pace;
	const struct query_limits *limits;
	int64_t checked; /**< when limits->check() was last called, monotonic_ns() */

	/* a lookup */
	const lyre_value *keys;
	size_t next_key;

	/* a search */
	const struct condition *tree;
	size_t leaves; /**< conditions, plus a share for long strings */
	size_t weight; /**< steps that a row takes, by the conditions it is matched against */
	struct sort_order order;
	bool reverse;
	bool planned;
	bool counts; /**< only the number of rows is wanted: a row may have no record */
	struct plan plan;
	uint64_t offset, limit; /**< rows still to skip, rows still to write */
	size_t at;              /**< drivers finished */
	bool in_walk;           /**< position is valid */
	bool in_group;          /**< group is valid: the value whose rows are being read */
	struct lowest *lowest;  /**< for large arrays visited in this walk; NULL before the first */
	bool again;             /**< the entry at position is still to be read */
	struct sorter *sorter;
	bool sorted; /**< the sorter has all rows */

	/* the output */
	bool begun, ended;

	/* while a snapshot is open */
	struct snapshot snapshot;
	bool anew; /**< everything in the sorter was read in this snapshot */
	bool walking, moved;
	bool may_repeat; /**< a record may have several entries in this walk */

	/* large, and not initialised before they are needed */
	struct walk walk;
	struct key got; /**< the key of a row found by a lookup */
	struct key position, group;
};

/** Finds the row of a key in the open snapshot. \p ret points into the query. LYRE_ENOTFOUND, without a message */
int lookup_key(struct query *q, const lyre_value *key, struct row *ret, struct err *e);
/** The next row of a lookup; LYRE_END, QUERY_PAUSED. */
int lookup_row(struct query *q, struct row *ret, struct err *e);
/** The next matching row, in the plan's walking order, ignoring offset and limit; LYRE_END, QUERY_PAUSED. */
int scan_row(struct query *q, struct row *ret, struct err *e);
/** Remembers the position and ends the walk. */
void scan_pause(struct query *q);

#endif
