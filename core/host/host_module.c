/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_module.c
 * \brief Settings and log of a module: lyre/module.h.
 */
#include "config/config.h"
#include "log/log.h"
#include "host/host_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define SETTING_KEY_MAX 256

/** The configuration's key for a module's: "x.y" is modules.<name>.x.y, "/a.b" is a.b. */
static const char *full_key(const lyre_instance *self, const char *key, char out[SETTING_KEY_MAX])
{
	if (key[0] == '/')
		return key + 1;
	if (snprintf(out, SETTING_KEY_MAX, "modules.%s.%s", self->name, key) >= SETTING_KEY_MAX) {
		log_fatal("module", "%s requests a setting with a key of more than %d bytes: this is a bug in the module",
			self->name, SETTING_KEY_MAX);
		abort();
	}
	return out;
}

static int host_setting_is_null(lyre_instance *self, const char *key)
{
	char full[SETTING_KEY_MAX];
	return config_is_null(self->config, full_key(self, key, full));
}

static int64_t host_setting_int(lyre_instance *self, const char *key)
{
	char full[SETTING_KEY_MAX];
	return config_int(self->config, full_key(self, key, full));
}

static double host_setting_number(lyre_instance *self, const char *key)
{
	char full[SETTING_KEY_MAX];
	return config_number(self->config, full_key(self, key, full));
}

static int host_setting_bool(lyre_instance *self, const char *key)
{
	char full[SETTING_KEY_MAX];
	return config_bool(self->config, full_key(self, key, full));
}

static const char *host_setting_string(lyre_instance *self, const char *key)
{
	char full[SETTING_KEY_MAX];
	return config_string(self->config, full_key(self, key, full));
}

static const char *const *host_setting_list(lyre_instance *self, const char *key, size_t *count)
{
	char full[SETTING_KEY_MAX];
	return config_list(self->config, full_key(self, key, full), count);
}

static size_t host_setting_count(lyre_instance *self, const char *key)
{
	char full[SETTING_KEY_MAX];
	return config_count(self->config, full_key(self, key, full));
}

static int host_start_vfail(lyre_instance *self, int code, const char *fmt, va_list ap)
{
	return err_vset(&self->err, code < 0 ? code : LYRE_EINTERNAL, fmt, ap);
}

static int host_run(lyre_instance *self, int (*work)(lyre_call *call, void *arg), void *arg)
{
	struct err e = { 0 };
	if (host_is_telling()) {
		log_error("module", "%s calls lyre_run() in a listener: this is a bug in the module; a task can do it", self->name);
		return LYRE_EINVAL;
	}
	int rc = dispatch_run(self->dispatch, self->name, self, work, arg, NULL, &e);
	if (rc < 0 && self->starting)
		self->err = e;
	else if (rc < 0)
		log_error(self->name, "%s", e.text);
	return rc;
}

static void host_vlog(lyre_instance *self, int level, const char *fmt, va_list ap)
{
	int known = level < LYRE_NOTIFY ? LYRE_NOTIFY : level > LYRE_TRACE ? LYRE_TRACE : level;
	log_vwrite((enum lyre_log_level)known, self->name, fmt, ap);
}

const struct lyre_module_api host_module_api = {
	.size = (uint32_t)sizeof(struct lyre_module_api),

	.setting_is_null = host_setting_is_null,
	.setting_int = host_setting_int,
	.setting_number = host_setting_number,
	.setting_bool = host_setting_bool,
	.setting_string = host_setting_string,
	.setting_list = host_setting_list,

	.start_vfail = host_start_vfail,
	.run = host_run,
	.vlog = host_vlog,

	.setting_count = host_setting_count,
};
