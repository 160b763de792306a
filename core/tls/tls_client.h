/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file tls/tls_client.h
 * \brief The handshake with one client: which certificate it sees, and who it is by its own.
 */
#ifndef TLS_CLIENT_H
#define TLS_CLIENT_H

#include "tls/tls.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

struct tls_set;

/** Zeroed at first. It must be what the session reads from: gnutls_transport_set_ptr2(). One thread at a time. */
struct tls_client {
	const struct tls_set *set; /**< a reference, until the handshake is over */
	char *user;                /**< whom its certificate signs in; NULL: nobody */
	int64_t verified_until;    /**< s since the epoch: its certificate is verified again after that, */
	unsigned generation;       /**< or when this set is no longer what is used */
	const char *refused;       /**< why its certificate was refused; NULL: it was not */
	bool alerted;              /**< the client was sent an alert */
};

/** A priority for sessions that have no set yet. */
#define TLS_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/** gnutls_certificate_retrieve_function3 of those: there is no certificate. */
int tls_retrieve_nothing(gnutls_session_t session, const struct gnutls_cert_retr_st *info, gnutls_pcert_st **certificates,
	unsigned *count, gnutls_ocsp_data_st **ocsp, unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags);
/** Its hello has arrived: the session gets the current set. \return LYRE_EBUSY: there is nothing yet; LYRE_ENOMEM */
int tls_client_begin(struct tls_client *c, struct tls *t, gnutls_session_t session);
/** The handshake is over. */
void tls_client_settle(struct tls_client *c, gnutls_session_t session);
/**
 * A request arrives after the handshake: verifies the client's certificate again if it may have expired, or the set has changed.
 * c->user is whom it signs in now.
 * \return 0; LYRE_EUNAUTHENTICATED, with \p why, or LYRE_ENOMEM: the connection must be closed
 */
int tls_client_check(struct tls_client *c, struct tls *t, gnutls_session_t session, const char **why);
void tls_client_end(struct tls_client *c);

#endif
