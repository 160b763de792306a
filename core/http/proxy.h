/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/proxy.h
 * \brief Trusted proxies (operationsApi.network.trustedProxies) and what they report about their clients.
 */
#ifndef HTTP_PROXY_H
#define HTTP_PROXY_H

#include "base/err.h"
#include "http/framing.h"
#include "http/http.h"

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_MAX HTTP_ADDRESS

/** Writes an AF_INET or AF_INET6 address as text; IPv4-mapped IPv6 as IPv4. \param bytes  in network order */
void address_write(char ret[ADDRESS_MAX], int family, const void *bytes);
/** Normalizes text as address_write() writes it. \return whether it is an address of this family */
bool address_read(char ret[ADDRESS_MAX], int family, const char *text);

struct network;

/** Addresses and networks, as in "10.0.0.0/8" or "::1". */
struct proxies {
	struct network *networks;
	size_t count;
};

/** \return 0; LYRE_EINVAL, naming the invalid entry; LYRE_ENOMEM */
int proxies_read(struct proxies *ret, const char *const *list, size_t count, struct err *e);
void proxies_free(struct proxies *p);
/** Whether an address, given as text, is in the list. */
bool proxies_trust(const struct proxies *p, const char *address);

/**
 * The client of a request: the last address in X-Forwarded-For that is not itself a trusted proxy.
 * \param[in,out] ret  the sender; unchanged if that is not a trusted proxy, or the header is absent or invalid
 */
void proxy_client(const struct proxies *p, const struct framing *f, char ret[ADDRESS_MAX]);
/** Whether the client connected to the proxy with TLS, by X-Forwarded-Proto. */
bool proxy_is_secure(const struct framing *f);

#endif
