/* SPDX-License-Identifier: Apache-2.0 */
/* The text has been checked: every expected delimiter exists. */
#include "geo_json.h"

#include <stdlib.h>
#include <string.h>

static const char *behind_blanks(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

static const char *behind_string(const char *at)
{
	for (at++; *at != '"'; at++) {
		if (*at == '\\')
			at++;
	}
	return at + 1;
}

static const char *behind_brackets(const char *at)
{
	unsigned depth = 0;
	do {
		at += strcspn(at, "[]{}\"");
		if (*at == '"') {
			at = behind_string(at);
		} else {
			depth += *at == '[' || *at == '{' ? 1u : -1u;
			at++;
		}
	} while (depth);
	return at;
}

const char *geo_json_behind(const char *value)
{
	if (*value == '"')
		return behind_string(value);
	if (*value == '[' || *value == '{')
		return behind_brackets(value);
	return value + strcspn(value, ",]} \t\r\n");
}

bool geo_json_is_object(const char *value)
{
	return *value == '{';
}

bool geo_json_is_array(const char *value)
{
	return *value == '[';
}

/* \param at  after an opening bracket */
static const char *first_behind(const char *at)
{
	at = behind_blanks(at);
	return *at == ']' || *at == '}' ? NULL : at;
}

const char *geo_json_first(const char *array)
{
	return first_behind(array + 1);
}

const char *geo_json_next(const char *item)
{
	const char *at = behind_blanks(geo_json_behind(item));
	return *at == ',' ? behind_blanks(at + 1) : NULL;
}

const char *geo_json_member(const char *object, const char *name)
{
	size_t len = strlen(name);
	const char *found = object && geo_json_is_object(object) ? first_behind(object + 1) : NULL;
	while (found) {
		const char *text, *value = behind_blanks(behind_blanks(behind_string(found)) + 1);
		if (geo_json_text(found, &text) == len && memcmp(text, name, len) == 0)
			return value;
		found = geo_json_next(value);
	}
	return NULL;
}

size_t geo_json_text(const char *value, const char **ret)
{
	*ret = value + 1;
	return *value == '"' ? (size_t)(behind_string(value) - value) - 2 : 0;
}

bool geo_json_number(const char *value, double *ret)
{
	char *end;
	*ret = strtod(value, &end);
	return *value == '-' || (*value >= '0' && *value <= '9');
}
