/* SPDX-License-Identifier: Apache-2.0 */
/* Drop-ins: order, merging, modules, lists, places in messages. */
#include "drop_ins_fixture.h"

/* ---- which files, and in which order ---- */

START_TEST(later_drop_ins_override_earlier_ones_and_the_file)
{
	drop("50.yaml", "threads: 5\nlogging: {level: info}\n");
	drop("5.yaml", "threads: 7\nhttp.port: 7\n");
	drop("A.yaml", "logging.file: false\n");
	drop("a.yaml", "logging.file: true\n");
	load_well("threads: 1\nlogging:\n  level: error\n  root: /l\nhttp: {port: 1}\n");
	ck_assert_int_eq(config_int(config, "threads"), 5); /* "." is before "0" */
	ck_assert_int_eq(config_int(config, "http.port"), 7);
	ck_assert_str_eq(config_string(config, "logging.level"), "info");
	ck_assert_str_eq(config_path(config, "logging.root"), "/l");
	ck_assert(config_bool(config, "logging.file"));
	ck_assert_uint_eq(config_drop_ins(config), 4);
	ck_assert_int_eq(config_source_of(config, "threads"), CONFIG_DROP_IN);
	ck_assert_int_eq(config_source_of(config, "logging.root"), CONFIG_FILE);
}
END_TEST

START_TEST(other_files_are_ignored)
{
	const char *const names[] = { ".hidden.yaml", ".yaml", ".x.yml", "x.yaml~", "x.yaml.dpkg-new", "yaml", "README" };
	size_t count;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		drop(names[i], "nonsense: [\n");
	ck_assert_int_eq(mkdir(path_of("folder"), 0755), 0);
	load_well("threads: 1\n");
	ck_assert_uint_eq(config_drop_ins(config), 0);
	config_warnings(config, &count);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(a_suffix_that_is_nearly_right_is_warned_of)
{
	const char *const names[] = { "x.yml", "x.YAML", "x.Yml" };
	size_t count;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		drop(names[i], "nonsense: [\n");
		load_well("threads: 1\n");
		const char *const *lines = config_warnings(config, &count);
		ck_assert_uint_eq(count, 1);
		ck_assert_ptr_nonnull(strstr(lines[0], "is ignored: the names of drop-ins end in .yaml"));
		ck_assert_uint_eq(config_drop_ins(config), 0);
		config_free(config);
		config = NULL;
	}
}
END_TEST

START_TEST(the_environment_and_the_command_line_override_drop_ins)
{
	drop("a.yaml", "threads: 5\nhttp.port: 5\nlogging.level: info\n");
	ck_assert_int_eq(try_load("", "threads=2", (char[]){ "LYRE_HTTP_PORT=3" }), 0);
	ck_assert_int_eq(config_int(config, "threads"), 2);
	ck_assert_int_eq(config_int(config, "http.port"), 3);
	ck_assert_str_eq(config_string(config, "logging.level"), "info");
}
END_TEST

START_TEST(drop_ins_need_no_file_in_the_root_folder)
{
	struct config_sources s = { .root = folder, .root_file = true };
	drop("a.yaml", "threads: 5\n");
	config = load_sources(&s);
	ck_assert_int_eq(config_int(config, "threads"), 5);
	ck_assert_ptr_null(config_file(config));
	ck_assert_int_eq(set_in(config, "{'logging_level':'info'}"), 0);
	ck_assert_str_eq(config_string(config, "logging.level"), "info");
}
END_TEST

START_TEST(empty_drop_ins_are_fine)
{
	drop("a.yaml", "");
	drop("b.yaml", "# nothing\n");
	drop("c.yaml", "modules:\nlogging:\n");
	load_well("threads: 3\n");
	ck_assert_int_eq(config_int(config, "threads"), 3);
	ck_assert_uint_eq(config_drop_ins(config), 3);
}
END_TEST

static void check_many(int count)
{
	char name[20];
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof name, "%03d.yaml", i);
		drop(name, "threads: 2\n");
	}
}

START_TEST(as_many_drop_ins_as_allowed)
{
	check_many(64);
	load_well("");
	check_many(65);
	config_free(config);
	check_refused("", "lyre.yaml.d: more than 64 drop-ins");
}
END_TEST

START_TEST(drop_ins_are_limited_together)
{
	static char text[600 << 10], long_list[70000];
	memset(text, '#', sizeof text - 1);
	drop("a.yaml", text);
	drop("b.yaml", text);
	check_refused("", "lyre.yaml.d/b.yaml: up to this one, the drop-ins are larger than 1048576 bytes");
	strcpy(long_list, "http.corsAccessList: [a");
	for (int i = 0; i < 6000; i++)
		strcat(long_list, ",a");
	strcat(long_list, "]\n");
	drop("a.yaml", long_list);
	drop("b.yaml", long_list);
	check_refused("", "lyre.yaml.d/b.yaml: with this drop-in, the configuration has more than 10000 values");
}
END_TEST

/* ---- modules ---- */

static const struct {
	const char *text, *first, *second, *modules, *set;
	char *variable;
} merged[] = {
	{ "", "modules: {tally: true}\n", "", "plain mine tally", NULL, NULL },
	{ "modules:\n", "modules: [tally]\n", "", "plain mine tally", NULL, NULL },
	{ "modules: {}\n", "modules: [tally]\n", "", "tally", NULL, NULL },
	{ "modules: [mine]\n", "modules: [tally, mine]\n", "", "mine tally", NULL, NULL },
	{ "modules: {plain: true, mine: true}\n", "modules: {plain: false}\n", "", "mine", NULL, NULL },
	{ "", "modules: {plain: false}\n", "modules: {plain: true}\n", "plain mine", NULL, NULL },
	{ "", "modules: {plain: false}\n", "modules: [plain]\n", "plain mine", NULL, NULL },
	{ "modules: {mine: false}\n", "modules: {mine: {word: two}}\n", "", "", NULL, NULL },
	{ "modules: {mine: false}\n", "modules: {mine: {word: two, enabled: true}}\n", "", "mine", NULL, NULL },
	{ "", "modules: {tally: {optional: true, path: /t.so}}\n", "modules: {tally: {path: /u.so}}\n", "plain mine tally?=/u.so",
		NULL, NULL },
	{ "", "modules: {tally: true}\n", "", "plain", "modules=[plain]", NULL },
	{ "", "modules: {tally: true}\n", "", "plain", NULL, "LYRE_MODULES=[plain]" },
	{ "", "modules: {tally: true}\n", "", "plain mine", "modules.tally=false", NULL },
	{ "", "modules: {tally: true}\n", "", "plain mine", NULL, "LYRE_MODULES_TALLY=false" },
};

static const char *modules_loaded(void)
{
	static char out[300];
	const struct config_module *m;
	size_t count;
	ck_assert_int_eq(config_modules(config, "", &m, &count, &err), 0);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		snprintf(out + strlen(out), sizeof out - strlen(out), "%s%s%s%s%s", i ? " " : "", m[i].name,
			m[i].optional ? "?" : "", m[i].path ? "=" : "", m[i].path ? m[i].path : "");
	return out;
}

START_TEST(modules_are_merged)
{
	drop("a.yaml", merged[_i].first);
	drop("b.yaml", merged[_i].second);
	int rc = try_load(merged[_i].text, merged[_i].set, merged[_i].variable);
	ck_assert_msg(!rc, "%s: %s", merged[_i].first, err.text);
	ck_assert_row_str_eq(merged[_i].first, modules_loaded(), merged[_i].modules);
}
END_TEST

START_TEST(settings_of_a_module_are_overridden_one_by_one)
{
	drop("a.yaml", "modules: {mine: {word: two, deep: {size: 2K}}}\n");
	drop("b.yaml", "modules:\n  mine:\n    deep.size: 3K\n");
	load_well("modules: {mine: {word: one, secret: s}}\n");
	ck_assert_str_eq(config_string(config, "modules.mine.word"), "two");
	ck_assert_int_eq(config_int(config, "modules.mine.deep.size"), 3072);
	ck_assert_str_eq(config_string(config, "modules.mine.secret"), "s");
}
END_TEST

START_TEST(a_module_has_the_place_where_it_is_named_last)
{
	const struct config_module *m;
	size_t count;
	drop("a.yaml", "\nmodules:\n  tally: true\n  mine: true\n");
	load_well("modules: {mine: {word: one}, other: true}\n");
	ck_assert_int_eq(config_modules(config, "", &m, &count, &err), 0);
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(m[0].file, path_of("a.yaml"));
	ck_assert_int_eq(m[0].line, 4);
	ck_assert_str_eq(m[1].file, file);
	ck_assert_int_eq(m[1].line, 1);
	ck_assert_int_eq(m[2].line, 3);
}
END_TEST

/* A module of the built-in list may be missing; one that a drop-in names may not. */
START_TEST(a_module_that_a_drop_in_names_must_be_there)
{
	const struct config_module *m;
	size_t count;
	drop("a.yaml", "modules: {plain: true}\n");
	load_well("");
	ck_assert_int_eq(config_modules(config, "", &m, &count, &err), 0);
	ck_assert(!m[0].fallback && m[1].fallback);
	ck_assert_ptr_null(m[1].file);
}
END_TEST

/* ---- sections as lists ---- */

START_TEST(a_list_of_sections_replaces_the_whole_list)
{
	drop("a.yaml", "tls:\n  - certificate: c\n");
	load_well("tls:\n  - certificate: a\n    host: h\n  - certificate: b\n");
	ck_assert_uint_eq(config_count(config, "tls"), 1);
	ck_assert_str_eq(config_path(config, "tls.0.certificate") + strlen(config_path(config, "rootPath")), "/c");
	ck_assert(config_is_null(config, "tls.0.host"));
}
END_TEST

START_TEST(an_empty_list_removes_a_list)
{
	drop("a.yaml", "operationsApi: {tls: []}\n");
	load_well("operationsApi.tls: [{certificate: a}]\nthreads: 3\n");
	ck_assert_uint_eq(config_count(config, "operationsApi.tls"), 0);
	ck_assert_int_eq(config_int(config, "threads"), 3);
}
END_TEST

START_TEST(a_list_replaces_a_section)
{
	drop("a.yaml", "tls: [{certificate: b}]\n");
	load_well("tls: {certificate: a}\n");
	ck_assert_uint_eq(config_count(config, "tls"), 1);
	ck_assert_int_eq(set_in(config, "{'tls_certificate':'c'}"), LYRE_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "is in a list: change it in /tmp/"));
	ck_assert_ptr_nonnull(strstr(err.text, "/lyre.yaml.d/a.yaml"));
}
END_TEST

/* ---- messages ---- */

static const struct {
	const char *text, *drop_in, *sentence;
} faults[] = {
	{ "", "logging:\n  level: loud\n",
		":2:10: 'logging.level' must be one of notify fatal error warn info debug trace; found loud" },
	{ "", "thread: 1\n", ":1:1: unknown setting 'thread'; did you mean 'threads'?" },
	{ "threads: 1\n", "threads: 2\nthreads.count: 3\n", ":2:1: 'threads' is set twice (first on line 1)" },
	{ "", "operationsApi: {tls: [{}]}\noperationsApi.tls: []\n", ":2:1: 'operationsApi.tls' is set twice" },
	{ "tls: [{certificate: a}]\n", "\ntls: {certificate: b}\n", ":2:1: 'tls' has no effect beside the list 'tls' in FILE" },
	{ "tls: [{certificate: a}]\n", "tls.0.certificate: b\n",
		":1:1: 'tls.0.certificate' has no effect beside the list 'tls' in FILE" },
	{ "", "- threads\n", ":1:1: the configuration must be a mapping of settings; found a list" },
	{ "", "threads: [\n", ":2:1: did not find expected node content, while parsing a flow node that starts at line 2" },
	{ "", "modules: [tally, tally]\n", ":1:18: module 'tally' is named twice" },
	{ "", "modules: {Data: true}\n", ":1:11: 'Data' is not a module name: use 1 to 31 of a to z, 0 to 9, _ and -" },
	{ "", "modules.mine: false\n", ":1:1: 'modules.mine' must be written below 'modules:'" },
	{ "", "modules: 5\n", ":1:10: 'modules' must be a mapping or a list; found '5'" },
	{ "modules: {mine: true}\n", "modules:\n  mine:\n    wort: two\n",
		":3:5: unknown setting 'modules.mine.wort'; did you mean 'modules.mine.word'?" },
	{ "modules: {mine: {word: two}}\n", "modules: {mine: {word: 3}}\n",
		":1:24: 'modules.mine.word' must be one of one two; found 3" },
};

START_TEST(a_fault_is_reported_with_its_drop_in_and_line)
{
	drop("a.yaml", faults[_i].drop_in);
	ck_assert_int_eq(try_load(faults[_i].text, NULL, NULL), LYRE_EINVAL);
	char wanted[600] = "lyre.yaml.d/a.yaml", *rest = strstr(faults[_i].sentence, "FILE");
	snprintf(wanted + strlen(wanted), 400, "%.*s", rest ? (int)(rest - faults[_i].sentence) : 300, faults[_i].sentence);
	if (rest)
		snprintf(wanted + strlen(wanted), 180, "%s: give the whole list here, which replaces that", file);
	ck_assert_row_str_eq(faults[_i].drop_in, told(), wanted);
}
END_TEST

START_TEST(all_faults_of_all_files_are_reported)
{
	struct fault_list list = { .count = 0 };
	struct config_sources s = { .file = file, .faults = &list };
	put(file, "threads: none\n");
	drop("a.yaml", "http.port: none\n");
	drop("b.yaml", "http.port: never\n");
	ck_assert_int_eq(config_load(&config, &s, &err), 0);
	ck_assert_uint_eq(list.count, 3);
	config_free(config);
	list.count = 0;
	put(file, "[\n");
	drop("a.yaml", "[\n");
	ck_assert_int_eq(mkdir(path_of("c.yaml"), 0755), 0);
	ck_assert_int_eq(config_load(&config, &s, &err), LYRE_EINVAL);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_ptr_nonnull(strstr(list.told[0].text, "/lyre.yaml:"));
	ck_assert_ptr_nonnull(strstr(list.told[1].text, "/a.yaml:"));
	ck_assert_ptr_nonnull(strstr(err.text, "/c.yaml' is not a regular file"));
}
END_TEST

static int look(void *ctx, const struct config_item *item)
{
	if (strcmp(item->key, ctx))
		return 0;
	snprintf(noted, sizeof noted, "%s:%d:%d", item->file ? strrchr(item->file, '/') + 1 : "none", item->line, item->column);
	return 1;
}

static const char *place(const char *key)
{
	ck_assert_int_eq(config_each(config, look, (void *)(uintptr_t)key), 1);
	return noted;
}

START_TEST(a_setting_has_its_place)
{
	drop("a.yaml", "\nthreads: 3\n");
	load_well("threads: 1\nhttp:\n  port: 1\n");
	ck_assert_str_eq(place("threads"), "a.yaml:2:10");
	ck_assert_str_eq(place("http.port"), "lyre.yaml:3:9");
	ck_assert_str_eq(place("logging.level"), "none:0:0");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config_drop_ins");
	TCase *t = tcase_create("config_drop_ins");
	tcase_add_checked_fixture(t, begin_drop_ins, end_drop_ins);
	tcase_add_test(t, later_drop_ins_override_earlier_ones_and_the_file);
	tcase_add_test(t, other_files_are_ignored);
	tcase_add_test(t, a_suffix_that_is_nearly_right_is_warned_of);
	tcase_add_test(t, the_environment_and_the_command_line_override_drop_ins);
	tcase_add_test(t, drop_ins_need_no_file_in_the_root_folder);
	tcase_add_test(t, empty_drop_ins_are_fine);
	tcase_add_test(t, as_many_drop_ins_as_allowed);
	tcase_add_test(t, drop_ins_are_limited_together);
	tcase_add_loop_test(t, modules_are_merged, 0, sizeof merged / sizeof *merged);
	tcase_add_test(t, settings_of_a_module_are_overridden_one_by_one);
	tcase_add_test(t, a_module_has_the_place_where_it_is_named_last);
	tcase_add_test(t, a_module_that_a_drop_in_names_must_be_there);
	tcase_add_test(t, a_list_of_sections_replaces_the_whole_list);
	tcase_add_test(t, an_empty_list_removes_a_list);
	tcase_add_test(t, a_list_replaces_a_section);
	tcase_add_loop_test(t, a_fault_is_reported_with_its_drop_in_and_line, 0, sizeof faults / sizeof *faults);
	tcase_add_test(t, all_faults_of_all_files_are_reported);
	tcase_add_test(t, a_setting_has_its_place);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
