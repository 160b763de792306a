/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/revocation.h
 * \brief Certificate revocation lists (CRLs) from PEM.
 */
#ifndef CERTS_REVOCATION_H
#define CERTS_REVOCATION_H

#include "certificate.h"

/**
 * Whether a text has CRLs, at least one, all signed by one of some authorities.
 * \param authorities  PEM; NULL: there are none
 * \param[out] due     when the first of them is to be replaced, s since the epoch; INT64_MAX: never
 */
bool revocation_lists_read(const char *pem, size_t len, const char *authorities, int64_t *due, char why[CERTIFICATE_WHY_MAX]);

#endif
