/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/progress.h
 * \brief A line on the terminal (stderr) that shows how far a transfer is. One at a time.
 */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/** What a line counts. */
enum progress_unit { PROGRESS_BYTES, PROGRESS_RECORDS };

/** Shows a line if it takes longer than a moment and stderr is a terminal. \param what  must live until the end */
void progress_begin(const char *what, enum progress_unit unit, bool quiet);
/** How many so far, of \p total; 0: unknown. Without effect if the line counts something else. */
void progress_show(enum progress_unit unit, uint64_t done, uint64_t total);
/** Ends the line, if there is one, so that something else can be printed. */
void progress_end(void);

#endif
