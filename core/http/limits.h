/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/limits.h
 * \brief How many threads serve how many connections: what the settings ask for, and what the process may have.
 */
#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include "base/err.h"

struct config;

struct limits {
	unsigned threads;
	unsigned connections; /**< at once: by TCP, with and without TLS; on the domain socket */
	unsigned wanted;      /**< what operationsApi.network.maxConnections asks for; more than connections: too few descriptors */
	unsigned per_address; /**< 0: no limit */
	unsigned long files;  /**< descriptors that the process may have open */
};

/** \return LYRE_EINVAL when there are too few descriptors to serve anybody */
int limits_read(struct limits *ret, const struct config *c, struct err *e);

#endif
