/* SPDX-License-Identifier: Apache-2.0 */
#include "sql_memory.h"

#include "sql_limits.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

static sqlite3_mem_methods plain;

/** SQLite fills blocks of this size without calling the progress handler: its functions are interrupted here instead. */
#define LARGE 65536

/** Whether the statement may have a block of \p size bytes, which takes \p more bytes than it holds now. */
static bool may_take(struct sql_limits *l, int64_t size, int64_t more)
{
	bool refused = l && (l->held + more > l->memory || (size >= LARGE && sql_limits_stopped()));
	if (refused)
		l->refused = true;
	return !refused;
}

/** \p p is what the system has given, instead of \p before bytes. */
static void *taken(struct sql_limits *l, void *p, int before)
{
	if (l && p)
		l->held += (int64_t)plain.xSize(p) - before;
	else if (l)
		l->lacking = true;
	return p;
}

static void *counted_malloc(int bytes)
{
	struct sql_limits *l = sql_limits_get();
	return may_take(l, bytes, bytes) ? taken(l, plain.xMalloc(bytes), 0) : NULL;
}

static void counted_free(void *p)
{
	struct sql_limits *l = sql_limits_get();
	if (l)
		l->held -= plain.xSize(p);
	plain.xFree(p);
}

static void *counted_realloc(void *p, int bytes)
{
	struct sql_limits *l = sql_limits_get();
	int before = plain.xSize(p);
	return may_take(l, bytes, (int64_t)bytes - before) ? taken(l, plain.xRealloc(p, bytes), before) : NULL;
}

int sql_memory_start(void)
{
	static sqlite3_mem_methods counted;
	sqlite3_shutdown();
	int rc = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (rc == SQLITE_OK && !plain.xMalloc)
		rc = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain);
	if (rc != SQLITE_OK)
		return rc;
	counted = plain;
	counted.xMalloc = counted_malloc;
	counted.xFree = counted_free;
	counted.xRealloc = counted_realloc;
	rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &counted);
	return rc == SQLITE_OK ? sqlite3_initialize() : rc;
}
