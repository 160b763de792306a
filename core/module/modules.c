/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/modules.c
 * \brief All modules of a server: loaded, registered, started, stopped.
 */
#include <config.h>

#include "config/config.h"
#include "dispatch/dispatch.h"
#include "log/log.h"
#include "module/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int module_refuse(struct err *e, const lyre_instance *i, int code, const char *fmt, ...)
{
	struct err cause = { 0 };
	va_list ap;
	va_start(ap, fmt);
	err_vset(&cause, code, fmt, ap);
	va_end(ap);
	if (i->line > 0)
		return err_set(e, code, "module '%s' (%s:%d): %s", i->name, i->file, i->line, cause.text);
	return err_set(e, code, "module '%s': %s", i->name, cause.text);
}

static void take_off(struct modules *m, size_t n)
{
	m->count--;
	memmove(m->list + n, m->list + n + 1, (m->count - n) * sizeof *m->list);
}

void module_leave_out(struct modules *m, size_t n, struct err *why)
{
	log_warn("module", "%s; skipped, as it is optional", why->text);
	*why = (struct err){ 0 };
	take_off(m, n);
}

int module_fail(struct modules *m, size_t n, struct err *why, struct err *e)
{
	const char *name = m->list[n]->name;
	if (faults_take(config_faults(m->config), why)) {
		*e = *why;
		return e->code;
	}
	config_pass_over_module(m->config, name);
	m->failed[m->failed_count++] = name;
	take_off(m, n);
	return 0;
}

bool module_has_failed(const struct modules *m, const char *name)
{
	for (size_t i = 0; i < m->failed_count; i++)
		if (strcmp(m->failed[i], name) == 0)
			return true;
	return false;
}

/** Opens the modules that the configuration names, in its order. */
static int open_all(struct modules *m, const struct config_module *wanted, size_t count, struct err *e)
{
	m->list = ARENA_ARRAY(&m->arena, lyre_instance *, count + 1);
	m->failed = ARENA_ARRAY(&m->arena, const char *, count + 1);
	if (!m->list || !m->failed)
		return err_nomem(e);
	for (size_t n = 0; n < count; n++) {
		const struct config_module *w = wanted + n;
		lyre_instance *i = ARENA_NEW(&m->arena, lyre_instance);
		if (!i)
			return err_nomem(e);
		*i = (lyre_instance){ .name = w->name,
			.path = w->path,
			.file = w->file,
			.line = w->line,
			.optional = w->optional,
			.config = m->config,
			.modules = m };
		if (module_by_name(m, i->name))
			return module_refuse(e, i, LYRE_EINVAL, "is named twice: remove one of them");
		m->list[m->count++] = i;
		struct err cause = { 0 };
		int rc = module_open(m, i, &cause);
		if (rc >= 0)
			continue;
		struct err why = { 0 };
		module_refuse(&why, i, rc, "%s", cause.text);
		/* A module that the file does not name may be in another package; but a server needs at least one module. */
		if (w->fallback && rc == LYRE_ENOTFOUND && (m->count > 1 || n + 1 < count)) {
			log_notify("module", "module '%s' is not installed, and is skipped", i->name);
			m->count--;
			continue;
		}
		if (i->optional)
			module_leave_out(m, m->count - 1, &why);
		else if (module_fail(m, m->count - 1, &why, e))
			return rc;
	}
	return 0;
}

static int declare_settings(struct modules *m, struct err *e)
{
	for (size_t n = 0; n < m->count;) {
		struct err why = { 0 };
		if (!config_declare_module(m->config, m->list[n]->name, m->list[n]->descriptor->settings, &why))
			n++;
		else if (module_fail(m, n, &why, e))
			return e->code;
	}
	return 0;
}

int modules_load(struct modules **ret, struct config *c, struct err *e)
{
	const struct config_module *wanted;
	size_t count;
	int rc = config_modules(c, LYRE_DEFAULT_MODULES, &wanted, &count, e);
	if (rc < 0)
		return rc;
	struct modules *m = calloc(1, sizeof *m);
	if (!m)
		return err_nomem(e);
	arena_init(&m->arena);
	m->config = c;
	rc = open_all(m, wanted, count, e);
	if (rc == 0)
		rc = modules_order(m, e);
	if (rc == 0)
		rc = declare_settings(m, e);
	if (rc < 0) {
		modules_free(m);
		return rc;
	}
	*ret = m;
	return 0;
}

static int register_one(lyre_instance *i, struct dispatch *d, struct err *e)
{
	struct err cause = { 0 };
	int rc = dispatch_register(d, i->name, i, i->descriptor->operations, &cause);
	if (rc < 0)
		return module_refuse(e, i, rc, "%s%s", cause.text, rc == LYRE_EEXISTS ? ": remove one of the two modules" : "");
	for (const struct module_route *r = i->routes; r; r = r->next) {
		rc = dispatch_add_route(d, i->name, i, &r->route, &cause);
		if (rc < 0)
			return module_refuse(e, i, rc, "%s", cause.text);
	}
	for (const struct module_authenticator *a = i->authenticators; a; a = a->next) {
		rc = dispatch_add_authenticator(d, i->name, i, &a->authenticator, &cause);
		if (rc < 0)
			return module_refuse(e, i, rc, "%s", cause.text);
	}
	return 0;
}

int modules_register(struct modules *m, struct dispatch *d, struct fault_list *faults, struct err *e)
{
	for (size_t n = 0; n < m->count; n++)
		if (register_one(m->list[n], d, e) && faults_take(faults, e))
			return e->code;
	return 0;
}

/** \param what  the function that refused */
static int refuse_start(const lyre_instance *i, int rc, const char *what, struct err *e)
{
	rc = rc < 0 ? rc : LYRE_EINTERNAL;
	if (!i->err.code)
		return module_refuse(e, i, rc, "does not start: its %s() failed without giving a reason (version %s)", what,
			i->descriptor->version);
	return module_refuse(e, i, rc, "does not start: %s (version %s)", i->err.text, i->descriptor->version);
}

/** Starts one, if those it needs are running. */
static int start_one(const struct modules *m, lyre_instance *i, struct err *e)
{
	const char *needs = i->descriptor->needs;
	for (struct need need; need_next(&needs, &need) == 0;)
		if (!module_by_name(m, need.name))
			return module_refuse(e, i, LYRE_ENOTFOUND,
				"needs the module '%s', which did not start: fix that, or remove '%s'", need.name, i->name);

	i->starting = true;
	int rc = i->descriptor->start ? i->descriptor->start(i) : 0;
	i->starting = false;
	if (rc == 0) {
		i->started = true;
		log_debug("module", "%s %s started (%s)", i->name, i->descriptor->version, i->path ? i->path : "built in");
		return 0;
	}
	i->routes = NULL;
	i->authenticators = NULL;
	i->metrics = NULL;
	host_listeners_remove(i);
	if (i->descriptor->stop)
		i->descriptor->stop(i);
	host_tasks_remove(i);
	return refuse_start(i, rc, "start", e);
}

int modules_start(struct modules *m, struct dispatch *d, struct err *e)
{
	for (size_t n = 0; n < m->count;) {
		struct err why = { 0 };
		m->list[n]->dispatch = d;
		int rc = start_one(m, m->list[n], &why);
		if (rc == 0) {
			n++;
		} else if (m->list[n]->optional) {
			module_leave_out(m, n, &why);
		} else {
			*e = why;
			modules_stop(m);
			return rc;
		}
	}
	return 0;
}

/** Whether none of its settings is faulty. */
static bool is_settled(const lyre_instance *i)
{
	char key[sizeof "modules." + sizeof i->descriptor->name];
	snprintf(key, sizeof key, "modules.%s", i->name);
	return !config_is_faulty(i->config, key);
}

void modules_check(struct modules *m, struct fault_list *faults)
{
	for (size_t n = 0; n < m->count; n++) {
		lyre_instance *i = m->list[n];
		struct err why = { 0 };
		int rc = i->descriptor->check && is_settled(i) ? i->descriptor->check(i) : 0;
		if (!rc || i->optional)
			continue;
		refuse_start(i, rc, "check", &why);
		faults_add(faults, &why);
	}
}

void modules_tell_stopping(struct modules *m)
{
	host_tell_stopping(m);
}

void modules_stop(struct modules *m)
{
	for (size_t n = m->count; n-- > 0;) {
		lyre_instance *i = m->list[n];
		host_listeners_remove(i);
		if (i->started && i->descriptor->stop)
			i->descriptor->stop(i);
		i->started = false;
	}
}

void modules_free(struct modules *m)
{
	if (!m)
		return;
	arena_free(&m->arena);
	free(m);
}

const struct lyre_instance *const *modules_list(const struct modules *m, size_t *count)
{
	*count = m->count;
	return (const struct lyre_instance *const *)m->list;
}
