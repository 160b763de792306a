/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_sphere.c
 * \brief Measures on a sphere.
 */
#include "geo.h"

#include <math.h>

#define PI 3.14159265358979323846

static double radians(double degrees)
{
	return degrees * (PI / 180);
}

double geo_distance(struct geo_position a, struct geo_position b)
{
	double north = sin(radians(b.lat - a.lat) / 2), east = sin(radians(b.lon - a.lon) / 2);
	double h = north * north + east * east * cos(radians(a.lat)) * cos(radians(b.lat));
	return 2 * atan2(sqrt(fmax(h, 0)), sqrt(fmax(1 - h, 0)));
}

struct geo_position geo_destination(struct geo_position from, double distance, double direction)
{
	double lat = radians(from.lat);
	double s = sin(lat) * cos(distance) + cos(lat) * sin(distance) * cos(direction);
	double to = asin(fmax(-1, fmin(1, s)));
	double east = atan2(sin(direction) * sin(distance) * cos(lat), cos(distance) - sin(lat) * sin(to));
	return (struct geo_position){ from.lon + east * (180 / PI), to * (180 / PI) };
}

/* The area of a ring: the sum of strips from the equator up to each position, between the meridians of its neighbours. */
static double ring_area(const struct geo_position *p, size_t count)
{
	size_t n = count - 1; /* the last is the first */
	double sum = 0;
	for (size_t i = 0; i < n; i++) {
		double width = p[i + 1].lon - p[i ? i - 1 : n - 1].lon;
		sum += radians(width) * sin(radians(p[i].lat));
	}
	return fabs(sum / 2);
}

double geo_area(const struct geo *g)
{
	double area = 0;
	for (size_t i = 0; i < g->part_count; i++) {
		const struct geo_part *part = &g->parts[i];
		if (part->kind == GEO_SHELL)
			area += ring_area(g->positions + part->first, part->count);
		else if (part->kind == GEO_HOLE)
			area -= ring_area(g->positions + part->first, part->count);
	}
	return area;
}

double geo_length(const struct geo *g)
{
	double length = 0;
	for (size_t i = 0; i < g->part_count; i++) {
		const struct geo_position *p = g->positions + g->parts[i].first;
		for (size_t k = 1; k < g->parts[i].count; k++)
			length += geo_distance(p[k - 1], p[k]);
	}
	return length;
}
