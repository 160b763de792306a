/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_nesting.c
 * \brief How deeply SQLite would recurse. It limits the depth of each expression and the terms of each compound SELECT, but
 * not what WITH makes of them: each table may select from the one before it, and their expressions are put into each other.
 * Nor does it count COLLATE.
 */
#include "sql_parser.h"

/** Bytes of a stack for everything but what nests, and for a SELECT; an expression's level takes a sixth of that. */
#define STACK_BASE 32768
#define STACK_SELECT 2048
/** SQLite's own limit on the depth of an expression. */
#define LEVELS_MAX 1000
/** Depth that every expression may have. */
#define LEVELS_MIN 4

static int levels = LEVELS_MAX;

void sql_nesting_start(int64_t stack)
{
	int64_t n = (stack - STACK_BASE) / STACK_SELECT;
	levels = n < LEVELS_MAX ? (int)n : LEVELS_MAX;
}

void sql_nesting_add(struct sql_statement *s, const struct sql_token *t)
{
	static const char *const compounds[] = { "union", "except", "intersect", NULL };
	s->selects += sql_token_is(t, "select");
	s->compounds += sql_token_is_any(t, compounds);
	s->collations += sql_token_is(t, "collate");
}

int sql_nesting_check(struct sql_statement *s)
{
	if (s->selects > (size_t)levels)
		return lyre_fail(s->call, LYRE_EINVAL, "The statement has more than %d SELECTs", levels);
	if (s->collations > 2 * (size_t)levels)
		return lyre_fail(s->call, LYRE_EINVAL, "The statement has more than %d COLLATEs", 2 * levels);
	return 0;
}

int sql_nesting_expressions(const struct sql_statement *s)
{
	/* The terms of a compound are beside each other; all others may be in each other. */
	size_t nested = s->selects > s->compounds ? s->selects - s->compounds : 1;
	size_t depth = 2 * (size_t)levels / nested;
	return depth < LEVELS_MIN ? LEVELS_MIN : depth < LEVELS_MAX ? (int)depth : LEVELS_MAX;
}
