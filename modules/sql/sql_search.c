/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_search.c
 * \brief instr, replace and trim in time linear in their arguments: SQLite's own take time in proportion to the product of the
 * lengths, and nothing can interrupt a function that runs for hours.
 */
#include "functions.h"
#include "sql_value.h"

#include <stdint.h>
#include <string.h>

/** Maximum number of characters in trim's second argument. */
#define TRIMMED_MAX 256

static bool is_inside_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static sqlite3_int64 characters(const char *text, size_t len)
{
	sqlite3_int64 n = 0;
	for (size_t i = 0; i < len; i++)
		n += !is_inside_character(text[i]);
	return n;
}

/** The bytes of an argument, as text or, if both are blobs, as they are. */
static const char *bytes_of(sqlite3_value *v, bool blobs, size_t *len)
{
	const char *bytes = blobs ? sqlite3_value_blob(v) : (const char *)sqlite3_value_text(v);
	*len = (size_t)sqlite3_value_bytes(v);
	return bytes || !blobs ? bytes : "";
}

static void instr(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	bool blobs = sqlite3_value_type(argv[0]) == SQLITE_BLOB && sqlite3_value_type(argv[1]) == SQLITE_BLOB;
	size_t len, part_len;
	(void)argc;
	if (sqlite3_value_type(argv[0]) == SQLITE_NULL || sqlite3_value_type(argv[1]) == SQLITE_NULL || sql_function_ends(ctx))
		return;
	const char *text = bytes_of(argv[0], blobs, &len), *part = bytes_of(argv[1], blobs, &part_len);
	if (!text || !part) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	const char *at = part_len ? memmem(text, len, part, part_len) : text;
	sqlite3_int64 before = at ? (blobs ? at - text : characters(text, (size_t)(at - text))) : -1;
	sqlite3_result_int64(ctx, before + 1);
}

/** NULL: it does not occur. Sanitizers check all that memmem() may read, and only what memchr() has read. */
static const char *find(const char *text, const char *end, const char *part, size_t len)
{
	return len == 1 ? memchr(text, *part, (size_t)(end - text)) : memmem(text, (size_t)(end - text), part, len);
}

/** How often \p part occurs, without overlaps. */
static sqlite3_int64 count_of(const char *text, const char *end, const char *part, size_t len)
{
	sqlite3_int64 n = 0;
	for (; (text = find(text, end, part, len)); text += len)
		n++;
	return n;
}

/* The size is known before: a buffer that grows to its maximum would be moved at each step. */
static void replace_all(sqlite3_context *ctx, sqlite3_value **argv)
{
	const char *text = (const char *)sqlite3_value_text(argv[0]), *end = text + sqlite3_value_bytes(argv[0]);
	const char *part = (const char *)sqlite3_value_text(argv[1]), *other = (const char *)sqlite3_value_text(argv[2]);
	size_t part_len = (size_t)sqlite3_value_bytes(argv[1]), other_len = (size_t)sqlite3_value_bytes(argv[2]);
	sqlite3_int64 size =
		end - text + count_of(text, end, part, part_len) * ((sqlite3_int64)other_len - (sqlite3_int64)part_len);
	if (size > sqlite3_limit(sqlite3_context_db_handle(ctx), SQLITE_LIMIT_LENGTH, -1)) {
		sqlite3_result_error_toobig(ctx);
		return;
	}
	char *result = sqlite3_malloc64((sqlite3_uint64)size + 1), *out = result;
	if (!result) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	for (const char *at; (at = find(text, end, part, part_len)); text = at + part_len) {
		out = mempcpy(out, text, (size_t)(at - text));
		out = mempcpy(out, other, other_len);
	}
	*(char *)mempcpy(out, text, (size_t)(end - text)) = '\0';
	sqlite3_result_text64(ctx, result, (sqlite3_uint64)size, sqlite3_free, SQLITE_UTF8);
}

static void replace(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	for (int i = 0; i < argc; i++) {
		if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
			return;
		if (!sqlite3_value_text(argv[i])) {
			sqlite3_result_error_nomem(ctx);
			return;
		}
	}
	if (sql_function_ends(ctx))
		return;
	if (!sqlite3_value_bytes(argv[1]))
		sqlite3_result_value(ctx, argv[0]);
	else
		replace_all(ctx, argv);
}

/* ---- trim ---- */

enum side { LEFT = 1, RIGHT = 2 };

/** Characters, each as its bytes. */
struct characters {
	struct {
		const char *text;
		size_t len;
	} items[TRIMMED_MAX];
	size_t count;
};

/** \return false if there are too many */
static bool split(const char *text, size_t len, struct characters *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < len; ret->count++) {
		size_t n = 1;
		while (i + n < len && is_inside_character(text[i + n]))
			n++;
		if (ret->count == TRIMMED_MAX)
			return false;
		ret->items[ret->count].text = text + i;
		ret->items[ret->count].len = n;
		i += n;
	}
	return true;
}

static size_t begin_of(const struct characters *c, const char *text, size_t len)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->items[i].len <= len && !memcmp(text, c->items[i].text, c->items[i].len))
			return c->items[i].len;
	}
	return 0;
}

static size_t end_of(const struct characters *c, const char *text, size_t len)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->items[i].len <= len && !memcmp(text + len - c->items[i].len, c->items[i].text, c->items[i].len))
			return c->items[i].len;
	}
	return 0;
}

/** \p taken: the characters to remove; NULL for spaces */
static void trim_value(sqlite3_context *ctx, sqlite3_value *from, sqlite3_value *taken)
{
	enum side sides = (enum side)(intptr_t)sqlite3_user_data(ctx);
	struct characters c = { .items = { { " ", 1 } }, .count = 1 };
	if (sqlite3_value_type(from) == SQLITE_NULL || (taken && sqlite3_value_type(taken) == SQLITE_NULL))
		return;
	const char *text = (const char *)sqlite3_value_text(from);
	size_t len = (size_t)sqlite3_value_bytes(from), n;
	const char *set = taken ? (const char *)sqlite3_value_text(taken) : " ";
	if (!text || !set) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	if (taken && !split(set, (size_t)sqlite3_value_bytes(taken), &c)) {
		sqlite3_result_error(ctx, "trim() can remove at most 256 different characters", -1);
		return;
	}
	if (sql_function_ends(ctx))
		return;
	for (; sides & LEFT && (n = begin_of(&c, text, len)); len -= n)
		text += n;
	while (sides & RIGHT && (n = end_of(&c, text, len)))
		len -= n;
	sqlite3_result_text64(ctx, text, len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void trim(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	trim_value(ctx, argv[0], argc > 1 ? argv[1] : NULL);
}

static void trim_from(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	(void)argc;
	trim_value(ctx, argv[1], argv[0]);
}

int sql_search_functions(sqlite3 *db)
{
	static const struct {
		const char *name;
		int args;
		intptr_t sides;
		void (*call)(sqlite3_context *ctx, int argc, sqlite3_value **argv);
	} rows[] = {
		{ "instr", 2, 0, instr },
		{ "replace", 3, 0, replace },
		{ "trim", 1, LEFT | RIGHT, trim },
		{ "trim", 2, LEFT | RIGHT, trim },
		{ "ltrim", 1, LEFT, trim },
		{ "ltrim", 2, LEFT, trim },
		{ "rtrim", 1, RIGHT, trim },
		{ "rtrim", 2, RIGHT, trim },
		{ SQL_TRIM_FUNCTION, 2, LEFT | RIGHT, trim_from },
		{ SQL_LTRIM_FUNCTION, 2, LEFT, trim_from },
		{ SQL_RTRIM_FUNCTION, 2, RIGHT, trim_from },
	};
	int rc = SQLITE_OK;
	for (size_t i = 0; rc == SQLITE_OK && i < sizeof rows / sizeof *rows; i++)
		rc = sqlite3_create_function(db, rows[i].name, rows[i].args, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
			(void *)rows[i].sides, rows[i].call, NULL, NULL);
	return rc;
}
