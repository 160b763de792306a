/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file tls/tls.c
 * \brief What listeners use, made as a set that never changes, and put in the place of the one before.
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

/* ---- authorities of clients ---- */

static int add_authorities(gnutls_x509_trust_list_t trust, const char *pem, struct err *e)
{
	const gnutls_datum_t text = { (unsigned char *)pem, (unsigned)strlen(pem) };
	gnutls_x509_crt_t *list = NULL;
	unsigned count = 0;

	int rc = gnutls_x509_crt_list_import2(&list, &count, &text, GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0)
		return tls_failed(e, LYRE_EINVAL, "the authorities of clients cannot be read", rc);
	/* Those that were added are the trust list's. */
	rc = gnutls_x509_trust_list_add_cas(trust, list, count, GNUTLS_TL_USE_IN_TLS | GNUTLS_TL_NO_DUPLICATES);
	if (rc < 0) {
		for (unsigned i = 0; i < count; i++)
			gnutls_x509_crt_deinit(list[i]);
		rc = tls_failed(e, LYRE_EINVAL, "the authorities of clients cannot be used", rc);
	}
	gnutls_free(list);
	return rc < 0 ? rc : 0;
}

static int add_revoked(gnutls_x509_trust_list_t trust, const char *pem, struct err *e)
{
	const gnutls_datum_t text = { (unsigned char *)pem, (unsigned)strlen(pem) };
	gnutls_x509_crl_t *list = NULL;
	unsigned count = 0, added = 0;

	int rc = gnutls_x509_crl_list_import2(&list, &count, &text, GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0)
		return tls_failed(e, LYRE_EINVAL, "the lists of revoked certificates cannot be read", rc);
	/* One at a time: of several, one could fail and the others be the trust list's already. */
	for (rc = 0; added < count && !rc; added++) {
		int n = gnutls_x509_trust_list_add_crls(trust, &list[added], 1, GNUTLS_TL_VERIFY_CRL | GNUTLS_TL_FAIL_ON_INVALID_CRL,
			GNUTLS_VERIFY_DISABLE_TIME_CHECKS);
		if (n == 1)
			continue;
		rc = n < 0 && n != GNUTLS_E_CRL_VERIFICATION_ERROR ? tls_failed(e, LYRE_EINVAL, "a list of revoked certificates cannot be used", n) :
			err_set(e, LYRE_EINVAL, "a list of revoked certificates was not signed by any of the authorities");
		break;
	}
	for (unsigned i = added; i < count; i++)
		gnutls_x509_crl_deinit(list[i]);
	gnutls_free(list);
	return rc;
}

static int read_trust(struct tls_set *s, const struct lyre_tls *use, struct err *e)
{
	gnutls_x509_trust_list_t trust;

	if (s->client == LYRE_TLS_CLIENT_NONE)
		return 0;
	if (!use->authorities)
		return err_set(e, LYRE_EINVAL, "clients are asked for a certificate, but there is no authority that signs them");
	if (gnutls_x509_trust_list_init(&trust, 0))
		return err_nomem(e);
	int rc = add_authorities(trust, use->authorities, e);
	if (!rc && use->revoked)
		rc = add_revoked(trust, use->revoked, e);
	if (rc)
		gnutls_x509_trust_list_deinit(trust, 1);
	else
		gnutls_certificate_set_trust_list(s->credentials, trust, 0);
	return rc;
}

/* ---- making one ---- */

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
		return err_set(e, LYRE_EINVAL, "clients cannot be asked for certificates in this way: %u", (unsigned)use->client);
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
	t->set = s;
	pthread_mutex_unlock(&t->lock);
	tls_give_back(old);
	return 0;
}
