/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/faults.h
 * \brief Faults that do not hide each other, to be told at once.
 */
#ifndef BASE_FAULTS_H
#define BASE_FAULTS_H

#include "base/err.h"

#include <stddef.h>

/** So many are told; the others are counted. */
#define FAULTS_TOLD 20

/** Zeroed: none. */
struct fault_list {
	size_t count;
	struct err told[FAULTS_TOLD]; /**< here, as being out of memory is a fault too */
};

/** Adds one, unless the same text is there already. */
void faults_add(struct fault_list *f, const struct err *e);
/**
 * What went wrong with one of several things that are looked at in turn.
 * \param f  NULL: the first fault ends it
 * \return 0: go on with the next; \p e is empty then. Else its code: without \p f, or out of memory
 */
int faults_take(struct fault_list *f, struct err *e);
/** How many can be told. */
size_t faults_told(const struct fault_list *f);

#endif
