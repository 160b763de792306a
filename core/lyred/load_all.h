/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/load_all.h
 * \brief Settings and modules: everything that can be checked without changing anything.
 */
#ifndef LYRED_LOAD_ALL_H
#define LYRED_LOAD_ALL_H

#include "base/faults.h"

#include <stdbool.h>

struct config;
struct config_sources;
struct modules;

/**
 * \param[out] config, modules  to be passed to unload(), even after a failure; NULL before, and after a fault that hides all
 *                              others
 * \param faults                collects all faults
 * \return whether there are none
 */
bool load(struct config **config, struct modules **modules, const struct config_sources *sources, struct fault_list *faults);
void unload(struct config *config, struct modules *modules);

#endif
