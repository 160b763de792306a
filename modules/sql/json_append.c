/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and strings as JSON. */
#include "function_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void sql_append_real(sqlite3_str *out, double value)
{
	char text[32];
	if (!isfinite(value)) {
		sqlite3_str_appendall(out, "null");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	sqlite3_str_appendall(out, text);
}

void sql_append_string(sqlite3_str *out, const char *s, size_t len)
{
	size_t from = 0;
	sqlite3_str_appendchar(out, 1, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		sqlite3_str_append(out, s + from, (int)(i - from));
		from = i + 1;
		sqlite3_str_appendf(out, c < ' ' ? "\\u%04x" : "\\%c", c);
	}
	sqlite3_str_append(out, s + from, (int)(len - from));
	sqlite3_str_appendchar(out, 1, '"');
}
