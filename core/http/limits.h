/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/limits.h
 * \brief How many threads serve how many connections: what the settings ask for and the process limits allow.
 */
#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include "base/err.h"

struct config;

struct limits {
	unsigned threads;
	unsigned connections; /**< at once: by TCP, with and without TLS; on the domain socket */
	unsigned wanted;      /**< what operationsApi.network.maxConnections asks for; may exceed connections */
	unsigned per_address; /**< 0: no limit */
	unsigned long files;  /**< descriptors that the process may open */
};

/** \return LYRE_EINVAL if there are too few descriptors to serve any client */
int limits_read(struct limits *ret, const struct config *c, struct err *e);

#endif
