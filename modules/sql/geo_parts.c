/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_parts.c
 * \brief The parts of a GeoJSON value. Their memory comes from SQLite, which charges it to the statement.
 */
#include "geo.h"

static const char *const type_names[GEO_TYPES] = { [GEO_POINT] = "Point",
	[GEO_MULTI_POINT] = "MultiPoint",
	[GEO_LINE] = "LineString",
	[GEO_MULTI_LINE] = "MultiLineString",
	[GEO_POLYGON] = "Polygon",
	[GEO_MULTI_POLYGON] = "MultiPolygon" };

const char *geo_type_name(enum geo_type type)
{
	return type_names[type];
}

enum geo_type geo_type_find(const char *name)
{
	unsigned type = 0;
	while (type < GEO_TYPES && sqlite3_stricmp(name, type_names[type]) != 0)
		type++;
	return (enum geo_type)type;
}

struct geo *geo_new(void)
{
	struct geo *g = sqlite3_malloc64(sizeof *g);
	if (g)
		*g = (struct geo){ .type = GEO_COLLECTION };
	return g;
}

void geo_free(void *geo)
{
	struct geo *g = geo;
	if (!g)
		return;
	sqlite3_free(g->positions);
	sqlite3_free(g->parts);
	sqlite3_free(g->properties);
	sqlite3_free(g);
}

/* Makes room for one more. \return NULL if out of memory; \p items stays valid */
static void *grow(void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	size_t wanted = *room ? 2 * *room : 8;
	void *grown = sqlite3_realloc64(items, wanted * size);
	if (grown)
		*room = wanted;
	return grown;
}

enum geo_outcome geo_add_part(struct geo *g, enum geo_kind kind)
{
	struct geo_part *parts = grow(g->parts, g->part_count, &g->part_room, sizeof *parts);
	if (!parts)
		return GEO_NO_MEMORY;
	g->parts = parts;
	parts[g->part_count++] = (struct geo_part){ .kind = kind, .first = g->position_count };
	return GEO_OK;
}

enum geo_outcome geo_add(struct geo *g, double lon, double lat)
{
	struct geo_position *all = grow(g->positions, g->position_count, &g->position_room, sizeof *all);
	if (!all)
		return GEO_NO_MEMORY;
	g->positions = all;
	all[g->position_count++] = (struct geo_position){ lon, lat };
	g->parts[g->part_count - 1].count++;
	return GEO_OK;
}
