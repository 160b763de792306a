/* SPDX-License-Identifier: Apache-2.0 */
/** The fake host itself: each function is there, or says that it is not; JSON; scopes; a module that does not start. */
#undef NDEBUG
#include <lyre/testing.h>

#include <assert.h>
#include <stdio.h>

/** Every slot of a table has a function: what is added to the SDK must be added to the fake host, or to what it lacks. */
static void complete(const void *table, size_t size, const char *name)
{
	uint32_t own;

	memcpy(&own, table, sizeof own);
	assert(own == size);
	for (size_t at = 2 * sizeof own; at < size; at += sizeof(void (*)(void))) {
		void (*function)(void);
		memcpy(&function, (const char *)table + at, sizeof function);
		if (!function) {
			fprintf(stderr, "%s: function %u is missing in sdk/testing\n", name,
				(unsigned)((at - 8) / sizeof function));
			assert(function);
		}
	}
}

static void test_complete(void)
{
	const void *const *tables;

	/* All tables that lyre/host.h has, known here or not. */
	for (size_t at = offsetof(struct lyre_host, module); at < sizeof(struct lyre_host); at += sizeof *tables) {
		tables = (const void *const *)(const void *)((const char *)lyre_host + at);
		assert(*tables);
	}
#define COMPLETE(table) complete(lyre_host->table, sizeof *lyre_host->table, #table)
	COMPLETE(module);
	COMPLETE(value);
	COMPLETE(call);
	COMPLETE(store);
	COMPLETE(job);
	COMPLETE(user);
	COMPLETE(server);
	COMPLETE(tls);
	COMPLETE(task);
	COMPLETE(page);
	COMPLETE(event);
}

static int echo(lyre_call *call)
{
	lyre_out_value(lyre_reply(call), lyre_arg(call, "v"));
	return 0;
}

static int saves(lyre_call *call)
{
	int fd;
	return lyre_backup(call, "d", NULL, 0, &fd);
}

static int twice(lyre_call *call)
{
	for (int i = 0; i < 100000; i++) {
		assert(lyre_scope_begin(call) == 0);
		assert(lyre_make_text(call, "x"));
		if (i == 99999)
			lyre_fail(call, LYRE_EINVAL, "number %d", i);
		lyre_scope_end(call);
	}
	return lyre_failure(call);
}

static int times(lyre_call *call)
{
	char text[32];
	double ms;
	const char *s = lyre_arg_string(call, "v");

	if (lyre_time_parse(s, strlen(s), &ms) < 0)
		return lyre_fail(call, LYRE_EINVAL, "not a time");
	assert(lyre_time_text(text, ms) == 24);
	return lyre_reply_message(call, "%s", text);
}

static int now(lyre_call *call)
{
	char text[32];

	lyre_time_text(text, lyre_time_now());
	return lyre_reply_message(call, "%s", text);
}

static int notes(lyre_call *call)
{
	int rc = lyre_page_add_header(call, "X-Rest", lyre_page_rest(call));
	if (rc == 0)
		rc = lyre_page_status(call, lyre_page_method(call) == LYRE_METHOD_POST ? 201 : 200);
	if (rc == 0)
		rc = lyre_reply_message(call, "%s %s %s", lyre_page_param(call, "q", 1), lyre_page_header(call, "x-one"),
			lyre_page_body(call, NULL));
	return rc;
}

static int works(lyre_call *call, void *arg)
{
	lyre_log(lyre_call_module(call), LYRE_INFO, "%s", (const char *)arg);
	return lyre_task_sleep(call, 10);
}

static uint32_t told;

static void notice(lyre_instance *self, const struct lyre_event *event, void *arg)
{
	(void)self;
	(void)arg;
	told |= event->kind;
	assert(event->kind != LYRE_EVENT_CONFIGURATION || (strcmp(event->key, "good") == 0 && !lyre_setting_bool(self, "good")));
	assert(event->kind != LYRE_EVENT_COMMITTED || event->inserted == 2);
}

static int starts(lyre_instance *self)
{
	const struct lyre_listener listener = { .size = sizeof listener, .events = ~0u, .notice = notice, .database = "d" };
	static char hello[] = "at work";
	const struct lyre_route route = { .size = sizeof route,
		.access = LYRE_ACCESS_OPEN,
		.path = "/notes/",
		.handler = notes,
		.methods = LYRE_METHOD_GET | LYRE_METHOD_POST,
		.flags = LYRE_ROUTE_PREFIX };
	const struct lyre_task task = { .size = sizeof task, .name = "work", .work = works, .arg = hello };
	int rc;

	if (!lyre_setting_bool(self, "good"))
		return lyre_start_fail(self, LYRE_EINVAL, "it is not good");
	rc = lyre_route_add(self, &route);
	if (rc == 0)
		rc = lyre_task_add(self, &task);
	return rc < 0 ? rc : lyre_listen(self, &listener);
}

static const struct lyre_param params[] = { { .name = "v", .types = LYRE_T_ANY, .help = "Anything." } };

static const struct lyre_operation operations[] = {
	{ .name = "echo", .handler = echo, .access = LYRE_ACCESS_OPEN, .params = LYRE_LIST(params), .help = "Answer it." },
	{ .name = "saves", .handler = saves, .access = LYRE_ACCESS_OPEN, .help = "Back up." },
	{ .name = "twice", .handler = twice, .access = LYRE_ACCESS_OPEN, .help = "Fail in a scope." },
	{ .name = "now", .handler = now, .access = LYRE_ACCESS_OPEN, .help = "Tell the time." },
	{ .name = "times", .handler = times, .access = LYRE_ACCESS_OPEN, .params = LYRE_LIST(params), .help = "Parse a time." },
};

static const struct lyre_setting settings[] = {
	{ .key = "good", .type = LYRE_S_BOOL, .fallback = "true", .help = "Whether it starts." },
};

LYRE_MODULE(
	tester, "1", "Tests the fake host", .settings = LYRE_LIST(settings), .operations = LYRE_LIST(operations), .start = starts);

static void test_json(void)
{
	static const char *const same[] = { "null", "true", "-7", "0.1", "1e300", "123456789012345678901234567890",
		"\"\\u00fc\\ud83d\\ude00\\n\"", "[1, [], {}, {\"a\": [null]}]" };
	char arguments[200];

	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		snprintf(arguments, sizeof arguments, "{'v': %s}", same[i]);
		assert(lyre_fake_call("echo", arguments) == 0);
		assert(lyre_fake_answered(same[i]));
	}
	assert(lyre_fake_call("echo", "{'v': {'b': 1, 'a': 2}}") == 0);
	assert(lyre_fake_answered("{'a': 2.0, 'b': 1}"));
}

static void test_times(void)
{
	assert(lyre_fake_call("times", "{'v': '2026-11-21T21:58:53.123Z'}") == 0);
	assert(lyre_fake_answered("{'message': '2026-11-21T21:58:53.123Z'}"));
	assert(lyre_fake_call("times", "{'v': '1969-02-28'}") == 0);
	assert(lyre_fake_answered("{'message': '1969-02-28T00:00:00.000Z'}"));
	assert(lyre_fake_call("times", "{'v': 'yesterday'}") == LYRE_EINVAL);
}

static void test_clock(void)
{
	double before = lyre_time_now();

	assert(before > 1.7e12);
	lyre_fake_time(86400000.0);
	assert(lyre_fake_call("now", NULL) == 0);
	assert(lyre_fake_answered("{'message': '1970-01-02T00:00:00.000Z'}"));
	lyre_fake_stop();
	told = 0;
	assert(lyre_time_now() >= before);
	assert(lyre_fake_start(&lyre_module, NULL) == 0);
}

static void test_route(void)
{
	lyre_fake_header("X-One", "1");
	assert(lyre_fake_request(LYRE_METHOD_POST, "/notes/a/b?q=first&x&q=a+b%21%", "text") == 0);
	assert(lyre_fake_status() == 201);
	assert(lyre_fake_answered("{'message': 'a b!% 1 text'}"));
	assert(strcmp(lyre_fake_answer_header("x-rest"), "a/b") == 0);
}

static void test_task(void)
{
	assert(!lyre_fake_woken("work"));
	assert(lyre_task_wake(lyre_fake_instance(), "work") == 0);
	assert(lyre_fake_woken("work"));
	assert(lyre_fake_task("work") == LYRE_EBUSY);
	assert(!lyre_fake_woken("work"));
	assert(strcmp(lyre_fake_log(), "info: at work\nerror: the server is stopping\n") == 0);
}

static void test_events(void)
{
	struct lyre_event event = { .size = sizeof event, .kind = LYRE_EVENT_COMMITTED, .inserted = 2, .database = "other" };
	struct lyre_event reset = { .size = sizeof reset, .kind = LYRE_EVENT_RESET, .table = "" };

	lyre_fake_event(&event);
	reset.database = "other";
	lyre_fake_event(&reset);
	assert(told == 0);
	reset.database = event.database = "d";
	lyre_fake_event(&reset);
	assert(told == LYRE_EVENT_RESET);
	told = 0;
	lyre_fake_event(&event);
	lyre_fake_setting("good", "false");
	assert(told == (LYRE_EVENT_COMMITTED | LYRE_EVENT_CONFIGURATION));
	lyre_fake_stop();
	assert(told & LYRE_EVENT_STOPPING);
}

int main(void)
{
	assert(lyre_fake_start(&lyre_module, "{'good': false}") == LYRE_EINVAL);
	assert(strcmp(lyre_fake_failure(), "it is not good") == 0);
	assert(lyre_fake_start(&lyre_module, NULL) == 0);
	test_complete();
	test_json();
	test_times();
	test_clock();
	test_route();
	test_task();
	assert(lyre_fake_call("saves", NULL) == LYRE_ENOTSUP);
	assert(strstr(lyre_fake_answer(), "\"the fake host does not have lyre_backup(): test this against a real server\""));
	assert(lyre_fake_call("twice", NULL) == LYRE_EINVAL);
	assert(strcmp(lyre_fake_failure(), "number 99999") == 0);
	test_events();
	return 0;
}
