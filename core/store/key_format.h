/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/key_format.h
 * \brief The bytes of keys, for the files that make and read them; store/key.h explains them.
 */
#ifndef STORE_KEY_FORMAT_H
#define STORE_KEY_FORMAT_H

#include "store/key.h"

/** The first byte of a key, in the order of the kinds. */
enum key_tag {
	KEY_TAG_NULL = 0x08,
	KEY_TAG_OBJECT = 0x0c, /**< only in sort keys */
	KEY_TAG_FALSE = 0x10,
	KEY_TAG_TRUE = 0x11,
	KEY_TAG_NUMBER = 0x20,
	KEY_TAG_TEXT = 0x30
};

/* Inside a string that is followed by something. */
enum {
	TEXT_END = 0x00,
	TEXT_ESCAPE = 0x01 /**< followed by the byte + 1, or by TEXT_END if the string was cut */
};

/* Bytes of a number, including the tag. */
#define NUMBER_SHORT 9
#define NUMBER_LONG 11

/** \return false if the value is not a number that has a key */
bool key_put_number(struct key *k, const lyre_value *v);
/** \return the length of a number with its tag, 0 if damaged */
static inline size_t key_number_len(const unsigned char *key, size_t len)
{
	if (len < NUMBER_SHORT)
		return 0;

	/* The first two bytes are sign and exponent: they determine whether it is the long form. */
	unsigned top = (unsigned)key[1] << 8 | key[2];
	bool is_long = top >= 0xc340 || top <= 0x3cbf;

	return !is_long ? NUMBER_SHORT : len < NUMBER_LONG ? 0 : NUMBER_LONG;
}
/** \return false if it is damaged, or not the canonical key of its value */
bool key_get_number(const unsigned char *key, size_t len, lyre_value *ret);

#endif
