/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/statement.h
 * \brief Finds where SQL statements end in a text.
 */
#ifndef CTL_STATEMENT_H
#define CTL_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

/** Bytes of the first statement, with the semicolon that ends it; 0 if none does yet. */
size_t statement_len(const char *s, size_t len);
/** Whether the text has only blanks, comments and semicolons. */
bool statement_is_blank(const char *s, size_t len);

#endif
