/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file vary.h
 * \brief Inputs made from those of the corpus: for targets whose inputs random bytes never are.
 */
#ifndef FUZZ_VARY_H
#define FUZZ_VARY_H

#include <stddef.h>
#include <stdint.h>

/** What a target that wants such inputs has its language made of, NULL at the end; main.c has NULL for the others. */
extern const char *const *fuzz_words;

/** splitmix64: each input is made of the seed and its number alone. */
static inline uint64_t fuzz_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/** Adds an entry of the corpus, copied. */
void vary_keep(const uint8_t *data, size_t size);

/** One of the entries with a few changes. \return bytes that stay until the next call */
const uint8_t *vary(uint64_t *state, size_t *size);

#endif
