/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/metric_report.h
 * \brief Metrics on their way to whoever asks for them: names and help stand with who counts.
 */
#ifndef BASE_METRIC_REPORT_H
#define BASE_METRIC_REPORT_H

#include "base/metric.h"

/** The values are those of enum lyre_metric_type. */
enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/** What a metric is. */
struct metric_about {
	enum metric_kind kind;
	const char *name;  /**< words with _ between, the unit last, in base units */
	const char *help;  /**< one line */
	const char *label; /**< what tells metrics of one name apart; NULL for none */
};

/** Whoever asks. */
struct metric_sink {
	/** Exactly one of \p value and \p histogram tells it. \return other than 0: nothing more is wanted */
	int (*take)(void *arg, const struct metric_about *about, const char *label_value, double value,
		const struct histogram_reading *histogram);
	void *arg;
	int rc; /**< what take() returned last */
};

/** \p value  NAN where it cannot be known: it is left out then */
void metric_report(struct metric_sink *s, const struct metric_about *about, const char *label_value, double value);

/** A metric that lies in a struct: as uint64_t, or as struct histogram_reading where it is a histogram. */
struct metric_member {
	struct metric_about about;
	size_t at;
};
void metric_report_member(struct metric_sink *s, const struct metric_member *m, const char *label_value, const void *of);

#endif
