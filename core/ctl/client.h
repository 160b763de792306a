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

/** Receives a successful answer piece by piece. \return false if a piece cannot be stored: the rest is not read */
struct sink {
	bool (*write)(void *arg, const char *type, const void *piece, size_t len);
	void *arg;
};

/** Provides what is sent, piece by piece. */
struct source {
	ssize_t (*read)(void *arg, char *to, size_t max); /**< bytes stored, 0 at the end, negative: failed, after a message */
	void *arg;
	int64_t size; /**< total bytes; -1: unknown */
};

/** A parameter of the query string. */
struct parameter {
	const char *name, *value;
};

struct answer {
	long status;
	const char *type; /**< media type, "" if there is none; valid until the next request */
	struct buf body;  /**< what was not passed to a sink */
};

/** Does not connect yet, but asks for the password if one is needed. \return 0, or CTL_… after a message */
int client_open(struct client **ret, struct arena *a, struct options *o);
void client_close(struct client *c);

/**
 * Sends one request.
 * \param sink  receives a successful answer; NULL: it goes into \p ret->body, as errors always do
 * \param ret   the caller must free its body, whatever is returned
 * \return 0 if there is an answer, whatever its status; CTL_UNREACHABLE, or CTL_REFUSED if the sink failed, after a
 * message; CTL_REFUSED after a signal (ctl/interrupt.h)
 */
int client_send(struct client *c, const struct buf *request, const char *accept, const struct sink *sink, struct answer *ret);

/**
 * Sends a file, as the body of an operation whose parameters go into the query string.
 * \param parameters  ended by one without a name
 * \param ret         the caller must free its body, whatever is returned
 * \return as client_send(); CTL_REFUSED if the source failed
 */
int client_upload(
	struct client *c, struct arena *a, const struct parameter *parameters, const struct source *source, struct answer *ret);

#endif
