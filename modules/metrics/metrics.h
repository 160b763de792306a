/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file metrics/metrics.h
 * \brief Shared by the files of this module.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include <lyre/lyre.h>

#include <stdio.h>

/** A text being written, in the Prometheus text format 0.0.4. */
struct exposition {
	FILE *out;
	char name[128]; /**< of the last metric */
};

/** Writes a metric, with its help and type before the first of its name. For lyre_metrics(). \return 0 */
int metrics_write(void *exposition, const struct lyre_metric *metric);

#endif
