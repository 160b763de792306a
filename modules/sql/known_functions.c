/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file known_functions.c
 * \brief The functions of SQLite that statements may call. A list of forbidden ones would miss functions that later versions,
 * or builds of distributions, add: some reveal the connection, which other clients use later, and others reach into
 * SQLite.
 */
#include "functions.h"

#include <stddef.h>

static const char *const names[] = {
	/* operators and keywords that are functions */
	"->", "->>", "like", "glob", "match", "current_date", "current_time", "current_timestamp",
	/* core */
	"abs", "char", "coalesce", "concat", "concat_ws", "format", "hex", "if", "ifnull", "iif", "instr", "length", "likelihood",
	"likely", "lower", "ltrim", "max", "min", "nullif", "octet_length", "printf", "quote", "random", "randomblob", "replace",
	"round", "rtrim", "sign", "soundex", "substr", "substring", "trim", "typeof", "unhex", "unicode", "unistr", "unistr_quote",
	"unlikely", "upper", "zeroblob",
	/* dates */
	"date", "time", "datetime", "julianday", "unixepoch", "strftime", "timediff",
	/* mathematics */
	"acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "ceiling", "cos", "cosh", "degrees", "exp", "floor",
	"ln", "log", "log10", "log2", "mod", "pi", "pow", "power", "radians", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
	/* aggregates */
	"avg", "count", "group_concat", "median", "percentile", "percentile_cont", "percentile_disc", "string_agg", "sum", "total",
	/* windows */
	"cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile", "percent_rank", "rank",
	"row_number",
	/* JSON */
	"json", "json_array", "json_array_length", "json_error_position", "json_extract", "json_group_array", "json_group_object",
	"json_insert", "json_object", "json_patch", "json_pretty", "json_quote", "json_remove", "json_replace", "json_set",
	"json_type", "json_valid", "jsonb", "jsonb_array", "jsonb_extract", "jsonb_group_array", "jsonb_group_object",
	"jsonb_insert", "jsonb_object", "jsonb_patch", "jsonb_remove", "jsonb_replace", "jsonb_set", "json_each", "json_tree"
};

bool sql_functions_are_sqlite(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (sqlite3_stricmp(name, names[i]) == 0)
			return true;
	}
	return false;
}
