/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/json_split.h
 * \brief JSON as a stream: finds where each record begins and ends, in pieces of any size.
 *
 * The text is an array of records, or records one after the other. Only brackets and strings are looked at; take() parses
 * the record. This is our own because json-c, whose tokener is incremental, changes integers of more than 64 bits and takes
 * twenty times the memory of the text, and because the server's parser, which then reads the records, is strict and needs a
 * complete text.
 */
#ifndef JSON_SPLIT_H
#define JSON_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Maximum nesting of brackets, as in a request. */
#define JSON_SPLIT_DEPTH 512

/** The text of a record; lives until take() returns. */
struct json_text {
	uint64_t line; /**< where it begins, from 1 */
	const char *s;
	size_t len;
};

/** Results besides 0. */
enum json_split_result {
	JSON_SPLIT_TAKE = -1,   /**< take() ended it */
	JSON_SPLIT_MEMORY = -2, /**< out of memory */
	JSON_SPLIT_LARGE = -3,  /**< the record exceeds bytes_max */
	JSON_SPLIT_DEEP = -4,   /**< the record is nested deeper than JSON_SPLIT_DEPTH */
	JSON_SPLIT_WRONG = -5,  /**< an unexpected character: json_split_wrong() */
	JSON_SPLIT_CUT = -6     /**< the text ends within a record, or within the array */
};

struct json_split;

/**
 * \param lines  each line is a record, whatever is in it: what is wrong with one says nothing about the next
 * \return 0, JSON_SPLIT_MEMORY
 */
int json_split_open(
	struct json_split **ret, bool lines, size_t bytes_max, int (*take)(void *arg, const struct json_text *text), void *arg);
/** The next piece. After a failure, all calls fail. \return 0 or enum json_split_result */
int json_split_feed(struct json_split *j, const char *bytes, size_t len);
/** The end of the text. */
int json_split_end(struct json_split *j);
/** Where it is; in a record, where that begins. */
uint64_t json_split_line(const struct json_split *j);
/** Where the wrong character is, and which one it is. */
uint64_t json_split_wrong(const struct json_split *j, char *ret);
/** NULL is allowed. */
void json_split_close(struct json_split *j);

/**
 * Whether a text that begins with a record has it on a line of its own: then the others have, too.
 * \param len  of the first piece of the text
 */
bool json_split_is_lines(const char *text, size_t len);

#endif
