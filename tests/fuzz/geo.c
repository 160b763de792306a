/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo.c
 * \brief GeoJSON in SQL: the parser agrees with the grammar of JSON, and all functions return valid JSON or finite numbers.
 */
#include "fuzz.h"
#include "json_grammar.h"
#include "sql/functions.h"
#include "sql/geo_json.h"
#include "sql/sql_limits.h"

#include <math.h>

static sqlite3 *db;

static void open_db(void)
{
	must(sqlite3_open(":memory:", &db) == SQLITE_OK && sql_limits_start());
	must(sql_functions_add(db) == SQLITE_OK);
}

/* Whether the grammar and the parser must agree: they limit nesting differently, and only one accepts a byte order mark. */
static bool is_plain(const char *text, size_t size)
{
	size_t brackets = 0;
	for (size_t i = 0; i < size; i++)
		brackets += text[i] == '[' || text[i] == '{';
	return brackets <= GEO_DEPTH_MAX && (unsigned char)*text != 0xef;
}

static void check_grammar(const char *text, size_t size)
{
	const char *value = geo_json_value(text, size);
	bool is_json = json_grammar(text, size) == 0;
	must(!value || (is_json && geo_json_behind(value) <= text + size));
	must(value || !is_json || !is_plain(text, size));
}

/* A number is finite, and JSON is valid. */
static void check_result(sqlite3_stmt *s, int i)
{
	const char *text = (const char *)sqlite3_column_text(s, i);
	if (sqlite3_column_type(s, i) == SQLITE_TEXT)
		must(text && json_grammar(text, (size_t)sqlite3_column_bytes(s, i)) == 0);
	else if (sqlite3_column_type(s, i) == SQLITE_FLOAT)
		must(isfinite(sqlite3_column_double(s, i)));
}

static void check_results(const char *sql, const char *text, size_t size)
{
	sqlite3_stmt *s;
	must(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK);
	must(sqlite3_bind_text64(s, 1, text, size, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK);
	if (sqlite3_step(s) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(s); i++)
			check_result(s, i);
	sqlite3_finalize(s);
}

#define SQUARE "'{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10]]]}'"
#define LINE "'{\"type\":\"LineString\",\"coordinates\":[[0,0],[10,10]]}'"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, 1);
	if (!db)
		open_db();
	check_grammar(text, size);
	check_results("SELECT geoArea(?1), geoLength(?1), geoDistance(?1, '[1,2]'), geoNear('[1,2]', ?1, 3), geoCircle(?1, 4)",
		text, size);
	check_results("SELECT geoConvert(?1, 'point'), geoConvert(?1, 'multiPoint'), geoConvert(?1, 'lineString'),"
		      "geoConvert(?1, 'multiLineString'), geoConvert(?1, 'polygon'), geoConvert(?1, 'multiPolygon'),"
		      "geoConvert('[1,2]', 'point', ?1)",
		text, size);
	check_results("SELECT geoDifference(?1, " SQUARE "), geoDifference(" SQUARE ", ?1), geoContains(?1, " SQUARE "),"
		      "geoContains(" SQUARE ", ?1), geoCrosses(?1, " LINE
		      "), geoEqual(?1, ?1), geoCrosses(?1, ?1), geoDifference(?1, ?1)",
		text, size);
	free(text);
	return 0;
}
