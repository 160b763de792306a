/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file request.c
 * \brief A body through all steps of dispatch, and as a request within another: whatever it contains, the answer is JSON in the
 * API's form.
 */
#include "fuzz.h"

#include "dispatch/dispatch_internal.h"

static const struct lyre_param params[] = {
	{ .name = "database", .types = LYRE_T_STRING, .flags = LYRE_P_NAME, .fallback = "\"data\"" },
	{ .name = "table", .types = LYRE_T_STRING | LYRE_T_NUMBER, .flags = LYRE_P_NAME | LYRE_P_REQUIRED },
	{ .name = "primary_key", .types = LYRE_T_STRING, .flags = LYRE_P_NAME | LYRE_P_NULL_IS_ABSENT },
	{ .name = "ids", .types = LYRE_T_ARRAY, .flags = LYRE_P_KEYS, .label = "hash_values" },
	{ .name = "records", .types = LYRE_T_ARRAY, .flags = LYRE_P_OBJECTS | LYRE_P_NOT_EMPTY },
	{ .name = "limit",
		.types = LYRE_T_NUMBER,
		.flags = LYRE_P_NUMERIC_TEXT | LYRE_P_INTEGER | LYRE_P_RANGE,
		.min = 1,
		.max = 1e6 },
	{ .name = "desc", .types = LYRE_T_BOOLEAN },
	{ .name = "sort", .types = LYRE_T_OBJECT },
	{ .name = "value", .types = LYRE_T_ANY },
	{ .name = "conditions", .types = LYRE_T_ARRAY },
};

/** Answers with its arguments. */
static int handler(lyre_call *call)
{
	out_object_begin(&call->out);
	for (size_t i = 0; i < call->operation->param_count; i++) {
		if (!call->present[i])
			continue;
		out_key(&call->out, params[i].name);
		out_value(&call->out, &call->args[i]);
	}
	out_object_end(&call->out);
	return 0;
}

/** Runs its argument, and answers with the answer. */
static int relay(lyre_call *call)
{
	const lyre_value *answer;
	call->may_block = true; /* as on a worker's thread */
	int rc = call_request_value(call, &call->args[0], 0, 1 << 16, &answer);
	call->may_block = false;
	if (!rc)
		out_value(&call->out, answer);
	return rc;
}

static const struct lyre_param relay_params[] = {
	{ .name = "request", .types = LYRE_T_OBJECT, .flags = LYRE_P_REQUIRED },
};

static const struct lyre_operation operations[] = {
	{ .name = "search_by_conditions",
		.aliases = "search",
		.handler = handler,
		.access = LYRE_ACCESS_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(params) },
	{ .name = "relay", .handler = relay, .access = LYRE_ACCESS_USER, .flags = LYRE_O_READS, .params = LYRE_LIST(relay_params) },
};

static struct dispatch *dispatch;

static void open_dispatch(void)
{
	struct dispatch_services services = { 0 };
	struct err e;
	must(dispatch_open(&dispatch, &services, &e) == 0);
	must(dispatch_register(dispatch, "fuzz", NULL, (struct lyre_list)LYRE_LIST(operations), &e) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exchange x = {
		.method = METHOD_POST, .path = "/", .content_type = "application/json", .trusted = true, .peer = "fuzz"
	};
	lyre_value answer;
	struct err e;
	if (!dispatch)
		open_dispatch();
	arena_init(&x.arena);
	buf_init(&x.body);
	buf_init(&x.out);
	x.body.data = fuzz_copy(data, size, 1);
	x.body.len = size;
	x.body.cap = size + 1;
	must(dispatch_begin(dispatch, &x) == DISPATCH_DONE);
	must(x.status == 200 || (x.status >= 400 && x.status < 500));
	must(json_decode_copy(&x.arena, x.out.data, x.out.len, &answer, &e) == 0 && answer.type == LYRE_OBJECT);
	must(x.status == 200 || value_is(value_get(&answer, "error"), LYRE_STRING));
	dispatch_end(&x);
	buf_free(&x.out);
	buf_free(&x.body);
	arena_free(&x.arena);
	return 0;
}
