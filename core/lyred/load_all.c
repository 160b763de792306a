/* SPDX-License-Identifier: Apache-2.0 */
#include "lyred/load_all.h"

#include "auth/auth.h"
#include "config/config.h"
#include "module/module.h"

static bool load_settings(struct config **config, const struct config_sources *given, struct fault_list *faults)
{
	struct config_sources sources = *given;
	struct err e = { .code = 0 };

	sources.faults = faults;
	if (config_load(config, &sources, &e))
		faults_add(faults, &e);
	return *config;
}

static void load_modules(struct config *config, struct modules **modules, struct fault_list *faults)
{
	struct err e = { .code = 0 };

	if (modules_load(modules, config, &e) || config_check_unknown(config, &e))
		faults_add(faults, &e);
}

bool load(struct config **config, struct modules **modules, const struct config_sources *sources, struct fault_list *faults)
{
	struct err e = { .code = 0 };

	if (!load_settings(config, sources, faults))
		return false;
	load_modules(*config, modules, faults);
	if (!config_is_faulty(*config, "authentication.argon2") && auth_check(*config, &e))
		faults_add(faults, &e);
	return !faults->count;
}

void unload(struct config *config, struct modules *modules)
{
	modules_free(modules);
	config_free(config);
}
