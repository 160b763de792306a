/* SPDX-License-Identifier: Apache-2.0 */
/* Drop-ins while the server runs: changes of the file, and SIGHUP. */
#include "drop_ins_fixture.h"

START_TEST(a_change_is_written_to_the_file_and_the_drop_in_noted)
{
	drop("a.yaml", "logging: {level: debug}\nthreads: 3\n");
	load_well("threads: 1\n");
	ck_assert_int_eq(set_in(config, "{'logging_level':'info','threads':2,'http_port':1}"), 0);
	char wanted[700];
	snprintf(wanted, sizeof wanted, "logging.level:%s threads:%s http.port:file ", path_of("a.yaml"), path_of("a.yaml"));
	ck_assert_str_eq(noted, wanted);
	ck_assert_str_eq(config_string(config, "logging.level"), "debug");
	ck_assert_str_eq(get(), "threads: 2\n\nlogging:\n  level: info\n\nhttp:\n  port: 1\n");
}
END_TEST

/* It replaces the section of modules in all files, with their settings. */
START_TEST(a_change_that_a_list_of_modules_overrides_is_noted)
{
	ck_assert_int_eq(try_load("", NULL, (char[]){ "LYRE_MODULES=[mine]" }), 0);
	ck_assert_int_eq(set_in(config, "{'modules_mine_word':'two'}"), 0);
	ck_assert_str_eq(noted, "modules.mine.word:the environment ");
	ck_assert_str_eq(config_string(config, "modules.mine.word"), "one");
	config_free(config);
	noted[0] = '\0';
	ck_assert_int_eq(try_load("", "modules=[mine]", (char[]){ "LYRE_MODULES=[plain]" }), 0);
	ck_assert_int_eq(set_in(config, "{'modules_mine_word':'two'}"), 0);
	ck_assert_str_eq(noted, "modules.mine.word:the command line ");
}
END_TEST

START_TEST(a_setting_of_a_module_of_a_drop_in_can_be_set)
{
	drop("a.yaml", "modules: {mine: true}\n");
	load_well("modules:\n  plain: true\n");
	ck_assert_int_eq(set_in(config, "{'modules_mine_word':'two'}"), 0);
	ck_assert_str_eq(get(), "modules:\n  plain: true\n  mine:\n    word: two\n");
	ck_assert_str_eq(config_string(config, "modules.mine.word"), "two");
}
END_TEST

/* So that the package can be removed with its drop-in. */
START_TEST(a_module_that_is_optional_in_a_drop_in_stays_so)
{
	drop("a.yaml", "modules: {mine: {optional: true}}\n");
	load_well("modules:\n  plain: true\n");
	ck_assert_int_eq(set_in(config, "{'modules_mine_word':'two','modules_mine_deep_size':4096}"), 0);
	ck_assert_str_eq(
		get(), "modules:\n  plain: true\n  mine:\n    optional: true\n    word: two\n    deep:\n      size: 4096\n");
	put(file, "");
	ck_assert_int_eq(set_in(config, "{'modules_mine_word':'two'}"), 0);
	ck_assert_str_eq(get(), "modules: {plain: true, mine: {optional: true, word: two}}\n");
	put(file, "modules: {plain: true, mine: true}\n");
	ck_assert_int_eq(set_in(config, "{'modules_mine_word':'two'}"), 0);
	ck_assert_str_eq(get(), "modules: {plain: true, mine: {word: two}}\n");
}
END_TEST

START_TEST(a_fault_in_a_drop_in_refuses_changes)
{
	load_well("threads: 1\n");
	drop("a.yaml", "logging: {level: loud}\n");
	ck_assert_int_eq(set_in(config, "{'threads':2}"), LYRE_EINVAL);
	ck_assert_msg(strstr(err.text, "lyre.yaml.d/a.yaml:1:18: 'logging.level'") != NULL, "%s", err.text);
	ck_assert_str_eq(get(), "threads: 1\n");
}
END_TEST

static const char *reload(void)
{
	static char text[200];
	struct buf waiting, warnings;
	buf_init(&waiting);
	buf_init(&warnings);
	err = (struct err){ 0 };
	config_reload_live(config, &waiting, &warnings, &err);
	snprintf(text, sizeof text, "%s", waiting.len ? buf_cstr(&waiting) : "");
	buf_free(&waiting);
	buf_free(&warnings);
	return text;
}

START_TEST(a_reload_reads_drop_ins_again)
{
	load_well("threads: 1\nlogging.level: error\n");
	drop("a.yaml", "logging.level: debug\nthreads: 3\n");
	ck_assert_str_eq(reload(), "threads");
	ck_assert_str_eq(config_string(config, "logging.level"), "debug");
	ck_assert_int_eq(config_source_of(config, "logging.level"), CONFIG_DROP_IN);
	drop("a.yaml", "logging.level: [\n");
	reload();
	ck_assert_int_eq(err.code, LYRE_EINVAL);
	ck_assert_str_eq(config_string(config, "logging.level"), "debug");
	ck_assert_int_eq(unlink(path_of("a.yaml")), 0);
	ck_assert_str_eq(reload(), "");
	ck_assert_str_eq(config_string(config, "logging.level"), "error");
	ck_assert_int_eq(rmdir(drop_ins), 0);
	ck_assert_str_eq(reload(), "");
	ck_assert_int_eq(err.code, 0);
	ck_assert_int_eq(mkdir(drop_ins, 0755), 0);
}
END_TEST

static const struct {
	const char *before, *text, *drop_in, *waiting;
} waits[] = {
	{ "", "", "modules: {tally: true}\n", "modules.tally" },
	{ "", "", "modules: {mine: false}\n", "modules.mine" },
	{ "modules: {mine: true, tally: false}\n", "modules: {tally: true}\n", "", "modules.mine, modules.tally" },
	{ "modules: {mine: {path: /m.so}}\n", "modules: {mine: true}\n", "modules: {mine: {path: /n.so}}\n", "modules.mine.path" },
	{ "modules: {mine: true}\n", "modules: {mine: true}\n", "modules: {mine: {deep.size: 2K}}\n", "modules.mine.deep.size" },
	{ "", "modules: [plain, mine]\n", "modules: {other: false}\n", "" },
	{ "modules: {tally: {optional: true}}\n", "modules: {}\n", "modules: {tally: {optional: true}}\n", "" },
	{ "tls: [{certificate: a}]\n", "tls: [{certificate: a}]\n", "tls: [{certificate: a}, {certificate: b}]\n", "tls" },
	{ "tls: [{certificate: a}]\n", "tls: [{certificate: a}]\n", "tls: [{certificate: b}]\n", "tls.0.certificate" },
	{ "", "", "operationsApi: {tls: [{certificate: b}]}\n", "operationsApi.tls" },
	{ "", "", "tls: []\n", "" },
};

START_TEST(a_reload_names_what_waits_for_a_restart)
{
	load_well(waits[_i].before);
	put(file, waits[_i].text);
	drop("a.yaml", waits[_i].drop_in);
	ck_assert_row_str_eq(waits[_i].drop_in, reload(), waits[_i].waiting);
	ck_assert_int_eq(err.code, 0);
}
END_TEST

/* It is not installed: only one that is named would be loaded, or missed, at the next start. */
START_TEST(a_reload_names_a_module_that_was_not_installed)
{
	const struct config_module *modules;
	struct config_sources s = { .file = file };
	size_t count;
	put(file, "");
	ck_assert_int_eq(config_load(&config, &s, &err), 0);
	ck_assert_int_eq(config_modules(config, "plain", &modules, &count, &err), 0);
	ck_assert_str_eq(reload(), "");
	drop("a.yaml", "modules: {plain: true}\n");
	ck_assert_str_eq(reload(), "modules.plain");
	drop("a.yaml", "modules: {plain: false}\n");
	ck_assert_str_eq(reload(), "");
}
END_TEST

START_TEST(a_change_of_a_section_that_is_a_list_now_is_refused)
{
	char wanted[300];
	load_well("threads: 1\n");
	put(file, "tls: [{certificate: a}]\n");
	ck_assert_int_eq(set_in(config, "{'tls_certificate':'/c'}"), LYRE_EINVAL);
	snprintf(wanted, sizeof wanted, "HarperDB config file validation error: 'tls.certificate' is in a list: change it in %s",
		file);
	ck_assert_str_eq(err.text, wanted);
	ck_assert_str_eq(get(), "tls: [{certificate: a}]\n");
}
END_TEST

START_TEST(a_change_of_a_section_that_a_new_list_replaces_is_noted)
{
	load_well("threads: 1\n");
	drop("a.yaml", "tls: [{certificate: b}]\noperationsApi.tls: []\n");
	ck_assert_int_eq(set_in(config, "{'tls_certificate':'/c','operationsApi_tls_certificate':'/c'}"), 0);
	char wanted[700];
	snprintf(wanted, sizeof wanted, "tls.certificate:%s operationsApi.tls.certificate:file ", path_of("a.yaml"));
	ck_assert_str_eq(noted, wanted);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config_drop_in_changes");
	TCase *t = tcase_create("config_drop_in_changes");
	tcase_add_checked_fixture(t, begin_drop_ins, end_drop_ins);
	tcase_add_test(t, a_change_is_written_to_the_file_and_the_drop_in_noted);
	tcase_add_test(t, a_change_that_a_list_of_modules_overrides_is_noted);
	tcase_add_test(t, a_setting_of_a_module_of_a_drop_in_can_be_set);
	tcase_add_test(t, a_module_that_is_optional_in_a_drop_in_stays_so);
	tcase_add_test(t, a_fault_in_a_drop_in_refuses_changes);
	tcase_add_test(t, a_reload_reads_drop_ins_again);
	tcase_add_loop_test(t, a_reload_names_what_waits_for_a_restart, 0, sizeof waits / sizeof *waits);
	tcase_add_test(t, a_reload_names_a_module_that_was_not_installed);
	tcase_add_test(t, a_change_of_a_section_that_is_a_list_now_is_refused);
	tcase_add_test(t, a_change_of_a_section_that_a_new_list_replaces_is_noted);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
