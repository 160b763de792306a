/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/client.h
 * \brief A connection to a server, over its domain socket or HTTP.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include "ctl/ctl.h"

/** Takes a good answer piece by piece. \return false when a piece cannot be kept: the rest is not read then */
struct sink {
	bool (*write)(void *arg, const char *type, const void *piece, size_t len);
	void *arg;
};

struct answer {
	long status;
	const char *type; /**< media type, "" when there is none; lives until the next request */
	struct buf body;  /**< what did not go into a sink */
};

/** Opens nothing yet, but asks for the password where one is needed. \return 0, or CTL_…, said */
int client_open(struct client **ret, struct arena *a, struct options *o);
void client_close(struct client *c);

/**
 * Sends one request.
 * \param sink  where a good answer goes; NULL: into \p ret->body, where every error goes
 * \param ret   its body is the caller's to free, whatever is returned
 * \return 0 when there is an answer, whatever its status; CTL_UNREACHABLE, or CTL_REFUSED when
 *         the sink failed: both said
 */
int client_send(struct client *c, const struct buf *request, const char *accept, const struct sink *sink,
	struct answer *ret);

#endif
