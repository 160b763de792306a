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
	int code; /**< of the first */
	size_t count;
	char *texts[FAULTS_TOLD]; /**< NULL: there was no memory for it */
};

/** Adds one, unless the same text is there already. */
void faults_add(struct fault_list *f, const struct err *e);
/**
 * What went wrong with one of several things that are looked at in turn.
 * \param f  NULL: the first fault ends it
 * \return 0: go on with the next; \p e is empty then. Else its code: without \p f, or out of memory
 */
int faults_take(struct fault_list *f, struct err *e);
/** \return the code of the first, with its text in \p e */
int faults_first(const struct fault_list *f, struct err *e);
void faults_free(struct fault_list *f);

#endif
