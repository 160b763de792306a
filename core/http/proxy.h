/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/proxy.h
 * \brief Proxies that are trusted (operationsApi.network.trustedProxies): what they say of the client they speak for.
 */
#ifndef HTTP_PROXY_H
#define HTTP_PROXY_H

#include "base/err.h"
#include "http/framing.h"

#include <stdbool.h>
#include <stddef.h>

/** Room for an address as a text. */
#define ADDRESS_MAX 56

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
 * The client of a request that a trusted proxy has sent: the last address of X-Forwarded-For that is no trusted proxy's
 * itself. \p ret stays as it is where the header is absent or makes no sense.
 */
void proxy_client(const struct proxies *p, const struct framing *f, char ret[ADDRESS_MAX]);
/** Whether the client's connection to the proxy has TLS, by X-Forwarded-Proto. */
bool proxy_is_secure(const struct framing *f);

#endif
