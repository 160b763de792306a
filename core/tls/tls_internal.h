/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file tls/tls_internal.h
 * \brief Shared by the files of this room: an immutable set of what listeners use, and its parts.
 */
#ifndef TLS_INTERNAL_H
#define TLS_INTERNAL_H

#include "tls/tls.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

/** One certificate with its key. */
struct tls_certificate {
	gnutls_pcert_st *chain;
	unsigned chain_count;
	gnutls_privkey_t key;
	gnutls_pk_algorithm_t algorithm; /**< of the key */
	int64_t from, until;             /**< valid; s since the epoch */
	char **hosts;
	size_t host_count;
};

struct tls_set {
	atomic_uint references;
	unsigned generation; /**< its number among the sets that were in use */
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	gnutls_datum_t ticket_key; /**< of this set alone, so that no session of another is resumed */
	enum lyre_tls_client client;
	char *user; /**< as in struct lyre_tls */
	struct tls_certificate *certificates;
	size_t count;
};

/* ---- certificates (tls_certificate.c) ---- */

/** \p ret must be zeroed, and freed whatever this returns. \return LYRE_EINVAL, LYRE_ENOMEM */
int tls_certificate_read(struct tls_certificate *ret, const struct lyre_tls_certificate *from, struct err *e);
void tls_certificate_free(struct tls_certificate *c);
/** A time of GnuTLS, which may have been built with a time_t of 32 bits where ours has 64: s since the epoch. */
int64_t tls_seconds_of(time_t t);
/**
 * The certificate for a client.
 * \param name  that it asks for; NULL for none
 * \param now   s since the epoch
 */
const struct tls_certificate *tls_choose(const struct tls_set *set, gnutls_session_t session, const char *name, int64_t now);

/* ---- ciphers (tls_ciphers.c) ---- */

/** \param ciphers  as in struct lyre_tls. LYRE_EINVAL with what is wrong */
int tls_ciphers_read(gnutls_priority_t *ret, const char *ciphers, struct err *e);

/* ---- sets (tls.c) ---- */

/** A reference to the current set; NULL for none. */
const struct tls_set *tls_take(struct tls *t);
void tls_give_back(const struct tls_set *set);
/** Of the current set. */
unsigned tls_generation(struct tls *t);

/* ---- the handshake (tls_client.c) ---- */

/** gnutls_certificate_retrieve_function3 of a set's credentials. */
int tls_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info, gnutls_pcert_st **certificates, unsigned *count,
	gnutls_ocsp_data_st **ocsp, unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags);

/** A text for GnuTLS. */
static inline gnutls_datum_t tls_datum(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)text, (unsigned)strlen(text) };
}

/** A failure of GnuTLS: "doing: why". \return LYRE_ENOMEM where that is why, else \p code */
int tls_failed(struct err *e, int code, const char *doing, int failure);

#endif
