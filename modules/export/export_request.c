/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file export/export_request.c
 * \brief The arguments that both operations share, and the search that one of them names.
 */
#include "export_module.h"

#include <string.h>

static const struct {
	const char *extension, *word, *type;
} formats[] = {
	[EXPORT_JSON] = { "json", "JSON", "application/json" },
	[EXPORT_CSV] = { "csv", "CSV", "text/csv" },
};

const char *export_extension(enum export_format format)
{
	return formats[format].extension;
}

const char *export_format_word(enum export_format format)
{
	return formats[format].word;
}

const char *export_media_type(enum export_format format)
{
	return formats[format].type;
}

static int is_text(const lyre_value *v, const char *text)
{
	size_t len;
	const char *s = lyre_value_type(v) == LYRE_STRING ? lyre_value_string(v, &len) : NULL;
	return s && len == strlen(text) && !memcmp(s, text, len);
}

int export_read_format(lyre_call *call, struct export_request *ret)
{
	const lyre_value *format = lyre_arg(call, "format");
	if (!format || is_text(format, ""))
		return lyre_fail(call, LYRE_EINVAL, "format missing");
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		if (is_text(format, formats[i].extension)) {
			ret->format = (enum export_format)i;
			return 0;
		}
	}
	return lyre_fail(call, LYRE_EINVAL, "format invalid. must be one of the following values: json, csv");
}

int export_read_search(lyre_call *call, struct export_request *ret)
{
	static const char *const names[] = { "search_by_value", "search_by_hash", "search_by_id", "sql", "search_by_conditions" };
	const lyre_value *search = lyre_arg(call, "search_operation");
	const lyre_value *name = lyre_value_get(search, "operation");
	if (!search)
		return lyre_fail(call, LYRE_EINVAL, "search_operation missing");
	if (lyre_value_type(name) == LYRE_NULL || is_text(name, ""))
		return lyre_fail(call, LYRE_EINVAL, "search_operation.operation missing");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (is_text(name, names[i])) {
			ret->search = search;
			return 0;
		}
	}
	return lyre_fail(call, LYRE_EINVAL,
		"searchOperation.operation must be one of the following values: search_by_value, search_by_hash, sql, "
		"search_by_conditions");
}

int export_check_search(lyre_call *call)
{
	const lyre_value *search = lyre_arg(call, "search_operation");
	if (search && lyre_value_type(search) != LYRE_OBJECT)
		return lyre_fail(call, LYRE_EINVAL, "search_operation must be an object");
	if (is_text(lyre_value_get(search, "operation"), "sql") && lyre_value_type(lyre_value_get(search, "sql")) == LYRE_NULL)
		return lyre_fail(call, LYRE_EINVAL, "The 'sql' parameter is missing from the request body");
	return 0;
}

int export_rows(lyre_call *call, const struct export_request *request,
	int (*take)(void *arg, const char *bytes, size_t len, uint64_t rows), void *arg)
{
	const struct lyre_request search = {
		.size = sizeof search,
		.body = request->search,
		.type = export_media_type(request->format),
		.take = take,
		.arg = arg,
	};
	return lyre_request_run(call, &search);
}
