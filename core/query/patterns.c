/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/patterns.c
 * \brief The automaton. Its nodes are ordered by depth, and the children of a node are adjacent, ordered by byte, so that
 * a node takes ten bytes, however many patterns there are.
 */
#include "query/patterns.h"

#include <stdlib.h>
#include <string.h>

enum { FOUND = 1, FOUND_AT_END = 2 };

struct patterns {
	uint32_t root[256];  /**< the root's children by byte, as most bytes are matched there; 0: none */
	uint32_t *first;     /**< of each node, and one more: where its children begin; they end where the next node's begin */
	uint32_t *fail;      /**< the node of the longest proper suffix of its text that is a prefix of a pattern */
	unsigned char *byte; /**< the byte that leads to it */
	unsigned char *found;
	uint32_t count;
};

/** While nodes are made: the sorted patterns that begin with a node's text. */
struct span {
	size_t begin, end;
	size_t depth;
};

static int compare(const void *x, const void *y)
{
	const struct pattern *a = x, *b = y;
	size_t n = a->len < b->len ? a->len : b->len;
	int c = n ? memcmp(a->s, b->s, n) : 0;
	return c ? c : (a->len > b->len) - (a->len < b->len);
}

static bool take_memory(struct patterns *m, struct arena *a, size_t nodes)
{
	m->first = arena_alloc(a, (nodes + 1) * sizeof(*m->first));
	m->fail = arena_alloc(a, nodes * sizeof(*m->fail));
	m->byte = arena_alloc(a, nodes);
	m->found = arena_zalloc(a, nodes);
	return m->first && m->fail && m->byte && m->found;
}

/** One node for each distinct prefix of the sorted patterns; \p spans has room for as many. */
static void make_nodes(struct patterns *m, const struct pattern *p, size_t count, struct span *spans)
{
	spans[0] = (struct span){ .end = count };
	m->count = 1;
	for (uint32_t n = 0; n < m->count; n++) {
		struct span s = spans[n];
		m->first[n] = m->count;
		for (; s.begin < s.end && p[s.begin].len == s.depth; s.begin++)
			m->found[n] |= p[s.begin].at_end ? FOUND_AT_END : FOUND;
		while (s.begin < s.end) {
			char byte = p[s.begin].s[s.depth];
			struct span child = { .begin = s.begin, .end = s.begin + 1, .depth = s.depth + 1 };
			while (child.end < s.end && p[child.end].s[s.depth] == byte)
				child.end++;
			m->byte[m->count] = (unsigned char)byte;
			spans[m->count++] = child;
			s.begin = child.end;
		}
	}
	m->first[m->count] = m->count;
}

/** 0, which is never a child, if there is none. */
static uint32_t child_of(const struct patterns *m, uint32_t node, unsigned char byte)
{
	uint32_t low = m->first[node], high = m->first[node + 1];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (m->byte[middle] == byte)
			return middle;
		if (m->byte[middle] < byte)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static uint32_t next_node(const struct patterns *m, uint32_t node, unsigned char byte)
{
	for (; node; node = m->fail[node]) {
		uint32_t child = child_of(m, node, byte);
		if (child)
			return child;
	}
	return m->root[byte];
}

/** A node's fail link depends on those of all shallower nodes. */
static void make_fails(struct patterns *m)
{
	m->fail[0] = 0;
	for (uint32_t child = m->first[0]; child < m->first[1]; child++)
		m->root[m->byte[child]] = child;
	for (uint32_t n = 0; n < m->count; n++) {
		for (uint32_t child = m->first[n]; child < m->first[n + 1]; child++) {
			m->fail[child] = n ? next_node(m, m->fail[n], m->byte[child]) : 0;
			m->found[child] |= m->found[m->fail[child]];
		}
	}
}

/** Uses temporary memory. \return false if there is none */
static bool build(struct patterns *m, struct pattern *p, size_t count, size_t nodes, struct charge *charge)
{
	size_t size = nodes * sizeof(struct span);
	if (!charge_take(charge, size))
		return false;
	struct span *spans = malloc(size);
	if (spans) {
		qsort(p, count, sizeof(*p), compare);
		make_nodes(m, p, count, spans);
		make_fails(m);
	}
	free(spans);
	charge_give(charge, size);
	return spans != NULL;
}

struct patterns *patterns_make(struct arena *a, struct pattern *p, size_t count)
{
	size_t nodes = 1;
	for (size_t i = 0; i < count; i++)
		nodes += p[i].len;
	if (nodes > SIZE_MAX / sizeof(struct span) || nodes >= UINT32_MAX)
		return NULL;
	struct patterns *m = arena_zalloc(a, sizeof(*m));
	return m && take_memory(m, a, nodes) && build(m, p, count, nodes, a->charge) ? m : NULL;
}

bool patterns_match(const struct patterns *m, const char *s, size_t len)
{
	uint32_t node = 0;
	bool found = m->found[0] & FOUND;
	for (size_t i = 0; i < len && !found; i++) {
		node = next_node(m, node, (unsigned char)s[i]);
		found = m->found[node] & FOUND;
	}
	return found || m->found[node] & FOUND_AT_END;
}
