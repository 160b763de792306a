/* SPDX-License-Identifier: Apache-2.0 */
#include "vary.h"

#include "fuzz.h"

#define SIZE_MAX_VARIED 4096
#define CHANGES_MAX 5
#define STRETCH_MAX 16

static struct {
	uint8_t *data;
	size_t size;
} * entries;
static size_t entry_count;

static uint8_t input[SIZE_MAX_VARIED];
static size_t used;

void vary_keep(const uint8_t *data, size_t size)
{
	if (size > SIZE_MAX_VARIED)
		return;
	entries = realloc(entries, (entry_count + 1) * sizeof *entries);
	must(entries);
	entries[entry_count].data = fuzz_copy(data, size, 0);
	entries[entry_count++].size = size;
}

static size_t below(uint64_t *state, size_t n)
{
	return n ? (size_t)(fuzz_random(state) % n) : 0;
}

/* Replaces the cut bytes at a position; does nothing if there is no room. */
static void put(size_t at, size_t cut, const void *bytes, size_t count)
{
	uint8_t copy[SIZE_MAX_VARIED];
	if (used - cut + count > sizeof input)
		return;
	if (count)
		memcpy(copy, bytes, count); /* they may be part of the input */
	memmove(input + at + count, input + at + cut, used - at - cut);
	memcpy(input + at, copy, count);
	used += count - cut;
}

static void change(uint64_t *state)
{
	size_t at = below(state, used + 1), rest = used - at, stretch = below(state, rest < STRETCH_MAX ? rest + 1 : STRETCH_MAX);
	size_t words = 0, other;
	while (fuzz_words[words])
		words++;
	const char *word = fuzz_words[below(state, words)];
	uint8_t byte = (uint8_t)fuzz_random(state);
	switch (below(state, 6)) {
	case 0:
		put(at, rest ? 1 : 0, &byte, 1);
		break;
	case 1:
		put(at, 0, word, strlen(word));
		break;
	case 2:
		put(at, stretch, word, strlen(word));
		break;
	case 3:
		put(at, stretch, NULL, 0);
		break;
	case 4:
		put(below(state, used + 1), 0, input + at, stretch);
		break;
	default: /* continues like another entry */
		other = below(state, entry_count);
		size_t from = below(state, entries[other].size + 1);
		put(at, rest, entries[other].data + from, entries[other].size - from);
	}
}

const uint8_t *vary(uint64_t *state, size_t *size)
{
	must(entry_count);
	size_t entry = below(state, entry_count), changes = 1 + below(state, CHANGES_MAX);
	used = entries[entry].size;
	memcpy(input, entries[entry].data, used);
	while (changes--)
		change(state);
	*size = used;
	return input;
}
