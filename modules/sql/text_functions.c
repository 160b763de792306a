/* SPDX-License-Identifier: Apache-2.0 */
#include "function_rows.h"
#include "functions.h"
#include "utf8_locale.h"

#include <stdint.h>
#include <string.h>
#include <wctype.h>

static void append(sqlite3_str *out, sqlite3_value *v)
{
	const char *text = (const char *)sqlite3_value_text(v);
	if (text)
		sqlite3_str_append(out, text, sqlite3_value_bytes(v));
}

/* NULL counts as an empty string, as in the concat() of later versions of SQLite. */
static void concat(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(ctx));
	for (int i = 0; i < count; i++)
		append(out, args[i]);
	sql_result_str(ctx, out);
}

/* NULL is skipped; if the separator is NULL, so is the result. */
static void concat_ws(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	if (count < 1 || sqlite3_value_type(args[0]) == SQLITE_NULL)
		return;
	sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(ctx));
	int joined = 0;
	for (int i = 1; i < count; i++) {
		if (sqlite3_value_type(args[i]) == SQLITE_NULL)
			continue;
		if (joined++ > 0)
			append(out, args[0]);
		append(out, args[i]);
	}
	sql_result_str(ctx, out);
}

/* Bytes of the character at \p s; 1 if it is not UTF-8. */
static size_t character_len(const unsigned char *s, size_t left)
{
	size_t len = *s < 0xc0 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf8 ? 4 : 1;
	for (size_t i = 1; i < len; i++)
		if (i >= left || (s[i] & 0xc0) != 0x80)
			return 1;
	return len;
}

static void len(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	const unsigned char *text = sqlite3_value_text(args[0]);
	size_t left = text ? (size_t)sqlite3_value_bytes(args[0]) : 0;
	int64_t characters = 0;
	if (sql_function_ends(ctx))
		return;
	for (size_t n; left > 0; text += n, left -= n, characters++)
		n = character_len(text, left);
	if (text)
		sqlite3_result_int64(ctx, characters);
}

static void reverse(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	const unsigned char *text = sqlite3_value_text(args[0]);
	if (!text || sql_function_ends(ctx))
		return;
	size_t left = (size_t)sqlite3_value_bytes(args[0]);
	char *result = sqlite3_malloc64(left + 1), *to = result + left;
	if (!result) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	for (size_t n; left > 0; text += n, left -= n) {
		n = character_len(text, left);
		to -= n;
		memcpy(to, text, n);
	}
	sqlite3_result_text64(ctx, result, (sqlite3_uint64)sqlite3_value_bytes(args[0]), sqlite3_free, SQLITE_UTF8);
}

/* ---- letter case: SQLite's own functions handle ASCII only ---- */

static void append_character(sqlite3_str *out, wint_t c)
{
	if (c < 0x80) {
		sqlite3_str_appendchar(out, 1, (char)c);
		return;
	}
	int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	sqlite3_str_appendchar(out, 1, (char)((0xff00 >> (more + 1)) | (c >> (6 * more))));
	while (more-- > 0)
		sqlite3_str_appendchar(out, 1, (char)(0x80 | ((c >> (6 * more)) & 0x3f)));
}

static wint_t character_at(const unsigned char *s, size_t n)
{
	wint_t c = n == 1 ? *s : *s & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	return c;
}

/* \p first: first of the ASCII letters to change; they are handled without \p wide, as most strings have no others */
static void change_case(sqlite3_context *ctx, sqlite3_value *v, unsigned char first, wint_t (*wide)(wint_t c, locale_t locale))
{
	const unsigned char *text = sqlite3_value_text(v);
	locale_t locale = utf8_locale();
	if (!text || sql_function_ends(ctx))
		return;
	sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(ctx));
	size_t left = (size_t)sqlite3_value_bytes(v);
	for (size_t n; left > 0; text += n, left -= n) {
		n = character_len(text, left);
		if (n > 1 && locale)
			append_character(out, wide(character_at(text, n), locale));
		else if (*text >= first && *text < first + 26)
			sqlite3_str_appendchar(out, 1, (char)(*text ^ 0x20));
		else
			sqlite3_str_append(out, (const char *)text, (int)n);
	}
	sql_result_str(ctx, out);
}

static void upper(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	change_case(ctx, args[0], 'a', towupper_l);
}

static void lower(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	change_case(ctx, args[0], 'A', towlower_l);
}

static const struct sql_function rows[] = {
	{ "concat", -1, concat, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "concat_ws", -1, concat_ws, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "len", 1, len, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "lower", 1, lower, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "reverse", 1, reverse, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "upper", 1, upper, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
};

const struct sql_functions text_functions = SQL_FUNCTIONS(rows);
