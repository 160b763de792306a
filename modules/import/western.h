/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/western.h
 * \brief Windows-1252, of which Latin-1 is a part, to UTF-8. As browsers do it: each byte is a character.
 */
#ifndef WESTERN_H
#define WESTERN_H

#include <stddef.h>

/** Bytes of UTF-8 that a byte can become. */
#define WESTERN_MOST 3

/** \param to  room for \p len * WESTERN_MOST bytes \return how many were written */
size_t western_to_utf8(char *to, const char *s, size_t len);

#endif
