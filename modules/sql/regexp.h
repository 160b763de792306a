/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file regexp.h
 * \brief Regular expressions whose matching takes bounded time and memory.
 *
 * A pattern becomes a program for an automaton that is in several places at once. For each character of a string, every
 * instruction is visited at most once, so the time is at worst proportional to the product of the two lengths, and the memory
 * does not depend on the string.
 */
#ifndef SQL_REGEXP_H
#define SQL_REGEXP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <wctype.h>

/** Maximum number of instructions of a program. */
#define REGEXP_CODE_MAX 1000
/** Maximum number of character sets in a pattern, and of ranges in all of them. */
#define REGEXP_SETS_MAX 400
#define REGEXP_RANGES_MAX 1000

enum regexp_op {
	REGEXP_SET,     /**< takes one character of the set \p to */
	REGEXP_SPLIT,   /**< goes on at both places */
	REGEXP_BEGIN,   /**< only at the beginning of the string */
	REGEXP_END,     /**< only at its end */
	REGEXP_EDGE,    /**< only where a word begins or ends */
	REGEXP_NO_EDGE, /**< only elsewhere */
	REGEXP_MATCH
};

/** Continues at the next instruction, unless the operation says otherwise. */
struct regexp_instruction {
	enum regexp_op op;
	int to, other; /**< for REGEXP_SPLIT relative, as code may be moved */
};

struct regexp_range {
	uint32_t from, to;
	wctype_t class; /**< not 0: the characters of this class instead */
};

/** The characters that an instruction accepts. */
struct regexp_set {
	size_t first, count; /**< its ranges */
	bool negated;
	bool took;      /**< the cached result for the character tested last: copies of an instruction share the set */
	uint32_t asked; /**< the character tested last */
};

struct regexp {
	bool any_case;
	locale_t locale;
	int count, set_count;
	size_t range_count;
	struct regexp_instruction code[REGEXP_CODE_MAX];
	struct regexp_set sets[REGEXP_SETS_MAX];
	struct regexp_range ranges[REGEXP_RANGES_MAX];
	/* while matching: the places where the automaton is now, and will be next */
	uint32_t seen[REGEXP_CODE_MAX], round;
	int here[REGEXP_CODE_MAX], next[REGEXP_CODE_MAX], stack[2 * REGEXP_CODE_MAX + 1];
	int here_count, next_count;
};

/** Bytes of the character at \p s, and its code point; if it is not UTF-8, one byte and a number that no character has. */
size_t regexp_character(const char *s, size_t left, uint32_t *ret);

/** Compiles a pattern. \return why it is refused; NULL if it is not */
const char *regexp_compile(struct regexp *r, const char *pattern, size_t len, bool any_case);

/**
 * Whether the pattern matches anywhere in a string. \p stop is called every thousand characters: true to give up.
 * \return 1, 0, or -1: given up
 */
int regexp_search(struct regexp *r, const char *text, size_t len, bool (*stop)(void));

#endif
