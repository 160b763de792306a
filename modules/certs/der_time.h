/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/der_time.h
 * \brief When a certificate is valid and a CRL is due, from their DER: a time_t of GnuTLS may have another width than ours.
 */
#ifndef CERTS_DER_TIME_H
#define CERTS_DER_TIME_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** \param[out] from, to  seconds since the epoch. \return 0, or an error of GnuTLS */
int der_validity(gnutls_x509_crt_t crt, int64_t *from, int64_t *to);
/** The same from the bytes of a certificate. \return whether they could be read */
bool der_read_validity(const unsigned char *der, size_t len, int64_t *from, int64_t *to);
/** When a certificate revocation list is to be replaced. \param[out] next  INT64_MAX: it does not say */
int der_next_update(gnutls_x509_crl_t crl, int64_t *next);
/** The same from its bytes. */
bool der_read_next_update(const unsigned char *der, size_t len, int64_t *next);

#endif
