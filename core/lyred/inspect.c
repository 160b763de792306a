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
		complain(warnings[i]);
	modules_list(v->modules, &count);
	dispatch_operations(v->dispatch, &operations);
	const char *file = config_file(v->config);
	printf("The configuration is valid: %s, ", file ? file : "no file");
	if (config_drop_ins(v->config))
		printf("%zu drop-in%s, ", config_drop_ins(v->config), config_drop_ins(v->config) == 1 ? "" : "s");
	printf("%zu module%s, %zu operation%s.\n", count, count == 1 ? "" : "s", operations, operations == 1 ? "" : "s");
}

/**
 * An address in use may belong to the server whose restart is checked, or to the service manager with a socket for it.
 * \return whether there can be a root folder
 */
static bool check_host(const struct view *v, struct fault_list *faults)
{
	struct err busy = { .code = 0 };
	bool root = server_try_host(NULL, v->config, faults, &busy);

	if (busy.code && !faults->count && !process_lock_is_taken(config_path(v->config, "rootPath")))
		fprintf(stderr, "lyred: %s: the server would start only if that is the service manager, which passes its socket\n",
			busy.text);
	return root;
}

/** Registers the operations of modules that are not started, to list them. */
static void load_operations(struct view *v, struct fault_list *faults)
{
	const struct dispatch_services none = { .config = v->config };
	struct err e = { .code = 0 };

	if (dispatch_open(&v->dispatch, &none, &e) || modules_register(v->modules, v->dispatch, faults, &e))
		faults_add(faults, &e);
}

/** Continues after a fault, with everything that the fault does not affect. */
static void look(const struct options *o, struct view *v, struct fault_list *faults)
{
	load(&v->config, &v->modules, &o->sources, faults);
	if (v->modules)
		load_operations(v, faults);
	if (o->action == CHECK && v->config && check_host(v, faults) && v->modules)
		modules_check(v->modules, faults);
}

static void print(enum action action, const struct view *v)
{
	if (action == LIST_MODULES)
		print_modules(v);
	else if (action == LIST_OPERATIONS)
		print_operations(v);
	else
		print_check(v);
}

static int show_module(const char *path)
{
	struct err e = { .code = 0 };

	if (!module_info(path, stdout, &e))
		return finish_output();
	complain(e.text);
	return EXIT_REFUSED;
}

int inspect(const struct options *o)
{
	struct view v = { .config = NULL };
	struct fault_list faults = { .count = 0 };

	if (o->action == MODULE_INFO)
		return show_module(o->module);
	look(o, &v, &faults);
	if (faults.count)
		complain_of(&faults);
	else
		print(o->action, &v);
	int code = faults.count ? EXIT_REFUSED : finish_output();
	dispatch_close(v.dispatch);
	unload(v.config, v.modules);
	return code;
}
