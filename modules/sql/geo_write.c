/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_write.c
 * \brief Writes features as JSON. Shells go counterclockwise and holes clockwise, as RFC 7946 requires.
 */
#include "geo.h"

#include "function_rows.h"
#include "geo_json.h"

static void write_value(sqlite3_str *out, const char *value)
{
	sqlite3_str_append(out, value, (int)(geo_json_behind(value) - value));
}

void geo_write_begin(sqlite3_str *out, enum geo_type type, const char *properties)
{
	sqlite3_str_appendall(out, "{\"type\":\"Feature\",\"properties\":");
	write_value(out, properties ? properties : "{}");
	sqlite3_str_appendf(out, ",\"geometry\":{\"type\":\"%s\",\"coordinates\":", geo_type_name(type));
}

void geo_write_end(sqlite3_str *out)
{
	sqlite3_str_appendall(out, "}}");
}

static bool is_closed(const char *ring)
{
	const char *last = geo_json_first(ring);
	struct geo_position first, end;
	geo_read_position(last, &first);
	for (const char *p = last; p; p = geo_json_next(p))
		last = p;
	geo_read_position(last, &end);
	return geo_is_same(first, end);
}

/* \param levels  levels of nested arrays, down to a ring, which is 1 */
static void write_rings(sqlite3_str *out, const char *array, unsigned levels)
{
	const char *first = geo_json_first(array);
	sqlite3_str_appendchar(out, 1, '[');
	for (const char *item = first; item; item = geo_json_next(item)) {
		if (item != first)
			sqlite3_str_appendchar(out, 1, ',');
		if (levels > 1)
			write_rings(out, item, levels - 1);
		else
			write_value(out, item);
	}
	if (levels == 1 && !is_closed(array)) {
		sqlite3_str_appendchar(out, 1, ',');
		write_value(out, first);
	}
	sqlite3_str_appendchar(out, 1, ']');
}

void geo_write_coordinates(sqlite3_str *out, enum geo_type type, const char *coordinates)
{
	if (type == GEO_POLYGON || type == GEO_MULTI_POLYGON)
		write_rings(out, coordinates, type == GEO_POLYGON ? 2 : 3);
	else
		write_value(out, coordinates);
}

static void write_position(sqlite3_str *out, struct geo_position p)
{
	sqlite3_str_appendchar(out, 1, '[');
	sql_append_real(out, p.lon);
	sqlite3_str_appendchar(out, 1, ',');
	sql_append_real(out, p.lat);
	sqlite3_str_appendchar(out, 1, ']');
}

/* Computed relative to the first position, to lose little precision. */
static bool is_clockwise(const struct geo_position *p, size_t count)
{
	double sum = 0;
	for (size_t i = 1; i + 1 < count; i++)
		sum += (p[i].lon - p->lon) * (p[i + 1].lat - p->lat) - (p[i + 1].lon - p->lon) * (p[i].lat - p->lat);
	return sum < 0;
}

static void write_ring(sqlite3_str *out, const struct geo_position *p, size_t count, bool clockwise)
{
	bool turned = is_clockwise(p, count) != clockwise;
	sqlite3_str_appendchar(out, 1, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			sqlite3_str_appendchar(out, 1, ',');
		write_position(out, p[turned ? count - 1 - i : i]);
	}
	sqlite3_str_appendchar(out, 1, ']');
}

void geo_write_polygons(sqlite3_str *out, const struct geo *g)
{
	bool several = g->type == GEO_MULTI_POLYGON;
	sqlite3_str_appendall(out, several ? "[[" : "[");
	for (size_t i = 0; i < g->part_count; i++) {
		const struct geo_part *part = &g->parts[i];
		if (i)
			sqlite3_str_appendall(out, part->kind == GEO_SHELL ? "],[" : ",");
		write_ring(out, g->positions + part->first, part->count, part->kind == GEO_HOLE);
	}
	sqlite3_str_appendall(out, several ? "]]" : "]");
}
