/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/own_authority.h
 * \brief The private authority of this server, and the certificate that it signs for the server's names.
 */
#ifndef CERTS_OWN_AUTHORITY_H
#define CERTS_OWN_AUTHORITY_H

#include "certificate.h"

/** How long what is made here is valid. */
#define OWN_CERTIFICATE_DAYS 3650

/** Certificates that belong together, for own_pair_free(). */
struct own_pair {
	char *authority, *server; /**< PEM, with the line ends that clients expect */
};

/** A new EC key, P-256. */
bool own_key_make(struct private_key *ret, char why[CERTIFICATE_WHY_MAX]);
/**
 * Certificates of an authority and of a server, both with \p key.
 * \param authority  name of the authority
 * \param node       name of the server, and a host
 * \param now        seconds since the epoch
 */
bool own_pair_make(const struct private_key *key, const char *authority, const char *node, int64_t now, struct own_pair *ret,
	char why[CERTIFICATE_WHY_MAX]);
void own_pair_free(struct own_pair *p);

#endif
