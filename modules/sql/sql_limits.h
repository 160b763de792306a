/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql_limits.h
 * \brief The limits of the statement that the current thread runs.
 *
 * SQLite does not tell its allocator and functions which statement they work for. The limits are found by a pthread key rather
 * than a thread-local variable, which in a loaded module crashes leak checkers and is refused by some C libraries.
 */
#ifndef SQL_SQL_LIMITS_H
#define SQL_SQL_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct sql_limits {
	int (*look)(void *arg); /**< returns not 0 if the statement must end */
	void *arg;
	int64_t memory; /**< bytes that SQLite may take */
	int64_t held;   /**< bytes allocated less bytes freed; below 0 if it frees what an earlier statement left */
	bool refused;   /**< memory was refused, by this limit */
	bool lacking;   /**< memory was refused by the system */
};

/** To be called once, before all others. \return false if out of memory */
bool sql_limits_start(void);
/** To be called last, when no thread runs a statement any more. */
void sql_limits_stop(void);
/** \p limits must stay valid until the next call; NULL: no statement, no limits. \return false if out of memory, never for NULL */
bool sql_limits_set(struct sql_limits *limits);
/** The limits of this thread; NULL: none. */
struct sql_limits *sql_limits_get(void);
/** Whether the calling function must end, with any error. */
bool sql_limits_stopped(void);

#endif
