/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file openapi/openapi_schema.c
 * \brief The schema of an operation's request, from its declaration.
 */
#include "openapi.h"

#include <stdio.h>
#include <string.h>

/** What LYRE_P_NAME means. */
#define NAME_PATTERN "^[ -.0-_a-~]*$"
#define NAME_MAX_LENGTH 250

const char *schema_word(const char *text, size_t *len)
{
	text += strspn(text, " ");
	*len = strcspn(text, " ");
	return *len ? text : NULL;
}

void schema_refer(struct document *d, struct json_object *to, const char *name)
{
	char text[300];

	snprintf(text, sizeof text, "#/components/schemas/%s", name);
	json_put_text(d, to, "$ref", text);
}

/* ---- parameters ---- */

/** "type": one word, an array of several, or left out if any will do. */
static void put_types(struct document *d, struct json_object *to, const struct lyre_param *p)
{
	const struct {
		uint32_t bit;
		const char *name;
	} types[] = {
		{ LYRE_T_STRING, "string" },
		{ LYRE_T_NUMBER, p->flags & LYRE_P_INTEGER ? "integer" : "number" },
		{ LYRE_T_BOOLEAN, "boolean" },
		{ LYRE_T_ARRAY, "array" },
		{ LYRE_T_OBJECT, "object" },
		{ LYRE_T_NULL, "null" },
	};
	uint32_t all = p->types | (p->flags & LYRE_P_NULL_IS_ABSENT ? LYRE_T_NULL : 0);

	if ((all & LYRE_T_ANY) == LYRE_T_ANY)
		return;
	bool one = !(all & (all - 1));
	struct json_object *list = one ? NULL : json_put_array(d, to, "type");
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (!(all & types[i].bit))
			continue;
		if (one)
			json_put_text(d, to, "type", types[i].name);
		else
			json_push_text(d, list, types[i].name);
	}
}

/** Any members: generators take an object without declared ones for an empty one. */
static void put_open(struct document *d, struct json_object *to)
{
	json_put_bool(d, to, "additionalProperties", true);
}

static void put_items(struct document *d, struct json_object *to, const struct lyre_param *p)
{
	struct json_object *items = json_put_object(d, to, "items");

	if (p->flags & LYRE_P_CONDITIONS) {
		schema_refer(d, items, CONDITION_SCHEMA);
	} else if (p->flags & LYRE_P_OBJECTS) {
		json_put_text(d, items, "type", "object");
		put_open(d, items);
	} else if (p->flags & LYRE_P_KEYS) {
		struct json_object *types = json_put_array(d, items, "type");
		json_push_text(d, types, "string");
		json_push_text(d, types, "number");
	}
}

static void put_rules(struct document *d, struct json_object *to, const struct lyre_param *p)
{
	if (p->types & LYRE_T_STRING && p->flags & (LYRE_P_NAME | LYRE_P_NOT_EMPTY))
		json_put(d, to, "minLength", json_number(d, 1));
	if (p->types & LYRE_T_STRING && p->flags & LYRE_P_NAME) {
		json_put(d, to, "maxLength", json_number(d, NAME_MAX_LENGTH));
		json_put_text(d, to, "pattern", NAME_PATTERN);
	}
	if (p->types & LYRE_T_ARRAY && p->flags & LYRE_P_NOT_EMPTY)
		json_put(d, to, "minItems", json_number(d, 1));
	if (p->types & LYRE_T_NUMBER && p->flags & LYRE_P_RANGE) {
		json_put(d, to, "minimum", json_number(d, p->min));
		json_put(d, to, "maximum", json_number(d, p->max));
	}
	if ((p->types & LYRE_T_ANY) == LYRE_T_ANY)
		return; /* generators guess a type from the following */
	if (p->types & LYRE_T_ARRAY)
		put_items(d, to, p);
	if (p->types & LYRE_T_OBJECT)
		put_open(d, to);
}

static void put_param(struct document *d, struct json_object *properties, const struct lyre_param *p)
{
	struct json_object *to = json_put_object(d, properties, p->name);

	if (p->help)
		json_put_text(d, to, "description", p->help);
	if (p->flags & LYRE_P_REQUEST) {
		schema_refer(d, to, REQUEST_SCHEMA);
		return;
	}
	put_types(d, to, p);
	put_rules(d, to, p);
	if (p->fallback)
		json_put(d, to, "default", json_value(d, p->fallback));
}

/* ---- operations ---- */

static void put_names(struct document *d, struct json_object *properties, const struct lyre_operation *op)
{
	struct json_object *to = json_put_object(d, properties, "operation");
	size_t len;

	json_put_text(d, to, "type", "string");
	struct json_object *names = json_put_array(d, to, "enum");
	json_push_text(d, names, op->name);
	const char *word = op->aliases ? schema_word(op->aliases, &len) : NULL;
	for (; word; word = schema_word(word + len, &len))
		json_push(d, names, json_text_of(d, word, len));
}

static void put_permissions(struct document *d, struct json_object *to, uint32_t permissions)
{
	struct json_object *list = json_put_array(d, to, "x-permissions");
	const char *word;

	for (uint32_t bit = 1; (word = lyre_permission_word(bit)) != NULL; bit <<= 1) {
		if (permissions & bit)
			json_push_text(d, list, word);
	}
}

void schema_operation(struct document *d, struct json_object *to, const struct lyre_operation *op, const char *module)
{
	if (op->help)
		json_put_text(d, to, "description", op->help);
	json_put_text(d, to, "x-module", module);
	json_put_text(d, to, "x-access", lyre_access_word(op->access));
	put_permissions(d, to, op->permissions);
	json_put_bool(d, to, "x-job", op->run == LYRE_RUN_JOB);
	json_put_text(d, to, "type", "object");
	struct json_object *required = json_put_array(d, to, "required"), *properties = json_put_object(d, to, "properties");
	json_push_text(d, required, "operation");
	put_names(d, properties, op);
	for (uint32_t i = 0; i < op->params.count; i++) {
		const struct lyre_param *p = (const struct lyre_param *)lyre_list_at(&op->params, i);
		put_param(d, properties, p);
		if (p->flags & LYRE_P_REQUIRED)
			json_push_text(d, required, p->name);
	}
}

/* ---- conditions ---- */

/** {attribute, comparator, value} */
static void put_leaf(struct document *d, struct json_object *to)
{
	json_put_text(d, to, "type", "object");
	json_push_text(d, json_put_array(d, to, "required"), "attribute");
	struct json_object *properties = json_put_object(d, to, "properties");
	json_put_object(d, properties, "attribute");
	struct json_object *comparator = json_put_object(d, properties, "comparator");
	json_put_text(d, comparator, "type", "string");
	struct json_object *names = json_put_array(d, comparator, "enum");
	const char *name;
	for (size_t i = 0; (name = lyre_comparator(i)); i++)
		json_push_text(d, names, name);
	json_put_text(d, comparator, "default", lyre_comparator(0));
	json_put_object(d, properties, "value");
}

/** {operator, conditions} */
static void put_group(struct document *d, struct json_object *to)
{
	json_put_text(d, to, "type", "object");
	json_push_text(d, json_put_array(d, to, "required"), "conditions");
	struct json_object *properties = json_put_object(d, to, "properties"), *o = json_put_object(d, properties, "operator"),
			   *words = json_put_array(d, o, "enum");
	json_push_text(d, words, "and");
	json_push_text(d, words, "or");
	json_put_text(d, o, "default", "and");
	struct json_object *conditions = json_put_object(d, properties, "conditions");
	json_put_text(d, conditions, "type", "array");
	json_put(d, conditions, "minItems", json_number(d, 1));
	schema_refer(d, json_put_object(d, conditions, "items"), CONDITION_SCHEMA);
}

void schema_condition(struct document *d, struct json_object *to)
{
	json_put_text(d, to, "description", "A condition of a search, or a group of them.");
	struct json_object *kinds = json_put_array(d, to, "anyOf");
	put_leaf(d, json_push_object(d, kinds));
	put_group(d, json_push_object(d, kinds));
}
