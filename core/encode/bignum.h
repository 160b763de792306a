/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/bignum.h
 * \brief Converts integers of more than 64 bits between decimal digits and bytes.
 */
#ifndef ENCODE_BIGNUM_H
#define ENCODE_BIGNUM_H

#include "base/value.h"

/** Bytes of the largest integer within the range of a double, which is the largest that values can have. */
#define BIGNUM_BYTES 128
/** Its digits, the sign and the NUL. */
#define BIGNUM_DIGITS 311

/**
 * Writes the integer n or, with \p negative, -1 - n; \p bytes is n, big-endian.
 * \param[out] digits  NUL-terminated
 * \return their number; 0 if it is out of a double's range
 */
size_t bignum_text(char digits[BIGNUM_DIGITS], const uint8_t *bytes, size_t len, bool negative);

/** Converts decimal digits to bytes, big-endian. \return their number; 0 if there are more than BIGNUM_BYTES */
size_t bignum_bytes(uint8_t bytes[BIGNUM_BYTES], const char *digits, size_t len);

#endif
