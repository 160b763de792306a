/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/bignum.c
 * \brief Long multiplication and division by small numbers; there are few digits.
 */
#include "encode/bignum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Adds one to a big-endian number. \return whether it overflows */
static bool increment(uint8_t *bytes, size_t len)
{
	while (len && ++bytes[len - 1] == 0)
		len--;
	return !len;
}

/** Divides by ten in place. \return the remainder */
static unsigned divide(uint8_t *bytes, size_t len)
{
	unsigned rest = 0;

	for (size_t i = 0; i < len; i++) {
		rest = rest << 8 | bytes[i];
		bytes[i] = (uint8_t)(rest / 10);
		rest %= 10;
	}
	return rest;
}

size_t bignum_text(char digits[BIGNUM_DIGITS], const uint8_t *bytes, size_t len, bool negative)
{
	uint8_t n[BIGNUM_BYTES + 1] = { 0 };
	char reversed[BIGNUM_BYTES * 5 / 2];
	size_t count = 0, at = 0;

	for (; len && !*bytes; len--)
		bytes++;
	if (len > BIGNUM_BYTES)
		return 0;
	if (len)
		memcpy(n + sizeof n - len, bytes, len);
	if (negative)
		increment(n, sizeof n);
	do {
		reversed[count++] = (char)('0' + divide(n + at, sizeof n - at));
		while (at < sizeof n && !n[at])
			at++;
	} while (at < sizeof n);
	if (count > BIGNUM_DIGITS - 2)
		return 0;
	digits[0] = '-';
	for (size_t i = 0; i < count; i++)
		digits[negative + i] = reversed[count - 1 - i];
	digits[negative + count] = '\0';
	return isfinite(strtod(digits, NULL)) ? negative + count : 0;
}

size_t bignum_bytes(uint8_t bytes[BIGNUM_BYTES], const char *digits, size_t len)
{
	size_t used = 0; /* of the low-order bytes */

	for (size_t i = 0; i < len; i++) {
		unsigned carry = (unsigned)(digits[i] - '0');

		for (size_t k = 0; k < used; k++) {
			uint8_t *byte = &bytes[BIGNUM_BYTES - 1 - k];
			carry += *byte * 10u;
			*byte = (uint8_t)carry;
			carry >>= 8;
		}
		if (!carry)
			continue;
		if (used == BIGNUM_BYTES)
			return 0;
		bytes[BIGNUM_BYTES - 1 - used++] = (uint8_t)carry;
	}
	memmove(bytes, bytes + BIGNUM_BYTES - used, used);
	return used;
}
