/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/key.h
 * \brief Keys: encodings that memcmp sorts as value_compare() does.
 *
 *   tag 0x08 null · 0x10 false · 0x11 true · 0x20 number · 0x30 text
 *
 * A number is the sortable form of its nearest double (8 bytes), and, from 2^53 in magnitude on, what is missing to
 * the exact integer (2 bytes, biased): integers and doubles stand in one order and every integer of a sign and 64 bits
 * is exact. A BIGINT of more has the key of its nearest double, which others share. The key of a number outside int64
 * counts as cut: the record alone has it whole.
 *
 * Primary key: tag and bytes; text unescaped, as nothing follows. From KEY_PRIMARY_MAX bytes on: a prefix and a 16 byte
 * fingerprint, KEY_PRIMARY_MAX bytes in all; then the record alone has the whole key, and who reads compares it.
 *
 * Index entry: the value's bytes (text: 0x00 as 0x01 0x01, 0x01 as 0x01 0x02, ended by 0x00; over KEY_TEXT_MAX bytes
 * cut there and ended by 0x01 0x00, "longer than this prefix": exact only by a look at the record), then the primary
 * key. No value part starts another. Where both would reach KEY_MAX, the entry is cut to KEY_MAX with the primary
 * key's fingerprint as its last 16 bytes, and the entry's data holds the whole primary key; else the data is empty.
 */
#ifndef STORE_KEY_H
#define STORE_KEY_H

#include "base/buf.h"
#include "base/value.h"

#include <stdbool.h>

#define KEY_MAX 511
#define KEY_PRIMARY_MAX 500
#define KEY_TEXT_MAX 200
/** Longest beginning of a text that is looked for among primary keys: they are whole up to there. */
#define KEY_PREFIX_MAX 400
/** Longest text that may be a primary key, in bytes. */
#define KEY_PRIMARY_TEXT_MAX 1978

struct key {
	uint16_t len;
	bool cut; /**< not the whole of the value: compare with the record */
	unsigned char bytes[KEY_MAX + 1];
};

/** key_number() of a BIGINT, in place. */
bool key_long_integer(lyre_value *v);
/**
 * A number as primary keys have it: of the integers beyond 64 bits those that are shown as the same number when they
 * are doubles, as which they are kept. Texts stay as they are.
 * \return false: an integer that cannot be kept exactly, in \p ret as it was. \p v and \p ret may be one
 */
static inline bool key_number(const lyre_value *v, lyre_value *ret)
{
	*ret = *v;
	return v->type != LYRE_BIGINT || key_long_integer(ret);
}
/** The primary-tree key of a number or text. \return 0; LYRE_EINVAL when \p v cannot be a primary key */
int key_primary(struct key *k, const lyre_value *v);
/**
 * The value of a primary-tree key that is not cut; texts are copied into \p a, or stay in place, without a NUL, when it is NULL.
 * \return false when it is cut or no key
 */
bool key_primary_value(const unsigned char *key, size_t len, struct arena *a, lyre_value *ret);
/** Where the keys of all texts that start with \p prefix begin; cut when the prefix is over KEY_PREFIX_MAX bytes. */
void key_primary_prefix(struct key *k, const char *prefix, size_t len);
/** From the key of a text, not cut, to where the keys of the longer texts that start with it begin. */
void key_primary_longer(struct key *k);
/** The value part of an index entry, for a scalar. \return false: the kind has none of its own (objects, arrays) */
bool key_index_value(struct key *k, const lyre_value *v);
/**
 * Where all texts that start with \p prefix begin: the value part without its end; cut when the prefix is longer than
 * what is indexed.
 */
void key_index_prefix(struct key *k, const char *prefix, size_t len);
/** Where the numbers begin in an index; behind them come the texts, and nothing else. */
void key_index_numbers(struct key *k);
/**
 * A whole index entry from value part and primary-tree key. \p whole says whether the data must hold the primary key.
 */
void key_index_entry(struct key *k, const struct key *value, const unsigned char *primary, size_t primary_len,
	bool *whole);
/** How long the value part of an index entry is; 0 when damaged. */
size_t key_index_value_len(const unsigned char *entry, size_t len);
/**
 * The value of an index entry, for covering reads; texts are copied into \p a. \return false when it is cut or
 * damaged
 */
bool key_index_read(const unsigned char *entry, size_t len, struct arena *a, lyre_value *ret);
/**
 * Adds the bytes of any value to sort rows by, whole, none the start of another's: of an array those of its first item; objects
 * and empty arrays stand behind null.
 */
void key_sort_value(struct buf *b, const lyre_value *v);

#endif
