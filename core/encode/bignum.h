/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/bignum.h
 * \brief Integers of more than 64 bits, between their decimal digits and their bytes.
 */
#ifndef ENCODE_BIGNUM_H
#define ENCODE_BIGNUM_H

#include "base/value.h"

/** Bytes of the largest integer that a double comes near, which is the largest there is in values. */
#define BIGNUM_BYTES 128
/** Its digits, the sign and the NUL. */
#define BIGNUM_DIGITS 311

/**
 * The integer \p n, or with \p negative -1 - n, of which \p bytes are the big-endian magnitude.
 * \param[out] digits  NUL-terminated
 * \return their count; 0 where no double comes near
 */
size_t bignum_text(char digits[BIGNUM_DIGITS], const uint8_t *bytes, size_t len, bool negative);

/** The magnitude of a text of digits, big-endian. \return its bytes; 0 where there are more than BIGNUM_BYTES */
size_t bignum_bytes(uint8_t bytes[BIGNUM_BYTES], const char *digits, size_t len);

#endif
