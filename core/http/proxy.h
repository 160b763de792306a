/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/proxy.h
 * \brief Proxies that are trusted (operationsApi.network.trustedProxies): what they say of the client they speak for.
 */
#ifndef HTTP_PROXY_H
#define HTTP_PROXY_H

#include "base/err.h"
#include "http/framing.h"
#include "http/http.h"

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_MAX HTTP_ADDRESS

/** An address of AF_INET or AF_INET6 as a text; IPv4 in IPv6 as IPv4. \param bytes  as the network has them */
void address_write(char ret[ADDRESS_MAX], int family, const void *bytes);
/** A text as address_write() would have it. \return whether it is an address of this family */
bool address_read(char ret[ADDRESS_MAX], int family, const char *text);

struct network;

/** Addresses and networks, as in "10.0.0.0/8" or "::1". */
struct proxies {
	struct network *networks;
	size_t count;
};

/** \return 0; LYRE_EINVAL with the entry that is no address; LYRE_ENOMEM */
int proxies_read(struct proxies *ret, const char *const *list, size_t count, struct err *e);
void proxies_free(struct proxies *p);
/** Whether an address, as a text, is one of theirs. */
bool proxies_trust(const struct proxies *p, const char *address);

/**
 * The client of a request: the last address of X-Forwarded-For that is no trusted proxy's itself.
 * \param[in,out] ret  who has sent it; stays where that is no trusted proxy, or the header is absent or makes no sense
 */
void proxy_client(const struct proxies *p, const struct framing *f, char ret[ADDRESS_MAX]);
/** Whether the client's connection to the proxy has TLS, by X-Forwarded-Proto. */
bool proxy_is_secure(const struct framing *f);

#endif
