/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/proxy_header.h
 * \brief The header of the PROXY protocol, versions 1 and 2: a proxy's report about its client, sent before the client's
 * first byte.
 */
#ifndef HTTP_PROXY_HEADER_H
#define HTTP_PROXY_HEADER_H

#include "http/proxy.h"

#include <stddef.h>

/** Bytes that suffice to read a header: a line of version 1; the start and addresses of version 2 are shorter. */
#define PROXY_LINE_MAX ((size_t)107)
/** A complete header, including what follows the addresses. */
#define PROXY_HEADER_MAX ((size_t)4 << 10)

enum proxy_answer {
	PROXY_NONE,  /**< not a PROXY header; no request begins like one */
	PROXY_MORE,  /**< too short to tell */
	PROXY_BEGUN, /**< a PROXY header, incomplete */
	PROXY_READ,
	PROXY_BAD
};

struct proxy_header {
	size_t size;              /**< of the whole header, which may extend beyond what has arrived: the rest is ignored */
	char client[ADDRESS_MAX]; /**< the client's address; "": the proxy connects on its own behalf, or does not say */
	const char *why;          /**< for PROXY_BAD */
};

/** \param s  received bytes; PROXY_LINE_MAX bytes are always enough */
enum proxy_answer proxy_header_read(struct proxy_header *ret, const char *s, size_t len);

#endif
