/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file metrics/exposition.c
 * \brief Metrics as lines of text: https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4.
 */
#include "metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "lyre_"

static const char *type_word(uint32_t type)
{
	switch (type) {
	case LYRE_COUNTER:
		return "counter";
	case LYRE_GAUGE:
		return "gauge";
	case LYRE_HISTOGRAM:
		return "histogram";
	default:
		return "untyped";
	}
}

static void write_escaped(FILE *out, const char *s, int quoted)
{
	for (; *s; s++) {
		if (*s == '\\')
			fputs("\\\\", out);
		else if (*s == '\n')
			fputs("\\n", out);
		else if (*s == '"' && quoted)
			fputs("\\\"", out);
		else
			fputc(*s, out);
	}
}

/** Writes the shortest text that parses back to the number. */
static void write_number(FILE *out, double d)
{
	char text[40];
	if (isnan(d) || isinf(d)) {
		fputs(isnan(d) ? "NaN" : d > 0 ? "+Inf" : "-Inf", out);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	fputs(text, out);
}

/** Writes the start of a line, up to its value. \param bound  of a bucket; NULL for none */
static void write_series(FILE *out, const struct lyre_metric *m, const char *suffix, const double *bound)
{
	fprintf(out, PREFIX "%s%s", m->name, suffix);
	if (m->label || bound)
		fputc('{', out);
	if (m->label) {
		fprintf(out, "%s=\"", m->label);
		write_escaped(out, m->label_value, 1);
		fputs(bound ? "\"," : "\"", out);
	}
	if (bound) {
		fputs("le=\"", out);
		write_number(out, *bound);
		fputc('"', out);
	}
	fputs(m->label || bound ? "} " : " ", out);
}

static void write_bucket(FILE *out, const struct lyre_metric *m, double bound, uint64_t count)
{
	write_series(out, m, "_bucket", &bound);
	fprintf(out, "%" PRIu64 "\n", count);
}

static void write_histogram(FILE *out, const struct lyre_metric *m)
{
	for (uint32_t i = 0; i < m->bucket_count; i++)
		write_bucket(out, m, m->bounds[i], m->buckets[i]);
	write_bucket(out, m, INFINITY, m->count);
	write_series(out, m, "_sum", NULL);
	write_number(out, m->value);
	fputc('\n', out);
	write_series(out, m, "_count", NULL);
	fprintf(out, "%" PRIu64 "\n", m->count);
}

int metrics_write(void *exposition, const struct lyre_metric *m)
{
	struct exposition *x = exposition;
	if (strcmp(x->name, m->name) != 0) {
		snprintf(x->name, sizeof x->name, "%s", m->name);
		fprintf(x->out, "# HELP " PREFIX "%s ", m->name);
		write_escaped(x->out, m->help, 0);
		fprintf(x->out, "\n# TYPE " PREFIX "%s %s\n", m->name, type_word(m->type));
	}
	if (m->type == LYRE_HISTOGRAM) {
		write_histogram(x->out, m);
		return 0;
	}
	write_series(x->out, m, "", NULL);
	write_number(x->out, m->value);
	fputc('\n', x->out);
	return 0;
}
