/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/words.h
 * \brief Old names in the API. Declarations and code use only the modern ones; operations have aliases.
 */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <lyre/types.h>
#include <stddef.h>

/** The modern name for a name of \p len bytes; the name itself if it is not an old one. \p len is set to the result's. */
const char *words_modern(const char *name, size_t *len);

/**
 * A member of an object by its modern name, or an old one.
 * \param[out] label  the name found, the modern one if it is missing; may be NULL
 * \return NULL if it is missing, or \p object is not an object
 */
const lyre_value *words_get(const lyre_value *object, const char *modern, const char **label);

/** Replaces old names in conditions with modern ones, at every depth; the values compared with are unchanged. */
void words_modernise(lyre_value *conditions);

#endif
