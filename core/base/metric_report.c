/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metric_report.h"

#include <math.h>

void metric_report(struct metric_sink *s, const struct metric_about *about, const char *label_value, double value)
{
	if (!s->rc && !isnan(value))
		s->rc = s->take(s->arg, about, label_value, value, NULL);
}

void metric_report_member(struct metric_sink *s, const struct metric_member *m, const char *label_value, const void *of)
{
	const void *member = (const char *)of + m->at;

	if (m->about.kind != METRIC_HISTOGRAM)
		metric_report(s, &m->about, label_value, (double)*(const uint64_t *)member);
	else if (!s->rc)
		s->rc = s->take(s->arg, &m->about, label_value, 0, member);
}
