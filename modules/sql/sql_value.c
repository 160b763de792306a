/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_value.c
 * \brief Converts values of the store to SQLite's, and back.
 */
#include "sql_value.h"

#include <string.h>

#define PACKED "lyre"
#define PACKED_LEN 4

static bool looks_nested(const char *text, size_t len)
{
	return len && (*text == '{' || *text == '[');
}

void sql_value_give(sqlite3_context *ctx, const struct lyre_field *f)
{
	switch (f->type) {
	case LYRE_NULL:
		sqlite3_result_null(ctx);
		break;
	case LYRE_BOOL:
		sqlite3_result_int(ctx, f->i != 0);
		sqlite3_result_subtype(ctx, SQL_SUBTYPE_BOOLEAN);
		break;
	case LYRE_INT:
		sqlite3_result_int64(ctx, f->i);
		if (f->i == 0 || f->i == 1)
			sqlite3_result_subtype(ctx, SQL_SUBTYPE_PLAIN);
		break;
	case LYRE_DOUBLE:
	case LYRE_BIGINT: /* SQLite has 64 bits */
		sqlite3_result_double(ctx, f->d);
		break;
	default:
		sqlite3_result_text64(ctx, f->s, f->len, f->lasting ? SQLITE_STATIC : SQLITE_TRANSIENT, SQLITE_UTF8);
		if (f->type != LYRE_STRING)
			sqlite3_result_subtype(ctx, SQL_SUBTYPE_JSON);
		else if (looks_nested(f->s, f->len))
			sqlite3_result_subtype(ctx, SQL_SUBTYPE_PLAIN);
		break;
	}
}

bool sql_value_bound(sqlite3_value *v, struct lyre_field *ret)
{
	*ret = (struct lyre_field){ .type = LYRE_NULL };
	switch (sqlite3_value_type(v)) {
	case SQLITE_INTEGER:
		ret->type = LYRE_INT;
		ret->i = sqlite3_value_int64(v);
		ret->d = (double)ret->i;
		return true;
	case SQLITE_FLOAT:
		ret->type = LYRE_DOUBLE;
		ret->d = sqlite3_value_double(v);
		return true;
	case SQLITE_TEXT:
		ret->type = LYRE_STRING;
		ret->s = (const char *)sqlite3_value_text(v);
		ret->len = (uint32_t)sqlite3_value_bytes(v);
		return ret->s != NULL;
	case SQLITE_NULL:
		return true;
	default:
		return false;
	}
}

static const lyre_value *fail_no_utf8(lyre_call *call)
{
	lyre_fail(call, LYRE_EINVAL, "A string to be stored is not valid UTF-8");
	return NULL;
}

static const lyre_value *take_text(lyre_call *call, const char *text, size_t len, bool json)
{
	if (!text)
		return NULL;
	const lyre_value *v = json ? lyre_make_json(call, text, len) : NULL;
	if (v)
		return v;
	return lyre_text_is_utf8(text, len) ? lyre_make_string(call, text, len) : fail_no_utf8(call);
}

/** Unpacks what SQL_KEEP_FUNCTION packed, or one of the literals. */
static const lyre_value *take_packed(lyre_call *call, const char *bytes, size_t len)
{
	if (len <= PACKED_LEN || memcmp(bytes, PACKED, PACKED_LEN) != 0) {
		lyre_fail(call, LYRE_EINVAL, "Blobs cannot be stored: use a string");
		return NULL;
	}
	bytes += PACKED_LEN;
	len -= PACKED_LEN;
	return *bytes == SQL_SUBTYPE_BOOLEAN ? lyre_make_bool(call, len > 1 && bytes[1] == '1') :
					       take_text(call, bytes + 1, len - 1, true);
}

/** An integer, or the boolean that it stands for. */
static const lyre_value *take_integer(lyre_call *call, sqlite3_value *v, bool boolean)
{
	sqlite3_int64 i = sqlite3_value_int64(v);
	bool is = (i == 0 || i == 1) && (boolean || sqlite3_value_subtype(v) == SQL_SUBTYPE_BOOLEAN);
	return is ? lyre_make_bool(call, i == 1) : lyre_make_int(call, i);
}

const lyre_value *sql_value_take(lyre_call *call, sqlite3_value *v, bool boolean)
{
	const char *bytes;
	switch (sqlite3_value_type(v)) {
	case SQLITE_INTEGER:
		return take_integer(call, v, boolean);
	case SQLITE_FLOAT:
		return lyre_make_double(call, sqlite3_value_double(v));
	case SQLITE_TEXT:
		bytes = (const char *)sqlite3_value_text(v);
		return take_text(call, bytes, (size_t)sqlite3_value_bytes(v), sqlite3_value_subtype(v) == SQL_SUBTYPE_JSON);
	case SQLITE_BLOB:
		bytes = sqlite3_value_blob(v);
		return take_packed(call, bytes ? bytes : "", (size_t)sqlite3_value_bytes(v));
	default:
		return lyre_make_null(call);
	}
}

const char *sql_value_lost(sqlite3_value *v, size_t *len)
{
	const char *bytes = sqlite3_value_type(v) == SQLITE_BLOB ? sqlite3_value_blob(v) : NULL;
	size_t n = (size_t)sqlite3_value_bytes(v);
	if (!bytes || n <= PACKED_LEN + 1 || memcmp(bytes, PACKED, PACKED_LEN) != 0 || bytes[PACKED_LEN] != SQL_SUBTYPE_LOST ||
		!lyre_text_is_utf8(bytes, n)) /* a client can write such a blob itself */
		return NULL;
	*len = n - PACKED_LEN - 1;
	return bytes + PACKED_LEN + 1;
}

/** Whether a value without a subtype could have had one. */
static bool may_be_lost(sqlite3_value *v)
{
	if (sqlite3_value_subtype(v))
		return false;
	if (sqlite3_value_type(v) == SQLITE_INTEGER)
		return sqlite3_value_int64(v) == 0 || sqlite3_value_int64(v) == 1;
	const char *text = sqlite3_value_type(v) == SQLITE_TEXT ? (const char *)sqlite3_value_text(v) : NULL;
	return text && looks_nested(text, (size_t)sqlite3_value_bytes(v));
}

/** SQL_KEEP_FUNCTION: packs a value with a subtype as "lyre", the subtype, its text. With user data also one that may be lost */
static void keep(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	unsigned subtype = sqlite3_value_subtype(argv[0]);
	(void)argc;
	if (sqlite3_user_data(ctx) && may_be_lost(argv[0]))
		subtype = SQL_SUBTYPE_LOST;
	if (subtype != SQL_SUBTYPE_BOOLEAN && subtype != SQL_SUBTYPE_JSON && subtype != SQL_SUBTYPE_LOST) {
		sqlite3_result_value(ctx, argv[0]);
		return;
	}
	const void *text = sqlite3_value_text(argv[0]);
	size_t len = (size_t)sqlite3_value_bytes(argv[0]);
	char *packed = text ? sqlite3_malloc64(PACKED_LEN + 1 + len) : NULL;
	if (!packed) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	memcpy(packed, PACKED, PACKED_LEN);
	packed[PACKED_LEN] = (char)subtype;
	memcpy(packed + PACKED_LEN + 1, text, len);
	sqlite3_result_blob64(ctx, packed, PACKED_LEN + 1 + len, sqlite3_free);
}

int sql_value_functions(sqlite3 *db)
{
	static char known;
	const int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_SUBTYPE | SQLITE_DETERMINISTIC;
	int rc = sqlite3_create_function(db, SQL_KEEP_FUNCTION, 1, flags, NULL, keep, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, SQL_KNOWN_FUNCTION, 1, flags, &known, keep, NULL, NULL);
	return rc;
}
