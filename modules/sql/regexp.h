/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file regexp.h
 * \brief Regular expressions whose matching takes bounded time and memory.
 *
 * A pattern becomes a program of an automaton that is in many places at once. With each character of a text every
 * instruction is looked at once at most, so that the time is the product of the two lengths at worst, and the memory does not
 * depend on the text.
 */
#ifndef SQL_REGEXP_H
#define SQL_REGEXP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <wctype.h>

/** Instructions of a program. */
#define REGEXP_CODE_MAX 1000
/** Sets of a pattern, and parts of all of them. */
#define REGEXP_SETS_MAX 400
#define REGEXP_RANGES_MAX 1000

enum regexp_op {
	REGEXP_SET,     /**< takes one character of the set \p to */
	REGEXP_SPLIT,   /**< goes on at both places */
	REGEXP_BEGIN,   /**< only at the beginning of the text */
	REGEXP_END,     /**< only at its end */
	REGEXP_EDGE,    /**< only where a word begins or ends */
	REGEXP_NO_EDGE, /**< only elsewhere */
	REGEXP_MATCH
};

/** Goes on at the next instruction, except for what the operation says. */
struct regexp_instruction {
	enum regexp_op op;
	int to, other; /**< of REGEXP_SPLIT, relative: code may be moved */
};

struct regexp_range {
	uint32_t from, to;
	wctype_t class; /**< not 0: characters of this class instead */
};

/** Characters that an instruction takes. */
struct regexp_set {
	size_t first, count; /**< of its ranges */
	bool negated;
	bool took;      /**< what was found of the character that was asked for last: copies of an instruction share the set */
	uint32_t asked; /**< that character */
};

struct regexp {
	bool any_case;
	locale_t locale;
	int count, set_count;
	size_t range_count;
	struct regexp_instruction code[REGEXP_CODE_MAX];
	struct regexp_set sets[REGEXP_SETS_MAX];
	struct regexp_range ranges[REGEXP_RANGES_MAX];
	/* while a text is matched: the places where the automaton is, and will be */
	uint32_t seen[REGEXP_CODE_MAX], round;
	int here[REGEXP_CODE_MAX], next[REGEXP_CODE_MAX], stack[2 * REGEXP_CODE_MAX + 1];
	int here_count, next_count;
};

/** Bytes of the character at \p s, and its number; of what is not UTF-8, one byte and a number that no character has. */
size_t regexp_character(const char *s, size_t left, uint32_t *ret);

/** Translates a pattern. \return why it is refused; NULL: it is not */
const char *regexp_compile(struct regexp *r, const char *pattern, size_t len, bool any_case);

/**
 * Whether the pattern matches anywhere in a text. \p stop is asked every thousand characters whether to give up.
 * \return 1, 0, or -1: given up
 */
int regexp_search(struct regexp *r, const char *text, size_t len, bool (*stop)(void));

#endif
