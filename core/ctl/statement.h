/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/statement.h
 * \brief Where SQL statements end in a text.
 */
#ifndef CTL_STATEMENT_H
#define CTL_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

/** Bytes of the first statement with the semicolon that ends it; 0 while none does. */
size_t statement_len(const char *s, size_t len);
/** Whether there are blanks, comments and semicolons only. */
bool statement_is_blank(const char *s, size_t len);

#endif
