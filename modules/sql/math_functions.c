/* SPDX-License-Identifier: Apache-2.0 */
/* RANDOM(seed) and IF(); all other such functions are SQLite's. */
#include "function_rows.h"

#include <stdint.h>
#include <string.h>

/* The next number of a sequence: SplitMix64. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* From 0 up to, but not including, 1. A constant seed begins a sequence, which is the same in every statement. */
static void random_of_seed(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	uint64_t *kept = sqlite3_get_auxdata(ctx, 0), state;
	double seed = sqlite3_value_double(args[0]);
	memcpy(&state, &seed, sizeof state);
	uint64_t bits = next_random(kept ? kept : &state);
	sqlite3_result_double(ctx, (double)(bits >> 11) * 0x1p-53);
	if (kept)
		return;
	kept = sqlite3_malloc64(sizeof *kept);
	if (!kept)
		return;
	*kept = state;
	sqlite3_set_auxdata(ctx, 0, kept, sqlite3_free);
}

static void choose(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	sqlite3_result_value(ctx, args[sqlite3_value_double(args[0]) != 0 ? 1 : 2]);
}

static const struct sql_function rows[] = {
	{ "random", 1, random_of_seed, NULL, NULL, NULL, 0 },
	{ "if", 3, choose, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
};

const struct sql_functions math_functions = SQL_FUNCTIONS(rows);
