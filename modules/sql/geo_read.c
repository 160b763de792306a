/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_read.c
 * \brief Reads GeoJSON into parts. Rings that do not end at their first position are closed: the API's examples have such rings.
 */
#include "geo.h"
#include "geo_json.h"

#include <math.h>
#include <string.h>

/** Maximum absolute value of a coordinate: far more than any degrees, and within what GEOS can compute with. */
#define DEGREES_MAX 1e9

typedef enum geo_outcome reader(struct geo *g, const char *value);

static bool read_degrees(const char *value, double *ret)
{
	return value && geo_json_number(value, ret) && fabs(*ret) <= DEGREES_MAX;
}

bool geo_read_position(const char *value, struct geo_position *ret)
{
	const char *lon = geo_json_is_array(value) ? geo_json_first(value) : NULL;
	return read_degrees(lon, &ret->lon) && read_degrees(geo_json_next(lon), &ret->lat);
}

/* Adds a position to the last part. */
static enum geo_outcome read_position(struct geo *g, const char *value)
{
	struct geo_position p;
	if (!geo_read_position(value, &p))
		return GEO_NONE;
	return g->position_count < GEO_POSITIONS_MAX ? geo_add(g, p.lon, p.lat) : GEO_LARGE;
}

static enum geo_outcome read_each(struct geo *g, const char *array, reader *read)
{
	if (!array || !geo_json_is_array(array))
		return GEO_NONE;
	enum geo_outcome outcome = GEO_OK;
	for (const char *item = geo_json_first(array); outcome == GEO_OK && item; item = geo_json_next(item))
		outcome = read(g, item);
	return outcome;
}

static enum geo_outcome read_part(struct geo *g, const char *array, enum geo_kind kind)
{
	enum geo_outcome outcome = geo_add_part(g, kind);
	return outcome == GEO_OK ? read_each(g, array, read_position) : outcome;
}

static enum geo_outcome read_point(struct geo *g, const char *position)
{
	enum geo_outcome outcome = geo_add_part(g, GEO_DOT);
	return outcome == GEO_OK ? read_position(g, position) : outcome;
}

static enum geo_outcome read_line(struct geo *g, const char *positions)
{
	enum geo_outcome outcome = read_part(g, positions, GEO_PATH);
	return outcome == GEO_OK && g->parts[g->part_count - 1].count < 2 ? GEO_NONE : outcome;
}

bool geo_is_same(struct geo_position a, struct geo_position b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

static enum geo_outcome close_ring(struct geo *g)
{
	const struct geo_part *part = &g->parts[g->part_count - 1];
	if (part->count < 3)
		return GEO_NONE;
	struct geo_position first = g->positions[part->first];
	if (!geo_is_same(first, g->positions[g->position_count - 1]))
		return geo_add(g, first.lon, first.lat);
	return part->count < 4 ? GEO_NONE : GEO_OK;
}

static enum geo_outcome read_polygon(struct geo *g, const char *rings)
{
	const char *ring = geo_json_is_array(rings) ? geo_json_first(rings) : NULL;
	enum geo_outcome outcome = ring ? GEO_OK : GEO_NONE;
	for (enum geo_kind kind = GEO_SHELL; outcome == GEO_OK && ring; kind = GEO_HOLE, ring = geo_json_next(ring)) {
		outcome = read_part(g, ring, kind);
		if (outcome == GEO_OK)
			outcome = close_ring(g);
	}
	return outcome;
}

static enum geo_outcome read_coordinates(struct geo *g, enum geo_type type, const char *value)
{
	static reader *const readers[GEO_TYPES] = { [GEO_POINT] = read_point,
		[GEO_MULTI_POINT] = read_point,
		[GEO_LINE] = read_line,
		[GEO_MULTI_LINE] = read_line,
		[GEO_POLYGON] = read_polygon,
		[GEO_MULTI_POLYGON] = read_polygon };
	bool several = type == GEO_MULTI_POINT || type == GEO_MULTI_LINE || type == GEO_MULTI_POLYGON;
	g->type = type;
	if (!value)
		return GEO_NONE;
	return several ? read_each(g, value, readers[type]) : readers[type](g, value);
}

static enum geo_outcome read_object(struct geo *g, const char *object);

/* The resulting type is GEO_COLLECTION, whatever the members are. */
static enum geo_outcome read_collection(struct geo *g, const char *members)
{
	enum geo_outcome outcome = read_each(g, members, read_object);
	g->type = GEO_COLLECTION;
	return outcome;
}

/* A feature whose geometry is null has no location. */
static enum geo_outcome read_feature(struct geo *g, const char *feature)
{
	const char *geometry = geo_json_member(feature, "geometry");
	if (!geometry)
		return GEO_NONE;
	g->type = GEO_COLLECTION;
	return *geometry == 'n' ? GEO_OK : read_object(g, geometry);
}

static enum geo_outcome read_object(struct geo *g, const char *object)
{
	static const char collection[] = "FeatureCollection";
	char name[sizeof collection + 2] = ""; /* no type has a longer name */
	const char *type = geo_json_member(object, "type"), *text;
	size_t len = type ? geo_json_text(type, &text) : 0;
	if (!len || len >= sizeof name)
		return GEO_NONE;
	memcpy(name, text, len);
	if (strcmp(name, "Feature") == 0)
		return read_feature(g, object);
	if (strcmp(name, collection) == 0)
		return read_collection(g, geo_json_member(object, "features"));
	if (strcmp(name, "GeometryCollection") == 0)
		return read_collection(g, geo_json_member(object, "geometries"));
	enum geo_type found = geo_type_find(name);
	if (found == GEO_TYPES || strcmp(name, geo_type_name(found)) != 0)
		return GEO_NONE;
	return read_coordinates(g, found, geo_json_member(object, "coordinates"));
}

static enum geo_outcome keep_properties(struct geo *g, const char *object)
{
	const char *properties = geo_json_member(object, "properties");
	if (!properties || !geo_json_is_object(properties))
		return GEO_OK;
	g->properties = sqlite3_mprintf("%.*s", (int)(geo_json_behind(properties) - properties), properties);
	return g->properties ? GEO_OK : GEO_NO_MEMORY;
}

static enum geo_outcome read_document(struct geo *g, const char *document)
{
	if (geo_json_is_array(document))
		return read_coordinates(g, GEO_POINT, document);
	enum geo_outcome outcome = read_object(g, document);
	return outcome == GEO_OK ? keep_properties(g, document) : outcome;
}

/* Finds an object or an array. */
static enum geo_outcome find_value(const char *text, size_t len, const char **ret)
{
	if (len > GEO_TEXT_MAX)
		return GEO_LARGE;
	*ret = geo_json_value(text, len);
	return *ret && (geo_json_is_object(*ret) || geo_json_is_array(*ret)) ? GEO_OK : GEO_NONE;
}

enum geo_outcome geo_read(const char *text, size_t len, struct geo **ret)
{
	const char *document;
	*ret = NULL;
	enum geo_outcome outcome = find_value(text, len, &document);
	if (outcome != GEO_OK)
		return outcome;
	*ret = geo_new();
	return *ret ? read_document(*ret, document) : GEO_NO_MEMORY;
}

enum geo_outcome geo_read_coordinates(const char *text, size_t len, enum geo_type type, const char **ret)
{
	enum geo_outcome outcome = find_value(text, len, ret);
	if (outcome != GEO_OK)
		return outcome;
	struct geo *g = geo_new();
	outcome = g ? read_coordinates(g, type, *ret) : GEO_NO_MEMORY;
	geo_free(g);
	return outcome;
}

enum geo_outcome geo_read_properties(const char *text, size_t len, const char **ret)
{
	return find_value(text, len, ret);
}
