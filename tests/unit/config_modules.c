/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "config/config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char file[64];
static struct config *config;
static struct err err;
static const struct config_module *modules;
static size_t count;

static const struct lyre_setting settings[] = {
	{ "greeting", LYRE_S_STRING, 0, "hello", .help = "What is said." },
	{ "limits.size", LYRE_S_SIZE, LYRE_SF_NULL, "1M", .min = 1, .max = 1 << 30, .help = "The size." },
	{ "folder", LYRE_S_PATH, 0, "data", .help = "The folder." },
	{ "rate", LYRE_S_NUMBER, 0, "0.5", .min = 0, .max = 1, .help = "The rate." },
	{ "token", LYRE_S_STRING, LYRE_SF_SECRET | LYRE_SF_NULL, NULL, .help = "The token." },
	{ "words", LYRE_S_LIST, 0, "[a, b]", .help = "The words." },
	{ "pin", LYRE_S_INT, LYRE_SF_SECRET, "0", .help = "The pin." },
};
static const struct lyre_list declared = LYRE_LIST(settings);
static const struct lyre_list nothing = { NULL, 0, sizeof(struct lyre_setting) };

static void begin(void)
{
	snprintf(file, sizeof file, "/tmp/lyre-config-XXXXXX");
	close(mkstemp(file));
	err = (struct err){ 0 };
	config = NULL;
}

static void end(void)
{
	config_free(config);
	config = NULL;
	unlink(file);
}

static int load(const char *text, const char *set, char *variable)
{
	FILE *f = fopen(file, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	char *environment[] = { variable, NULL };
	struct config_sources s = { .file = file, .sets = &set, .set_count = set ? 1 : 0, .environ = environment };
	int rc = config_load(&config, &s, &err);
	ck_assert_msg(!rc, "%s", err.text);
	return config_modules(config, "schema data", &modules, &count, &err);
}

/* "schema data?" for the enabled modules, with ? for optional and =PATH. */
static const char *list(void)
{
	static char out[300];
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		snprintf(out + strlen(out), sizeof out - strlen(out), "%s%s%s%s%s", i ? " " : "", modules[i].name,
			modules[i].optional ? "?" : "", modules[i].path ? "=" : "", modules[i].path ? modules[i].path : "");
	return out;
}

static const struct {
	const char *text, *set;
	char *variable;
	const char *modules;
} lists[] = {
	{ "", NULL, NULL, "schema data" },
	{ "modules:\n", NULL, NULL, "schema data" },
	{ "modules: {}\n", NULL, NULL, "" },
	{ "modules: []\n", NULL, NULL, "" },
	{ "modules: [data, x]\n", NULL, NULL, "data x" },
	{ "modules: {data: true, x: false, y: , z: {a: 1}}\n", NULL, NULL, "data y z" },
	{ "modules: {x: {optional: true, path: /m/x.so}, y: {enabled: false}}\n", NULL, NULL, "x?=/m/x.so" },
	{ "", "modules=[a, b]", NULL, "a b" },
	{ "modules: {x: true}\n", "modules.data=true", NULL, "x data" },
	{ "", "modules.data=false", NULL, "schema" },
	{ "", "modules.data.enabled=false", NULL, "schema" },
	{ "", "modules.data.optional=true", NULL, "schema data?" },
	{ "", NULL, "LYRE_MODULES=[a]", "a" },
	{ "", NULL, "LYRE_MODULES_DATA=false", "schema" },
	{ "", NULL, "LYRE_MODULES_SCHEMA_PATH=/x", "schema=/x data" },
	{ "", "modules.data=true", "LYRE_MODULES_DATA=false", "schema data" },
};

START_TEST(modules_are_enabled)
{
	int rc = load(lists[_i].text, lists[_i].set, lists[_i].variable);
	ck_assert_msg(!rc, "%s", err.text);
	ck_assert_str_eq(list(), lists[_i].modules);
}
END_TEST

static const struct {
	const char *text, *sentence;
} bad_lists[] = {
	{ "modules: {Data: true}\n", ":1:11: 'Data' is not a module name: use 1 to 31 of a to z, 0 to 9, _ and -" },
	{ "modules: [a,\n  a]\n", ":2:3: module 'a' is named twice" },
	{ "modules: [{a: 1}]\n", ":1:11: 'modules' as a list can contain only names; use a mapping for modules with settings" },
	{ "modules: {a: [b]}\n", ":1:14: 'modules.a' must be true, false or a mapping of its settings; found a list" },
	{ "modules: {a: {optional: maybe}}\n", ":1:25: 'modules.a.optional' must be true or false; found maybe" },
	{ "modules: data\n", ":1:10: 'modules' must be a mapping or a list; found 'data'" },
};

START_TEST(a_bad_list_is_refused_with_its_line)
{
	ck_assert_int_eq(load(bad_lists[_i].text, NULL, NULL), LYRE_EINVAL);
	ck_assert_str_eq(err.text + strlen(file), bad_lists[_i].sentence);
}
END_TEST

START_TEST(settings_of_a_module_come_from_every_source)
{
	ck_assert_int_eq(load("rootPath: /r\nmodules:\n  x:\n    optional: true\n    greeting: hi\n    limits: {size: 2K}\n"
			      "    token: 123\n",
				 "modules.x.rate=0.25", "LYRE_MODULES_X_WORDS=[c]"),
		0);
	int rc = config_declare_module(config, "x", declared, &err);
	ck_assert_msg(!rc, "%s", err.text);
	rc = config_check_unknown(config, &err);
	ck_assert_msg(!rc, "%s", err.text);
	ck_assert_str_eq(config_string(config, "modules.x.greeting"), "hi");
	ck_assert_int_eq(config_int(config, "modules.x.limits.size"), 2048);
	ck_assert_str_eq(config_path(config, "modules.x.folder"), "/r/data");
	ck_assert(config_number(config, "modules.x.rate") == 0.25);
	ck_assert_str_eq(config_string(config, "modules.x.token"), "123");
	size_t n;
	ck_assert_str_eq(config_list(config, "modules.x.words", &n)[0], "c");
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(config_int(config, "operationsApi.network.port"), 9925);
	ck_assert_int_eq(modules[0].line, 3);
}
END_TEST

START_TEST(settings_of_a_built_in_module)
{
	ck_assert_int_eq(load("", "modules.data.greeting=yes please", NULL), 0);
	ck_assert_int_eq(config_declare_module(config, "data", declared, &err), 0);
	ck_assert_int_eq(config_declare_module(config, "schema", nothing, &err), 0);
	ck_assert_int_eq(config_check_unknown(config, &err), 0);
	ck_assert_str_eq(config_string(config, "modules.data.greeting"), "yes please");
}
END_TEST

START_TEST(an_enum_has_words)
{
	static const struct lyre_setting wordless[] = { { .key = "way", .type = LYRE_S_ENUM, .fallback = "up" } };

	ck_assert_int_eq(load("", NULL, NULL), 0);
	ck_assert_int_eq(config_declare_module(config, "x", (struct lyre_list)LYRE_LIST(wordless), &err), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "module 'x' declares the setting 'way' as one of some words, but no words: set .values");
}
END_TEST

static const struct {
	const char *text, *sentence;
} bad_settings[] = {
	{ "modules:\n  x:\n    greting: hi\n", ":3:5: unknown setting 'modules.x.greting'; did you mean 'modules.x.greeting'?" },
	{ "modules: {x: {limits: {size: big}}}\n",
		":1:30: 'modules.x.limits.size' must be a size such as 64M or 1G, from 1 to 1G, or null; found big" },
	{ "modules: {x: {rate: 2}}\n", ":1:21: 'modules.x.rate' must be a number from 0 to 1; found 2" },
	{ "modules: {x: {pin: secret}}\n", ":1:20: 'modules.x.pin' must be a whole number; found a plain value" },
};

START_TEST(a_bad_setting_is_refused_with_its_line)
{
	ck_assert_int_eq(load(bad_settings[_i].text, NULL, NULL), 0);
	ck_assert_int_eq(config_declare_module(config, "x", declared, &err), LYRE_EINVAL);
	ck_assert_str_eq(err.text + strlen(file), bad_settings[_i].sentence);
}
END_TEST

START_TEST(an_unknown_setting_of_set_is_refused)
{
	ck_assert_int_eq(load("modules: {x: true}\n", "modules.x.greting=1", NULL), 0);
	ck_assert_int_eq(config_declare_module(config, "x", declared, &err), 0);
	ck_assert_int_eq(config_check_unknown(config, &err), LYRE_EINVAL);
	ck_assert_str_eq(
		err.text, "--set modules.x.greting: unknown setting 'modules.x.greting'; did you mean 'modules.x.greeting'?");
}
END_TEST

START_TEST(a_module_that_was_not_loaded_is_refused)
{
	ck_assert_int_eq(load("modules:\n  x: true\n  y: {optional: true}\n", "modules.y.any=1", NULL), 0);
	ck_assert_int_eq(config_check_unknown(config, &err), LYRE_EINVAL);
	ck_assert_str_eq(err.text + strlen(file), ":2:3: module 'x' is named here but was not loaded");
	ck_assert_int_eq(config_declare_module(config, "x", declared, &err), 0);
	ck_assert_int_eq(config_check_unknown(config, &err), 0);
}
END_TEST

START_TEST(an_unknown_variable_is_warned_of)
{
	ck_assert_int_eq(load("modules: {x: true}\n", NULL, "LYRE_MODULES_X_GRETING=1"), 0);
	ck_assert_int_eq(config_declare_module(config, "x", declared, &err), 0);
	ck_assert_int_eq(config_check_unknown(config, &err), 0);
	size_t n;
	const char *const *lines = config_warnings(config, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(lines[0],
		"environment LYRE_MODULES_X_GRETING is not a known setting and is ignored; did you mean "
		"LYRE_MODULES_X_GREETING?");
}
END_TEST

START_TEST(bad_declarations_are_refused)
{
	static const struct lyre_setting taken[] = { { "path", LYRE_S_PATH, 0, "x", .help = "" } };
	static const struct lyre_setting strange[] = { { "a", 77, 0, "x", .help = "" } };
	static const struct lyre_setting wrong[] = { { "a", LYRE_S_INT, 0, "x", .help = "" } };
	static const struct lyre_setting twice[] = {
		{ "a", LYRE_S_INT, 0, "1", .help = "" },
		{ "a", LYRE_S_INT, 0, "1", .help = "" },
	};
	ck_assert_int_eq(load("", NULL, NULL), 0);
	ck_assert_int_eq(config_declare_module(config, "m", (struct lyre_list)LYRE_LIST(taken), &err), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "module 'm' declares the setting 'path', a reserved name");
	ck_assert_int_eq(config_declare_module(config, "m", (struct lyre_list)LYRE_LIST(strange), &err), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "module 'm' declares the setting 'a' with a type unknown to this server");
	ck_assert_int_eq(config_declare_module(config, "m", (struct lyre_list)LYRE_LIST(wrong), &err), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "the default of modules.m.a: 'modules.m.a' must be a whole number; found x");
	ck_assert_int_eq(config_declare_module(config, "m", (struct lyre_list)LYRE_LIST(twice), &err), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "the setting 'modules.m.a' is declared twice");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config_modules");
	TCase *t = tcase_create("modules");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_loop_test(t, modules_are_enabled, 0, sizeof lists / sizeof *lists);
	tcase_add_loop_test(t, a_bad_list_is_refused_with_its_line, 0, sizeof bad_lists / sizeof *bad_lists);
	tcase_add_test(t, settings_of_a_module_come_from_every_source);
	tcase_add_test(t, settings_of_a_built_in_module);
	tcase_add_test(t, an_enum_has_words);
	tcase_add_loop_test(t, a_bad_setting_is_refused_with_its_line, 0, sizeof bad_settings / sizeof *bad_settings);
	tcase_add_test(t, an_unknown_setting_of_set_is_refused);
	tcase_add_test(t, a_module_that_was_not_loaded_is_refused);
	tcase_add_test(t, an_unknown_variable_is_warned_of);
	tcase_add_test(t, bad_declarations_are_refused);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
