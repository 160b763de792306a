/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_config.c
 * \brief The configuration as modules see it: lyre/server.h.
 */
#include "config/config.h"
#include "log/log.h"
#include "host/host_server.h"

int host_configuration_reply(lyre_call *call, int effective)
{
	const struct config *c = call->operation->instance->config;
	struct err e;

	int rc = host_may_manage(call);
	if (rc < 0)
		return rc;
	rc = effective ? LYRE_ENOTFOUND : config_write_next(c, &call->out, &e);
	if (rc && !effective)
		log_warn("config", "get_configuration shows the values in effect, as the configuration cannot be used: %s", e.text);
	return rc ? config_write(c, &call->out, &call->err) : 0;
}

/** Logs a change of the configuration, and warns if it has no effect. */
static void note(void *ctx, const char *key, const char *over, bool inert)
{
	const lyre_call *call = ctx;

	log_notify("config", "'%s' was set in the configuration file by '%s'", key, call_user(call));
	if (inert)
		log_warn("config", "'%s' has no effect in this build", key);
	else if (over)
		log_warn("config", "'%s' in the file has no effect: it is overridden by %s", key, over);
}

int host_configuration_set(lyre_call *call, const lyre_value *settings, int unknown)
{
	int rc = host_may_manage(call);
	return rc < 0 ? rc : config_set(call->operation->instance->config, settings, unknown != 0, note, call, &call->err);
}

struct visiting {
	int (*visit)(void *arg, const struct lyre_setting_entry *entry);
	void *arg;
};

static int show(void *ctx, const struct config_item *item)
{
	static const uint32_t effects[] = {
		[CONFIG_AT_RESTART] = LYRE_EFFECT_RESTART,
		[CONFIG_AT_NEW_LISTENERS] = LYRE_EFFECT_LISTENERS,
		[CONFIG_AT_ONCE] = LYRE_EFFECT_AT_ONCE,
		[CONFIG_WITHOUT_EFFECT] = LYRE_EFFECT_NONE,
	};
	const struct visiting *v = ctx;
	char wanted[CONFIG_WANTED_MAX];
	const struct lyre_setting_entry entry = {
		.size = (uint32_t)sizeof entry,
		.effect = effects[item->effect],
		.key = item->key,
		.wanted = config_wanted(item->setting, wanted),
		.fallback = item->setting->fallback,
		.help = item->setting->help,
	};
	return v->visit(v->arg, &entry);
}

int host_settings(lyre_call *call, int (*visit)(void *arg, const struct lyre_setting_entry *entry), void *arg)
{
	struct visiting v = { visit, arg };
	int rc = host_may_manage(call);
	return rc < 0 ? rc : config_each(call->operation->instance->config, show, &v);
}
