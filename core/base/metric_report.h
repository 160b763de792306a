/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/metric_report.h
 * \brief Passing metrics to their reader: names and help are defined where the metric is counted.
 */
#ifndef BASE_METRIC_REPORT_H
#define BASE_METRIC_REPORT_H

#include "base/metric.h"

/** The values are those of enum lyre_metric_type. */
enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/** What a metric is. */
struct metric_about {
	enum metric_kind kind;
	const char *name;  /**< words joined by _, the unit last, in base units */
	const char *help;  /**< one line */
	const char *label; /**< distinguishes metrics of one name; NULL for none */
};

/** The receiver. */
struct metric_sink {
	/** Exactly one of \p value and \p histogram is valid. \return nonzero: no more metrics are wanted */
	int (*take)(void *arg, const struct metric_about *about, const char *label_value, double value,
		const struct histogram_reading *histogram);
	void *arg;
	int rc; /**< what take() returned last */
};

/** \p value  NAN if unknown: then it is left out */
void metric_report(struct metric_sink *s, const struct metric_about *about, const char *label_value, double value);

/** A metric in a struct: as uint64_t, or as struct histogram_reading if it is a histogram. */
struct metric_member {
	struct metric_about about;
	size_t at;
};
void metric_report_member(struct metric_sink *s, const struct metric_member *m, const char *label_value, const void *of);

#endif
