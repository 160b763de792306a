/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/statement.h
 * \brief Looks at SQL statements in a text: where they end, and whether they change anything.
 */
#ifndef CTL_STATEMENT_H
#define CTL_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

/** Bytes of the first statement, with the semicolon that ends it; 0 if none does yet. */
size_t statement_len(const char *s, size_t len);
/** Whether the text has only blanks, comments and semicolons. */
bool statement_is_blank(const char *s, size_t len);
/** Whether the first statement is an INSERT, UPDATE or DELETE, with or without WITH. */
bool statement_changes(const char *s, size_t len);

#endif
