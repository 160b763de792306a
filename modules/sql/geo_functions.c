/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_functions.c
 * \brief The geo… functions: their arguments and results. If an argument is not GeoJSON, the result is NULL; if it is too
 * large, an error.
 */
#include "function_rows.h"
#include "functions.h"
#include "geo.h"
#include "sql_value.h"

#include <math.h>

#define PI 3.14159265358979323846
/** Number of sides of the polygon that approximates a circle. */
#define CIRCLE_SIDES 64

#define TEXT_OF(number) TEXT_OF_(number)
#define TEXT_OF_(number) #number

/** A GeoJSON argument. SQLite keeps the parsed form of constant ones. */
struct operand {
	struct geo *geo;
	bool kept;
};

static void complain(sqlite3_context *ctx, enum geo_outcome outcome)
{
	if (outcome == GEO_LARGE)
		sqlite3_result_error(ctx,
			"the GeoJSON value has more than " TEXT_OF(GEO_POSITIONS_MAX) " positions or is longer than 512 KiB", -1);
	else if (outcome == GEO_INVOLVED)
		sqlite3_result_error(ctx, "the two GeoJSON values are too complex to compare", -1);
	else if (outcome == GEO_UNAVAILABLE)
		sqlite3_result_error(ctx, "GEOS, which compares geometries, cannot be loaded: is libgeos_c.so.1 installed?", -1);
	else if (outcome == GEO_NO_MEMORY)
		sqlite3_result_error_nomem(ctx);
}

/* \return false if the call is done: its result is NULL or an error */
static bool take(sqlite3_context *ctx, sqlite3_value **args, int i, struct operand *o)
{
	*o = (struct operand){ .geo = sqlite3_get_auxdata(ctx, i) };
	o->kept = o->geo != NULL;
	if (o->kept)
		return true;
	if (sqlite3_value_type(args[i]) != SQLITE_TEXT)
		return false;
	const char *text = (const char *)sqlite3_value_text(args[i]);
	enum geo_outcome outcome = text ? geo_read(text, (size_t)sqlite3_value_bytes(args[i]), &o->geo) : GEO_NO_MEMORY;
	if (outcome == GEO_OK)
		return true;
	geo_free(o->geo);
	o->geo = NULL;
	complain(ctx, outcome);
	return false;
}

static void drop(sqlite3_context *ctx, int i, struct operand *o)
{
	if (o->geo && !o->kept)
		sqlite3_set_auxdata(ctx, i, o->geo, geo_free);
}

/* Like take(), for the first two arguments. */
static bool take_two(sqlite3_context *ctx, sqlite3_value **args, struct operand o[2])
{
	o[1] = (struct operand){ .geo = NULL };
	return take(ctx, args, 0, &o[0]) && take(ctx, args, 1, &o[1]);
}

static void drop_two(sqlite3_context *ctx, struct operand o[2])
{
	drop(ctx, 0, &o[0]);
	drop(ctx, 1, &o[1]);
}

static void result_boolean(sqlite3_context *ctx, bool value)
{
	sqlite3_result_int(ctx, value);
	sqlite3_result_subtype(ctx, SQL_SUBTYPE_BOOLEAN);
}

static bool number_of(sqlite3_value *v, double *ret)
{
	int type = sqlite3_value_numeric_type(v);
	*ret = sqlite3_value_double(v);
	return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

/* ---- measures ---- */

/* How many of the unit named by an argument, or kilometers without it, make a radian. \return as for take() */
static bool unit_of(sqlite3_context *ctx, int count, sqlite3_value **args, int i, double *ret)
{
	static const struct {
		const char *name;
		double in_radian;
	} units[] = { { "kilometers", GEO_RADIUS / 1000 }, { "miles", GEO_RADIUS / 1609.344 }, { "degrees", 180 / PI },
		{ "radians", 1 }, { "meters", GEO_RADIUS }, { "feet", GEO_RADIUS / 0.3048 }, { "yards", GEO_RADIUS / 0.9144 },
		{ "inches", GEO_RADIUS / 0.0254 }, { "centimeters", GEO_RADIUS * 100 }, { "millimeters", GEO_RADIUS * 1000 },
		{ "nauticalmiles", GEO_RADIUS / 1852 }, { "kilometres", GEO_RADIUS / 1000 }, { "metres", GEO_RADIUS } };
	*ret = units[0].in_radian;
	if (i >= count)
		return true;
	const char *name = (const char *)sqlite3_value_text(args[i]);
	for (size_t k = 0; name && k < sizeof units / sizeof *units; k++) {
		*ret = units[k].in_radian;
		if (sqlite3_stricmp(name, units[k].name) == 0)
			return true;
	}
	if (name)
		sqlite3_result_error(ctx,
			"the unit must be kilometers, miles, degrees, radians, meters, feet, yards, inches, centimeters, millimeters or nauticalmiles",
			-1);
	return false;
}

static void geo_area_call(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	struct operand o;
	(void)count;
	if (take(ctx, args, 0, &o))
		sqlite3_result_double(ctx, geo_area(o.geo) * GEO_RADIUS * GEO_RADIUS);
	drop(ctx, 0, &o);
}

static void geo_length_call(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	struct operand o;
	double unit;
	if (!unit_of(ctx, count, args, 1, &unit))
		return;
	if (take(ctx, args, 0, &o))
		sqlite3_result_double(ctx, geo_length(o.geo) * unit);
	drop(ctx, 0, &o);
}

/* In radians. \return false if the call is done: its result is NULL or an error */
static bool distance_of(sqlite3_context *ctx, sqlite3_value **args, double *ret)
{
	struct operand o[2];
	bool is = take_two(ctx, args, o) && o[0].geo->type == GEO_POINT && o[1].geo->type == GEO_POINT;
	if (is)
		*ret = geo_distance(o[0].geo->positions[0], o[1].geo->positions[0]);
	drop_two(ctx, o);
	return is;
}

static void geo_distance_call(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	double unit, distance;
	if (unit_of(ctx, count, args, 2, &unit) && distance_of(ctx, args, &distance))
		sqlite3_result_double(ctx, distance * unit);
}

static void geo_near_call(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	double unit, distance, most;
	if (unit_of(ctx, count, args, 3, &unit) && number_of(args[2], &most) && distance_of(ctx, args, &distance))
		result_boolean(ctx, distance * unit <= most);
}

/* ---- features ---- */

static void result_feature(sqlite3_context *ctx, const struct geo *g, const char *properties)
{
	sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(ctx));
	geo_write_begin(out, g->type, properties);
	geo_write_polygons(out, g);
	geo_write_end(out);
	sql_result_str(ctx, out);
	sqlite3_result_subtype(ctx, SQL_SUBTYPE_JSON);
}

static enum geo_outcome add_circle(struct geo *g, struct geo_position center, double radius)
{
	enum geo_outcome outcome = geo_add_part(g, GEO_SHELL);
	g->type = GEO_POLYGON;
	for (int i = 0; outcome == GEO_OK && i < CIRCLE_SIDES; i++) {
		struct geo_position p = geo_destination(center, radius, -2 * PI * i / CIRCLE_SIDES);
		outcome = geo_add(g, p.lon, p.lat);
	}
	return outcome == GEO_OK ? geo_add(g, g->positions[0].lon, g->positions[0].lat) : outcome;
}

static void result_circle(sqlite3_context *ctx, const struct geo *center, double radius)
{
	struct geo *circle = geo_new();
	if (circle && add_circle(circle, center->positions[0], radius) == GEO_OK)
		result_feature(ctx, circle, center->properties);
	else
		sqlite3_result_error_nomem(ctx);
	geo_free(circle);
}

static void geo_circle_call(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	struct operand center;
	double unit, radius;
	if (!unit_of(ctx, count, args, 2, &unit) || !number_of(args[1], &radius))
		return;
	radius /= unit;
	if (take(ctx, args, 0, &center) && center.geo->type == GEO_POINT && radius > 0 && radius < PI)
		result_circle(ctx, center.geo, radius);
	drop(ctx, 0, &center);
}

static void geo_difference_call(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	struct operand o[2];
	struct geo *left = NULL;
	(void)count;
	if (sql_function_ends(ctx))
		return;
	if (take_two(ctx, args, o)) {
		enum geo_outcome outcome = geo_difference(o[0].geo, o[1].geo, &left);
		if (outcome == GEO_OK)
			result_feature(ctx, left, o[0].geo->properties);
		complain(ctx, outcome);
	}
	geo_free(left);
	drop_two(ctx, o);
}

/* \param[out] type  never GEO_TYPES if true is returned. \return false if the call is done: its result is NULL or an error */
static bool type_of(sqlite3_context *ctx, sqlite3_value *v, enum geo_type *type)
{
	const char *name = (const char *)sqlite3_value_text(v);
	*type = name ? geo_type_find(name) : GEO_TYPES;
	if (name && *type == GEO_TYPES)
		sqlite3_result_error(ctx,
			"the GeoJSON type must be point, lineString, polygon, multiPoint, multiLineString or multiPolygon", -1);
	return *type != GEO_TYPES;
}

/* NULL without the argument, or if it is NULL. */
static enum geo_outcome read_properties(int count, sqlite3_value **args, const char **ret)
{
	const char *text = count > 2 ? (const char *)sqlite3_value_text(args[2]) : NULL;
	*ret = NULL;
	return text ? geo_read_properties(text, (size_t)sqlite3_value_bytes(args[2]), ret) : GEO_OK;
}

static void geo_convert_call(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	enum geo_type type;
	const char *text = (const char *)sqlite3_value_text(args[0]), *properties, *coordinates;
	if (!type_of(ctx, args[1], &type) || !text)
		return;
	enum geo_outcome outcome = read_properties(count, args, &properties);
	if (outcome == GEO_OK)
		outcome = geo_read_coordinates(text, (size_t)sqlite3_value_bytes(args[0]), type, &coordinates);
	complain(ctx, outcome);
	if (outcome != GEO_OK)
		return;
	sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(ctx));
	geo_write_begin(out, type, properties);
	geo_write_coordinates(out, type, coordinates);
	geo_write_end(out);
	sql_result_str(ctx, out);
	sqlite3_result_subtype(ctx, SQL_SUBTYPE_JSON);
}

/* ---- relations ---- */

static const enum geo_relation contains = GEO_CONTAINS, equal = GEO_EQUAL, crosses = GEO_CROSSES;

/* The relation given as user data. */
static void geo_relate_call(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	const enum geo_relation *relation = sqlite3_user_data(ctx);
	struct operand o[2];
	(void)count;
	if (sql_function_ends(ctx))
		return;
	if (take_two(ctx, args, o)) {
		bool is;
		enum geo_outcome outcome = geo_relate(*relation, o[0].geo, o[1].geo, &is);
		if (outcome == GEO_OK)
			result_boolean(ctx, is);
		complain(ctx, outcome);
	}
	drop_two(ctx, o);
}

#define FLAGS (SQLITE_DETERMINISTIC | SQLITE_SUBTYPE)

static const struct sql_function rows[] = {
	{ "geoarea", 1, geo_area_call, NULL, NULL, NULL, FLAGS },
	{ "geolength", 1, geo_length_call, NULL, NULL, NULL, FLAGS },
	{ "geolength", 2, geo_length_call, NULL, NULL, NULL, FLAGS },
	{ "geodistance", 2, geo_distance_call, NULL, NULL, NULL, FLAGS },
	{ "geodistance", 3, geo_distance_call, NULL, NULL, NULL, FLAGS },
	{ "geonear", 3, geo_near_call, NULL, NULL, NULL, FLAGS },
	{ "geonear", 4, geo_near_call, NULL, NULL, NULL, FLAGS },
	{ "geocircle", 2, geo_circle_call, NULL, NULL, NULL, FLAGS },
	{ "geocircle", 3, geo_circle_call, NULL, NULL, NULL, FLAGS },
	{ "geodifference", 2, geo_difference_call, NULL, NULL, NULL, FLAGS },
	{ "geoconvert", 2, geo_convert_call, NULL, NULL, NULL, FLAGS },
	{ "geoconvert", 3, geo_convert_call, NULL, NULL, NULL, FLAGS },
	{ "geocontains", 2, geo_relate_call, NULL, NULL, &contains, FLAGS },
	{ "geoequal", 2, geo_relate_call, NULL, NULL, &equal, FLAGS },
	{ "geocrosses", 2, geo_relate_call, NULL, NULL, &crosses, FLAGS },
};

const struct sql_functions geo_functions = SQL_FUNCTIONS(rows);
