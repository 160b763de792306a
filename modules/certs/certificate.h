/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/certificate.h
 * \brief Certificates and private keys: from PEM, what they say, and whether they belong together.
 *
 * Nothing here depends on calls, so that a fuzzer can drive it. Functions that fail say why in \p why, a sentence without a
 * period; nothing of a private key is ever in it. Any thread.
 */
#ifndef CERTS_CERTIFICATE_H
#define CERTS_CERTIFICATE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Larger than any chain or key that a listener could use, bytes of PEM. */
#define CERTIFICATE_PEM_MAX ((size_t)128 << 10)
/** Certificates of a chain. */
#define CERTIFICATE_CHAIN_MAX 16
/** Room for a sentence. */
#define CERTIFICATE_WHY_MAX 512
/** The fewest bits of an RSA key that clients accept. */
#define CERTIFICATE_RSA_BITS_MIN 2048
/** Room for "Nov 21 22:02:14 2026 GMT". */
#define CERTIFICATE_DATE_MAX 32

/** A certificate, followed by those that signed it. */
struct certificate {
	gnutls_x509_crt_t *chain;
	unsigned count;
	int64_t from, to; /**< of the first: when it is valid, seconds since the epoch */
};

/** \return whether \p pem has one or more certificates, each signed by the next */
bool certificate_parse(struct certificate *ret, const char *pem, size_t len, char why[CERTIFICATE_WHY_MAX]);
void certificate_free(struct certificate *c);

/** Whether a text has certificates of authorities, at least one, in any order. */
bool authorities_are_valid(const char *pem, size_t len, char why[CERTIFICATE_WHY_MAX]);
/** "what: why", of an error of GnuTLS. \return false */
bool certificate_fail(char why[CERTIFICATE_WHY_MAX], const char *what, int rc);
/** Ends every sentence about a lack of memory. */
#define NO_MEMORY "out of memory"
/** Of errno, for a sentence's end. */
const char *errno_text(int error);
/** Whether a sentence is about that, and not about what somebody has given. */
bool lacked_memory(const char *why);

/** Whether the first may sign others. */
bool certificate_is_authority(const struct certificate *c);
/** Whether the first has signed itself. */
bool certificate_is_self_signed(const struct certificate *c);
/** Whether a listener can serve it: the kind and the strength of its key. */
bool certificate_is_usable(const struct certificate *c, char why[CERTIFICATE_WHY_MAX]);

/** A private key; its PEM is PKCS #8, whatever it was read from. */
struct private_key {
	gnutls_x509_privkey_t key;
};

bool private_key_parse(struct private_key *ret, const char *pem, size_t len, char why[CERTIFICATE_WHY_MAX]);
void private_key_free(struct private_key *k);
/** Whether it is the key of the first certificate. */
bool private_key_matches(const struct private_key *k, const struct certificate *c);
/** The key as PEM. \return NUL-terminated, for secret_free(); NULL when out of memory */
char *private_key_text(const struct private_key *k);

/** Erases and frees; NULL is allowed. */
void secret_free(char *text);

/* ---- what certificates say (certificate_text.c) ---- */

/** As clients of the operations API know it. Texts are UTF-8. */
struct certificate_details {
	char *issuer, *subject; /**< "CN=localhost O=Example\, Inc." */
	char *alt_names;        /**< "DNS:localhost, IP Address:127.0.0.1"; NULL: none */
	char serial[64];        /**< hexadecimal, upper case, an even number of digits */
	char from[CERTIFICATE_DATE_MAX], to[CERTIFICATE_DATE_MAX];
};

/** Of the first certificate. \return whether there was memory */
bool certificate_describe(const struct certificate *c, struct certificate_details *ret);
void certificate_details_free(struct certificate_details *d);
/** "Nov  1 21:06:45 2026 GMT" */
void certificate_date(int64_t seconds, char out[CERTIFICATE_DATE_MAX]);

/**
 * The names of hosts that the first certificate is for: its DNS names, or its CN if it has none.
 * \return NULL-terminated, for certificate_hosts_free(); NULL when out of memory
 */
char **certificate_hosts(const struct certificate *c);
void certificate_hosts_free(char **hosts);
/** Its CN, else its first DNS name, else "". \return for free(); NULL when out of memory */
char *certificate_name(const struct certificate *c);

/** Whether \p s is the name of a host, "*.example.com" too, or an address. */
bool host_is_valid(const char *s, size_t len);
/** Whether it is an address, IPv4 or IPv6. */
bool host_is_address(const char *s);

#endif
