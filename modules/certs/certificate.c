/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/certificate.c
 * \brief Certificates from PEM, and the rules that they must keep.
 */
#include "certificate.h"

#include "der_time.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(char *why, const char *sentence)
{
	snprintf(why, CERTIFICATE_WHY_MAX, "%s", sentence);
	return false;
}

bool certificate_fail(char why[CERTIFICATE_WHY_MAX], const char *what, int rc)
{
	const char *text = gnutls_strerror(rc);
	size_t len = strlen(text);
	if (rc == GNUTLS_E_MEMORY_ERROR)
		return fail(why, NO_MEMORY);
	/* GnuTLS's sentences end with a period. */
	snprintf(why, CERTIFICATE_WHY_MAX, "%s: %.*s", what, (int)(len && text[len - 1] == '.' ? len - 1 : len), text);
	return false;
}

const char *errno_text(int error)
{
	return error == ENOMEM ? NO_MEMORY : strerror(error);
}

bool lacked_memory(const char *why)
{
	size_t len = strlen(why), end = strlen(NO_MEMORY);
	return len >= end && !strcmp(why + len - end, NO_MEMORY);
}

static bool begins(const char *s, size_t len, const char *word)
{
	size_t n = strlen(word);
	return len >= n && !memcmp(s, word, n);
}

/* A key that is pasted along with the certificate would be stored in the table, which is no place for it. */
static bool check_blocks(const char *pem, size_t len, unsigned *count, char *why)
{
	static const char begin[] = "-----BEGIN ";
	const char *end = pem + len, *p = pem;
	*count = 0;
	while ((p = memmem(p, (size_t)(end - p), begin, sizeof begin - 1))) {
		p += sizeof begin - 1;
		size_t rest = (size_t)(end - p);
		if (memmem(p, rest > 40 ? 40 : rest, "PRIVATE KEY", 11))
			return fail(why, "it contains a private key");
		if (!begins(p, rest, "CERTIFICATE-----") && !begins(p, rest, "X509 CERTIFICATE-----"))
			return fail(why, "it contains a PEM block that is not a certificate");
		++*count;
	}
	if (!*count)
		return fail(why, "it is not in PEM: there is no line -----BEGIN CERTIFICATE-----");
	if (*count > CERTIFICATE_CHAIN_MAX)
		return fail(why, "it has more than 16 certificates");
	return true;
}

bool certificate_parse(struct certificate *ret, const char *pem, size_t len, char why[CERTIFICATE_WHY_MAX])
{
	unsigned blocks;
	*ret = (struct certificate){ 0 };
	if (len > CERTIFICATE_PEM_MAX)
		return fail(why, "it is larger than 128K");
	if (memchr(pem, 0, len))
		return fail(why, "it is not text");
	if (!check_blocks(pem, len, &blocks, why))
		return false;
	gnutls_datum_t text = { (unsigned char *)(uintptr_t)pem, (unsigned)len };
	int rc = gnutls_x509_crt_list_import2(
		&ret->chain, &ret->count, &text, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
	if (rc < 0) {
		*ret = (struct certificate){ 0 };
		if (rc == GNUTLS_E_CERTIFICATE_LIST_UNSORTED)
			return fail(why, "its certificates are not in order: each must be followed by the one that signed it");
		return certificate_fail(why, "it is not a valid certificate", rc);
	}
	rc = ret->count == blocks ? der_validity(ret->chain[0], &ret->from, &ret->to) : GNUTLS_E_PARSING_ERROR;
	if (!rc)
		return true;
	certificate_free(ret);
	return certificate_fail(why, "it is not a valid certificate", rc);
}

void certificate_free(struct certificate *c)
{
	for (unsigned i = 0; i < c->count; i++)
		gnutls_x509_crt_deinit(c->chain[i]);
	gnutls_free(c->chain);
	*c = (struct certificate){ 0 };
}

bool authorities_are_valid(const char *pem, size_t len, char why[CERTIFICATE_WHY_MAX])
{
	gnutls_datum_t text = { (unsigned char *)(uintptr_t)pem, (unsigned)len };
	gnutls_x509_crt_t *list = NULL;
	unsigned count = 0;
	int rc = gnutls_x509_crt_list_import2(&list, &count, &text, GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0)
		return certificate_fail(why, "it has no valid certificates", rc);
	struct certificate c = { .chain = list, .count = count };
	bool right = true;
	for (unsigned i = 0; i < count && right; i++)
		right = certificate_is_authority(&(struct certificate){ .chain = &list[i], .count = 1 });
	certificate_free(&c);
	return right || fail(why, "it has a certificate that is not an authority's");
}

bool certificate_is_authority(const struct certificate *c)
{
	unsigned usage, critical;
	if (gnutls_x509_crt_get_ca_status(c->chain[0], &critical) <= 0)
		return false;
	int rc = gnutls_x509_crt_get_key_usage(c->chain[0], &usage, &critical);
	return rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE || (rc >= 0 && usage & GNUTLS_KEY_KEY_CERT_SIGN);
}

bool certificate_is_self_signed(const struct certificate *c)
{
	return gnutls_x509_crt_check_issuer(c->chain[0], c->chain[0]) != 0;
}

bool certificate_is_usable(const struct certificate *c, char why[CERTIFICATE_WHY_MAX])
{
	unsigned bits = 0;
	int kind = gnutls_x509_crt_get_pk_algorithm(c->chain[0], &bits);
	switch (kind) {
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		if (bits >= CERTIFICATE_RSA_BITS_MIN)
			return true;
		snprintf(why, CERTIFICATE_WHY_MAX, "its RSA key has %u bits: clients require at least %d", bits,
			CERTIFICATE_RSA_BITS_MIN);
		return false;
	case GNUTLS_PK_ECDSA:
	case GNUTLS_PK_EDDSA_ED25519:
	case GNUTLS_PK_EDDSA_ED448:
		return true;
	default:
		return fail(why, "its key is neither RSA, ECDSA, Ed25519 nor Ed448");
	}
}

/* ---- hosts ---- */

static bool label_is_valid(const char *s, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	if (len < 1 || len > 63 || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!s[i] || !strchr(allowed, s[i]))
			return false;
	return true;
}

bool host_is_address(const char *s)
{
	unsigned char address[16];
	return inet_pton(AF_INET, s, address) == 1 || inet_pton(AF_INET6, s, address) == 1;
}

bool host_is_valid(const char *s, size_t len)
{
	char name[254];
	if (len < 1 || len >= sizeof name || memchr(s, 0, len))
		return false;
	memcpy(name, s, len);
	name[len] = '\0';
	if (host_is_address(name))
		return true;
	const char *label = begins(name, len, "*.") ? name + 2 : name;
	bool digits = true; /* of the last label: an address that is not one */
	for (;;) {
		size_t n = strcspn(label, ".");
		if (!label_is_valid(label, n))
			return false;
		digits = strspn(label, "0123456789") == n;
		if (!label[n])
			return !digits;
		label += n + 1;
	}
}
