/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/client_certificate.h
 * \brief The certificate with which the client signs in: --cert and --key.
 */
#ifndef CTL_CLIENT_CERTIFICATE_H
#define CTL_CLIENT_CERTIFICATE_H

#include "ctl/ctl.h"

#include <curl/curl.h>

/**
 * Hands the files to libcurl after looking into them, as libcurl does not say which one is wrong.
 * \param tls  the address is an https one
 * \return 0, or CTL_… after a message
 */
int client_certificate_set(CURL *curl, const struct options *o, bool tls);
/** If certificates explain why a connection failed (\p why), writes a hint to \p to; otherwise leaves it unchanged. */
void client_certificate_hint(const struct options *o, CURLcode code, const char *why, char *to, size_t size);

#endif
