/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql_limits.h
 * \brief The limits of the statement that the current thread runs.
 *
 * SQLite's allocator and its functions are not told which statement they work for. The limits are found by a pthread key rather
 * than a thread-local variable, which in a loaded module crashes leak checkers and is refused by some C libraries.
 */
#ifndef SQL_SQL_LIMITS_H
#define SQL_SQL_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct sql_limits {
	int (*look)(void *arg); /**< not 0: the statement has to end */
	void *arg;
	int64_t memory; /**< bytes that SQLite may take */
	int64_t held;   /**< bytes taken less bytes freed; below 0 if it frees what an earlier statement has left */
	bool refused;   /**< memory was refused */
};

/** Before all others, once. \return false: no memory */
bool sql_limits_start(void);
/** After all others: no thread runs a statement any more. */
void sql_limits_stop(void);
/** \p limits: valid until they are set again; NULL: no statement, no limits. \return false: no memory, never for NULL */
bool sql_limits_set(struct sql_limits *limits);
/** Those of this thread; NULL: none. */
struct sql_limits *sql_limits_get(void);
/** Whether the function that calls this has to end, with whatever error. */
bool sql_limits_stopped(void);

#endif
