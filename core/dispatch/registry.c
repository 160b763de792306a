/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/registry.c
 * \brief The operations by name.
 */
#include "dispatch/dispatch_internal.h"

#include "query/comparators.h"

#include <stdlib.h>
#include <string.h>

void registry_init(struct registry *g)
{
	*g = (struct registry){ .count = 0 };
	arena_init(&g->arena);
}

void registry_free(struct registry *g)
{
	free(g->operations);
	free(g->words);
	arena_free(&g->arena);
}

static size_t hash(const char *name, size_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3;
	return (size_t)(h ^ h >> 32);
}

/** The slot of a name, or the free slot for it. The table is never full. */
static struct word *slot(const struct registry *g, const char *name, size_t len)
{
	for (size_t i = hash(name, len);; i++) {
		struct word *w = &g->words[i & (g->word_size - 1)];

		if (!w->name || (w->len == len && !memcmp(w->name, name, len)))
			return w;
	}
}

const struct operation *registry_find(const struct registry *g, const char *name, size_t len)
{
	return g->word_size ? slot(g, name, len)->operation : NULL;
}

static int make_room(struct registry *g, struct err *e)
{
	if (g->word_count * 2 < g->word_size)
		return 0;
	struct registry bigger = { .word_size = g->word_size ? g->word_size * 2 : 64 };
	bigger.words = calloc(bigger.word_size, sizeof *bigger.words);
	if (!bigger.words)
		return err_nomem(e);
	for (size_t i = 0; i < g->word_size; i++) {
		if (g->words[i].name)
			*slot(&bigger, g->words[i].name, g->words[i].len) = g->words[i];
	}
	free(g->words);
	g->words = bigger.words;
	g->word_size = bigger.word_size;
	return 0;
}

static int add_word(struct registry *g, const char *name, size_t len, const struct operation *o, struct err *e)
{
	int rc = make_room(g, e);

	if (rc)
		return rc;
	struct word *w = slot(g, name, len);
	if (w->name)
		return err_set(e, LYRE_EEXISTS,
			"module '%s' declares the operation '%.*s', already declared by module '%s' as '%s'", o->owner, (int)len,
			name, w->operation->owner, w->operation->name);
	*w = (struct word){ name, len, o };
	g->word_count++;
	return 0;
}

static int add_words(struct registry *g, const struct operation *o, struct err *e)
{
	int rc = add_word(g, o->name, strlen(o->name), o, e);

	for (const char *p = o->decl->aliases; !rc && p && *p;) {
		size_t len = strcspn(p, " ");

		if (len)
			rc = add_word(g, p, len, o, e);
		p += len + strspn(p + len, " ");
	}
	return rc;
}

/** Copies an item declared with a possibly older or newer header. */
static void copy_item(void *to, size_t size, const struct lyre_list *list, uint32_t i)
{
	memset(to, 0, size);
	memcpy(to, (const char *)list->items + (size_t)list->item_size * i, list->item_size < size ? list->item_size : size);
}

/** The default, as a value of one of the parameter's types; null if there is none. */
static int read_fallback(struct registry *g, const struct operation *o, const struct lyre_param *p, lyre_value *ret, struct err *e)
{
	struct err why;

	if (!p->fallback)
		return 0;
	if (json_decode_copy(&g->arena, p->fallback, strlen(p->fallback), ret, &why))
		return err_set(e, LYRE_EINVAL, "module '%s': the default of parameter '%s' of operation '%s' is not JSON: %s",
			o->owner, p->name, o->name, why.text);
	if (!(argument_type(ret) & p->types))
		return err_set(e, LYRE_EINVAL,
			"module '%s': the default of parameter '%s' of operation '%s' is not of its types: %s", o->owner, p->name,
			o->name, p->fallback);
	return 0;
}

/** Adds what a module cannot know: this server's comparators. */
static int add_help(struct registry *g, struct lyre_param *p, struct err *e)
{
	const char *more = comparators_help(&g->arena);

	p->help = more ? arena_printf(&g->arena, "%s%s%s", p->help ? p->help : "", p->help ? " " : "", more) : NULL;
	return p->help ? 0 : err_nomem(e);
}

static int add_params(struct registry *g, struct operation *o, struct err *e)
{
	const struct lyre_list *list = &o->decl->params;

	o->param_count = list->count;
	o->params = ARENA_ARRAY(&g->arena, struct lyre_param, list->count);
	lyre_value *fallbacks = ARENA_ARRAY(&g->arena, lyre_value, list->count);
	if (!o->params || !fallbacks)
		return err_nomem(e);
	o->fallbacks = fallbacks;
	for (uint32_t i = 0; i < list->count; i++) {
		struct lyre_param *p = &o->params[i];

		copy_item(p, sizeof *p, list, i);
		if (!p->name || !(p->types & LYRE_T_ANY))
			return err_set(e, LYRE_EINVAL, "module '%s': operation '%s' has a parameter without a name or a type",
				o->owner, o->name);
		if (operation_param(o, p->name) < i)
			return err_set(e, LYRE_EINVAL, "module '%s': operation '%s' has two parameters named '%s'", o->owner,
				o->name, p->name);
		int rc = read_fallback(g, o, p, &fallbacks[i], e);
		if (!rc && p->flags & LYRE_P_CONDITIONS)
			rc = add_help(g, p, e);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- is a declaration valid? ---- */

#define ON_TABLES (LYRE_PERMIT_READ | LYRE_PERMIT_INSERT | LYRE_PERMIT_UPDATE | LYRE_PERMIT_DELETE)
#define PERMISSIONS (ON_TABLES | LYRE_PERMIT_DESCRIBE)
#define PARAM_FLAGS (LYRE_P_FILE * 2 - 1)

static bool has_param(const struct operation *o, const char *name)
{
	return operation_param(o, name) < o->param_count;
}

static int fault(const struct operation *o, struct err *e, const char *what)
{
	return err_set(e, LYRE_EINVAL, "module '%s': operation '%s' %s", o->owner, o->name, what);
}

static int check_param(const struct operation *o, const struct lyre_param *p, struct err *e)
{
	const char *what = NULL;

	if (p->flags & ~(uint32_t)PARAM_FLAGS)
		what = "has an unknown flag: set .flags to values of enum lyre_param_flag";
	else if (p->flags & LYRE_P_REQUEST && !(p->types & LYRE_T_OBJECT))
		what = "is a request (LYRE_P_REQUEST) but cannot be an object: add LYRE_T_OBJECT to its types";
	else if (p->flags & LYRE_P_WRITES && !(p->types & (LYRE_T_ARRAY | LYRE_T_OBJECT)))
		what = "has records (LYRE_P_WRITES) but cannot be an array or an object: add one of them to its types";
	else if (p->flags & LYRE_P_WRITES && !(o->decl->permissions & (LYRE_PERMIT_INSERT | LYRE_PERMIT_UPDATE)))
		what = "has records (LYRE_P_WRITES) but its operation neither inserts nor updates: declare that in .permissions";
	else if (p->flags & (LYRE_P_READS | LYRE_P_WRITES) && !o->decl->permissions)
		what = "names attributes (LYRE_P_READS, LYRE_P_WRITES) but its operation declares no permissions on their table";
	else if (p->flags & LYRE_P_FILE && p->types != LYRE_T_STRING)
		what = "is a file (LYRE_P_FILE), whose value is a path: set its types to LYRE_T_STRING alone";
	else if (p->flags & LYRE_P_FILE && p != &o->params[operation_param_flagged(o, LYRE_P_FILE)])
		what = "is a second file (LYRE_P_FILE), but a request has only one body";
	else if (p->flags & LYRE_P_FILE && o->decl->access == LYRE_ACCESS_OPEN)
		what = "is a file (LYRE_P_FILE), which an operation open to anybody (LYRE_ACCESS_OPEN) cannot receive";
	return what ?
		err_set(e, LYRE_EINVAL, "module '%s': parameter '%s' of operation '%s' %s", o->owner, p->name, o->name, what) :
		0;
}

static int check_access(const struct operation *o, const struct lyre_operation *decl, struct err *e)
{
	if (!decl->access)
		return fault(o, e,
			"has no access: set .access to LYRE_ACCESS_SUPER_USER, to LYRE_ACCESS_USER "
			"with the .permissions it requires, or to another value of enum lyre_access");
	if (decl->access > LYRE_ACCESS_STRUCTURE_ALL)
		return fault(o, e, "has an unknown access: set .access to a value of enum lyre_access");
	if (decl->permissions & ~(uint32_t)PERMISSIONS)
		return fault(o, e, "has an unknown permission: set .permissions to values of enum lyre_permission");
	if (decl->permissions && decl->access == LYRE_ACCESS_OPEN)
		return fault(o, e,
			"is open to anybody (LYRE_ACCESS_OPEN) and cannot require permissions: remove .permissions, or set "
			".access to LYRE_ACCESS_USER");
	if (decl->permissions && !has_param(o, "database"))
		return fault(o, e, "has .permissions but no parameter 'database' to apply them to");
	if (decl->permissions & ON_TABLES && !has_param(o, "table") && !has_param(o, "tables"))
		return fault(o, e, "has .permissions on tables but no parameter 'table' or 'tables' that names one");
	if (decl->access == LYRE_ACCESS_STRUCTURE && !has_param(o, "database"))
		return fault(o, e, "is for structure_user roles of a database but has no parameter 'database' that names it");
	int rc = 0;
	for (size_t i = 0; !rc && i < o->param_count; i++)
		rc = check_param(o, &o->params[i], e);
	return rc;
}

static int check_run(const struct operation *o, struct err *e)
{
	const struct lyre_operation *decl = o->decl;
	bool checked = decl->run == LYRE_RUN_JOB || operation_param_flagged(o, LYRE_P_FILE) < o->param_count;

	if (decl->run <= LYRE_RUN_LONG && (!decl->check || checked))
		return 0;
	return fault(o, e,
		"has an unknown .run, or a .check, which only jobs and operations that receive a file (LYRE_P_FILE) may have");
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct operation *const *)a)->name, (*(const struct operation *const *)b)->name);
}

int registry_add(struct registry *g, const char *owner, lyre_instance *instance, struct lyre_list list, struct err *e)
{
	const struct operation **all = realloc(g->operations, (g->count + list.count + 1) * sizeof *all);

	if (!all)
		return err_nomem(e);
	g->operations = all;
	for (uint32_t i = 0; i < list.count; i++) {
		struct lyre_operation *decl = ARENA_NEW(&g->arena, struct lyre_operation);
		struct operation *o = ARENA_NEW(&g->arena, struct operation);

		if (!decl || !o)
			return err_nomem(e);
		copy_item(decl, sizeof *decl, &list, i);
		*o = (struct operation){
			.name = decl->name, .decl = decl, .owner = owner, .instance = instance, .number = g->count + 1
		};
		if (!o->name || !*o->name || !decl->handler)
			return err_set(e, LYRE_EINVAL, "module '%s' declares an operation without a name or a handler", owner);
		int rc = add_params(g, o, e);
		if (!rc)
			rc = check_run(o, e);
		if (!rc)
			rc = check_access(o, decl, e);
		if (!rc)
			rc = add_words(g, o, e);
		if (rc)
			return rc;
		g->operations[g->count++] = o;
	}
	qsort(g->operations, g->count, sizeof *g->operations, by_name);
	return 0;
}
