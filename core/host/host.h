/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host.h
 * \brief The functions passed to modules, and modules as these functions see them.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "base/arena.h"
#include "base/err.h"
#include "job/tasks.h"

#include <lyre/module.h>
#include <lyre/server.h>
#include <lyre/task.h>
#include <lyre/user.h>
#include <stdbool.h>

struct config;
struct dispatch;
struct module_listener;

/** A path served by a module. */
struct module_route {
	struct lyre_route route;
	struct module_route *next;
};

/** Credentials checked by a module. */
struct module_authenticator {
	struct lyre_authenticator authenticator;
	struct module_authenticator *next;
};

/** A metric that a module reports. */
struct module_metric {
	struct lyre_metric_source source;
	struct module_metric *next;
};

/** A task of a module. */
struct module_task {
	struct lyre_task task;
	struct task timed;
	lyre_instance *self;
	metric_count failures;
	int64_t told_at; /**< when a failure was last logged, monotonic ms; 0: never */
	unsigned untold; /**< failures since then */
	struct err told; /**< that failure */
	struct module_task *next;
};

/** A loaded module. */
struct lyre_instance {
	const struct lyre_module *descriptor; /**< a copy of our struct's size: members that the module's own lacks are zero */
	const char *name;
	const char *path; /**< of its file; NULL: built in */
	const char *file; /**< the configuration file that names it; NULL: none does */
	int line;         /**< where; 0: not in a file */
	bool optional;
	bool started;
	bool starting; /**< in its start() */
	struct modules *modules;
	struct module_route *routes;                 /**< added by it, newest first */
	struct module_authenticator *authenticators; /**< the same */
	struct module_metric *metrics;               /**< the same */
	struct module_task *tasks;                   /**< the same */
	struct config *config;
	struct dispatch *dispatch; /**< from its start on */
	struct err err;            /**< set by lyre_start_fail() */
};

/** All modules of a server. */
struct modules {
	struct arena arena;
	struct config *config;
	lyre_instance **list; /**< in configuration order, later in start order */
	size_t count;
	const char **failed; /**< names of modules already reported as faulty */
	size_t failed_count;
	_Atomic(struct module_listener *) listeners; /**< of all modules, in the order in which they were added */
	uint32_t told;                               /**< enum lyre_event_kind, or-ed: what some of them listen to */
};

/** For a module that does not start: its tasks are gone. */
void host_tasks_remove(lyre_instance *self);

/** Tells listeners that the server stops. */
void host_tell_stopping(const struct modules *all);
/** For a module that ends: when this returns, its listeners are told no more. */
void host_listeners_remove(lyre_instance *self);

/** The table of functions passed to every module. */
extern const struct lyre_host host;

#endif
