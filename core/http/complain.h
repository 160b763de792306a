/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/complain.h
 * \brief Warnings about trouble that may come a thousand times a second.
 */
#ifndef HTTP_COMPLAIN_H
#define HTTP_COMPLAIN_H

#include "base/text.h"

#include <stdatomic.h>
#include <stdbool.h>

/** Lines about the same trouble are at least so far apart. */
#define COMPLAIN_MS 10000

/** \param next  of this trouble; zero at first. \return whether a line is due. Any thread */
static inline bool complaint_due(_Atomic int64_t *next)
{
	int64_t now = monotonic_ms(), due = atomic_load(next);
	return now >= due && atomic_compare_exchange_strong(next, &due, now + COMPLAIN_MS);
}

#endif
