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
 * Loads what the configuration names, checks the descriptors, declares their settings, and orders them by what they need.
 * Nothing of a module has run yet. Where the configuration collects faults, those of modules go there too, and it goes on
 * without them. A refusal says the paths tried, what was found and wanted, who asked for it, and what to do.
 */
int modules_load(struct modules **ret, struct config *c, struct err *e);
/** Registers the operations, routes and authenticators of those on the list. After modules_start(): an optional module that did not start has none.
 * \param faults  takes those of several modules; NULL: the first ends it */
int modules_register(struct modules *m, struct dispatch *d, struct fault_list *faults, struct err *e);
/** Starts in order; on a failure stops those started, but an optional one is only left out and logged. */
int modules_start(struct modules *m, struct dispatch *d, struct err *e);
/** Asks each whether it would start; an optional one that would not is no fault. Instead of modules_start(). */
void modules_check(struct modules *m, struct fault_list *faults);
/** Stops in the reverse order. Nothing is unmapped. */
void modules_stop(struct modules *m);
void modules_free(struct modules *m);
const struct lyre_instance *const *modules_list(const struct modules *m, size_t *count);

/** Folders where modules are looked for by name, the first hit wins; none in a build without dynamic loading. */
const char *const *modules_path(size_t *count);

/**
 * Reads a module's descriptor without running anything of it, and prints it with the answer whether this server would
 * load it, and why not.
 * \param path  of a file, or the name of a module
 * \return 0 when it is a module, loadable or not; LYRE_ENOTFOUND, LYRE_EINVAL, LYRE_EIO
 */
int module_info(const char *path, FILE *out, struct err *e);

#endif
