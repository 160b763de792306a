/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/proxy_header.h
 * \brief The header of the PROXY protocol, versions 1 and 2: what a proxy says of its client before the client's first byte.
 */
#ifndef HTTP_PROXY_HEADER_H
#define HTTP_PROXY_HEADER_H

#include "http/proxy.h"

#include <stddef.h>

/** The most that decides: a line of version 1; of version 2 the begin and the addresses are less. */
#define PROXY_LINE_MAX ((size_t)107)
/** A whole header, with what follows the addresses. */
#define PROXY_HEADER_MAX ((size_t)4 << 10)

enum proxy_answer {
	PROXY_NONE,  /**< it is something else; no request begins as a header does */
	PROXY_MORE,  /**< too short to tell */
	PROXY_BEGUN, /**< a header, of which more must come */
	PROXY_READ,
	PROXY_BAD
};

struct proxy_header {
	size_t size;              /**< of the whole, which may be more than has come: the rest is of no interest */
	char client[ADDRESS_MAX]; /**< its address; "": the proxy speaks for itself, or does not say */
	const char *why;          /**< of PROXY_BAD */
};

/** \param s  what has come; PROXY_LINE_MAX bytes are always enough */
enum proxy_answer proxy_header_read(struct proxy_header *ret, const char *s, size_t len);

#endif
