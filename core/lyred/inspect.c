/* SPDX-License-Identifier: Apache-2.0 */
#include "lyred/inspect.h"

#include "dispatch/dispatch.h"
#include "lyred/load_all.h"
#include "module/module.h"
#include "lyred/process.h"
#include "lyred/server.h"

#include <stdio.h>

struct view {
	struct config *config;
	struct modules *modules;
	struct dispatch *dispatch;
};

static void print_modules(const struct view *v)
{
	size_t count;
	const struct lyre_instance *const *list = modules_list(v->modules, &count);

	for (size_t i = 0; i < count; i++) {
		const struct lyre_module *m = list[i]->descriptor;
		printf("%-15s %-10s %s (%s)%s\n", list[i]->name, m->version, m->summary, list[i]->path ? list[i]->path : "built in",
			list[i]->optional ? ", optional" : "");
	}
}

static void print_operations(const struct view *v)
{
	size_t count;
	const struct operation *const *list = dispatch_operations(v->dispatch, &count);

	for (size_t i = 0; i < count; i++)
		printf("%-31s %-10s %-18s %s\n", list[i]->name, list[i]->owner, lyre_access_word(list[i]->decl->access),
			list[i]->decl->help ? list[i]->decl->help : "");
}

static void print_check(const struct view *v)
{
	size_t count, operations;
	const char *const *warnings = config_warnings(v->config, &count);

	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "lyred: %s\n", warnings[i]);
	modules_list(v->modules, &count);
	dispatch_operations(v->dispatch, &operations);
	const char *file = config_file(v->config);
	printf("The configuration is valid: %s, %zu modules, %zu operations.\n", file ? file : "no file", count,
		operations);
}

/** An address in use may belong to the server whose restart is checked, or to the service manager with a socket for it. */
static int check_host(const struct view *v, struct err *e)
{
	int rc = server_try_host(NULL, v->config, e);

	if (rc != LYRE_EBUSY)
		return rc;
	if (!process_lock_is_taken(config_path(v->config, "rootPath")))
		fprintf(stderr, "lyred: %s: the server would start only if that is the service manager, which passes its socket\n",
			e->text);
	return 0;
}

/** Registers the operations of modules that are not started, to list them. */
static int load_operations(struct view *v, struct err *e)
{
	const struct dispatch_services none = { .config = v->config };

	int rc = dispatch_open(&v->dispatch, &none, e);
	return rc ? rc : modules_register(v->modules, v->dispatch, e);
}

static int look(const struct options *o, struct view *v, struct err *e)
{
	if (o->action == MODULE_INFO)
		return module_info(o->module, stdout, e);
	int rc = load(&v->config, &v->modules, &o->sources, e);
	if (!rc)
		rc = load_operations(v, e);
	if (!rc && o->action == CHECK)
		rc = modules_check(v->modules, e);
	if (!rc && o->action == CHECK)
		rc = check_host(v, e);
	if (rc)
		return rc;
	if (o->action == LIST_MODULES)
		print_modules(v);
	else if (o->action == LIST_OPERATIONS)
		print_operations(v);
	else
		print_check(v);
	return 0;
}

int inspect(const struct options *o)
{
	struct view v = { .config = NULL };
	struct err e = { .code = 0 };

	int rc = look(o, &v, &e);
	dispatch_close(v.dispatch);
	unload(v.config, v.modules);
	if (rc) {
		complain(e.text);
		return EXIT_REFUSED;
	}
	return finish_output();
}
