/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_plan.c
 * \brief Plans: which index SQLite is offered for its conditions, and at what cost.
 *
 * SQLite leaves only the search to us: it checks each row again, as its own comparisons decide.
 */
#include "sql_vtab.h"

#include <string.h>

/** The cost of a row found through an index, and of one in a scan by key or by an index that covers all columns. */
#define COST_FOUND 3.0
#define COST_WALKED 1.0
/** The cost of finding the first row. */
#define COST_BEGIN 4.0
/** Rows for a value that is not known yet: this fraction of all, up to a maximum; and the number of values in a list. */
#define PART_OF_VALUE 50
#define ROWS_OF_VALUE 10
#define LIST_GUESS 5

/** A way to read the table. */
struct way {
	size_t column;
	char steps[4];
	int args[4]; /**< the condition of each step */
	double rows, cost;
	bool one;    /**< one value of the index, in one range */
	bool unique; /**< one row at most */
};

struct planner {
	struct sql_run *run;
	struct sql_table *table;
	sqlite3_index_info *info;
};

/** The step for a condition; 0: an index does not help with it. */
static char step_of(const struct planner *p, int i)
{
	switch (p->info->aConstraint[i].op) {
	case SQLITE_INDEX_CONSTRAINT_EQ:
		return sqlite3_vtab_in(p->info, i, -1) ? SQL_STEP_LIST : SQL_STEP_EQUAL;
	case SQLITE_INDEX_CONSTRAINT_IS:
		return SQL_STEP_IS;
	case SQLITE_INDEX_CONSTRAINT_GT:
		return SQL_STEP_ABOVE;
	case SQLITE_INDEX_CONSTRAINT_GE:
		return SQL_STEP_FROM;
	case SQLITE_INDEX_CONSTRAINT_LT:
		return SQL_STEP_BELOW;
	case SQLITE_INDEX_CONSTRAINT_LE:
		return SQL_STEP_UP_TO;
	case SQLITE_INDEX_CONSTRAINT_LIKE:
		return SQL_STEP_LIKE;
	case SQLITE_INDEX_CONSTRAINT_GLOB:
		return SQL_STEP_GLOB;
	case SQLITE_INDEX_CONSTRAINT_ISNULL:
		return SQL_STEP_NULL;
	default:
		return 0;
	}
}

static bool is_equal(char step)
{
	return step == SQL_STEP_EQUAL || step == SQL_STEP_IS;
}

static bool is_pattern(char step)
{
	return step == SQL_STEP_LIKE || step == SQL_STEP_GLOB;
}

/** Whether an index can help with this condition. */
static bool is_usable(const struct planner *p, int i)
{
	const struct sqlite3_index_constraint *c = &p->info->aConstraint[i];
	char step = step_of(p, i);
	if (!c->usable || !step || c->iColumn < 0 || (size_t)c->iColumn >= p->table->count || p->run->statement.converts)
		return false;
	if (!is_pattern(step) && strcmp(sqlite3_vtab_collation(p->info, i), "BINARY") != 0)
		return false;
	const struct lyre_index *index = sql_column_index(p->run, p->table, (size_t)c->iColumn);
	return index->indexed && (step != SQL_STEP_NULL || index->whole);
}

/* ---- estimates ---- */

static double guess(const struct planner *p, size_t column, char step)
{
	double all = (double)p->table->records;
	double part = all / PART_OF_VALUE < ROWS_OF_VALUE ? all / PART_OF_VALUE : ROWS_OF_VALUE;
	double of_value = column == p->table->key || part < 1 ? 1 : part;
	if (is_equal(step))
		return of_value < all ? of_value : all;
	if (step == SQL_STEP_LIST)
		return of_value * LIST_GUESS < all ? of_value * LIST_GUESS : all;
	return all / 4;
}

static double rows_of(const struct planner *p, int i, char step)
{
	size_t column = (size_t)p->info->aConstraint[i].iColumn;
	sqlite3_value *value = NULL;
	if (is_equal(step) && column == p->table->key)
		return 1;
	if (step == SQL_STEP_LIST || (step != SQL_STEP_NULL && sqlite3_vtab_rhs_value(p->info, i, &value) != SQLITE_OK))
		return guess(p, column, step);
	return (double)sql_ranges_estimate(p->run, p->table, column, (enum sql_plan_step)step, value);
}

/* ---- ways ---- */

static void add_step(struct way *w, char step, int i)
{
	size_t n = strlen(w->steps);
	w->steps[n] = step;
	w->args[n] = i;
}

/** Adds the other bound on the same column, if there is one, for a range with both. */
static void add_other_bound(const struct planner *p, struct way *w, int first, char step)
{
	bool low = step == SQL_STEP_ABOVE || step == SQL_STEP_FROM;
	for (int i = 0; i < p->info->nConstraint; i++) {
		char other = i == first || !is_usable(p, i) ? 0 : step_of(p, i);
		bool fits = low ? other == SQL_STEP_BELOW || other == SQL_STEP_UP_TO :
				  other == SQL_STEP_ABOVE || other == SQL_STEP_FROM;
		if (!fits || p->info->aConstraint[i].iColumn != p->info->aConstraint[first].iColumn)
			continue;
		double rows = rows_of(p, i, other), all = (double)p->table->records;
		add_step(w, other, i);
		/* what both leave: each excludes its own part */
		w->rows = w->rows + rows > all ? w->rows + rows - all : w->rows * rows / (all > 0 ? all : 1);
		return;
	}
}

/** Whether only a column and the key are read, both of which the column's index contains. */
static bool is_covered(const struct planner *p, size_t column)
{
	sqlite3_uint64 others = p->info->colUsed;
	if (column > 62 || p->table->key > 62) /* the last bit stands for all further columns */
		return false;
	others &= ~((sqlite3_uint64)1 << column | (sqlite3_uint64)1 << p->table->key);
	return !others && !sql_column_index(p->run, p->table, column)->nested;
}

static double cost_of_row(const struct planner *p, size_t column)
{
	return column == p->table->key || is_covered(p, column) ? COST_WALKED : COST_FOUND;
}

static struct way way_of(const struct planner *p, int i)
{
	char step = step_of(p, i);
	struct way w = { .column = (size_t)p->info->aConstraint[i].iColumn, .rows = rows_of(p, i, step) };
	const struct lyre_index *index = sql_column_index(p->run, p->table, w.column);
	add_step(&w, step, i);
	if (!is_equal(step) && !is_pattern(step) && step != SQL_STEP_LIST && step != SQL_STEP_NULL)
		add_other_bound(p, &w, i, step);
	w.one = is_equal(step) && !index->booleans && index->ordered;
	w.unique = step == SQL_STEP_EQUAL && w.column == p->table->key;
	if (w.rows < 1)
		w.rows = 1;
	w.cost = COST_BEGIN + w.rows * cost_of_row(p, w.column);
	return w;
}

static struct way best_way(const struct planner *p)
{
	double all = (double)p->table->records;
	struct way best = { .column = p->table->key, .rows = all, .cost = COST_BEGIN + all * COST_WALKED };
	for (int i = 0; i < p->info->nConstraint; i++) {
		if (!is_usable(p, i))
			continue;
		struct way w = way_of(p, i);
		if (w.cost < best.cost || (w.unique && !best.unique))
			best = w;
	}
	return best;
}

/* ---- the order ---- */

/** Whether the entries of an index are in SQLite's order and include all rows. */
static bool has_order(const struct planner *p, size_t column, const struct way *w)
{
	const struct lyre_index *index = sql_column_index(p->run, p->table, column);
	bool bounded = w->steps[0] && strchr("><gl", w->steps[0]);
	return index->indexed && index->ordered && !index->booleans && !index->nested && (index->whole || bounded);
}

/** Whether rows come in the order that SQLite wants; another index may be chosen for a full scan. */
static bool gives_order(const struct planner *p, struct way *w)
{
	const sqlite3_index_info *info = p->info;
	size_t key = p->table->key;
	if (!info->nOrderBy || info->aOrderBy[0].iColumn < 0)
		return false;
	size_t column = (size_t)info->aOrderBy[0].iColumn;
	if (column >= p->table->count || (info->nOrderBy > 1 && column != key))
		return false;
	if (w->steps[0] == SQL_STEP_LIST || is_pattern(w->steps[0]) || w->steps[0] == SQL_STEP_NULL)
		return false;
	if (w->one) /* entries with the same value are in the order of their keys */
		return column == key && sql_column_index(p->run, p->table, key)->ordered;
	if (w->steps[0] && w->column != column)
		return false;
	if (!has_order(p, column, w))
		return false;
	if (!w->steps[0] && column != key) {
		w->column = column;
		w->cost = COST_BEGIN + w->rows * cost_of_row(p, column);
	}
	return true;
}

/* ---- the answer ---- */

static void use(sqlite3_index_info *info, const struct way *w)
{
	int argc = 0;
	for (size_t n = 0; w->steps[n]; n++) {
		int i = w->args[n];
		info->aConstraintUsage[i].argvIndex = ++argc;
		if (w->steps[n] == SQL_STEP_LIST)
			sqlite3_vtab_in(info, i, 1);
	}
}

int sql_plan(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
	struct sql_vtab *v = (struct sql_vtab *)vtab;
	struct planner p = { .run = v->connection->run, .table = sql_vtab_table(v), .info = info };
	if (!p.table)
		return SQLITE_ERROR;
	struct way w = best_way(&p);
	bool ordered = gives_order(&p, &w);
	use(info, &w);
	info->orderByConsumed = ordered;
	info->idxNum = (int)(w.column << SQL_PLAN_SHIFT) | (ordered && info->aOrderBy[0].desc ? SQL_PLAN_DESCENDING : 0);
	info->idxStr = sqlite3_mprintf("%llx %s %s", info->colUsed, w.steps, p.table->columns[w.column].name);
	info->needToFreeIdxStr = 1;
	info->estimatedRows = (sqlite3_int64)w.rows;
	info->estimatedCost = w.cost;
	p.run->one_row = w.unique;
	if (w.unique)
		info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
	return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}
