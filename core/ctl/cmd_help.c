/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/json.h"
#include "ctl/client.h"
#include "encode/encode.h"

#include <stdio.h>
#include <string.h>

/** Screens with less room beside the names get lines as they come. */
#define TEXT_MIN 30
/** Kinds of JSON values: a parameter that takes so many takes all. */
#define KINDS 6
/** The operation whose arguments are settings. */
#define SETS "set_configuration"
#define SETTING_INDENT 6

/** A text member, "" where there is none. */
static const char *text_of(const lyre_value *v, const char *name)
{
	const lyre_value *text = value_get(v, name);
	return value_is(text, LYRE_STRING) ? text->s : "";
}

static uint32_t count_of(const lyre_value *v)
{
	return value_is(v, LYRE_ARRAY) ? v->len : 0;
}

/** Words in lines of the screen's width, the first behind \p indent columns, the others below it. */
static void print_words(struct buf *out, const char *words, size_t indent)
{
	size_t screen = screen_width(), used = indent;
	for (const char *word = words; *word;) {
		size_t len = strcspn(word, " "), width = text_width(word, len);
		if (word > words && used + 1 + width > screen && screen >= indent + TEXT_MIN) {
			buf_add_char(out, '\n');
			print_pad(out, indent);
			used = indent;
		} else if (word > words) {
			buf_add_char(out, ' ');
			used++;
		}
		buf_add(out, word, len);
		used += width;
		word += len;
		word += strspn(word, " ");
	}
	buf_add_char(out, '\n');
}

/** "name   help" lines, the helps below each other. */
static void print_lines(struct buf *out, const lyre_value *list, const char *member,
	void (*also)(struct buf *out, const lyre_value *item))
{
	size_t width = 0;
	for (uint32_t i = 0; i < count_of(list); i++) {
		size_t len = strlen(text_of(&list->items[i], member));
		width = len > width ? len : width;
	}
	struct buf text;
	buf_init(&text);
	for (uint32_t i = 0; i < count_of(list); i++) {
		const char *name = text_of(&list->items[i], member);
		buf_addf(out, "  %s", name);
		print_pad(out, width - strlen(name) + 2);
		buf_clear(&text);
		buf_add_str(&text, text_of(&list->items[i], "help"));
		if (also)
			also(&text, &list->items[i]);
		print_words(out, buf_cstr(&text) ? text.data : "", width + 4);
		out->failed |= text.failed;
	}
	buf_free(&text);
}

/** " (array; required)" */
static void print_rules(struct buf *out, const lyre_value *param)
{
	const lyre_value *types = value_get(param, "types");
	const lyre_value *required = value_get(param, "required");
	buf_add_str(out, " (");
	bool any = count_of(types) == KINDS;
	if (any)
		buf_add_str(out, "any value");
	for (uint32_t i = 0; i < count_of(types) && !any; i++)
		if (types->items[i].type == LYRE_STRING)
			buf_addf(out, "%s%s", i > 0 ? " or " : "", types->items[i].s);
	if (value_is(required, LYRE_BOOL) && required->b)
		buf_add_str(out, "; required");
	if (*text_of(param, "default"))
		buf_addf(out, "; default %s", text_of(param, "default"));
	buf_add_char(out, ')');
}

/** Who may call it. */
static void print_access(struct buf *out, const lyre_value *op)
{
	static const struct { const char *word, *sentence; } sentences[] = {
		{ "super_user", "For super users only." },
		{ "open", "Nobody needs to sign in for it." },
		{ "structure_user", "For super users, and for structure users of the database." },
		{ "structure_user_all", "For super users, and for structure users of all databases." },
	};
	const lyre_value *permissions = value_get(op, "permissions");
	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
		if (strcmp(text_of(op, "access"), sentences[i].word) == 0)
			buf_addf(out, " %s", sentences[i].sentence);
	for (uint32_t i = 0; i < count_of(permissions); i++)
		if (permissions->items[i].type == LYRE_STRING)
			buf_addf(out, "%s%s", i > 0 ? ", " : " Roles need the permission to: ", permissions->items[i].s);
	if (count_of(permissions) > 0)
		buf_add_char(out, '.');
}

static void print_operation(struct buf *out, const lyre_value *op)
{
	const lyre_value *params = value_get(op, "parameters");
	const lyre_value *aliases = value_get(op, "aliases");
	struct buf words;
	buf_init(&words);
	if (strcmp(text_of(op, "operation"), SETS) == 0)
		buf_add_str(&words, " NAME=VALUE...");
	for (uint32_t i = 0; i < count_of(params); i++) {
		const lyre_value *required = value_get(&params->items[i], "required");
		bool needed = value_is(required, LYRE_BOOL) && required->b;
		buf_addf(&words, needed ? " %s=…" : " [%s=…]", text_of(&params->items[i], "name"));
	}
	buf_addf(out, "lyre %s ", text_of(op, "operation"));
	print_words(out, buf_cstr(&words) && words.len > 0 ? words.data + 1 : "",
		strlen("lyre  ") + strlen(text_of(op, "operation")));
	out->failed |= words.failed;
	buf_free(&words);
	buf_addf(out, "\n%s", text_of(op, "help"));
	print_access(out, op);
	buf_add_char(out, '\n');
	if (count_of(params) > 0) {
		buf_add_char(out, '\n');
		print_lines(out, params, "name", print_rules);
	}
	for (uint32_t i = 0; i < count_of(aliases); i++)
		if (aliases->items[i].type == LYRE_STRING)
			buf_addf(out, "%s%s", i > 0 ? ", " : "\nAlso known as ", aliases->items[i].s);
	if (count_of(aliases) > 0)
		buf_add_char(out, '\n');
}

/* ---- settings ---- */

/** When a change of a setting takes effect. */
static const char *effect_sentence(const lyre_value *setting)
{
	const char *effect = text_of(setting, "effect");
	if (strcmp(effect, "at once") == 0)
		return "Takes effect at once.";
	if (strcmp(effect, "restart_service") == 0)
		return "Takes effect at a restart, or restart_service.";
	return strcmp(effect, "none") == 0 ? "Has no effect in this build." : "Takes effect at a restart.";
}

static void print_setting(struct buf *out, const lyre_value *setting)
{
	const lyre_value *fallback = value_get(setting, "default");
	struct buf text;
	buf_init(&text);
	buf_addf(&text, "%s (%s; default %s) %s", text_of(setting, "help"), text_of(setting, "value"),
		value_is(fallback, LYRE_STRING) ? fallback->s : "null", effect_sentence(setting));
	buf_addf(out, "  %s\n", text_of(setting, "setting"));
	print_pad(out, SETTING_INDENT);
	print_words(out, buf_cstr(&text) ? text.data : "", SETTING_INDENT);
	out->failed |= text.failed;
	buf_free(&text);
}

/** What set_configuration can set. \param filter  a text that the names hold; NULL for all */
static int print_settings(struct client *c, struct arena *a, const char *filter, struct buf *out)
{
	struct buf request;
	lyre_out o;
	const lyre_value *list;
	buf_init(&request);
	out_init(&o, &request);
	out_object_begin(&o);
	out_key(&o, "operation");
	out_string(&o, "describe_settings", strlen("describe_settings"));
	if (filter) {
		out_key(&o, "filter");
		out_string(&o, filter, strlen(filter));
	}
	out_object_end(&o);
	int rc = request_value(c, a, &request, &list);
	buf_free(&request);
	if (rc)
		return rc;
	if (count_of(list) == 0)
		return complain(CTL_REFUSED, "no setting has '%s' in its name", filter ? filter : "");
	buf_add_str(out, "\nSettings, given as NAME=VALUE, with . or _ between the parts of a name:\n\n");
	for (uint32_t i = 0; i < count_of(list); i++)
		print_setting(out, &list->items[i]);
	return 0;
}

int command_help(struct client *c, struct arena *a, const char *operation, const char *filter)
{
	const lyre_value *found;
	int rc = declaration_fetch(c, a, operation, &found);
	if (rc != 0)
		return rc;
	if (!found && operation)
		return complain(CTL_REFUSED, "the server says nothing about '%s': lyre help lists what it knows, lyre --help the client's own",
			operation);
	if (!found)
		return complain(CTL_REFUSED,
			"the server does not tell what it can do: its help module is off, or a user must sign in (--user)");
	struct buf out;
	buf_init(&out);
	if (operation) {
		print_operation(&out, found);
		if (strcmp(text_of(found, "operation"), SETS) == 0)
			rc = print_settings(c, a, filter, &out);
	} else {
		buf_add_str(&out, "Operations of the server (lyre help OPERATION tells more):\n\n");
		print_lines(&out, found, "operation", NULL);
	}
	if (out.failed)
		rc = complain(CTL_REFUSED, "out of memory");
	else if (rc == 0)
		fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	return rc;
}
