/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file tls/tls.c
 * \brief What listeners use: an immutable set, which replaces the previous one.
 */
#include "base/text.h"
#include "tls/tls_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct tls {
	bool wanted;
	pthread_mutex_t lock; /* of the following */
	struct tls_set *set;
	atomic_uint generation; /* of set; read without the lock */
};

int tls_failed(struct err *e, int code, const char *doing, int failure)
{
	if (failure == GNUTLS_E_MEMORY_ERROR)
		return err_nomem(e);
	return err_set(e, code, "%s: %s", doing, gnutls_strerror(failure));
}

bool tls_is_built(void)
{
	return true;
}

int tls_open(struct tls **ret, bool wanted, struct err *e)
{
	struct tls *t = calloc(1, sizeof *t);

	if (!t)
		return err_nomem(e);
	t->wanted = wanted;
	pthread_mutex_init(&t->lock, NULL);
	*ret = t;
	return 0;
}

void tls_close(struct tls *t)
{
	if (!t)
		return;
	tls_give_back(t->set);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

bool tls_is_wanted(const struct tls *t)
{
	return t->wanted;
}

bool tls_is_ready(struct tls *t)
{
	const struct tls_set *set = tls_take(t);

	tls_give_back(set);
	return set != NULL;
}

/* ---- references ---- */

const struct tls_set *tls_take(struct tls *t)
{
	pthread_mutex_lock(&t->lock);
	struct tls_set *set = t->set;
	if (set)
		atomic_fetch_add(&set->references, 1);
	pthread_mutex_unlock(&t->lock);
	return set;
}

unsigned tls_generation(struct tls *t)
{
	return atomic_load(&t->generation);
}

static void set_free(struct tls_set *s)
{
	for (size_t i = 0; i < s->count; i++)
		tls_certificate_free(&s->certificates[i]);
	free(s->certificates);
	if (s->credentials)
		gnutls_certificate_free_credentials(s->credentials);
	if (s->priority)
		gnutls_priority_deinit(s->priority);
	if (s->ticket_key.data)
		secure_clear(s->ticket_key.data, s->ticket_key.size);
	gnutls_free(s->ticket_key.data);
	free(s->user);
	free(s);
}

void tls_give_back(const struct tls_set *set)
{
	struct tls_set *s = (struct tls_set *)set;

	if (s && atomic_fetch_sub(&s->references, 1) == 1)
		set_free(s);
}

/* ---- authorities for client certificates ---- */

/* Authorities and their CRLs, until they belong to the trust list. */
struct trust {
	gnutls_x509_crt_t *authorities;
	gnutls_x509_crl_t *revoked;
	unsigned authority_count, revoked_count;
};

static void trust_free(struct trust *t)
{
	for (unsigned i = 0; i < t->authority_count; i++)
		gnutls_x509_crt_deinit(t->authorities[i]);
	for (unsigned i = 0; i < t->revoked_count; i++)
		gnutls_x509_crl_deinit(t->revoked[i]);
	gnutls_free(t->authorities);
	gnutls_free(t->revoked);
}

/* An overdue list is still used. */
static int check_revoked(const struct trust *t, struct err *e)
{
	const unsigned harmless =
		GNUTLS_CERT_INVALID | GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED | GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE;

	for (unsigned i = 0; i < t->revoked_count; i++) {
		unsigned status = 0;
		int rc = gnutls_x509_crl_verify(t->revoked[i], t->authorities, t->authority_count, 0, &status);
		if (rc < 0)
			return tls_failed(e, LYRE_EINVAL, "a certificate revocation list (CRL) cannot be verified", rc);
		if (status & ~harmless)
			return err_set(
				e, LYRE_EINVAL, "a certificate revocation list (CRL) is not signed by any of the authorities");
	}
	return 0;
}

static int import_trust(struct trust *t, const struct lyre_tls *use, struct err *e)
{
	const gnutls_datum_t authorities = tls_datum(use->authorities), revoked = tls_datum(use->revoked ? use->revoked : "");

	int rc = gnutls_x509_crt_list_import2(&t->authorities, &t->authority_count, &authorities, GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0)
		return tls_failed(e, LYRE_EINVAL, "the authorities for client certificates cannot be read", rc);
	if (!use->revoked)
		return 0;
	rc = gnutls_x509_crl_list_import2(&t->revoked, &t->revoked_count, &revoked, GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0)
		return tls_failed(e, LYRE_EINVAL, "the certificate revocation lists (CRLs) cannot be read", rc);
	return check_revoked(t, e);
}

/* What was added belongs to the list. */
static int fill_trust(gnutls_x509_trust_list_t list, struct trust *t, struct err *e)
{
	int rc = gnutls_x509_trust_list_add_cas(
		list, t->authorities, t->authority_count, GNUTLS_TL_USE_IN_TLS | GNUTLS_TL_NO_DUPLICATES);
	if (rc < 0)
		return tls_failed(e, LYRE_EINVAL, "the authorities for client certificates cannot be used", rc);
	t->authority_count = 0;
	rc = t->revoked_count ? gnutls_x509_trust_list_add_crls(list, t->revoked, t->revoked_count, 0, 0) : 0;
	if (rc < 0)
		return tls_failed(e, LYRE_EINVAL, "the certificate revocation lists (CRLs) cannot be used", rc);
	t->revoked_count = 0;
	return 0;
}

static int read_trust(struct tls_set *s, const struct lyre_tls *use, struct err *e)
{
	struct trust t = { .authorities = NULL };
	gnutls_x509_trust_list_t list = NULL;

	if (s->client == LYRE_TLS_CLIENT_NONE)
		return 0;
	if (!use->authorities)
		return err_set(e, LYRE_EINVAL, "client certificates are requested, but there is no authority to verify them");
	int rc = import_trust(&t, use, e);
	if (!rc && gnutls_x509_trust_list_init(&list, 0))
		rc = err_nomem(e);
	if (!rc)
		rc = fill_trust(list, &t, e);
	trust_free(&t);
	if (rc && list)
		gnutls_x509_trust_list_deinit(list, 1);
	else if (!rc)
		gnutls_certificate_set_trust_list(s->credentials, list, 0);
	return rc;
}

/* ---- making a set ---- */

static int read_certificates(struct tls_set *s, const struct lyre_list *list, struct err *e)
{
	int rc = 0;

	if (!list->count)
		return err_set(e, LYRE_EINVAL, "there is no certificate");
	s->certificates = calloc(list->count, sizeof *s->certificates);
	if (!s->certificates)
		return err_nomem(e);
	while (!rc && s->count < list->count) {
		rc = tls_certificate_read(&s->certificates[s->count], lyre_list_at(list, (uint32_t)s->count), e);
		s->count++;
	}
	return rc;
}

static int make_credentials(struct tls_set *s, const struct lyre_tls *use, struct err *e)
{
	if (gnutls_certificate_allocate_credentials(&s->credentials))
		return err_nomem(e);
	gnutls_certificate_set_retrieve_function3(s->credentials, tls_retrieve);
	int rc = read_trust(s, use, e);
	if (!rc)
		rc = tls_ciphers_read(&s->priority, use->ciphers, e);
	if (!rc && gnutls_session_ticket_key_generate(&s->ticket_key))
		rc = err_nomem(e);
	if (!rc && use->user && !(s->user = strdup(use->user)))
		rc = err_nomem(e);
	return rc;
}

static int set_new(struct tls_set **ret, const struct lyre_tls *use, struct err *e)
{
	if (use->client > LYRE_TLS_CLIENT_REQUIRED)
		return err_set(e, LYRE_EINVAL, "invalid client certificate mode: %u", (unsigned)use->client);
	struct tls_set *s = calloc(1, sizeof *s);
	if (!s)
		return err_nomem(e);
	atomic_init(&s->references, 1);
	s->client = (enum lyre_tls_client)use->client;
	int rc = read_certificates(s, &use->certificates, e);
	if (!rc)
		rc = make_credentials(s, use, e);
	if (rc) {
		set_free(s);
		return rc;
	}
	*ret = s;
	return 0;
}

int tls_try(const struct lyre_tls *use, struct err *e)
{
	struct tls_set *s = NULL;

	int rc = set_new(&s, use, e);
	tls_give_back(s);
	return rc;
}

int tls_use(struct tls *t, const struct lyre_tls *use, struct err *e)
{
	struct tls_set *s;

	int rc = set_new(&s, use, e);
	if (rc)
		return rc;
	pthread_mutex_lock(&t->lock);
	struct tls_set *old = t->set;
	s->generation = atomic_load(&t->generation) + 1;
	t->set = s;
	atomic_store(&t->generation, s->generation);
	pthread_mutex_unlock(&t->lock);
	tls_give_back(old);
	return 0;
}
