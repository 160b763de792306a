/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/negotiate.c
 * \brief The formats of a request and its answer.
 */
#include <config.h>

#include "dispatch/dispatch_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"

/** JSON comes first; it is the format of answers for which the accepted type has no encoder. */
static const struct format formats[] = {
	{ "application/json", 0.8, &encode_json, &decode_json, NULL },
#ifdef LYRE_FORMAT_CBOR
	{ "application/cbor", 1, &encode_cbor, &decode_cbor, NULL },
#endif
#ifdef LYRE_FORMAT_MSGPACK
	{ "application/x-msgpack", 0.9, &encode_msgpack, &decode_msgpack, NULL },
	{ "application/msgpack", 0.9, &encode_msgpack, &decode_msgpack, NULL },
#endif
#ifdef LYRE_FORMAT_CSV
	{ "text/csv", 0.1, &encode_csv, NULL, "attachment; filename=\"data.csv\"" },
#endif
#ifdef LYRE_FORMAT_YAML
	{ "text/yaml", 0.7, &encode_yaml, NULL, NULL },
#endif
#ifdef LYRE_FORMAT_JSONL
	{ "application/x-ndjson", 0.6, &encode_jsonl, NULL, NULL },
	{ "application/jsonl", 0.6, &encode_jsonl, NULL, NULL },
#endif
	{ "*/*", 0.5, NULL, NULL, NULL },
};

#define FORMATS (sizeof formats / sizeof *formats)

const struct format *const format_json = &formats[0];

char *formats_supported(struct arena *a)
{
	char *list = arena_printf(a, "%s", formats[0].type);

	for (size_t i = 1; list && i < FORMATS; i++)
		list = arena_printf(a, "%s, %s", list, formats[i].type);
	return list;
}

/** Length of the media type at the start of a header or header item, without parameters and blanks. */
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

/** The q among the parameters of an item; 1 if absent. */
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

const struct format *format_accepted(const char *accept)
{
	const struct format *best = NULL;
	double score = 0;
	bool any = false;

	while (accept && *accept) {
		accept += strspn(accept, BLANKS ",");
		size_t len = strcspn(accept, ",");
		size_t type = type_length(accept, len);

		any |= len > 0;
		for (size_t i = 0; i < FORMATS; i++) {
			if (!type_is(accept, type, formats[i].type))
				continue;
			double s = quality(accept, len) * formats[i].weight;
			if (s > score) {
				score = s;
				best = formats[i].encoder ? &formats[i] : format_json;
			}
		}
		accept += len;
	}
	return any ? best : format_json;
}

/** Whether a Content-Type header names \p type. */
static bool says(const char *content_type, const char *type)
{
	size_t len = strlen(type);

	content_type += strspn(content_type, BLANKS);
	if (strncasecmp(content_type, type, len))
		return false;
	content_type += len;
	content_type += strspn(content_type, BLANKS);
	return !*content_type || *content_type == ';';
}

const struct format *format_sent(const char *content_type)
{
	for (size_t i = 0; content_type && i < FORMATS; i++) {
		if (formats[i].decoder && says(content_type, formats[i].type))
			return &formats[i];
	}
	return NULL;
}

bool is_plain_text(const char *content_type)
{
	return content_type && says(content_type, "text/plain");
}

bool is_file_type(const char *content_type)
{
	return content_type && says(content_type, "application/octet-stream");
}
