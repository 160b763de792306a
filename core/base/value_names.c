/* SPDX-License-Identifier: Apache-2.0 */
/* Duplicate names in an object. */
#include "base/text.h"
#include "base/value.h"

#include <stdlib.h>
#include <string.h>

static bool same_name(const struct value_member *a, const struct value_member *b)
{
	return a->name_len == b->name_len && !memcmp(a->name, b->name, b->name_len);
}

/* Keyed if a key is given. */
static size_t hash_name(const uint8_t *key, const char *s, uint32_t len)
{
	uint64_t keyed[2];
	uint32_t h = 2166136261u;

	if (key) {
		siphash128(key, s, len, (uint8_t *)keyed);
		return (size_t)keyed[0];
	}
	for (uint32_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

/* Up to this many names are searched linearly; more use a hash table with room for twice as many. */
#define FEW_NAMES 16
/* Average steps per name in the table that are reached only by names chosen to collide. */
#define STEPS_MAX 16

/* The slot of a name in the table: its own, or a free one. */
static size_t find_slot(const struct value_member *m, const struct value_member *members, const uint32_t *table, size_t mask,
	const uint8_t *key, size_t *steps)
{
	size_t slot = hash_name(key, m->name, m->name_len) & mask;
	for (; table[slot] && !same_name(m, &members[table[slot] - 1]); ++*steps)
		slot = (slot + 1) & mask;
	return slot;
}

/* Merges with a zeroed table of slots. If a client chose colliding names, they are hashed again with a key unknown to it. */
static uint32_t merge_by_table(struct value_member *members, uint32_t n, uint32_t *table, size_t mask)
{
	uint8_t key[16], *keyed = NULL;
	size_t steps = 0;
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++) {
		size_t slot = find_slot(&members[i], members, table, mask, keyed, &steps);
		if (!keyed && steps / STEPS_MAX > n) {
			random_bytes(key, sizeof key);
			keyed = key;
			memset(table, 0, (mask + 1) * sizeof *table);
			for (uint32_t j = 0; j < count; j++)
				table[find_slot(&members[j], members, table, mask, keyed, &steps)] = j + 1;
			slot = find_slot(&members[i], members, table, mask, keyed, &steps);
		}
		if (!table[slot])
			table[slot] = ++count;
		members[table[slot] - 1] = members[i];
	}
	return count;
}

static uint32_t merge_by_looking(struct value_member *members, uint32_t n)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t j = 0;
		while (j < count && !same_name(&members[i], &members[j]))
			j++;
		count += j == count;
		if (i != j)
			members[j] = members[i];
	}
	return count;
}

static uint32_t merge_many(struct value_member *members, uint32_t n, struct charge *charge)
{
	size_t size = 64;

	while (size < (size_t)n * 2)
		size *= 2;
	if (!charge_take(charge, size * sizeof(uint32_t)))
		return 0;
	uint32_t *table = calloc(size, sizeof *table);
	uint32_t count = table ? merge_by_table(members, n, table, size - 1) : 0;
	free(table);
	charge_give(charge, size * sizeof *table);
	return count;
}

uint32_t value_merge_names(struct value_member *members, uint32_t n, struct charge *charge)
{
	return n > FEW_NAMES ? merge_many(members, n, charge) : merge_by_looking(members, n);
}
