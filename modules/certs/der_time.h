/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/der_time.h
 * \brief When a certificate is valid, from its DER: a time_t of GnuTLS may have another width than ours.
 */
#ifndef CERTS_DER_TIME_H
#define CERTS_DER_TIME_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** \param[out] from, to  seconds since the epoch. \return whether it could be read */
bool der_validity(gnutls_x509_crt_t crt, int64_t *from, int64_t *to);
/** The same from the bytes of a certificate. */
bool der_read_validity(const unsigned char *der, size_t len, int64_t *from, int64_t *to);

#endif
