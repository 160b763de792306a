/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/range.h
 * \brief From a condition to the entries of an index that may match it: never too few; the record tells the rest.
 */
#ifndef QUERY_RANGE_H
#define QUERY_RANGE_H

#include "query/plan.h"

/** Whether there is an index whose entries in a range are all that a leaf can match. */
bool leaf_has_range(const struct condition *leaf, const struct table *t);

#endif
