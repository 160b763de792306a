/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/progress.h
 * \brief A line on the terminal that tells how far a file has come, on stderr. One at a time.
 */
#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/** Of what takes longer than a moment a line is shown, where stderr is a terminal. \param what  lives until the end */
void progress_begin(const char *what, bool quiet);
/** Bytes so far, of \p total; 0: not known. */
void progress_show(uint64_t done, uint64_t total);
/** Leaves the line as it is, where there is one; so that something else can be said. */
void progress_end(void);

#endif
