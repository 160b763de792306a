/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_work.c
 * \brief Estimates GEOS's work on two geometries; the weights are from measured times. GEOS locates each part in the other
 * geometry, and examines each pair of segments, of both geometries or of one, that share a meridian; pairs whose bounding boxes
 * touch take longer.
 */
#include "geo.h"

#include <math.h>
#include <stdlib.h>

/** The additional work for a pair whose boxes touch. */
#define NEAR_WORK 100
/** Number of positions that is always allowed, even if every pair of boxes touches. */
#define SMALL 340

/** The bounding box of a segment. */
struct box {
	double west, east, south, north;
	size_t at; /**< differs by 1 between neighbours on a line, whose boxes always touch, and by more between others */
};

static size_t add_boxes(const struct geo *g, struct box *boxes, size_t at)
{
	size_t n = 0;
	for (size_t i = 0; i < g->part_count; i++) {
		const struct geo_position *p = g->positions + g->parts[i].first;
		for (size_t k = 1; k < g->parts[i].count; k++)
			boxes[n++] = (struct box){ .west = fmin(p[k - 1].lon, p[k].lon),
				.east = fmax(p[k - 1].lon, p[k].lon),
				.south = fmin(p[k - 1].lat, p[k].lat),
				.north = fmax(p[k - 1].lat, p[k].lat),
				.at = at + g->parts[i].first + k };
	}
	return n;
}

static int by_west(const void *a, const void *b)
{
	double one = ((const struct box *)a)->west, other = ((const struct box *)b)->west;
	return (one > other) - (one < other);
}

static bool are_near(const struct box *a, const struct box *b)
{
	size_t between = a->at > b->at ? a->at - b->at : b->at - a->at;
	return a->south <= b->north && b->south <= a->north && between != 1;
}

/* Adds the work for the pairs. \param boxes  sorted from west to east. \return the sum, incomplete if above GEO_WORK_MAX */
static size_t add_pairs(size_t work, const struct box *boxes, size_t count)
{
	for (size_t i = 0; i < count && work <= GEO_WORK_MAX; i++)
		for (size_t k = i + 1; k < count && boxes[k].west <= boxes[i].east; k++)
			work += are_near(&boxes[i], &boxes[k]) ? NEAR_WORK + 1 : 1;
	return work;
}

enum geo_outcome geo_work_fits(const struct geo *a, const struct geo *b)
{
	size_t most = a->position_count + b->position_count;
	if (most <= SMALL)
		return GEO_OK;
	size_t work = a->part_count * b->position_count + b->part_count * a->position_count;
	if (work > GEO_WORK_MAX)
		return GEO_INVOLVED;
	struct box *boxes = sqlite3_malloc64(most * sizeof *boxes);
	if (!boxes)
		return GEO_NO_MEMORY;
	size_t count = add_boxes(a, boxes, 0);
	count += add_boxes(b, boxes + count, a->position_count + 1);
	qsort(boxes, count, sizeof *boxes, by_west);
	work = add_pairs(work, boxes, count);
	sqlite3_free(boxes);
	return work <= GEO_WORK_MAX ? GEO_OK : GEO_INVOLVED;
}
