/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/server.h
 * \brief The rooms of the server, opened and closed in order.
 */
#ifndef SERVER_H
#define SERVER_H

#include "lyred/handover.h"
#include "lyred/restart.h"
#include "lyred/workers.h"

/** The open rooms. */
struct server {
	struct config *config;
	struct modules *modules;
	struct store *store;
	struct auth *auth;
	struct jobs *jobs;
	struct tasks *tasks;
	struct pool *pool;
	struct tls *tls;
	struct dispatch *dispatch;
	struct workers workers;
	struct restart restart;
	struct handover given; /**< descriptors from the previous program */
	bool logging;
	bool started; /**< the modules */
	int lock;
};

/** Opens everything, with config and modules loaded. After a failure, server_stop() closes what was opened. */
int server_start(struct server *s, struct err *e);
/**
 * Checks whether another server would start in place of this one with the current settings: folders and addresses, which
 * --check cannot test while they are in use. On the thread that renews the workers.
 */
int server_try(const struct server *s, const struct config_sources *sources, struct err *e);
/**
 * Whether a server with this configuration would start on this host: folders, addresses, descriptors. Settings already
 * known to be faulty, and what depends on them, are not checked.
 * \param s       the server that it would replace; NULL for none: then nothing is changed
 * \param faults  collects all faults
 * \param busy    set if another process listens on its address; NULL: that is a fault, too
 * \return whether there can be a root folder
 */
bool server_try_host(const struct server *s, const struct config *c, struct fault_list *faults, struct err *busy);
/** Closes everything except the listeners. */
void server_close_rooms(struct server *s);
void server_stop(struct server *s);

#endif
