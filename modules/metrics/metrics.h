/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file metrics/metrics.h
 * \brief What the files of this module share.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include <lyre/lyre.h>

#include <stdio.h>

/** A text in the making, in the text format 0.0.4 of Prometheus. */
struct exposition {
	FILE *out;
	char name[128]; /**< of the last metric */
};

/** Writes a metric, and before the first of its name what it is. For lyre_metrics(). \return 0 */
int metrics_write(void *exposition, const struct lyre_metric *metric);

#endif
