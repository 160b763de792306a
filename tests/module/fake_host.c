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

static int starts(lyre_instance *self)
{
	return lyre_setting_bool(self, "good") ? 0 : lyre_start_fail(self, LYRE_EINVAL, "it is not good");
}

static const struct lyre_param params[] = { { .name = "v", .types = LYRE_T_ANY, .help = "Anything." } };

static const struct lyre_operation operations[] = {
	{ .name = "echo", .handler = echo, .access = LYRE_ACCESS_OPEN, .params = LYRE_LIST(params), .help = "Answer it." },
	{ .name = "saves", .handler = saves, .access = LYRE_ACCESS_OPEN, .help = "Back up." },
	{ .name = "twice", .handler = twice, .access = LYRE_ACCESS_OPEN, .help = "Fail in a scope." },
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

int main(void)
{
	assert(lyre_fake_start(&lyre_module, "{'good': false}") == LYRE_EINVAL);
	assert(strcmp(lyre_fake_failure(), "it is not good") == 0);
	assert(lyre_fake_start(&lyre_module, NULL) == 0);
	test_complete();
	test_json();
	test_times();
	assert(lyre_fake_call("saves", NULL) == LYRE_ENOTSUP);
	assert(strstr(lyre_fake_answer(), "\"the fake host does not have lyre_backup(): test this against a real server\""));
	assert(lyre_fake_call("twice", NULL) == LYRE_EINVAL);
	assert(strcmp(lyre_fake_failure(), "number 99999") == 0);
	lyre_fake_stop();
	return 0;
}
