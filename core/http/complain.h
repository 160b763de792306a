/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/complain.h
 * \brief Warnings about conditions that may occur a thousand times a second.
 */
#ifndef HTTP_COMPLAIN_H
#define HTTP_COMPLAIN_H

#include "base/text.h"

#include <stdatomic.h>
#include <stdbool.h>

/** Minimum time between two warnings about the same condition. */
#define COMPLAIN_MS 10000

/** \param next  of this condition; zero at first. \return whether to log now. Any thread */
static inline bool complaint_due(_Atomic int64_t *next)
{
	int64_t now = monotonic_ms(), due = atomic_load(next);
	return now >= due && atomic_compare_exchange_strong(next, &due, now + COMPLAIN_MS);
}

#endif
