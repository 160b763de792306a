/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/load_source.h
 * \brief What all jobs of this module do.
 */
#ifndef LOAD_SOURCE_H
#define LOAD_SOURCE_H

#include "load_head.h"

/**
 * Runs a job: \p read passes all bytes of a source to load_head_feed().
 * \param how      the format, and whether JSON in the values of CSV is read; the rest is added from the arguments
 * \param nothing  message for a source without records; NULL: the usual one
 */
int load_run(lyre_call *call, struct load_options how, int (*read)(struct load *l, struct load_head *h), const char *nothing);

#endif
