/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_contexts.h
 * \brief GEOS's contexts, which one thread at a time uses. They are made when the module starts: without memory for one, GEOS
 * ends the process.
 */
#ifndef SQL_GEO_CONTEXTS_H
#define SQL_GEO_CONTEXTS_H

#include <geos_c.h>

/** Waits until there is one. */
GEOSContextHandle_t geo_context_take(void);
void geo_context_give(GEOSContextHandle_t context);

#endif
