/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file geo_library.h
 * \brief GEOS, loaded when a statement first compares geometries: with the C++ library that it needs, it takes 3 MiB of
 * memory, which servers without such statements save.
 */
#ifndef SQL_GEO_LIBRARY_H
#define SQL_GEO_LIBRARY_H

#include <geos_c.h>

/** The functions of GEOS's C API that are used, each without its prefix GEOS and its suffix _r. */
/* clang-format off */
#define GEO_FUNCTIONS(X) \
	X(_init) X(_finish) X(Context_setErrorMessageHandler) \
	X(CoordSeq_create) X(CoordSeq_destroy) X(CoordSeq_getSize) X(CoordSeq_getXY) X(CoordSeq_setXY) \
	X(Geom_createPoint) X(Geom_createLineString) X(Geom_createLinearRing) X(Geom_createPolygon) X(Geom_createCollection) \
	X(Geom_destroy) X(Geom_getCoordSeq) X(GeomTypeId) X(GetExteriorRing) X(GetInteriorRingN) X(GetNumInteriorRings) \
	X(GetGeometryN) X(GetNumGeometries) X(isEmpty) X(isValid) \
	X(Contains) X(Equals) X(Crosses) X(Difference)
/* clang-format on */
#define GEO_MEMBER(name) __typeof__(GEOS##name##_r) *name;

struct geo_library {
	GEO_FUNCTIONS(GEO_MEMBER)
};

/** Valid while the caller holds a context. */
extern struct geo_library geos;

/** Waits for a free context, which only this thread may use until it gives it back. \return NULL if GEOS cannot be loaded */
GEOSContextHandle_t geo_context_take(void);
void geo_context_give(GEOSContextHandle_t context);

#endif
