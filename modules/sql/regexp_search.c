/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file regexp_search.c
 * \brief The automaton that matches regular expressions.
 */
#include "regexp.h"

#include <string.h>

/** Characters between two calls of stop(). */
#define ASK_EVERY 1024
/** Bytes that are not UTF-8 come after all characters. */
#define NO_CHARACTER 0x110000u
/** Before and after a string. */
#define NOTHING UINT32_MAX

size_t regexp_character(const char *s, size_t left, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t len = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
	uint32_t c = len > 1 ? *p & (0xffu >> (len + 1)) : *p;
	bool whole = len > 0 && len <= left;
	for (size_t i = 1; whole && i < len; i++) {
		whole = (p[i] & 0xc0) == 0x80;
		c = c << 6 | (p[i] & 0x3f);
	}
	*ret = whole ? c : NO_CHARACTER + *p;
	return whole ? len : 1;
}

/* ---- sets ---- */

static bool has(const struct regexp *r, const struct regexp_set *s, uint32_t c)
{
	for (size_t i = s->first; i < s->first + s->count; i++) {
		const struct regexp_range *range = &r->ranges[i];
		if (range->class ? c < NO_CHARACTER && iswctype_l((wint_t)c, range->class, r->locale) :
				   c >= range->from && c <= range->to)
			return true;
	}
	return false;
}

static bool takes(const struct regexp *r, struct regexp_set *s, uint32_t c)
{
	if (s->asked == c)
		return s->took;
	bool found = has(r, s, c);
	if (!found && r->any_case && c < NO_CHARACTER)
		found = has(r, s, towlower_l((wint_t)c, r->locale)) || has(r, s, towupper_l((wint_t)c, r->locale));
	s->asked = c;
	s->took = found != s->negated;
	return s->took;
}

/* ---- places ---- */

/** The characters before and after the automaton's position. */
struct point {
	uint32_t before, behind;
};

static bool is_in_word(const struct regexp *r, uint32_t c)
{
	return c == '_' || (c < NO_CHARACTER && iswalnum_l((wint_t)c, r->locale));
}

static bool holds(const struct regexp *r, enum regexp_op op, const struct point *p)
{
	if (op == REGEXP_BEGIN)
		return p->before == NOTHING;
	if (op == REGEXP_END)
		return p->behind == NOTHING;
	bool edge = is_in_word(r, p->before) != is_in_word(r, p->behind);
	return edge == (op == REGEXP_EDGE);
}

/** Adds a place, and those reached from it without a character, to the next ones. \return whether the match is complete */
static bool enter(struct regexp *r, int at, const struct point *p)
{
	int depth = 0;
	r->stack[depth++] = at;
	while (depth > 0) {
		at = r->stack[--depth];
		const struct regexp_instruction *i = &r->code[at];
		if (r->seen[at] == r->round)
			continue;
		r->seen[at] = r->round;
		if (i->op == REGEXP_MATCH)
			return true;
		if (i->op == REGEXP_SET) {
			r->next[r->next_count++] = at;
		} else if (i->op == REGEXP_SPLIT) {
			r->stack[depth++] = at + i->to;
			r->stack[depth++] = at + i->other;
		} else if (holds(r, i->op, p)) {
			r->stack[depth++] = at + 1;
		}
	}
	return false;
}

/** Advances from all places over one character. \return whether the match is complete */
static bool advance(struct regexp *r, uint32_t c, const struct point *p)
{
	bool found = false;
	for (int i = 0; i < r->here_count && !found; i++) {
		int at = r->here[i];
		if (takes(r, &r->sets[r->code[at].to], c))
			found = enter(r, at + 1, p);
	}
	return found;
}

/** Makes the next places the current ones. */
static void turn(struct regexp *r)
{
	memcpy(r->here, r->next, (size_t)r->next_count * sizeof *r->next);
	r->here_count = r->next_count;
	r->next_count = 0;
	r->round++;
}

int regexp_search(struct regexp *r, const char *text, size_t len, bool (*stop)(void))
{
	uint32_t c;
	struct point p = { .before = NOTHING };
	size_t n = len ? regexp_character(text, len, &p.behind) : 0, asked = 0;
	if (!len)
		p.behind = NOTHING;
	memset(r->seen, 0, sizeof r->seen);
	r->round = 1;
	r->next_count = 0;
	for (bool found = enter(r, 0, &p); !found; found = found || enter(r, 0, &p)) { /* a match may begin anywhere */
		turn(r);
		if (!len || (!r->here_count && r->code[0].op == REGEXP_BEGIN))
			return 0;
		if (asked++ % ASK_EVERY == 0 && stop && stop())
			return -1;
		c = p.before = p.behind;
		text += n;
		len -= n;
		p.behind = NOTHING;
		n = len ? regexp_character(text, len, &p.behind) : 0;
		found = advance(r, c, &p);
	}
	return 1;
}
