/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_memory.h
 * \brief SQLite's allocator, with the memory limit of the thread's statement (sql_limits.h).
 *
 * SQLite's own limit is for the whole process: a large statement would make the others fail.
 */
#ifndef SQL_SQL_MEMORY_H
#define SQL_SQL_MEMORY_H

/** Installs the allocator; after sql_limits_start(), before SQLite is used. \return SQLite's code */
int sql_memory_start(void);

#endif
