/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file help/help_module.c
 * \brief describe_operations and describe_settings: the operations and settings of the server, from the declarations of the
 * core and the loaded modules.
 */
#include <lyre/lyre.h>

#include <ctype.h>
#include <string.h>

struct walk {
	lyre_out *out;
	const char *name; /**< only the operation with this name or alias; NULL for all */
};

/** \return the first word of a text of words separated by blanks; NULL after the last. */
static const char *next_word(const char *text, size_t *len)
{
	text += strspn(text, " ");
	*len = strcspn(text, " ");
	return *len > 0 ? text : NULL;
}

struct bit_name {
	uint32_t bit;
	const char *name;
};

static void write_bits(lyre_out *o, const char *key, uint32_t bits, const struct bit_name *names, size_t count)
{
	lyre_out_key(o, key);
	lyre_out_array_begin(o);
	for (size_t i = 0; i < count; i++)
		if (bits & names[i].bit)
			lyre_out_string(o, names[i].name, strlen(names[i].name));
	lyre_out_array_end(o);
}

static void write_types(lyre_out *o, uint32_t types)
{
	static const struct bit_name names[] = {
		{ LYRE_T_STRING, "string" },
		{ LYRE_T_NUMBER, "number" },
		{ LYRE_T_BOOLEAN, "boolean" },
		{ LYRE_T_ARRAY, "array" },
		{ LYRE_T_OBJECT, "object" },
		{ LYRE_T_NULL, "null" },
	};
	write_bits(o, "types", types, names, sizeof names / sizeof *names);
}

static void write_permissions(lyre_out *o, uint32_t permissions)
{
	const char *word;
	lyre_out_key(o, "permissions");
	lyre_out_array_begin(o);
	for (uint32_t bit = 1; (word = lyre_permission_word(bit)) != NULL; bit <<= 1)
		if (permissions & bit)
			lyre_out_string(o, word, strlen(word));
	lyre_out_array_end(o);
}

static void write_rules(lyre_out *o, uint32_t flags)
{
	static const struct bit_name names[] = {
		{ LYRE_P_NAME, "name" },
		{ LYRE_P_NOT_EMPTY, "not empty" },
		{ LYRE_P_OBJECTS, "objects" },
		{ LYRE_P_KEYS, "strings or numbers" },
		{ LYRE_P_INTEGER, "whole number" },
		{ LYRE_P_REQUEST, "request" },
		{ LYRE_P_FILE, "file" },
	};
	write_bits(o, "rules", flags, names, sizeof names / sizeof *names);
}

static void write_param(lyre_out *o, const struct lyre_param *p)
{
	lyre_out_object_begin(o);
	lyre_out_text(o, "name", p->name);
	write_types(o, p->types);
	lyre_out_key(o, "required");
	lyre_out_bool(o, (p->flags & LYRE_P_REQUIRED) != 0);
	write_rules(o, p->flags);
	if (p->fallback)
		lyre_out_text(o, "default", p->fallback);
	if (p->flags & LYRE_P_RANGE) {
		lyre_out_key(o, "min");
		lyre_out_double(o, p->min);
		lyre_out_key(o, "max");
		lyre_out_double(o, p->max);
	}
	lyre_out_text(o, "help", p->help ? p->help : "");
	lyre_out_object_end(o);
}

static void write_aliases(lyre_out *o, const char *aliases)
{
	size_t len;
	lyre_out_key(o, "aliases");
	lyre_out_array_begin(o);
	for (const char *word = aliases ? next_word(aliases, &len) : NULL; word; word = next_word(word + len, &len))
		lyre_out_string(o, word, len);
	lyre_out_array_end(o);
}

static int answers_to(const struct lyre_operation *op, const char *name)
{
	size_t len;
	if (strcmp(op->name, name) == 0)
		return 1;
	const char *word = op->aliases ? next_word(op->aliases, &len) : NULL;
	for (; word; word = next_word(word + len, &len))
		if (len == strlen(name) && memcmp(word, name, len) == 0)
			return 1;
	return 0;
}

static const char *run_word(uint32_t run)
{
	static const char *const words[] = {
		[LYRE_RUN_INLINE] = "inline",
		[LYRE_RUN_POOL] = "worker",
		[LYRE_RUN_JOB] = "job",
		[LYRE_RUN_LONG] = "long",
	};
	return run < sizeof words / sizeof *words ? words[run] : "unknown";
}

static int visit(void *arg, const struct lyre_operation *op, const char *module)
{
	struct walk *w = arg;
	lyre_out *o = w->out;
	if (w->name && !answers_to(op, w->name))
		return 0;
	lyre_out_object_begin(o);
	lyre_out_text(o, "operation", op->name);
	lyre_out_text(o, "module", module);
	lyre_out_text(o, "access", lyre_access_word(op->access));
	write_permissions(o, op->permissions);
	lyre_out_text(o, "runs", run_word(op->run));
	write_aliases(o, op->aliases);
	lyre_out_text(o, "help", op->help ? op->help : "");
	lyre_out_key(o, "parameters");
	lyre_out_array_begin(o);
	for (uint32_t i = 0; i < op->params.count; i++)
		write_param(o, lyre_list_at(&op->params, i));
	lyre_out_array_end(o);
	lyre_out_object_end(o);
	return w->name ? LYRE_END : 0;
}

static int describe_operations(lyre_call *call)
{
	struct walk w = { .out = lyre_reply(call), .name = lyre_arg_string(call, "name") };
	lyre_out_array_begin(w.out);
	int rc = lyre_operations(call, visit, &w);
	lyre_out_array_end(w.out);
	if (rc < 0)
		return rc;
	if (w.name && rc != LYRE_END)
		return lyre_fail(call, LYRE_ENOTFOUND, "Operation '%s' not found", w.name);
	return 0;
}

/* ---- settings ---- */

struct settings_walk {
	lyre_out *out;
	const char *filter; /**< only keys that contain it; NULL for all */
};

/** Keys are also written with _ for their dots, in any letter case. */
static int same_letter(char a, char b)
{
	a = a == '_' ? '.' : (char)tolower((unsigned char)a);
	b = b == '_' ? '.' : (char)tolower((unsigned char)b);
	return a == b;
}

static int holds(const char *key, const char *filter)
{
	for (; *key; key++) {
		size_t n = 0;
		while (filter[n] && same_letter(key[n], filter[n]))
			n++;
		if (!filter[n])
			return 1;
	}
	return 0;
}

static int visit_setting(void *arg, const struct lyre_setting_entry *entry)
{
	static const char *const effects[] = {
		[LYRE_EFFECT_RESTART] = "restart",
		[LYRE_EFFECT_LISTENERS] = "restart_service",
		[LYRE_EFFECT_AT_ONCE] = "at once",
		[LYRE_EFFECT_NONE] = "none",
	};
	const struct settings_walk *w = arg;
	lyre_out *o = w->out;
	if (w->filter && !holds(entry->key, w->filter))
		return 0;
	lyre_out_object_begin(o);
	lyre_out_text(o, "setting", entry->key);
	lyre_out_text(o, "value", entry->wanted);
	lyre_out_key(o, "default");
	if (entry->fallback)
		lyre_out_string(o, entry->fallback, strlen(entry->fallback));
	else
		lyre_out_null(o);
	lyre_out_text(o, "effect", effects[entry->effect <= LYRE_EFFECT_NONE ? entry->effect : LYRE_EFFECT_RESTART]);
	lyre_out_text(o, "help", entry->help ? entry->help : "");
	lyre_out_object_end(o);
	return 0;
}

static int describe_settings(lyre_call *call)
{
	struct settings_walk w = { .out = lyre_reply(call), .filter = lyre_arg_string(call, "filter") };
	lyre_out_array_begin(w.out);
	int rc = lyre_settings(call, visit_setting, &w);
	lyre_out_array_end(w.out);
	return rc;
}

static const struct lyre_param describe_settings_params[] = {
	{ .name = "filter",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NOT_EMPTY | LYRE_P_NULL_IS_ABSENT,
		.help = "Only settings whose name contains this text, ignoring case." },
};

static const struct lyre_param describe_operations_params[] = {
	{ .name = "name",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NOT_EMPTY | LYRE_P_NULL_IS_ABSENT,
		.help = "Name or alias of a single operation; default: all." },
};

static const struct lyre_operation operations[] = {
	{ .name = "describe_operations",
		.handler = describe_operations,
		.access = LYRE_ACCESS_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(describe_operations_params),
		.help = "Describe the server's operations and their parameters." },
	{ .name = "describe_settings",
		.handler = describe_settings,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(describe_settings_params),
		.help = "Describe the settings of the server and its modules, which set_configuration changes." },
};

LYRE_MODULE(help, "1.0.0", "What the server can do: its operations, their parameters, and settings",
	.operations = LYRE_LIST(operations));
