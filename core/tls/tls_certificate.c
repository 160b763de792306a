/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file tls/tls_certificate.c
 * \brief One certificate: read with its key, and found by the name that a client asks for.
 */
#include "tls/tls_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Certificates of one chain. */
#define CHAIN_MAX 16
/* A name of the DNS. */
#define HOST_MAX 253
#define KEY_ID_MAX 64

static int refuse(struct err *e, const struct lyre_tls_certificate *from, const char *why, int failure)
{
	char doing[300];

	if (!failure)
		return err_set(e, LYRE_EINVAL, "certificate '%.200s': %s", from->name, why);
	snprintf(doing, sizeof doing, "certificate '%.200s': %s", from->name, why);
	return tls_failed(e, LYRE_EINVAL, doing, failure);
}

/* ---- reading ---- */

/* The upper half is not what GnuTLS returned if its time_t has 32 bits. */
int64_t tls_seconds_of(time_t t)
{
	return sizeof(long) < sizeof t ? (int64_t)(uint32_t)t : (int64_t)t;
}

static int import_key(gnutls_x509_privkey_t key, const struct lyre_tls_certificate *from, struct err *e)
{
	const gnutls_datum_t pem = tls_datum(from->key);

	int rc = gnutls_x509_privkey_import2(key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc == GNUTLS_E_DECRYPTION_FAILED)
		return refuse(e, from, "its private key is encrypted: remove the password", 0);
	return rc ? refuse(e, from, "its private key cannot be read", rc) : 0;
}

static int compare_key(gnutls_x509_privkey_t key, gnutls_x509_crt_t leaf, const struct lyre_tls_certificate *from, struct err *e)
{
	unsigned char mine[KEY_ID_MAX], its[KEY_ID_MAX];
	size_t mine_len = sizeof mine, its_len = sizeof its;

	int rc = gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, its, &its_len);
	if (!rc)
		rc = gnutls_x509_crt_get_key_id(leaf, GNUTLS_KEYID_USE_SHA256, mine, &mine_len);
	if (rc)
		return refuse(e, from, "its private key cannot be compared", rc);
	return mine_len == its_len && memcmp(mine, its, mine_len) == 0 ? 0 :
									 refuse(e, from, "the private key does not match it", 0);
}

/* \p key is released with it, if this returns 0. */
static int take_key(struct tls_certificate *ret, gnutls_x509_privkey_t key, const struct lyre_tls_certificate *from, struct err *e)
{
	int rc = gnutls_privkey_init(&ret->key);
	if (!rc)
		rc = gnutls_privkey_import_x509(ret->key, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE);
	if (rc)
		return refuse(e, from, "its private key cannot be used", rc);
	ret->algorithm = (gnutls_pk_algorithm_t)gnutls_privkey_get_pk_algorithm(ret->key, NULL);
	return 0;
}

static int read_key(struct tls_certificate *ret, gnutls_x509_crt_t leaf, const struct lyre_tls_certificate *from, struct err *e)
{
	gnutls_x509_privkey_t key;

	if (gnutls_x509_privkey_init(&key))
		return err_nomem(e);
	int rc = import_key(key, from, e);
	if (!rc)
		rc = compare_key(key, leaf, from, e);
	if (!rc)
		rc = take_key(ret, key, from, e);
	if (rc)
		gnutls_x509_privkey_deinit(key);
	return rc;
}

/* The order of the certificates after the first does not matter. */
static int read_chain(struct tls_certificate *ret, gnutls_x509_crt_t *list, unsigned count, const struct lyre_tls_certificate *from,
	struct err *e)
{
	ret->chain = calloc(CHAIN_MAX, sizeof *ret->chain);
	if (!ret->chain)
		return err_nomem(e);
	int rc = gnutls_pcert_import_x509_list(ret->chain, list, &count, GNUTLS_X509_CRT_LIST_SORT);
	if (rc)
		return refuse(e, from, "its chain cannot be used", rc);
	ret->chain_count = count;
	ret->from = tls_seconds_of(gnutls_x509_crt_get_activation_time(list[0]));
	ret->until = tls_seconds_of(gnutls_x509_crt_get_expiration_time(list[0]));
	return 0;
}

static int read_certificate(struct tls_certificate *ret, const struct lyre_tls_certificate *from, struct err *e)
{
	const gnutls_datum_t pem = tls_datum(from->chain);
	gnutls_x509_crt_t *list = NULL;
	unsigned count = 0;

	int rc = gnutls_x509_crt_list_import2(&list, &count, &pem, GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0)
		return refuse(e, from, "it cannot be read", rc);
	if (count > CHAIN_MAX)
		rc = refuse(e, from, "its chain has more than 16 certificates", 0);
	if (!rc)
		rc = read_key(ret, list[0], from, e);
	if (!rc)
		rc = read_chain(ret, list, count, from, e);
	for (unsigned i = 0; i < count; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return rc;
}

/* Only "*." at its beginning may stand for other names. */
static bool host_is_valid(const char *host)
{
	const char *rest = strncmp(host, "*.", 2) ? host : host + 2;

	if (!*rest || strlen(host) > HOST_MAX)
		return false;
	for (; *rest; rest++)
		if (*rest <= ' ' || *rest > '~' || *rest == '*')
			return false;
	return true;
}

static int read_hosts(struct tls_certificate *ret, const struct lyre_tls_certificate *from, struct err *e)
{
	ret->hosts = calloc((size_t)from->host_count + 1, sizeof *ret->hosts);
	if (!ret->hosts)
		return err_nomem(e);
	for (uint32_t i = 0; i < from->host_count; i++) {
		const char *host = from->hosts[i];
		if (!host || !host_is_valid(host))
			return err_set(
				e, LYRE_EINVAL, "certificate '%.200s': '%.300s' is not a host name", from->name, host ? host : "");
		ret->hosts[i] = strdup(host);
		if (!ret->hosts[i])
			return err_nomem(e);
		ret->host_count++;
	}
	return 0;
}

int tls_certificate_read(struct tls_certificate *ret, const struct lyre_tls_certificate *from, struct err *e)
{
	if (!from->name || !from->chain || !from->key || (from->host_count && !from->hosts))
		return err_set(e, LYRE_EINVAL, "a certificate without a name, a chain, a key or its hosts");
	int rc = read_certificate(ret, from, e);
	return rc ? rc : read_hosts(ret, from, e);
}

void tls_certificate_free(struct tls_certificate *c)
{
	for (unsigned i = 0; i < c->chain_count; i++)
		gnutls_pcert_deinit(&c->chain[i]);
	free(c->chain);
	if (c->key)
		gnutls_privkey_deinit(c->key);
	for (size_t i = 0; i < c->host_count; i++)
		free(c->hosts[i]);
	free(c->hosts);
}

/* ---- choosing ---- */

enum fit { FIT_NONE, FIT_WILDCARD, FIT_EXACT };
/* Added if the certificate is valid today. */
#define FIT_TODAY 2

static enum fit host_fits(const char *host, const char *name, const char *rest)
{
	if (strcasecmp(host, name) == 0)
		return FIT_EXACT;
	return rest && rest != name && *host == '*' && strcasecmp(host + 1, rest) == 0 ? FIT_WILDCARD : FIT_NONE;
}

static unsigned fit_of(const struct tls_certificate *c, const char *name, int64_t now)
{
	const char *rest = strchr(name, '.');
	enum fit best = FIT_NONE;

	for (size_t i = 0; i < c->host_count && best != FIT_EXACT; i++) {
		enum fit fit = host_fits(c->hosts[i], name, rest);
		best = fit > best ? fit : best;
	}
	return best && c->from <= now && now <= c->until ? (unsigned)best + FIT_TODAY : (unsigned)best;
}

/* Whether the client accepts signatures by this kind of key. */
static bool is_supported(const struct tls_certificate *c, gnutls_session_t session)
{
	gnutls_sign_algorithm_t sign;

	for (size_t i = 0; gnutls_sign_algorithm_get_requested(session, i, &sign) == 0; i++)
		if (gnutls_sign_supports_pk_algorithm(sign, c->algorithm))
			return true;
	return false;
}

const struct tls_certificate *tls_choose(const struct tls_set *set, gnutls_session_t session, const char *name, int64_t now)
{
	const struct tls_certificate *best = NULL;
	unsigned best_fit = 0;
	bool best_supported = false;

	for (size_t i = 0; name && i < set->count; i++) {
		const struct tls_certificate *c = &set->certificates[i];
		unsigned fit = fit_of(c, name, now);
		if (!fit)
			continue;
		bool supported = is_supported(c, session);
		if (!best || supported > best_supported || (supported == best_supported && fit > best_fit)) {
			best = c;
			best_fit = fit;
			best_supported = supported;
		}
	}
	return best ? best : &set->certificates[0];
}
