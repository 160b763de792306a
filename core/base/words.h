/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/words.h
 * \brief Old words of the wire. Declarations and code know only the modern ones; operations have theirs as aliases.
 */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <lyre/types.h>
#include <stddef.h>

/** The modern word for a name of \p len bytes; the name itself where it is no old one. \p len becomes the result's. */
const char *words_modern(const char *name, size_t *len);

/**
 * A member of an object by its modern name, or by an old one.
 * \param[out] label  the name it stands under, the modern one where it is not there; NULL when not wanted
 * \return NULL where it is not there, or \p object is no object
 */
const lyre_value *words_get(const lyre_value *object, const char *modern, const char **label);

/** Puts the modern words for the old ones of conditions, at every depth; what a condition compares with stays as it is. */
void words_modernise(lyre_value *conditions);

#endif
