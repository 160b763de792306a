/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file vary.h
 * \brief Mutates inputs of the corpus: for targets to which random bytes are never valid input.
 */
#ifndef FUZZ_VARY_H
#define FUZZ_VARY_H

#include <stddef.h>
#include <stdint.h>

/** The words of a target's input language, ended by NULL; main.c defines it as NULL for other targets. */
extern const char *const *fuzz_words;

/** splitmix64: each input depends only on the seed and its number. */
static inline uint64_t fuzz_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/** Adds a copy of a corpus entry. */
void vary_keep(const uint8_t *data, size_t size);

/** An entry with a few mutations. \return bytes that are valid until the next call */
const uint8_t *vary(uint64_t *state, size_t *size);

#endif
