/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo.h
 * \brief GeoJSON (RFC 7946) for the functions of geo_functions.c: read, measured on a sphere, compared by GEOS, written.
 *
 * Positions are longitude and latitude in degrees; altitudes are passed over. Whatever takes longer with more positions has
 * a limit, as GEOS cannot be interrupted for one thread.
 */
#ifndef SQL_GEO_H
#define SQL_GEO_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/** Positions of a GeoJSON. */
#define GEO_POSITIONS_MAX 10000
/** Bytes of its text. */
#define GEO_TEXT_MAX (512 << 10)
/** What two may be for GEOS: geo_work.c. */
#define GEO_WORK_MAX 6000000
/** The mean radius of the earth, m. */
#define GEO_RADIUS 6371008.8

enum geo_outcome {
	GEO_OK,
	GEO_NONE,        /**< it is no GeoJSON, or not one that can be used here */
	GEO_LARGE,       /**< it has more than GEO_POSITIONS_MAX or GEO_TEXT_MAX */
	GEO_INVOLVED,    /**< two are more than GEO_WORK_MAX */
	GEO_UNAVAILABLE, /**< GEOS cannot be loaded */
	GEO_NO_MEMORY
};

/** What a GeoJSON is, by its only geometry. */
enum geo_type {
	GEO_POINT,
	GEO_MULTI_POINT,
	GEO_LINE,
	GEO_MULTI_LINE,
	GEO_POLYGON,
	GEO_MULTI_POLYGON,
	GEO_TYPES,
	GEO_COLLECTION = GEO_TYPES /**< it has any number of geometries, or none */
};

enum geo_kind { GEO_DOT, GEO_PATH, GEO_SHELL, GEO_HOLE };

/** A point, a line, or a closed ring; the holes of a polygon follow its shell. */
struct geo_part {
	enum geo_kind kind;
	size_t first, count; /**< of the positions */
};

struct geo_position {
	double lon, lat;
};

struct geo {
	enum geo_type type;
	struct geo_position *positions;
	size_t position_count, position_room;
	struct geo_part *parts;
	size_t part_count, part_room;
	char *properties; /**< of a feature, as JSON; NULL: none */
};

/* ---- geo_library.c ---- */

/** After all others. */
void geo_unload(void);

/* ---- geo_parts.c ---- */

/** An empty one; NULL: no memory. */
struct geo *geo_new(void);
/** Frees also what it has; it may be NULL. */
void geo_free(void *geo);
/** A part without positions, which geo_add() adds to it. */
enum geo_outcome geo_add_part(struct geo *g, enum geo_kind kind);
enum geo_outcome geo_add(struct geo *g, double lon, double lat);
/** The name of a type in GeoJSON. */
const char *geo_type_name(enum geo_type type);
/** By its name in any letter case; GEO_TYPES: there is none. */
enum geo_type geo_type_find(const char *name);

/* ---- geo_read.c ---- */

/** Reads a geometry, a feature, a collection of them, or the coordinates of a point. \param[out] ret  for geo_free(); may be
 * NULL unless GEO_OK */
enum geo_outcome geo_read(const char *text, size_t len, struct geo **ret);
/** Finds the coordinates of a type in a text. \param[out] ret  for geo_write_coordinates() */
enum geo_outcome geo_read_coordinates(const char *text, size_t len, enum geo_type type, const char **ret);
/** Finds an object or an array in a text. \param[out] ret  for geo_write_begin() */
enum geo_outcome geo_read_properties(const char *text, size_t len, const char **ret);
/** \return false: the value, which geo_json.h describes, is none */
bool geo_read_position(const char *value, struct geo_position *ret);
bool geo_is_same(struct geo_position a, struct geo_position b);

/* ---- geo_sphere.c: in radians, which are radii of the sphere ---- */

/** Of polygons, in radians squared. */
double geo_area(const struct geo *g);
/** Of lines, and of the rings of polygons. */
double geo_length(const struct geo *g);
double geo_distance(struct geo_position a, struct geo_position b);
/** Where one arrives who leaves in a direction: radians clockwise from north. */
struct geo_position geo_destination(struct geo_position from, double distance, double direction);

/* ---- geo_relate.c ---- */

enum geo_relation { GEO_CONTAINS, GEO_EQUAL, GEO_CROSSES };

enum geo_outcome geo_relate(enum geo_relation relation, const struct geo *a, const struct geo *b, bool *ret);
/** What polygons have that others do not. \param[out] ret  for geo_free(); GEO_NONE: nothing is left, too */
enum geo_outcome geo_difference(const struct geo *a, const struct geo *b, struct geo **ret);

/* ---- geo_work.c ---- */

/** \return GEO_INVOLVED if GEOS would take long to compare the two, or to check one of them */
enum geo_outcome geo_work_fits(const struct geo *a, const struct geo *b);

/* ---- geo_write.c ---- */

/** A feature up to its coordinates. \param properties  a value in JSON, with whatever follows it; NULL: none */
void geo_write_begin(sqlite3_str *out, enum geo_type type, const char *properties);
/** What follows them. */
void geo_write_end(sqlite3_str *out);
/** As they were read, with all rings closed. */
void geo_write_coordinates(sqlite3_str *out, enum geo_type type, const char *coordinates);
/** The coordinates of polygons. */
void geo_write_polygons(sqlite3_str *out, const struct geo *g);

#endif
