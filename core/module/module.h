/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/module.h
 * \brief Finding, checking, ordering, starting and stopping modules.
 */
#ifndef MODULE_MODULE_H
#define MODULE_MODULE_H

#include "base/faults.h"
#include "host/host.h"

#include <stdio.h>

struct config;
struct dispatch;

/**
 * Loads the modules that the configuration names, checks the descriptors, declares their settings, and orders them by
 * their needs. Runs no code of a module. If the configuration collects faults, those of modules are added, and loading
 * continues without these modules. Errors report the paths tried, what was found and expected, where the module is named,
 * and what to do.
 */
int modules_load(struct modules **ret, struct config *c, struct err *e);
/**
 * Registers the operations, routes and authenticators of the modules on the list. After modules_start(), so that an optional
 * module that did not start has none.
 * \param faults  collects those of several modules; NULL: ends at the first
 */
int modules_register(struct modules *m, struct dispatch *d, struct fault_list *faults, struct err *e);
/** Starts them in order. A failure stops those already started, unless the module is optional: then it is only left
 * out, and logged. */
int modules_start(struct modules *m, struct dispatch *d, struct err *e);
/** Asks each whether it would start; for an optional one this is not a fault. Instead of modules_start(). */
void modules_check(struct modules *m, struct fault_list *faults);
/** Tells those that listen that they will be stopped. */
void modules_tell_stopping(struct modules *m);
/** Stops in the reverse order. Nothing is unmapped. */
void modules_stop(struct modules *m);
void modules_free(struct modules *m);
const struct lyre_instance *const *modules_list(const struct modules *m, size_t *count);

/** Folders searched for modules by name, first match first; empty in a build without dynamic loading. */
const char *const *modules_path(size_t *count);

/**
 * Reads a module's descriptor without running any code of it, and prints it, with whether this server would load it or the
 * reason why not.
 * \param path  of a file, or the name of a module
 * \return 0 if it is a module, loadable or not; LYRE_ENOTFOUND, LYRE_EINVAL, LYRE_EIO
 */
int module_info(const char *path, FILE *out, struct err *e);

#endif
