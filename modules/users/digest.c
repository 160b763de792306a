/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/digest.c
 * \brief Unguessable random texts, and digests: secrets that sign users in are never stored themselves.
 */
#include "users_module.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

/** Writes \p size bytes as hexadecimal, and a NUL. */
static void text_of_bytes(char *out, const unsigned char *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

int users_random_text(lyre_call *call, char *out, size_t size)
{
	unsigned char bytes[RANDOM_BYTES_MAX];
	int rc = gnutls_rnd(GNUTLS_RND_KEY, bytes, size);

	if (rc < 0)
		return lyre_fail(call, LYRE_EINTERNAL, "cannot get random numbers: %s", gnutls_strerror(rc));
	text_of_bytes(out, bytes, size);
	gnutls_memset(bytes, 0, sizeof bytes);
	return 0;
}

int users_digest_of(lyre_call *call, const char *text, size_t len, char out[DIGEST_MAX])
{
	unsigned char bytes[32];
	int rc = gnutls_hash_fast(GNUTLS_DIG_SHA256, text, len, bytes);

	if (rc < 0)
		return lyre_fail(call, LYRE_EINTERNAL, "cannot compute SHA-256: %s", gnutls_strerror(rc));
	text_of_bytes(out, bytes, sizeof bytes);
	return 0;
}
