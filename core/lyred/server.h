/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/server.h
 * \brief The rooms of the server, opened and closed in their order.
 */
#ifndef SERVER_H
#define SERVER_H

#include "lyred/handover.h"
#include "lyred/restart.h"
#include "lyred/workers.h"

/** What is open. */
struct server {
	struct config *config;
	struct modules *modules;
	struct store *store;
	struct auth *auth;
	struct jobs *jobs;
	struct pool *pool;
	struct tls *tls;
	struct dispatch *dispatch;
	struct workers workers;
	struct restart restart;
	struct handover given; /**< descriptors of the program before this one */
	bool logging;
	bool started; /**< the modules */
	int lock;
};

/** Opens everything, with config and modules loaded. After a failure server_stop() closes what was opened. */
int server_start(struct server *s, struct err *e);
/**
 * Whether another would start in its place with the settings of today, as far as --check cannot see, to which this one is
 * in the way: folders, addresses. On the thread that renews the workers.
 */
int server_try(const struct server *s, const struct config_sources *sources, struct err *e);
/**
 * Whether a server with this configuration would start on this host: folders, addresses, descriptors. Settings that are a
 * fault already, and what depends on them, are not looked at.
 * \param s       the one whose place it would take; NULL for none: nothing is changed then
 * \param faults  takes all that speaks against it
 * \param busy    told when another process listens where it would; NULL: that is a fault, too
 * \return whether there can be a root folder
 */
bool server_try_host(const struct server *s, const struct config *c, struct fault_list *faults, struct err *busy);
/** Closes everything but what listens. */
void server_close_rooms(struct server *s);
void server_stop(struct server *s);

#endif
