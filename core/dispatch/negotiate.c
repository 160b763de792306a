/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/negotiate.c
 * \brief Which formats a request has and wants.
 */
#include <config.h>

#include "dispatch/dispatch_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"

/** What can be written; among what a client accepts the highest product of its q and our weight wins. */
static const struct {
	const char *type;
	enum format format;
	double weight;
} formats[] = {
	{ "application/json", FORMAT_JSON, 0.8 },
#ifndef LYRE_MINIMAL
	{ "text/csv", FORMAT_CSV, 0.1 },
#endif
	{ "*/*", FORMAT_JSON, 0.5 },
};

const char *formats_supported(void)
{
#ifndef LYRE_MINIMAL
	return "application/json, text/csv, */*";
#else
	return "application/json, */*";
#endif
}

/** Length of the media type at the start of a header or one of its items: without parameters and blanks. */
static size_t type_length(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] != ';')
		n++;
	while (n && strchr(BLANKS, s[n - 1]))
		n--;
	return n;
}

static bool type_is(const char *s, size_t len, const char *type)
{
	return len == strlen(type) && !strncasecmp(s, type, len);
}

/** The q among the parameters of an item; 1 without one. */
static double quality(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] != ';')
			continue;
		i++;
		while (i < len && strchr(BLANKS, s[i]))
			i++;
		if (i + 1 < len && (s[i] == 'q' || s[i] == 'Q') && s[i + 1] == '=') {
			double q = strtod(s + i + 2, NULL);

			return q >= 0 && q <= 1 ? q : 1;
		}
		i--;
	}
	return 1;
}

enum format format_accepted(const char *accept)
{
	enum format best = FORMAT_NONE;
	double score = 0;
	bool any = false;

	while (accept && *accept) {
		accept += strspn(accept, BLANKS ",");
		size_t len = strcspn(accept, ",");
		size_t type = type_length(accept, len);

		any |= len > 0;
		for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
			if (!type_is(accept, type, formats[i].type))
				continue;
			double s = quality(accept, len) * formats[i].weight;
			if (s > score) {
				score = s;
				best = formats[i].format;
			}
		}
		accept += len;
	}
	return any ? best : FORMAT_JSON;
}

enum media media_of(const char *content_type)
{
	if (!content_type)
		return MEDIA_OTHER;
	content_type += strspn(content_type, BLANKS);
	size_t len = type_length(content_type, strlen(content_type));
	if (type_is(content_type, len, "application/json"))
		return MEDIA_JSON;
	if (type_is(content_type, len, "application/octet-stream"))
		return MEDIA_BYTES;
	return type_is(content_type, len, "text/plain") ? MEDIA_TEXT : MEDIA_OTHER;
}
