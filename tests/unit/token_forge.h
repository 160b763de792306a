/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file token_forge.h
 * \brief Tokens of any content, as they could be signed with the key, or with only its public half.
 */
#ifndef TOKEN_FORGE_H
#define TOKEN_FORGE_H

#include "users/token.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORGE_HEADER "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"

/** Must succeed here. */
#define forge_must(cond) ((cond) ? (void)0 : abort())

/** Appends the base64url of some bytes to a text. */
static inline char *forge_segment(char *to, const void *data, size_t size)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *p = data;
	unsigned bits = 0, value = 0;

	for (size_t i = 0; i < size; i++) {
		value = (value << 8 | p[i]) & 0xffff;
		for (bits += 8; bits >= 6; bits -= 6)
			*to++ = letters[value >> (bits - 6) & 63];
	}
	if (bits)
		*to++ = letters[value << (6 - bits) & 63];
	return to;
}

/** Memory for a token with these parts. */
static inline char *forge_room(size_t header, size_t payload)
{
	char *s = malloc(2 * (header + payload) + 2048);

	forge_must(s);
	return s;
}

/** A token signed with the private key, whatever its header says. \return for free() */
static inline char *forge_signed(
	const struct token_key *k, const char *header, size_t header_size, const char *payload, size_t payload_size)
{
	char *text = forge_room(header_size, payload_size), *p = forge_segment(text, header, header_size);
	gnutls_datum_t pem = { (unsigned char *)k->private_pem, (unsigned)k->private_size }, data, signature;
	gnutls_privkey_t key;

	*p++ = '.';
	p = forge_segment(p, payload, payload_size);
	data = (gnutls_datum_t){ (unsigned char *)text, (unsigned)(p - text) };
	forge_must(gnutls_privkey_init(&key) >= 0);
	forge_must(gnutls_privkey_import_x509_raw(key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0) >= 0);
	forge_must(gnutls_privkey_sign_data2(key, GNUTLS_SIGN_RSA_SHA256, 0, &data, &signature) >= 0);
	gnutls_privkey_deinit(key);
	*p++ = '.';
	p = forge_segment(p, signature.data, signature.size);
	*p = '\0';
	gnutls_free(signature.data);
	return text;
}

/** A token with an HMAC whose secret is the public key. \return for free() */
static inline char *forge_hmac(
	const struct token_key *k, const char *header, size_t header_size, const char *payload, size_t payload_size)
{
	char *text = forge_room(header_size, payload_size), *p = forge_segment(text, header, header_size);
	unsigned char digest[32];

	*p++ = '.';
	p = forge_segment(p, payload, payload_size);
	forge_must(gnutls_hmac_fast(GNUTLS_MAC_SHA256, k->public_pem, k->public_size, text, (size_t)(p - text), digest) >= 0);
	*p++ = '.';
	p = forge_segment(p, digest, sizeof digest);
	*p = '\0';
	return text;
}

#endif
