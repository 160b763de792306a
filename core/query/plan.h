/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/plan.h
 * \brief What the files of this room share: conditions as a tree, walks that find their rows, the order, the columns.
 *
 * A row is in the result when it matches the tree. Comparators look at an array item by item: one that matches is
 * enough. Absent values match nothing, but negated comparators on an attribute without index (\ref condition::loose).
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
	lyre_value value; /**< of between: the lower bound, where has_low; of the text comparators: a text */
	lyre_value high;  /**< of between, where has_high */
	bool has_low, has_high;
	bool loose; /**< null, absent values and objects differ from the value, and count */
	/* all, any: none of them of the same kind, at least two */
	const struct condition **children;
	size_t count;
	/**
	 * Of a set, and of a leaf with a list (query/set.h). A set is made of leaves on its attribute, which are its children, and of
	 * which any must match, or, where its comparator is negated, all. Its comparator is that of the first of them.
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

/** Names that no attribute bears, each once, in the order they were met: one sentence tells them all. */
struct unknown_names {
	struct name_set seen;
	struct unknown_name *first, **last;
	size_t count;
};

void unknown_init(struct unknown_names *u, struct arena *a);
int unknown_add(struct unknown_names *u, struct arena *a, const char *name, size_t len, struct err *e);
/** 0 when there are none, else LYRE_EINVAL "unknown attribute 'a, b and c'". */
int unknown_fail(const struct unknown_names *u, struct arena *a, struct err *e);

/** Whether a filter, NULL for none, lets an attribute be seen. */
static inline bool attribute_is_shown(const struct attribute_filter *f, const struct attribute *at)
{
	return !f || at->flags & ATTRIBUTE_KEY || f->shows(f->arg, at);
}
/** An attribute that a client may name: on schema-defined tables a declared one. */
const struct attribute *visible_attribute(const struct table *t, const struct attribute_filter *f, const char *name, size_t len);
/** A name as a client gave it, a text or a number; \p name stays NULL for other kinds. LYRE_ENOMEM. */
int name_of_value(const lyre_value *v, struct arena *a, const char **name, size_t *len, struct err *e);

/** LYRE_EINVAL, with a sentence that ends in a value's JSON. */
int fail_value(struct err *e, const char *what, const lyre_value *v);
/** What a condition compares with; its attribute and comparator are known. LYRE_EINVAL, LYRE_ENOMEM */
int operand_parse(struct condition *c, const lyre_value *v, struct arena *a, struct err *e);
/** Only finds the names nobody bears. */
int conditions_names(const lyre_value *v, struct arena *a, const struct table *t, const struct attribute_filter *f,
	struct unknown_names *u, struct err *e);
/** \p ret is NULL when there are no conditions. \p max: how many there may be; 0: any number */
int conditions_parse(const lyre_value *v, bool any, struct arena *a, const struct table *t, const struct attribute_filter *f,
	size_t max, const struct condition **ret, struct err *e);
int sort_parse(const lyre_value *v, struct arena *a, const struct table *t, const struct attribute_filter *f,
	struct sort_order *ret, struct err *e);

/* ---- rows ---- */

/** A record and its primary-tree key, which holds the primary key: most records do not. */
struct row {
	struct record record;
	const unsigned char *key;
	size_t key_len;
};

/** The primary key, texts in place and without NUL. \p id: of its attribute. \return false when the row is damaged */
bool row_key(const struct row *r, uint16_t id, lyre_value *ret);

/* ---- matching ---- */

/**
 * Takes memory from the query's scratch, which the caller empties now and then. Where the query's time is up meanwhile, the
 * outcome means nothing.
 */
bool condition_match(const struct condition *c, const struct row *r, struct query *q);
/** Whether one value that is no array and no object matches a leaf or a set. \p date: it is a date, ms as a number. */
bool match_value(const struct condition *c, const lyre_value *v, bool date);

/** A value as the text comparators see it. */
struct value_as_text {
	const char *s;
	size_t len;
	char room[NUMBER_TEXT_MAX > 32 ? NUMBER_TEXT_MAX : 32];
};

/** Texts, dates and numbers as they are shown. \return false for other values */
bool text_of_value(struct value_as_text *ret, const lyre_value *v, bool date);
/** An attribute's value in a row: 1 with \p f, 2 with \p v (the key, the times), 0 when it is absent. */
int attribute_read(const struct attribute *at, const struct row *r, struct field *f, lyre_value *v);

/* ---- plans ---- */

/** One walk, over the entries that the leaves (all on one attribute) leave; no leaves: over all of \p attribute. */
struct driver {
	const struct attribute *attribute;     /**< whose index; NULL or the key for the records' tree */
	const struct condition *const *leaves; /**< sets too, where one walk finds what all of theirs match */
	size_t leaf_count;
	bool look;                    /**< entries are put to the leaves before the record is read */
	const struct condition *node; /**< what a row of this walk matches, where there are several */
	bool get;                     /**< the one leaf is an equals on the key */
	/** an or of values none of which is two of; the walks of its children lie together */
	const struct condition *set;
	size_t set_left; /**< walks of the set from this one on */
};

enum plan_order {
	PLAN_PLAIN,  /**< the walks as they are, one after the other */
	PLAN_GROUPS, /**< one walk by value; rows of one value in the other direction */
	PLAN_SORT    /**< rows are collected and sorted */
};

struct plan {
	struct driver *drivers;
	size_t count;
	enum plan_order order;
	bool reverse;      /**< the walks run backwards, the last first */
	bool tree_implied; /**< who matches a driver's node matches the tree */
};

/**
 * \param reverse  where there is no order: the walks turned round
 * \param wanted   rows that will be read at most: offset and limit; UINT64_MAX for all
 * \param light    gives up with QUERY_PAUSED what takes more than a moment
 */
int plan_make(struct plan *ret, struct arena *a, struct snapshot *s, const struct table *t, const struct condition *tree,
	const struct sort_order *order, bool reverse, uint64_t wanted, bool light, struct err *e);
/** The bounds of a walk. \return false when no entry can match */
bool driver_range(const struct driver *d, const struct table *t, struct walk_range *r);
/** Whether a value part of an index entry lies within the bounds. */
bool range_has(const struct walk_range *r, const unsigned char *bytes, size_t len);

/* ---- sorting ---- */

struct sorter;

/** \param keep  rows that are wanted: the first so many; UINT64_MAX for all */
/** \p charge: what its memory is charged to; NULL: nothing. NULL when out of memory. */
struct sorter *sorter_new(const struct sort_order *order, uint64_t keep, struct charge *charge);
void sorter_free(struct sorter *s);
/**
 * When sorter_settle() has nothing to do. LYRE_ENOMEM, or LYRE_ETOOBIG when the sort would take more memory than a query
 * may.
 */
int sorter_add(struct sorter *s, const struct row *r, struct arena *scratch, struct err *e);
/** Leaves behind what is not among the first, where there is much of it. QUERY_PAUSED: call it again; LYRE_ENOMEM */
int sorter_settle(struct sorter *s, struct pace *p, struct err *e);
/** After the last row. LYRE_ENOMEM */
int sorter_finish(struct sorter *s, struct err *e);
/** The key of the next row in order, as long as the sorter; NULL after the last. */
const unsigned char *sorter_peek(const struct sorter *s, size_t *len);
/** Goes on to the next. */
void sorter_pop(struct sorter *s);

/* ---- columns ---- */

struct columns;

/** \p v as in struct lyre_query. Unknown names go to \p u; then \p ret is not to be used. */
int columns_make(struct columns **ret, struct arena *a, const struct table *t, const struct attribute_filter *f,
	const lyre_value *v, struct unknown_names *u, struct err *e);
/** Begins the array that the rows are items of, for a format that wants them with the names of the columns. */
void columns_begin(struct columns *c, lyre_out *out);
int columns_write(struct columns *c, const struct row *r, lyre_out *out, struct arena *scratch, struct err *e);
/** The row as a value in \p a; with \p keep all of it, else its texts may stand in the record. */
int columns_value(const struct columns *c, const struct row *r, bool keep, struct arena *a, lyre_value *ret, struct err *e);

/* ---- a query at work ---- */

/** The slice is over before there was a row, or an end. */
#define QUERY_PAUSED 100

struct query {
	struct arena *arena;
	const struct table *table;
	struct columns *columns;
	struct arena scratch;
	struct pace pace;
	const struct query_limits *limits;
	int64_t checked; /**< when limits->check() was last asked, monotonic_ns() */

	/* a lookup */
	const lyre_value *keys;
	size_t next_key;

	/* a search */
	const struct condition *tree;
	size_t leaves; /**< conditions, and what long texts of theirs count as */
	size_t weight; /**< steps that a row takes, by the conditions it is put to */
	struct sort_order order;
	bool reverse;
	bool planned;
	struct plan plan;
	uint64_t offset, limit; /**< still to skip, still to write */
	size_t at;              /**< drivers done */
	bool in_walk;           /**< position is valid */
	bool in_group;          /**< group is valid: the value whose rows are being read */
	struct lowest *lowest;  /**< of large arrays met in this walk; NULL before the first */
	bool again;             /**< what stands at position is still to be read */
	struct sorter *sorter;
	bool sorted; /**< it has all rows */

	/* what is written */
	bool begun, ended;

	/* while a snapshot is open */
	struct snapshot snapshot;
	bool anew; /**< all that is in the sorter was read in it */
	bool walking, moved;
	bool may_repeat; /**< a record may have several entries in this walk */

	/* large, and without a value before they are needed */
	struct walk walk;
	struct key got; /**< the key of a row found by it */
	struct key position, group;
};

/** The row of a key, in the open snapshot. \p ret points into the query. LYRE_ENOTFOUND, without a sentence */
int lookup_key(struct query *q, const lyre_value *key, struct row *ret, struct err *e);
/** The next row of a lookup; LYRE_END, QUERY_PAUSED. */
int lookup_row(struct query *q, struct row *ret, struct err *e);
/** The next row that matches, in the plan's walking order, without offset and limit; LYRE_END, QUERY_PAUSED. */
int scan_row(struct query *q, struct row *ret, struct err *e);
/** Remembers the place and ends the walk. */
void scan_pause(struct query *q);

#endif
