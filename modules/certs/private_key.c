/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/private_key.c
 * \brief Private keys from PEM and to PEM, and whether one is a certificate's.
 */
#include "certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX 64

void secret_free(char *text)
{
	if (text)
		gnutls_memset(text, 0, strlen(text));
	free(text);
}

static bool fail(char *why, const char *sentence)
{
	snprintf(why, CERTIFICATE_WHY_MAX, "%s", sentence);
	return false;
}

bool private_key_parse(struct private_key *ret, const char *pem, size_t len, char why[CERTIFICATE_WHY_MAX])
{
	ret->key = NULL;
	if (len > CERTIFICATE_PEM_MAX)
		return fail(why, "it is larger than 128K");
	if (!memmem(pem, len, "-----BEGIN ", 11) || !memmem(pem, len, "PRIVATE KEY-----", 16))
		return fail(why, "it is not in PEM: there is no line -----BEGIN PRIVATE KEY-----");
	if (memmem(pem, len, "BEGIN ENCRYPTED", 15) || memmem(pem, len, "4,ENCRYPTED", 11))
		return fail(why, "it is encrypted: remove its password, as with openssl pkey");
	gnutls_datum_t text = { (unsigned char *)(uintptr_t)pem, (unsigned)len };
	int rc = gnutls_x509_privkey_init(&ret->key);
	if (rc >= 0)
		rc = gnutls_x509_privkey_import2(ret->key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc >= 0)
		rc = gnutls_x509_privkey_verify_params(ret->key);
	if (rc >= 0)
		return true;
	private_key_free(ret);
	return fail(why, rc == GNUTLS_E_MEMORY_ERROR ? NO_MEMORY : "it is not a valid private key");
}

void private_key_free(struct private_key *k)
{
	if (k->key)
		gnutls_x509_privkey_deinit(k->key);
	k->key = NULL;
}

bool private_key_matches(const struct private_key *k, const struct certificate *c)
{
	unsigned char ours[ID_MAX], theirs[ID_MAX];
	size_t our_size = sizeof ours, their_size = sizeof theirs;
	return gnutls_x509_privkey_get_key_id(k->key, GNUTLS_KEYID_USE_SHA256, ours, &our_size) >= 0 &&
		gnutls_x509_crt_get_key_id(c->chain[0], GNUTLS_KEYID_USE_SHA256, theirs, &their_size) >= 0 &&
		our_size == their_size && !memcmp(ours, theirs, our_size);
}

char *private_key_text(const struct private_key *k)
{
	gnutls_datum_t pem = { 0 };
	if (gnutls_x509_privkey_export2_pkcs8(k->key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem) < 0)
		return NULL;
	char *ret = malloc(pem.size + 1);
	if (ret) {
		memcpy(ret, pem.data, pem.size);
		ret[pem.size] = '\0';
	}
	gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return ret;
}
