/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/source.c
 * \brief The network of an address.
 */
#include "auth/source.h"

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
