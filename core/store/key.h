/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/key.h
 * \brief Keys: encodings that memcmp sorts as value_compare() does.
 *
 *   tag 0x08 null · 0x10 false · 0x11 true · 0x20 number · 0x30 string
 *
 * A number is the sortable form of its nearest double (8 bytes) and, from a magnitude of 2^53 on, the difference to the
 * exact integer (2 bytes, biased): integers and doubles share one order, and every integer of 64 bits plus sign is exact.
 * A larger BIGINT has the key of its nearest double, which it shares with others. The key of a number outside int64
 * counts as cut: only the record has the exact value.
 *
 * Primary key: tag and bytes; strings are not escaped, as nothing follows. From KEY_PRIMARY_MAX bytes on: a prefix and a
 * 16-byte fingerprint, KEY_PRIMARY_MAX bytes in total; then only the record has the whole key, and readers must compare
 * it.
 *
 * Index entry: the value's bytes (strings: 0x00 as 0x01 0x01, 0x01 as 0x01 0x02, ended by 0x00; over KEY_TEXT_MAX bytes
 * cut there and ended by 0x01 0x00, "longer than this prefix": exact only in the record), then the primary key. No value
 * part is a prefix of another. If both together would reach KEY_MAX, the entry is cut to KEY_MAX with the primary key's
 * fingerprint as its last 16 bytes, and the entry's data holds the whole primary key; otherwise the data is empty.
 */
#ifndef STORE_KEY_H
#define STORE_KEY_H

#include "base/buf.h"
#include "base/value.h"

#include <stdbool.h>

#define KEY_MAX 511
#define KEY_PRIMARY_MAX 500
#define KEY_TEXT_MAX 200
/** Longest prefix of a string that is searched for among primary keys: up to this length they are whole. */
#define KEY_PREFIX_MAX 400
/** Longest string allowed as a primary key, in bytes. */
#define KEY_PRIMARY_TEXT_MAX 1978

struct key {
	uint16_t len;
	bool cut; /**< does not contain the whole value: compare with the record */
	unsigned char bytes[KEY_MAX + 1];
};

/** key_number() of a BIGINT, in place. */
bool key_long_integer(lyre_value *v);
/**
 * A number as used in primary keys: integers beyond 64 bits are stored as doubles, if these are displayed as the same
 * number. Strings are unchanged.
 * \return false: an integer that cannot be stored exactly, unchanged in \p ret. \p v and \p ret may be the same
 */
static inline bool key_number(const lyre_value *v, lyre_value *ret)
{
	*ret = *v;
	return v->type != LYRE_BIGINT || key_long_integer(ret);
}
/** The primary-tree key of a number or string. \return 0; LYRE_EINVAL if \p v is not valid as a primary key */
int key_primary(struct key *k, const lyre_value *v);
/**
 * The value of a primary-tree key that is not cut; strings are copied into \p a, or stay in place, without a NUL, if it is
 * NULL. \return false if it is cut or not a key
 */
bool key_primary_value(const unsigned char *key, size_t len, struct arena *a, lyre_value *ret);
/** The first possible key of strings that start with \p prefix; cut if the prefix is longer than KEY_PREFIX_MAX bytes. */
void key_primary_prefix(struct key *k, const char *prefix, size_t len);
/** Turns the key of a string, not cut, into the first possible key of longer strings that start with it. */
void key_primary_longer(struct key *k);
/** The value part of an index entry, for a scalar. \return false: the kind has none (objects, arrays) */
bool key_index_value(struct key *k, const lyre_value *v);
/**
 * The start of all strings with \p prefix: the value part without its end; cut if the prefix is longer than the indexed
 * part.
 */
void key_index_prefix(struct key *k, const char *prefix, size_t len);
/** Where the numbers begin in an index; only strings come after them. */
void key_index_numbers(struct key *k);
/**
 * A complete index entry from value part and primary-tree key. \p whole: whether the data must hold the primary key.
 */
void key_index_entry(struct key *k, const struct key *value, const unsigned char *primary, size_t primary_len, bool *whole);
/** Length of the value part of an index entry; 0 if damaged. */
size_t key_index_value_len(const unsigned char *entry, size_t len);
/**
 * The value of an index entry, for covering reads; strings are copied into \p a, or stay in place, without a NUL, if it is
 * NULL. \return false if it is cut or damaged, or escaped and has no place
 */
bool key_index_read(const unsigned char *entry, size_t len, struct arena *a, lyre_value *ret);
/**
 * Appends a value's sort key: complete, and never a prefix of another's. An array has that of its first item; objects and
 * empty arrays come after null.
 */
void key_sort_value(struct buf *b, const lyre_value *v);

#endif
