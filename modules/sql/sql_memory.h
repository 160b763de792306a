/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_memory.h
 * \brief The memory that SQLite takes for one statement, which runs on one thread from its begin to its end.
 */
#ifndef SQL_SQL_MEMORY_H
#define SQL_SQL_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/** Makes SQLite count its memory; before its first use. \return SQLite's code */
int sql_memory_start(void);
/** This thread begins a statement, which may take so many bytes. */
void sql_memory_begin(int64_t bytes);
/** It has ended: what SQLite takes from here on is not limited. */
void sql_memory_end(void);
/** Whether memory was refused since sql_memory_begin(). */
bool sql_memory_refused(void);

#endif
