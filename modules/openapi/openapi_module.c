/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file openapi/openapi_module.c
 * \brief GET /openapi.json: the operations of the server as an OpenAPI document. It is made at the first request, as only then
 * all modules have started, and kept until the server stops.
 */
#include "openapi.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CONTENT_TYPE "application/json"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *text; /* under lock; NULL: not made yet */

/** \return NULL: out of memory */
static char *make(lyre_call *call)
{
	struct json_object *document = openapi_document(call);
	const char *s = document ? json_object_to_json_string_ext(document, JSON_C_TO_STRING_NOSLASHESCAPE) : NULL;
	char *copy = s ? strdup(s) : NULL;

	json_object_put(document);
	return copy;
}

static int openapi_route(lyre_call *call)
{
	pthread_mutex_lock(&lock);
	if (!text)
		text = make(call);
	int rc = text ? lyre_reply_text(call, CONTENT_TYPE, text, strlen(text)) : lyre_fail_no_memory(call);
	pthread_mutex_unlock(&lock);
	return rc;
}

static const struct lyre_setting settings[] = {
	{ .key = "access",
		.type = LYRE_S_ENUM,
		.values = "open user super_user",
		.fallback = "user",
		.help = "Who may read the OpenAPI document of the operations: open, user or super_user; open is anyone." },
	{ .key = "route",
		.type = LYRE_S_STRING,
		.fallback = "/openapi.json",
		.help = "Path of the OpenAPI document, on the operations API's port." },
};

static uint32_t access_of(const char *word)
{
	static const uint32_t all[] = { LYRE_ACCESS_OPEN, LYRE_ACCESS_USER };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (!strcmp(lyre_access_word(all[i]), word))
			return all[i];
	}
	return LYRE_ACCESS_SUPER_USER;
}

static int start(lyre_instance *self)
{
	const struct lyre_route route = {
		.size = sizeof route,
		.access = access_of(lyre_setting_string(self, "access")),
		.path = lyre_setting_string(self, "route"),
		.handler = openapi_route,
		.run = LYRE_RUN_POOL,
	};
	return lyre_route_add(self, &route);
}

static void stop(lyre_instance *self)
{
	(void)self;
	free(text);
	text = NULL;
}

LYRE_MODULE(
	openapi, "1.0.0", "The operations as an OpenAPI document", .settings = LYRE_LIST(settings), .start = start, .stop = stop);
