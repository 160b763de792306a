/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo.h
 * \brief GeoJSON (RFC 7946) for the functions of geo_functions.c: read, measured on a sphere, compared by GEOS, written.
 *
 * Positions are longitude and latitude in degrees; altitudes are ignored. Everything that takes longer with more
 * positions is limited, as GEOS cannot be interrupted in a single thread.
 */
#ifndef SQL_GEO_H
#define SQL_GEO_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/** Maximum number of positions in a GeoJSON value. */
#define GEO_POSITIONS_MAX 10000
/** Maximum length of its text, in bytes. */
#define GEO_TEXT_MAX (512 << 10)
/** Maximum work for GEOS on two geometries, as estimated in geo_work.c. */
#define GEO_WORK_MAX 6000000
/** The mean radius of the earth, in meters. */
#define GEO_RADIUS 6371008.8

enum geo_outcome {
	GEO_OK,
	GEO_NONE,        /**< not GeoJSON, or not of a kind that can be used here */
	GEO_LARGE,       /**< exceeds GEO_POSITIONS_MAX or GEO_TEXT_MAX */
	GEO_INVOLVED,    /**< comparing the two exceeds GEO_WORK_MAX */
	GEO_UNAVAILABLE, /**< GEOS cannot be loaded */
	GEO_NO_MEMORY
};

/** The type of a GeoJSON value: that of its geometry, or a collection. */
enum geo_type {
	GEO_POINT,
	GEO_MULTI_POINT,
	GEO_LINE,
	GEO_MULTI_LINE,
	GEO_POLYGON,
	GEO_MULTI_POLYGON,
	GEO_TYPES,
	GEO_COLLECTION = GEO_TYPES /**< has any number of geometries, or none */
};

enum geo_kind { GEO_DOT, GEO_PATH, GEO_SHELL, GEO_HOLE };

/** A point, a line, or a closed ring; the holes of a polygon follow its shell. */
struct geo_part {
	enum geo_kind kind;
	size_t first, count; /**< index of its first position, and number of positions */
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
	char *properties; /**< of a feature, as JSON; NULL if it has none */
};

/* ---- geo_library.c ---- */

/** To be called after all other functions. */
void geo_unload(void);

/* ---- geo_parts.c ---- */

/** Creates an empty one; NULL if out of memory. */
struct geo *geo_new(void);
/** Frees it and all that it owns; it may be NULL. */
void geo_free(void *geo);
/** Adds a part without positions; geo_add() adds them. */
enum geo_outcome geo_add_part(struct geo *g, enum geo_kind kind);
enum geo_outcome geo_add(struct geo *g, double lon, double lat);
/** The name of a type in GeoJSON. */
const char *geo_type_name(enum geo_type type);
/** Finds a type by its name, in any letter case; GEO_TYPES if there is none. */
enum geo_type geo_type_find(const char *name);

/* ---- geo_read.c ---- */

/** Reads a geometry, a feature, a collection of them, or the coordinates of a point. \param[out] ret  to be freed with
 * geo_free(); may be NULL unless GEO_OK */
enum geo_outcome geo_read(const char *text, size_t len, struct geo **ret);
/** Finds the coordinates of a type in a string. \param[out] ret  for geo_write_coordinates() */
enum geo_outcome geo_read_coordinates(const char *text, size_t len, enum geo_type type, const char **ret);
/** Finds an object or an array in a string. \param[out] ret  for geo_write_begin() */
enum geo_outcome geo_read_properties(const char *text, size_t len, const char **ret);
/** \param value  as in geo_json.h. \return false if it is not a position */
bool geo_read_position(const char *value, struct geo_position *ret);
bool geo_is_same(struct geo_position a, struct geo_position b);

/* ---- geo_sphere.c: in radians, the distance in units of the sphere's radius ---- */

/** The area of polygons, in square radians. */
double geo_area(const struct geo *g);
/** The length of lines, and of the rings of polygons. */
double geo_length(const struct geo *g);
double geo_distance(struct geo_position a, struct geo_position b);
/** The position reached from another. \param direction  in radians clockwise from north */
struct geo_position geo_destination(struct geo_position from, double distance, double direction);

/* ---- geo_relate.c ---- */

enum geo_relation { GEO_CONTAINS, GEO_EQUAL, GEO_CROSSES };

enum geo_outcome geo_relate(enum geo_relation relation, const struct geo *a, const struct geo *b, bool *ret);
/** The area of the polygons \p a outside of \p b. \param[out] ret  to be freed with geo_free(). \return also GEO_NONE if
 * nothing is left */
enum geo_outcome geo_difference(const struct geo *a, const struct geo *b, struct geo **ret);

/* ---- geo_work.c ---- */

/** \return GEO_INVOLVED if GEOS would take long to compare the two, or to check one of them */
enum geo_outcome geo_work_fits(const struct geo *a, const struct geo *b);

/* ---- geo_write.c ---- */

/** Writes a feature up to its coordinates. \param properties  a JSON value, which more text may follow; NULL for none */
void geo_write_begin(sqlite3_str *out, enum geo_type type, const char *properties);
/** Writes the rest of a feature, after its coordinates. */
void geo_write_end(sqlite3_str *out);
/** Writes coordinates as they were read, with all rings closed. */
void geo_write_coordinates(sqlite3_str *out, enum geo_type type, const char *coordinates);
/** Writes the coordinates of polygons. */
void geo_write_polygons(sqlite3_str *out, const struct geo *g);

#endif
