/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/workers.h
 * \brief The HTTP servers: the one that listens, and earlier ones that still have clients. For one thread.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include "config/config.h"
#include "http/http.h"

#include <stdbool.h>

/** Maximum number of earlier servers that still have clients. */
#define WORKERS_OLD_MAX 8

struct workers {
	struct worker_set {
		struct http *http;
		struct config *config; /**< the HTTP server's own; NULL: the process's */
	} now, old[WORKERS_OLD_MAX];
	size_t old_count;
};

/** As http_open(). */
int workers_open(struct workers *w, const struct config *c, struct dispatch *d, struct http_sockets *given, struct err *e);
/**
 * Replaces the listeners and threads with new ones that use the current settings. The old ones keep their clients, each
 * until its next answer; \p c, the server's configuration, takes over the settings of the new ones. On failure nothing has
 * changed. \return LYRE_EBUSY if too many renewals are in progress
 */
int workers_renew(struct workers *w, struct config *c, const struct config_sources *sources, struct dispatch *d, struct err *e);
/** Closes those without clients. \return whether others remain */
bool workers_tend(struct workers *w);
void workers_quiesce(struct workers *w);
void workers_close(struct workers *w);

/** Asks all threads for a sign of life. \param[out] ret  the thread silent for longest; missed 0 if all answered last time */
void workers_pulse(struct workers *w, struct http_silent *ret);

/* As the functions of http/ of the same names. */
void workers_pause(struct workers *w);
bool workers_settled(struct workers *w);
void workers_freeze(struct workers *w);
int workers_hand_over(struct workers *w, struct http_sockets *ret, struct err *e);

#endif
