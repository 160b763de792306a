/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/trial.h
 * \brief Tests whether the server would start again, by running its binary from the disk with --check.
 */
#ifndef TRIAL_H
#define TRIAL_H

#include "base/err.h"

/**
 * The path of this program's file, for the next start: as it was run, so that a newer file in its place is found.
 * \return NULL if it is unknown; to be freed
 */
char *trial_binary(void);
/**
 * Blocks, and kills the trial if it takes too long.
 * \param argv  of this process: the trial gets the same arguments
 * \return 0; LYRE_EINVAL with the trial's output; LYRE_EIO if it could not be run or did not end by itself
 */
int trial_run(const char *binary, char *const *argv, struct err *e);

#endif
