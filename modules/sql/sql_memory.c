/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_memory.c
 * \brief SQLite's allocator with a count for each thread: its own limit is one for the whole process, so that a large
 * statement would be the end of the others.
 */
#include "sql_memory.h"

#include "functions.h"

#include <sqlite3.h>
#include <stddef.h>

static sqlite3_mem_methods plain;

/** What the thread's statement has taken, less what it has given back: of what was there before it too. */
static _Thread_local int64_t held, most;
static _Thread_local bool refused;

/** What is made of so many bytes takes a while: functions of SQLite, of which none asks for the time, are ended here. */
#define LARGE 65536

/** \p size: of all that is asked for; \p bytes: how much more that is than before */
static bool take(int64_t size, int64_t bytes)
{
	if (most && (held + bytes > most || (size >= LARGE && sql_functions_stopped()))) {
		refused = true;
		return false;
	}
	return true;
}

static void *counted_malloc(int bytes)
{
	void *p = take(bytes, bytes) ? plain.xMalloc(bytes) : NULL;
	if (p)
		held += plain.xSize(p);
	return p;
}

static void counted_free(void *p)
{
	held -= plain.xSize(p);
	plain.xFree(p);
}

static void *counted_realloc(void *p, int bytes)
{
	int before = plain.xSize(p);
	void *moved = take(bytes, (int64_t)bytes - before) ? plain.xRealloc(p, bytes) : NULL;
	if (moved)
		held += (int64_t)plain.xSize(moved) - before;
	return moved;
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

void sql_memory_begin(int64_t bytes)
{
	held = 0;
	most = bytes;
	refused = false;
}

void sql_memory_end(void)
{
	most = 0;
}

bool sql_memory_refused(void)
{
	return refused;
}
