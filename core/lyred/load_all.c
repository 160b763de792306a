/* SPDX-License-Identifier: Apache-2.0 */
#include "lyred/load_all.h"

#include "auth/auth.h"
#include "config/config.h"
#include "module/module.h"

int load(struct config **config, struct modules **modules, const struct config_sources *sources, struct err *e)
{
	int rc = config_load(config, sources, e);

	if (!rc)
		rc = modules_load(modules, *config, e);
	if (!rc)
		rc = config_check_unknown(*config, e);
	return rc ? rc : auth_check(*config, e);
}

void unload(struct config *config, struct modules *modules)
{
	modules_free(modules);
	config_free(config);
}
