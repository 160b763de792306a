/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/csv_delimiter.h
 * \brief Which character separates the fields of a CSV text.
 */
#ifndef CSV_DELIMITER_H
#define CSV_DELIMITER_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Guesses from the first rows: of comma, semicolon, tab and bar, the one that divides the header and as many of the following rows
 * as possible into the same number of fields; of those that do so equally well, the one with the most fields.
 * \param whole  whether \p text is all there is; else its last row may be cut off
 * \return a comma if none divides the header
 */
char csv_delimiter_guess(const char *text, size_t len, bool whole);

#endif
