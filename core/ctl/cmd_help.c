/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/document.h"
#include "ctl/print.h"
#include "ctl/write_request.h"

#include <stdio.h>
#include <string.h>

/** If the screen has less room beside the names, lines are not wrapped. */
#define TEXT_MIN 30
/** Types of JSON values: a parameter that accepts all of them accepts any value. */
#define KINDS 6
/** The largest whole number that all readers of JSON agree on: no limit that anybody looks for. */
#define NO_LIMIT 9007199254740991.0
/** The operation whose parameters are settings. */
#define SETS "set_configuration"
#define SETTING_INDENT 6

/** A string member, "" if absent. */
static const char *text_of(struct json_object *o, const char *name)
{
	const char *text = text_member(o, name);
	return text ? text : "";
}

/** Prints a member that is an array of strings, as a list of words after \p first; nothing if it is empty. \return
 * whether it is not */
static bool print_list(struct buf *out, struct json_object *o, const char *name, const char *first, const char *separator)
{
	struct json_object *list = json_object_object_get(o, name);
	for (size_t i = 0; i < item_count(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		buf_addf(out, "%s%s", i > 0 ? separator : first,
			json_object_is_type(item, json_type_string) ? json_object_get_string(item) : "");
	}
	return item_count(list) > 0;
}

/** Prints words in lines of the screen's width, the first after \p indent columns, the others below it. */
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

/** Prints "name   help" lines, with the helps aligned. */
static void print_lines(
	struct buf *out, struct json_object *list, const char *member, void (*also)(struct buf *out, struct json_object *item))
{
	size_t width = 0;
	for (size_t i = 0; i < item_count(list); i++) {
		size_t len = strlen(text_of(json_object_array_get_idx(list, i), member));
		width = len > width ? len : width;
	}
	struct buf text;
	buf_init(&text);
	for (size_t i = 0; i < item_count(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		const char *name = text_of(item, member);
		buf_addf(out, "  %s", name);
		print_pad(out, width - strlen(name) + 2);
		buf_clear(&text);
		buf_add_str(&text, text_of(item, "help"));
		if (also)
			also(&text, item);
		print_words(out, buf_cstr(&text) ? text.data : "", width + 4);
		out->failed |= text.failed;
	}
	buf_free(&text);
}

/** What a word of the server's description is called here. */
struct phrase {
	const char *word, *text;
};

/** \return its text; NULL if the word is not among them */
static const char *phrase_for(const char *word, const struct phrase *phrases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, phrases[i].word) == 0)
			return phrases[i].text;
	return NULL;
}

/** ", whole, 1 to 100", in the words of docs/operations.md */
static void print_limits(struct buf *out, struct json_object *param)
{
	static const struct phrase known[] = {
		{ "name", "a name" },
		{ "objects", "of objects" },
		{ "strings or numbers", "of strings or numbers" },
		{ "whole number", "whole" },
		{ "request", "a request" },
		{ "file", "can be sent as the body" },
	};
	struct json_object *rules = json_object_object_get(param, "rules"), *max = json_object_object_get(param, "max");
	for (size_t i = 0; i < item_count(rules); i++) {
		const char *rule = json_object_get_string(json_object_array_get_idx(rules, i));
		const char *text = rule ? phrase_for(rule, known, sizeof known / sizeof *known) : "";
		buf_addf(out, ", %s", text ? text : rule);
	}
	if (!max)
		return;
	double least = json_object_get_double(json_object_object_get(param, "min")), most = json_object_get_double(max);
	if (most >= NO_LIMIT)
		buf_addf(out, ", at least %.15g", least);
	else
		buf_addf(out, ", %.15g to %.15g", least, most);
}

/** " (array; required)" */
static void print_rules(struct buf *out, struct json_object *param)
{
	buf_add_str(out, " (");
	if (item_count(json_object_object_get(param, "types")) == KINDS)
		buf_add_str(out, "any value");
	else
		print_list(out, param, "types", "", " or ");
	print_limits(out, param);
	if (json_object_get_boolean(json_object_object_get(param, "required")))
		buf_add_str(out, "; required");
	if (*text_of(param, "default"))
		buf_addf(out, "; default %s", text_of(param, "default"));
	buf_add_char(out, ')');
}

/** Prints who may call it. */
static void print_access(struct buf *out, struct json_object *op)
{
	static const struct phrase sentences[] = {
		{ "super_user", "For super users only." },
		{ "open", "No sign-in is required." },
		{ "structure_user", "For super users, and for structure users of the database." },
		{ "structure_user_all", "For super users, and for structure users of all databases." },
	};
	const char *sentence = phrase_for(text_of(op, "access"), sentences, sizeof sentences / sizeof *sentences);
	if (sentence)
		buf_addf(out, " %s", sentence);
	if (print_list(out, op, "permissions", " Roles need the permission to: ", ", "))
		buf_add_char(out, '.');
}

static void print_operation(struct buf *out, struct json_object *op)
{
	struct json_object *params = json_object_object_get(op, "parameters");
	struct buf words;
	buf_init(&words);
	if (strcmp(text_of(op, "operation"), SETS) == 0)
		buf_add_str(&words, " NAME=VALUE...");
	for (size_t i = 0; i < item_count(params); i++) {
		struct json_object *param = json_object_array_get_idx(params, i);
		bool needed = json_object_get_boolean(json_object_object_get(param, "required"));
		buf_addf(&words, needed ? " %s=…" : " [%s=…]", text_of(param, "name"));
	}
	buf_addf(out, "lyre %s%s", text_of(op, "operation"), words.len > 0 ? " " : "");
	print_words(
		out, buf_cstr(&words) && words.len > 0 ? words.data + 1 : "", strlen("lyre  ") + strlen(text_of(op, "operation")));
	out->failed |= words.failed;
	buf_free(&words);
	buf_addf(out, "\n%s", text_of(op, "help"));
	print_access(out, op);
	buf_add_char(out, '\n');
	if (item_count(params) > 0) {
		buf_add_char(out, '\n');
		print_lines(out, params, "name", print_rules);
	}
	if (print_list(out, op, "aliases", "\nAlso known as ", ", "))
		buf_add_char(out, '\n');
}

/* ---- settings ---- */

/** When a change of a setting takes effect. */
static const char *effect_sentence(struct json_object *setting)
{
	const char *effect = text_of(setting, "effect");
	if (strcmp(effect, "at once") == 0)
		return "Takes effect at once.";
	if (strcmp(effect, "restart_service") == 0)
		return "Takes effect after a restart or restart_service.";
	return strcmp(effect, "none") == 0 ? "Has no effect in this build." : "Takes effect after a restart.";
}

static void print_setting(struct buf *out, struct json_object *setting)
{
	const char *fallback = text_member(setting, "default");
	struct buf text;
	buf_init(&text);
	buf_addf(&text, "%s (%s; default %s) %s", text_of(setting, "help"), text_of(setting, "value"), fallback ? fallback : "null",
		effect_sentence(setting));
	buf_addf(out, "  %s\n", text_of(setting, "setting"));
	print_pad(out, SETTING_INDENT);
	print_words(out, buf_cstr(&text) ? text.data : "", SETTING_INDENT);
	out->failed |= text.failed;
	buf_free(&text);
}

/** Prints the settings that set_configuration can change. \param filter  a text that their names contain; NULL: all */
static int print_settings(struct client *c, struct arena *a, const char *filter, struct buf *out)
{
	struct buf request;
	struct json_object *list;
	buf_init(&request);
	request_begin(&request, "describe_settings");
	if (filter)
		request_member(&request, "filter", filter);
	request_end(&request);
	int rc = request_value(c, a, &request, &list);
	buf_free(&request);
	if (rc == 0 && item_count(list) == 0)
		rc = complain(CTL_REFUSED, "no setting has '%s' in its name", filter ? filter : "");
	else if (rc == 0)
		buf_add_str(out, "\nSettings, given as NAME=VALUE, with . or _ between the parts of a name:\n\n");
	for (size_t i = 0; rc == 0 && i < item_count(list); i++)
		print_setting(out, json_object_array_get_idx(list, i));
	json_object_put(list);
	return rc;
}

/** \param found  what the server says about the operation, or about all */
static int print_help(struct client *c, struct arena *a, struct json_object *found, const char *operation, const char *filter)
{
	int rc = 0;
	struct buf out;
	buf_init(&out);
	if (operation) {
		print_operation(&out, found);
		if (strcmp(text_of(found, "operation"), SETS) == 0)
			rc = print_settings(c, a, filter, &out);
	} else {
		buf_add_str(&out, "Operations of the server (for details: lyre help OPERATION):\n\n");
		print_lines(&out, found, "operation", NULL);
	}
	if (out.failed)
		rc = complain(CTL_REFUSED, "out of memory");
	else if (rc == 0)
		fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	return rc;
}

/** Why there is nothing to show: the server has no such operation, or tells of none. */
static int complain_of_none(struct client *c, const char *operation)
{
	struct json_object *all = NULL;
	int rc = operation ? declaration_fetch(c, NULL, &all) : 0;
	if (rc == 0 && all)
		rc = complain(CTL_REFUSED,
			"the server has no operation '%s': lyre help lists its operations, lyre --help the client's commands",
			operation);
	else if (rc == 0)
		rc = complain(CTL_REFUSED,
			"the server does not list its operations: its help module is disabled, or requires a user to sign in (--user)");
	json_object_put(all);
	return rc;
}

int command_help(struct client *c, struct arena *a, const char *operation, const char *filter)
{
	struct json_object *found;
	int rc = declaration_fetch(c, operation, &found);
	if (rc != 0)
		return rc;
	if (!found)
		return complain_of_none(c, operation);
	rc = print_help(c, a, found, operation, filter);
	json_object_put(found);
	return rc;
}
