/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file openapi/openapi_document.c
 * \brief The document: one path, to which every operation is posted, and a schema for each of them.
 */
#include "openapi.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define JSON "application/json"

struct walk {
	struct document doc;
	struct json_object *schemas;
	struct json_object *one_of;  /**< of the schema of all requests */
	struct json_object *mapping; /**< from names and aliases to schemas */
	bool tokens, sessions;       /**< users can sign in with these, too */
};

/* ---- operations ---- */

static void map(struct walk *w, const char *word, size_t len, const char *name)
{
	char key[256], ref[300];

	snprintf(key, sizeof key, "%.*s", (int)len, word);
	snprintf(ref, sizeof ref, "#/components/schemas/%s", name);
	json_put_text(&w->doc, w->mapping, key, ref);
}

static int visit(void *arg, const struct lyre_operation *op, const char *module)
{
	struct walk *w = (struct walk *)arg;
	struct document *d = &w->doc;
	size_t len;

	schema_operation(d, json_put_object(d, w->schemas, op->name), op, module);
	schema_refer(d, json_push_object(d, w->one_of), op->name);
	map(w, op->name, strlen(op->name), op->name);
	const char *word = op->aliases ? schema_word(op->aliases, &len) : NULL;
	for (; word; word = schema_word(word + len, &len))
		map(w, word, len, op->name);
	w->tokens = w->tokens || !strcmp(op->name, "create_authentication_tokens");
	w->sessions = w->sessions || !strcmp(op->name, "login");
	return 0;
}

static void put_error(struct document *d, struct json_object *to)
{
	static const char *const names[] = { "unauthorized_access", "invalid_schema_items" };

	json_put_text(d, to, "type", "object");
	json_push_text(d, json_put_array(d, to, "required"), "error");
	struct json_object *properties = json_put_object(d, to, "properties"), *o;
	o = json_put_object(d, properties, "error");
	json_put_text(d, o, "type", "string");
	o = json_put_object(d, properties, "message");
	json_put_text(d, o, "type", "string");
	json_put_text(d, o, "description", "The reason, if error is only the name of the status.");
	o = json_put_object(d, properties, "statusCode");
	json_put_text(d, o, "type", "integer");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		o = json_put_object(d, properties, names[i]);
		json_put_text(d, o, "description", "With 403: what the role does not permit, or what does not exist for it.");
		json_put_text(d, o, "type", "array");
		json_put_object(d, o, "items");
	}
}

static int put_schemas(struct walk *w, struct json_object *to, lyre_call *call)
{
	struct document *d = &w->doc;

	w->schemas = to;
	struct json_object *request = json_put_object(d, to, REQUEST_SCHEMA);
	w->one_of = json_put_array(d, request, "oneOf");
	struct json_object *discriminator = json_put_object(d, request, "discriminator");
	json_put_text(d, discriminator, "propertyName", "operation");
	w->mapping = json_put_object(d, discriminator, "mapping");
	schema_condition(d, json_put_object(d, to, CONDITION_SCHEMA));
	put_error(d, json_put_object(d, to, ERROR_SCHEMA));
	return lyre_operations(call, visit, w);
}

/* ---- who may call ---- */

static void put_http_scheme(struct document *d, struct json_object *to, const char *name, const char *scheme)
{
	struct json_object *o = json_put_object(d, to, name);

	json_put_text(d, o, "type", "http");
	json_put_text(d, o, "scheme", scheme);
}

static void put_schemes(struct walk *w, struct json_object *to, lyre_call *call)
{
	lyre_instance *self = lyre_call_module(call);
	struct document *d = &w->doc;
	char cookie[40];

	put_http_scheme(d, to, "basic", "basic");
	if (w->tokens)
		put_http_scheme(d, to, "bearer", "bearer");
	w->sessions = w->sessions && lyre_setting_bool(self, "/authentication.enableSessions");
	if (!w->sessions)
		return;
	struct json_object *o = json_put_object(d, to, "cookie");
	snprintf(cookie, sizeof cookie, "hdb-session-%" PRId64, lyre_setting_int(self, "/operationsApi.network.port"));
	json_put_text(d, o, "type", "apiKey");
	json_put_text(d, o, "in", "cookie");
	json_put_text(d, o, "name", cookie);
}

/** Any of the schemes, or none: some operations are open to anyone. */
static void put_security(struct walk *w, struct json_object *to)
{
	struct document *d = &w->doc;
	struct json_object *list = json_put_array(d, to, "security");

	json_put_array(d, json_push_object(d, list), "basic");
	if (w->tokens)
		json_put_array(d, json_push_object(d, list), "bearer");
	if (w->sessions)
		json_put_array(d, json_push_object(d, list), "cookie");
	json_push_object(d, list);
}

/* ---- the path ---- */

static void put_content(struct document *d, struct json_object *to, const char *schema)
{
	struct json_object *content = json_put_object(d, to, "content"), *json = json_put_object(d, content, JSON),
			   *o = json_put_object(d, json, "schema");

	if (schema)
		schema_refer(d, o, schema);
}

static void put_responses(struct document *d, struct json_object *to)
{
	static const struct {
		const char *status, *text, *schema;
	} rows[] = {
		{ "200", "The operation's answer.", NULL },
		{ "400", "The request is not valid, or there is no such operation.", ERROR_SCHEMA },
		{ "401", "The credentials are missing or wrong.", ERROR_SCHEMA },
		{ "403", "The user may not do this.", ERROR_SCHEMA },
		{ "404", "Something that the request names does not exist.", ERROR_SCHEMA },
		{ "default", "Any other failure.", ERROR_SCHEMA },
	};
	struct json_object *responses = json_put_object(d, to, "responses");

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct json_object *o = json_put_object(d, responses, rows[i].status);
		json_put_text(d, o, "description", rows[i].text);
		put_content(d, o, rows[i].schema);
	}
}

static void put_paths(struct walk *w, struct json_object *to)
{
	struct document *d = &w->doc;
	struct json_object *post = json_put_object(d, json_put_object(d, to, "/"), "post");

	json_put_text(d, post, "operationId", "runOperation");
	json_put_text(d, post, "summary", "Run an operation.");
	json_put_text(d, post, "description",
		"The request is an object with the operation's name and its parameters. x-access says who may call an operation: "
		"open is anyone. An operation with x-job is answered at once, with the job_id of a job that get_job describes.");
	put_security(w, post);
	struct json_object *body = json_put_object(d, post, "requestBody");
	json_put_bool(d, body, "required", true);
	put_content(d, body, REQUEST_SCHEMA);
	put_responses(d, post);
}

static void put_info(struct document *d, struct json_object *to)
{
	json_put_text(d, to, "title", "Lyre operations API");
	json_put_text(d, to, "version", lyre_host->version);
	struct json_object *license = json_put_object(d, to, "license");
	json_put_text(d, license, "name", "Apache-2.0");
	json_put_text(d, license, "identifier", "Apache-2.0");
}

struct json_object *openapi_document(lyre_call *call)
{
	struct walk w = { .doc.failed = false };
	struct document *d = &w.doc;
	struct json_object *root = json_object_new_object();

	json_put_text(d, root, "openapi", "3.1.0");
	put_info(d, json_put_object(d, root, "info"));
	json_put_text(d, json_push_object(d, json_put_array(d, root, "servers")), "url", "/");
	struct json_object *paths = json_put_object(d, root, "paths"), *components = json_put_object(d, root, "components");
	put_schemas(&w, json_put_object(d, components, "schemas"), call);
	put_schemes(&w, json_put_object(d, components, "securitySchemes"), call);
	put_paths(&w, paths);
	if (!d->failed)
		return root;
	json_object_put(root);
	return NULL;
}
