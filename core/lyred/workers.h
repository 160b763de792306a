/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/workers.h
 * \brief The HTTP servers: the one that listens, and those before it whose clients are not gone yet. For one thread.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include "config/config.h"
#include "http/http.h"

#include <stdbool.h>

/** So many renewals may wait for the clients of the old ones. */
#define WORKERS_OLD_MAX 8

struct workers {
	struct worker_set {
		struct http *http;
		struct config *config; /**< its own; NULL: the server's */
	} now, old[WORKERS_OLD_MAX];
	size_t old_count;
};

/** As http_open(). */
int workers_open(struct workers *w, const struct config *c, struct dispatch *d, struct http_sockets *given,
	struct err *e);
/**
 * Puts new listeners and threads, with the settings of today, in the place of those there are. These go on with the
 * clients they have, each until its next answer; \p c, the server's configuration, says what the new ones do. On a
 * failure nothing has changed. \return LYRE_EBUSY when too many renewals are under way
 */
int workers_renew(struct workers *w, struct config *c, const struct config_sources *sources, struct dispatch *d,
	struct err *e);
/** Closes those whose clients are gone. \return whether there are others */
bool workers_tend(struct workers *w);
void workers_quiesce(struct workers *w);
void workers_close(struct workers *w);

/** Asks all threads for a sign of life. \param[out] ret  the most silent one; missed 0 when all have answered the last time */
void workers_pulse(struct workers *w, struct http_silent *ret);

/* As the functions of http/ of the same names. */
void workers_pause(struct workers *w);
bool workers_settled(struct workers *w);
void workers_freeze(struct workers *w);
int workers_hand_over(struct workers *w, struct http_sockets *ret, struct err *e);

#endif
