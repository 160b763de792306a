/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/trial.h
 * \brief Whether the server would start again: its binary, run from the disk with --check.
 */
#ifndef TRIAL_H
#define TRIAL_H

#include "base/err.h"

/**
 * The path of this program's file, for the next start: as it was asked for, so that what took its place since is found.
 * \return NULL when it cannot be known; to be freed
 */
char *trial_binary(void);
/**
 * Blocks, and ends the trial when it takes too long.
 * \param argv  of this process: the same arguments are tried
 * \return 0; LYRE_EINVAL with what the trial has said; LYRE_EIO when it could not be run or did not end by itself
 */
int trial_run(const char *binary, char *const *argv, struct err *e);

#endif
