/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_relate.c
 * \brief Relations and differences, computed by GEOS in the plane of longitude and latitude.
 */
#include "geo.h"
#include "geo_library.h"

#include <string.h>

/** The state of one comparison. */
struct work {
	GEOSContextHandle_t context;
	bool no_memory; /**< GEOS has reported it */
};

typedef char predicate(GEOSContextHandle_t context, const GEOSGeometry *a, const GEOSGeometry *b);

/* GEOS turns C++ exceptions into messages and error codes. */
static void note_error(const char *message, void *arg)
{
	struct work *w = arg;
	if (strstr(message, "bad_alloc"))
		w->no_memory = true;
}

static enum geo_outcome failed(const struct work *w)
{
	return w->no_memory ? GEO_NO_MEMORY : GEO_NONE;
}

static enum geo_outcome begin(struct work *w)
{
	*w = (struct work){ .context = geo_context_take() };
	if (!w->context)
		return GEO_UNAVAILABLE;
	geos.Context_setErrorMessageHandler(w->context, note_error, w);
	return GEO_OK;
}

/* ---- to GEOS ---- */

static GEOSCoordSequence *make_sequence(struct work *w, const struct geo *g, const struct geo_part *part)
{
	GEOSCoordSequence *s = geos.CoordSeq_create(w->context, (unsigned)part->count, 2);
	const struct geo_position *p = g->positions + part->first;
	for (unsigned i = 0; s && i < part->count; i++) {
		if (geos.CoordSeq_setXY(w->context, s, i, p[i].lon, p[i].lat))
			continue;
		geos.CoordSeq_destroy(w->context, s);
		return NULL;
	}
	return s;
}

/* A single part: a point, a line or a ring. */
static GEOSGeometry *make_part(struct work *w, const struct geo *g, const struct geo_part *part)
{
	GEOSCoordSequence *s = make_sequence(w, g, part);
	if (!s)
		return NULL;
	switch (part->kind) {
	case GEO_DOT:
		return geos.Geom_createPoint(w->context, s);
	case GEO_PATH:
		return geos.Geom_createLineString(w->context, s);
	default:
		return geos.Geom_createLinearRing(w->context, s);
	}
}

static void destroy_all(struct work *w, GEOSGeometry **all, unsigned count)
{
	while (count)
		geos.Geom_destroy(w->context, all[--count]);
}

/* \param room  room for the geometries of \p count parts, from \p first on */
static GEOSGeometry *make_polygon(struct work *w, const struct geo *g, size_t first, size_t count, GEOSGeometry **room)
{
	for (unsigned n = 0; n < count; n++) {
		room[n] = make_part(w, g, &g->parts[first + n]);
		if (!room[n]) {
			destroy_all(w, room, n);
			return NULL;
		}
	}
	return geos.Geom_createPolygon(w->context, room[0], room + 1, (unsigned)count - 1);
}

/* How many parts, from \p first on, form one geometry. */
static size_t parts_of_one(const struct geo *g, size_t first)
{
	size_t end = first + 1;
	while (end < g->part_count && g->parts[end].kind == GEO_HOLE)
		end++;
	return end - first;
}

/* \param room  room for the geometries of all parts. \return how many were made; -1 on failure */
static int make_members(struct work *w, const struct geo *g, GEOSGeometry **room)
{
	unsigned count = 0;
	for (size_t i = 0, n; i < g->part_count; i += n, count++) {
		n = parts_of_one(g, i);
		room[count] =
			g->parts[i].kind == GEO_SHELL ? make_polygon(w, g, i, n, room + count) : make_part(w, g, &g->parts[i]);
		if (!room[count]) {
			destroy_all(w, room, count);
			return -1;
		}
	}
	return (int)count;
}

static GEOSGeometry *make_of(struct work *w, const struct geo *g, GEOSGeometry **room)
{
	int count = make_members(w, g, room);
	if (count < 0)
		return NULL;
	switch (g->type) {
	case GEO_MULTI_POINT:
		return geos.Geom_createCollection(w->context, GEOS_MULTIPOINT, room, (unsigned)count);
	case GEO_MULTI_LINE:
		return geos.Geom_createCollection(w->context, GEOS_MULTILINESTRING, room, (unsigned)count);
	case GEO_MULTI_POLYGON:
		return geos.Geom_createCollection(w->context, GEOS_MULTIPOLYGON, room, (unsigned)count);
	default:
		return room[0];
	}
}

/* \return NULL if it is not valid, or out of memory */
static GEOSGeometry *make_geometry(struct work *w, const struct geo *g)
{
	GEOSGeometry **room = sqlite3_malloc64((g->part_count + 1) * sizeof *room);
	if (!room) {
		w->no_memory = true;
		return NULL;
	}
	GEOSGeometry *made = make_of(w, g, room);
	sqlite3_free(room);
	if (made && geos.isValid(w->context, made) != 1) {
		geos.Geom_destroy(w->context, made);
		return NULL;
	}
	return made;
}

/* Makes both if they can be compared: GEOS does not compare mixed collections. */
static enum geo_outcome make_both(struct work *w, const struct geo *const in[2], GEOSGeometry *made[2])
{
	made[0] = made[1] = NULL;
	if (in[0]->type == GEO_COLLECTION || in[1]->type == GEO_COLLECTION)
		return GEO_NONE;
	enum geo_outcome outcome = geo_work_fits(in[0], in[1]);
	if (outcome == GEO_OK)
		outcome = begin(w);
	if (outcome != GEO_OK)
		return outcome;
	for (int i = 0; i < 2; i++) {
		made[i] = make_geometry(w, in[i]);
		if (!made[i])
			return failed(w);
	}
	return GEO_OK;
}

static void end(struct work *w, GEOSGeometry *made[2])
{
	if (!w->context)
		return;
	for (int i = 0; i < 2; i++)
		geos.Geom_destroy(w->context, made[i]);
	geo_context_give(w->context);
}

static char find(struct work *w, enum geo_relation relation, GEOSGeometry *const made[2])
{
	predicate *const predicates[] = { [GEO_CONTAINS] = geos.Contains, [GEO_EQUAL] = geos.Equals, [GEO_CROSSES] = geos.Crosses };
	return predicates[relation](w->context, made[0], made[1]);
}

enum geo_outcome geo_relate(enum geo_relation relation, const struct geo *a, const struct geo *b, bool *ret)
{
	struct work w = { .context = NULL };
	GEOSGeometry *made[2];
	*ret = false;
	if (relation == GEO_EQUAL && a->type != b->type)
		return GEO_OK; /* to GEOS, geometries that cover the same points are equal */
	enum geo_outcome outcome = make_both(&w, (const struct geo *const[]){ a, b }, made);
	char found = outcome == GEO_OK ? find(&w, relation, made) : 0;
	if (found == 2)
		outcome = failed(&w);
	*ret = found == 1;
	end(&w, made);
	return outcome;
}

/* ---- from GEOS ---- */

static enum geo_outcome take_ring(struct work *w, struct geo *g, const GEOSGeometry *ring, enum geo_kind kind)
{
	const GEOSCoordSequence *s = ring ? geos.Geom_getCoordSeq(w->context, ring) : NULL;
	unsigned count;
	double lon, lat;
	if (!s || !geos.CoordSeq_getSize(w->context, s, &count))
		return failed(w);
	enum geo_outcome outcome = geo_add_part(g, kind);
	for (unsigned i = 0; outcome == GEO_OK && i < count; i++)
		outcome = geos.CoordSeq_getXY(w->context, s, i, &lon, &lat) ? geo_add(g, lon, lat) : failed(w);
	return outcome;
}

static enum geo_outcome take_polygon(struct work *w, struct geo *g, const GEOSGeometry *polygon)
{
	if (geos.GeomTypeId(w->context, polygon) != GEOS_POLYGON)
		return failed(w);
	int holes = geos.GetNumInteriorRings(w->context, polygon);
	enum geo_outcome outcome = take_ring(w, g, geos.GetExteriorRing(w->context, polygon), GEO_SHELL);
	for (int i = 0; outcome == GEO_OK && i < holes; i++)
		outcome = take_ring(w, g, geos.GetInteriorRingN(w->context, polygon, i), GEO_HOLE);
	return outcome;
}

static enum geo_outcome take_polygons(struct work *w, const GEOSGeometry *made, struct geo **ret)
{
	if (!made || geos.isEmpty(w->context, made))
		return failed(w);
	struct geo *g = *ret = geo_new();
	int count = geos.GetNumGeometries(w->context, made);
	enum geo_outcome outcome = g ? GEO_OK : GEO_NO_MEMORY;
	for (int i = 0; outcome == GEO_OK && i < count; i++)
		outcome = take_polygon(w, g, geos.GetGeometryN(w->context, made, i));
	if (outcome == GEO_OK)
		g->type = count > 1 ? GEO_MULTI_POLYGON : GEO_POLYGON;
	return outcome;
}

static bool is_polygonal(const struct geo *g)
{
	return g->type == GEO_POLYGON || g->type == GEO_MULTI_POLYGON;
}

enum geo_outcome geo_difference(const struct geo *a, const struct geo *b, struct geo **ret)
{
	struct work w = { .context = NULL };
	GEOSGeometry *made[2];
	*ret = NULL;
	if (!is_polygonal(a) || !is_polygonal(b))
		return GEO_NONE;
	enum geo_outcome outcome = make_both(&w, (const struct geo *const[]){ a, b }, made);
	if (outcome == GEO_OK) {
		GEOSGeometry *left = geos.Difference(w.context, made[0], made[1]);
		outcome = take_polygons(&w, left, ret);
		geos.Geom_destroy(w.context, left);
	}
	end(&w, made);
	return outcome;
}
