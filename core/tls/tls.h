/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file tls/tls.h
 * \brief What TLS listeners use: certificates, authorities of clients, ciphers. Replaced as a whole, at any time.
 */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include "base/err.h"

#include <lyre/tls.h>
#include <stdbool.h>

struct tls;

/** Whether this build has TLS; without it the other functions do nothing, and tls_use() fails. */
bool tls_is_built(void);
/** \param wanted  there is a listener, whatever the configuration says */
int tls_open(struct tls **ret, bool wanted, struct err *e);
/** No connection may use it any more. NULL is nothing to close. */
void tls_close(struct tls *t);
bool tls_is_wanted(const struct tls *t);
/** As lyre_tls_set(), for structs of our sizes. Any thread. */
int tls_use(struct tls *t, const struct lyre_tls *use, struct err *e);
/** Whether tls_use() would take it. \return as tls_use() */
int tls_try(const struct lyre_tls *use, struct err *e);
/** Whether there is a certificate to show to clients. Any thread. */
bool tls_is_ready(struct tls *t);

#endif
