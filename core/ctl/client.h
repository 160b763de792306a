/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/client.h
 * \brief A connection to a server, over its domain socket or HTTP.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include "base/arena.h"
#include "ctl/ctl.h"

#include <sys/types.h>

/** Takes a good answer piece by piece. \return false when a piece cannot be kept: the rest is not read then */
struct sink {
	bool (*write)(void *arg, const char *type, const void *piece, size_t len);
	void *arg;
};

/** Gives what is sent, piece by piece. */
struct source {
	ssize_t (*read)(void *arg, char *to, size_t max); /**< bytes put there, 0 at the end, negative: it failed, which is said */
	void *arg;
	int64_t size; /**< bytes there are; -1: not known */
};

/** Of a query string. */
struct parameter {
	const char *name, *value;
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
 *         the sink failed: both said; CTL_REFUSED when a signal came (ctl/interrupt.h)
 */
int client_send(struct client *c, const struct buf *request, const char *accept, const struct sink *sink, struct answer *ret);

/**
 * Sends a file, as the body of an operation whose parameters go into the address.
 * \param parameters  up to one without a name
 * \param ret         its body is the caller's to free, whatever is returned
 * \return as client_send(); CTL_REFUSED when the source failed
 */
int client_upload(
	struct client *c, struct arena *a, const struct parameter *parameters, const struct source *source, struct answer *ret);

#endif
