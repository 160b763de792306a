/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/remote_url.h
 * \brief The parts of a URL that is allowed, by libcurl's own parser, so that what is checked is what is requested. Internal.
 */
#ifndef REMOTE_URL_H
#define REMOTE_URL_H

#include "remote.h"

/** Bytes of a URL. */
#define REMOTE_URL_MAX 8192
/** Room for a host and its port. */
#define REMOTE_HOST_MAX 300

struct remote_url {
	bool is_https;
	char host
		[REMOTE_HOST_MAX]; /**< "example.com", "[::1]:8080": in lower case, with the port if it is not the protocol's own */
	bool is_number;            /**< the host is an address in digits */
	char *path;                /**< "/" at least; for free() */
	bool has_query;            /**< or a fragment */
};

/** \return 0, REMOTE_INVALID, REMOTE_REFUSED or REMOTE_MEMORY; texts call it "the URL" */
int remote_url_read(struct remote_url *ret, const char *url, struct remote_error *error);
void remote_url_free(struct remote_url *u);

#endif
