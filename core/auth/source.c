/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/source.c
 * \brief The network of an address, and the fingerprint of a user who signs in from there.
 */
#include "auth/source.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

void source_of(const char *peer, char ret[SOURCE_MAX])
{
	struct in6_addr address;

	if (peer && inet_pton(AF_INET6, peer, &address) == 1) {
		memset(&address.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &address, ret, SOURCE_MAX);
	} else {
		snprintf(ret, SOURCE_MAX, "%s", peer ? peer : "");
	}
}

/** The name's fingerprint comes before the source, so that no name passes for the start of a source. */
void attempt_print(const uint8_t key[16], const struct attempt *a, uint64_t ret[2])
{
	uint8_t text[16 + SOURCE_MAX];
	size_t len = strnlen(a->source, SOURCE_MAX);

	siphash128(key, a->user, a->user_len, text);
	if (len)
		memcpy(text + 16, a->source, len);
	siphash128(key, text, 16 + len, (uint8_t *)ret);
}
