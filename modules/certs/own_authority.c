/* SPDX-License-Identifier: Apache-2.0 */
#include "own_authority.h"

#include "utf8_text.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SERIAL_BYTES 16
/* The longest common name that X.509 allows. */
#define CN_MAX 64
/* Clocks of clients may be behind. */
#define EARLIER 300

bool own_key_make(struct private_key *ret, char why[CERTIFICATE_WHY_MAX])
{
	int rc = gnutls_x509_privkey_init(&ret->key);
	if (rc >= 0)
		rc = gnutls_x509_privkey_generate(ret->key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (rc >= 0)
		return true;
	private_key_free(ret);
	return certificate_fail(why, "cannot make a certificate", rc);
}

/* GnuTLS's time_t may have 32 bits where ours has 64. */
static time_t library_time(int64_t seconds)
{
	return (time_t)(sizeof(long) < 8 && seconds > INT32_MAX ? INT32_MAX : seconds);
}

static int set_common(gnutls_x509_crt_t crt, const struct private_key *key, const char *cn, int64_t now)
{
	unsigned char serial[SERIAL_BYTES];
	size_t len = strlen(cn);
	int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);
	serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40); /* positive, and all its bytes count */
	if (rc >= 0)
		rc = gnutls_x509_crt_set_version(crt, 3);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_serial(crt, serial, sizeof serial);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_dn_by_oid(
			crt, GNUTLS_OID_X520_COMMON_NAME, 0, cn, (unsigned)(len > CN_MAX ? CN_MAX : len));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(crt, library_time(now - EARLIER));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(crt, library_time(now + OWN_CERTIFICATE_DAYS * INT64_C(86400)));
	return rc >= 0 ? gnutls_x509_crt_set_key(crt, key->key) : rc;
}

/* The same key signs both, so that its identifier is the subject's and the authority's. */
static int set_identifiers(gnutls_x509_crt_t crt, bool signed_by)
{
	unsigned char id[64];
	size_t size = sizeof id;
	int rc = gnutls_x509_crt_get_key_id(crt, 0, id, &size);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_subject_key_id(crt, id, size);
	return rc >= 0 && signed_by ? gnutls_x509_crt_set_authority_key_id(crt, id, size) : rc;
}

static int add_address(gnutls_x509_crt_t crt, int family, const char *text)
{
	unsigned char address[16];
	inet_pton(family, text, address);
	return gnutls_x509_crt_set_subject_alt_name(
		crt, GNUTLS_SAN_IPADDRESS, address, family == AF_INET ? 4 : 16, GNUTLS_FSAN_APPEND);
}

static int add_host(gnutls_x509_crt_t crt, const char *host)
{
	unsigned char address[16];
	for (int i = 0; i < 2; i++)
		if (inet_pton(i ? AF_INET6 : AF_INET, host, address) == 1)
			return add_address(crt, i ? AF_INET6 : AF_INET, host);
	return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, host, (unsigned)strlen(host), GNUTLS_FSAN_APPEND);
}

static int set_names(gnutls_x509_crt_t crt, const char *node)
{
	int rc = add_address(crt, AF_INET, "127.0.0.1");
	if (rc >= 0)
		rc = add_host(crt, "localhost");
	if (rc >= 0)
		rc = add_address(crt, AF_INET6, "::1");
	bool other = strcmp(node, "localhost") && strcmp(node, "127.0.0.1") && strcmp(node, "::1");
	return rc >= 0 && other ? add_host(crt, node) : rc;
}

static int make_authority(gnutls_x509_crt_t crt, const struct private_key *key, const char *name, int64_t now)
{
	int rc = set_common(crt, key, name, now);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_basic_constraints(crt, 1, -1);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	if (rc >= 0)
		rc = set_identifiers(crt, false);
	return rc >= 0 ? gnutls_x509_crt_sign2(crt, crt, key->key, GNUTLS_DIG_SHA256, 0) : rc;
}

static int make_server(
	gnutls_x509_crt_t crt, gnutls_x509_crt_t authority, const struct private_key *key, const char *node, int64_t now)
{
	int rc = set_common(crt, key, node, now);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	if (rc >= 0)
		rc = set_names(crt, node);
	if (rc >= 0)
		rc = set_identifiers(crt, true);
	return rc >= 0 ? gnutls_x509_crt_sign2(crt, authority, key->key, GNUTLS_DIG_SHA256, 0) : rc;
}

/* With \r\n, as clients expect them. */
static char *text_of(gnutls_x509_crt_t crt)
{
	gnutls_datum_t pem;
	struct text t = { 0 };
	if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem) < 0)
		return NULL;
	for (unsigned i = 0; i < pem.size; i++) {
		if (pem.data[i] == '\n')
			text_add(&t, "\r", 1);
		text_add(&t, (const char *)pem.data + i, 1);
	}
	gnutls_free(pem.data);
	return text_take(&t);
}

bool own_pair_make(const struct private_key *key, const char *authority, const char *node, int64_t now, struct own_pair *ret,
	char why[CERTIFICATE_WHY_MAX])
{
	gnutls_x509_crt_t signer = NULL, server = NULL;
	*ret = (struct own_pair){ 0 };
	int rc = gnutls_x509_crt_init(&signer);
	if (rc >= 0)
		rc = gnutls_x509_crt_init(&server);
	if (rc >= 0)
		rc = make_authority(signer, key, authority, now);
	if (rc >= 0)
		rc = make_server(server, signer, key, node, now);
	if (rc >= 0) {
		ret->authority = text_of(signer);
		ret->server = text_of(server);
		rc = ret->authority && ret->server ? 0 : GNUTLS_E_MEMORY_ERROR;
	}
	if (signer)
		gnutls_x509_crt_deinit(signer);
	if (server)
		gnutls_x509_crt_deinit(server);
	if (rc >= 0)
		return true;
	own_pair_free(ret);
	return certificate_fail(why, "cannot make a certificate", rc);
}

void own_pair_free(struct own_pair *p)
{
	free(p->authority);
	free(p->server);
	*p = (struct own_pair){ 0 };
}
