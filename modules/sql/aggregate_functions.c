/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of numbers. A value that is not a number, and does not look like one, is skipped, as NULL is. */
#include "function_rows.h"
#include "value_set.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static bool is_number(sqlite3_value *v)
{
	int type = sqlite3_value_numeric_type(v);
	return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

/* ---- variance, by Welford's method, which stays accurate ---- */

struct spread {
	int64_t count;
	double mean, squares; /* squares: the sum of the squared distances from the mean */
};

static void spread_step(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	if (!is_number(args[0]))
		return;
	struct spread *s = sqlite3_aggregate_context(ctx, sizeof *s);
	if (!s) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	double value = sqlite3_value_double(args[0]), distance = value - s->mean;
	s->count++;
	s->mean += distance / (double)s->count;
	s->squares += distance * (value - s->mean);
}

/* Which of the four measures it is. */
struct measure {
	int missing; /* 1 for a sample, which has one degree of freedom less than values */
	bool root;
};

static const struct measure sample_variance = { 1, false }, variance = { 0, false }, sample_deviation = { 1, true },
			    deviation = { 0, true };

static void spread_final(sqlite3_context *ctx)
{
	const struct spread *s = sqlite3_aggregate_context(ctx, 0);
	const struct measure *m = sqlite3_user_data(ctx);
	if (!s || s->count <= m->missing)
		return;
	double result = s->squares / (double)(s->count - m->missing);
	sqlite3_result_double(ctx, m->root ? sqrt(result) : result);
}

/* ---- median ---- */

struct numbers {
	double *list;
	size_t count, room;
};

/* \return false, with an error set, if there is no room for more */
static bool numbers_grow(sqlite3_context *ctx, struct numbers *n)
{
	size_t room = n->room ? 2 * n->room : 64;
	if (room * sizeof *n->list > (size_t)sqlite3_limit(sqlite3_context_db_handle(ctx), SQLITE_LIMIT_LENGTH, -1)) {
		sqlite3_result_error_toobig(ctx);
		return false;
	}
	double *more = sqlite3_realloc64(n->list, room * sizeof *more);
	if (!more) {
		sqlite3_result_error_nomem(ctx);
		return false;
	}
	n->list = more;
	n->room = room;
	return true;
}

static void median_step(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	if (!is_number(args[0]))
		return;
	struct numbers *n = sqlite3_aggregate_context(ctx, sizeof *n);
	if (!n)
		sqlite3_result_error_nomem(ctx);
	else if (n->count < n->room || numbers_grow(ctx, n))
		n->list[n->count++] = sqlite3_value_double(args[0]);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void median_final(sqlite3_context *ctx)
{
	struct numbers *n = sqlite3_aggregate_context(ctx, 0);
	if (!n || n->count == 0)
		return;
	qsort(n->list, n->count, sizeof *n->list, compare);
	double high = n->list[n->count / 2], low = n->list[(n->count - 1) / 2];
	sqlite3_result_double(ctx, low / 2 + high / 2);
	sqlite3_free(n->list);
}

/* ---- the most frequent value; of several, the one that came first ---- */

static void mode_final(sqlite3_context *ctx)
{
	struct value_set *s = sqlite3_aggregate_context(ctx, 0);
	const struct value_entry *most = NULL;
	for (size_t i = 0; s && i < s->count; i++)
		if (sqlite3_value_type(s->entries[i].value) != SQLITE_NULL && (!most || s->entries[i].count > most->count))
			most = &s->entries[i];
	if (most)
		sqlite3_result_value(ctx, most->value);
	if (s)
		value_set_free(s);
}

static const struct sql_function rows[] = {
	{ "stddev", 1, NULL, spread_step, spread_final, &sample_deviation, SQLITE_DETERMINISTIC },
	{ "stdev", 1, NULL, spread_step, spread_final, &sample_deviation, SQLITE_DETERMINISTIC },
	{ "stdevp", 1, NULL, spread_step, spread_final, &deviation, SQLITE_DETERMINISTIC },
	{ "var", 1, NULL, spread_step, spread_final, &sample_variance, SQLITE_DETERMINISTIC },
	{ "varp", 1, NULL, spread_step, spread_final, &variance, SQLITE_DETERMINISTIC },
	{ "median", 1, NULL, median_step, median_final, NULL, SQLITE_DETERMINISTIC },
	{ "mode", 1, NULL, value_set_step, mode_final, NULL, SQLITE_DETERMINISTIC },
};

const struct sql_functions aggregate_functions = SQL_FUNCTIONS(rows);
