/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_relate.c
 * \brief Relations and differences, by GEOS, on the plane of longitude and latitude.
 */
#include "geo.h"
#include "geo_contexts.h"

#include <string.h>

/** What one call of ours needs. */
struct work {
	GEOSContextHandle_t geos;
	bool no_memory; /**< as GEOS said */
};

typedef char predicate(GEOSContextHandle_t geos, const GEOSGeometry *a, const GEOSGeometry *b);

/* GEOS turns exceptions of C++ into messages and error codes. */
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

static void begin(struct work *w)
{
	*w = (struct work){ .geos = geo_context_take() };
	GEOSContext_setErrorMessageHandler_r(w->geos, note_error, w);
}

/* ---- to GEOS ---- */

static GEOSCoordSequence *make_sequence(struct work *w, const struct geo *g, const struct geo_part *part)
{
	GEOSCoordSequence *s = GEOSCoordSeq_create_r(w->geos, (unsigned)part->count, 2);
	const struct geo_position *p = g->positions + part->first;
	for (unsigned i = 0; s && i < part->count; i++) {
		if (GEOSCoordSeq_setXY_r(w->geos, s, i, p[i].lon, p[i].lat))
			continue;
		GEOSCoordSeq_destroy_r(w->geos, s);
		return NULL;
	}
	return s;
}

/* A part by itself: a point, a line or a ring. */
static GEOSGeometry *make_part(struct work *w, const struct geo *g, const struct geo_part *part)
{
	GEOSCoordSequence *s = make_sequence(w, g, part);
	if (!s)
		return NULL;
	switch (part->kind) {
	case GEO_DOT:
		return GEOSGeom_createPoint_r(w->geos, s);
	case GEO_PATH:
		return GEOSGeom_createLineString_r(w->geos, s);
	default:
		return GEOSGeom_createLinearRing_r(w->geos, s);
	}
}

static void destroy_all(struct work *w, GEOSGeometry **all, unsigned count)
{
	while (count)
		GEOSGeom_destroy_r(w->geos, all[--count]);
}

/* \param room  for the parts from \p first on */
static GEOSGeometry *make_polygon(struct work *w, const struct geo *g, size_t first, size_t count, GEOSGeometry **room)
{
	for (unsigned n = 0; n < count; n++) {
		room[n] = make_part(w, g, &g->parts[first + n]);
		if (!room[n]) {
			destroy_all(w, room, n);
			return NULL;
		}
	}
	return GEOSGeom_createPolygon_r(w->geos, room[0], room + 1, (unsigned)count - 1);
}

/* Of the parts from \p first on, those that are one geometry. */
static size_t parts_of_one(const struct geo *g, size_t first)
{
	size_t end = first + 1;
	while (end < g->part_count && g->parts[end].kind == GEO_HOLE)
		end++;
	return end - first;
}

/* \param room  for all parts. \return how many there are; -1: it failed */
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
		return GEOSGeom_createCollection_r(w->geos, GEOS_MULTIPOINT, room, (unsigned)count);
	case GEO_MULTI_LINE:
		return GEOSGeom_createCollection_r(w->geos, GEOS_MULTILINESTRING, room, (unsigned)count);
	case GEO_MULTI_POLYGON:
		return GEOSGeom_createCollection_r(w->geos, GEOS_MULTIPOLYGON, room, (unsigned)count);
	default:
		return room[0];
	}
}

/* \return NULL: it is not valid, or there is no memory */
static GEOSGeometry *make_geometry(struct work *w, const struct geo *g)
{
	GEOSGeometry **room = sqlite3_malloc64((g->part_count + 1) * sizeof *room);
	if (!room) {
		w->no_memory = true;
		return NULL;
	}
	GEOSGeometry *made = make_of(w, g, room);
	sqlite3_free(room);
	if (made && GEOSisValid_r(w->geos, made) != 1) {
		GEOSGeom_destroy_r(w->geos, made);
		return NULL;
	}
	return made;
}

/* Both, when they can be compared: GEOS takes no collections of several kinds. */
static enum geo_outcome make_both(struct work *w, const struct geo *const in[2], GEOSGeometry *made[2])
{
	made[0] = made[1] = NULL;
	if (in[0]->type == GEO_COLLECTION || in[1]->type == GEO_COLLECTION)
		return GEO_NONE;
	enum geo_outcome outcome = geo_work_fits(in[0], in[1]);
	if (outcome != GEO_OK)
		return outcome;
	begin(w);
	for (int i = 0; i < 2; i++) {
		made[i] = make_geometry(w, in[i]);
		if (!made[i])
			return failed(w);
	}
	return GEO_OK;
}

static void end(struct work *w, GEOSGeometry *made[2])
{
	if (!w->geos)
		return;
	for (int i = 0; i < 2; i++)
		GEOSGeom_destroy_r(w->geos, made[i]);
	geo_context_give(w->geos);
}

enum geo_outcome geo_relate(enum geo_relation relation, const struct geo *a, const struct geo *b, bool *ret)
{
	static predicate *const predicates[] = {
		[GEO_CONTAINS] = GEOSContains_r, [GEO_EQUAL] = GEOSEquals_r, [GEO_CROSSES] = GEOSCrosses_r
	};
	struct work w = { .geos = NULL };
	GEOSGeometry *made[2];
	*ret = false;
	if (relation == GEO_EQUAL && a->type != b->type)
		return GEO_OK; /* to GEOS, what covers the same is equal */
	enum geo_outcome outcome = make_both(&w, (const struct geo *const[]){ a, b }, made);
	char found = outcome == GEO_OK ? predicates[relation](w.geos, made[0], made[1]) : 0;
	if (found == 2)
		outcome = failed(&w);
	*ret = found == 1;
	end(&w, made);
	return outcome;
}

/* ---- from GEOS ---- */

static enum geo_outcome take_ring(struct work *w, struct geo *g, const GEOSGeometry *ring, enum geo_kind kind)
{
	const GEOSCoordSequence *s = ring ? GEOSGeom_getCoordSeq_r(w->geos, ring) : NULL;
	unsigned count;
	double lon, lat;
	if (!s || !GEOSCoordSeq_getSize_r(w->geos, s, &count))
		return failed(w);
	enum geo_outcome outcome = geo_add_part(g, kind);
	for (unsigned i = 0; outcome == GEO_OK && i < count; i++)
		outcome = GEOSCoordSeq_getXY_r(w->geos, s, i, &lon, &lat) ? geo_add(g, lon, lat) : failed(w);
	return outcome;
}

static enum geo_outcome take_polygon(struct work *w, struct geo *g, const GEOSGeometry *polygon)
{
	if (GEOSGeomTypeId_r(w->geos, polygon) != GEOS_POLYGON)
		return failed(w);
	int holes = GEOSGetNumInteriorRings_r(w->geos, polygon);
	enum geo_outcome outcome = take_ring(w, g, GEOSGetExteriorRing_r(w->geos, polygon), GEO_SHELL);
	for (int i = 0; outcome == GEO_OK && i < holes; i++)
		outcome = take_ring(w, g, GEOSGetInteriorRingN_r(w->geos, polygon, i), GEO_HOLE);
	return outcome;
}

static enum geo_outcome take_polygons(struct work *w, const GEOSGeometry *made, struct geo **ret)
{
	if (!made || GEOSisEmpty_r(w->geos, made))
		return failed(w);
	struct geo *g = *ret = geo_new();
	int count = GEOSGetNumGeometries_r(w->geos, made);
	enum geo_outcome outcome = g ? GEO_OK : GEO_NO_MEMORY;
	for (int i = 0; outcome == GEO_OK && i < count; i++)
		outcome = take_polygon(w, g, GEOSGetGeometryN_r(w->geos, made, i));
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
	struct work w = { .geos = NULL };
	GEOSGeometry *made[2];
	*ret = NULL;
	if (!is_polygonal(a) || !is_polygonal(b))
		return GEO_NONE;
	enum geo_outcome outcome = make_both(&w, (const struct geo *const[]){ a, b }, made);
	if (outcome == GEO_OK) {
		GEOSGeometry *left = GEOSDifference_r(w.geos, made[0], made[1]);
		outcome = take_polygons(&w, left, ret);
		GEOSGeom_destroy_r(w.geos, left);
	}
	end(&w, made);
	return outcome;
}
