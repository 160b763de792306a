/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/faults.h
 * \brief Collects independent faults, to be reported together.
 */
#ifndef BASE_FAULTS_H
#define BASE_FAULTS_H

#include "base/err.h"

#include <stddef.h>

/** At most this many are reported; further ones are only counted. */
#define FAULTS_TOLD 20

/** Zeroed: empty. */
struct fault_list {
	size_t count;
	struct err told[FAULTS_TOLD]; /**< here, as running out of memory is a fault too */
};

/** Adds a fault, unless its text is already in the list. */
void faults_add(struct fault_list *f, const struct err *e);
/**
 * Handles a fault in one of several independent checks.
 * \param f  collects it; NULL: the first fault ends the checks
 * \return 0: continue with the next check; \p e is then empty. Else its code: without \p f, or out of memory
 */
int faults_take(struct fault_list *f, struct err *e);
/** Number of faults that can be reported. */
size_t faults_told(const struct fault_list *f);

#endif
