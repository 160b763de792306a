/* SPDX-License-Identifier: Apache-2.0 */
/* config_set() with mistakes in the file, the owner of the file, settings that take effect at once, stronger sources. */
#include "config_fixture.h"

#include "encode/encode.h"

#include <sys/wait.h>

/* ---- mistakes in the file ---- */

static struct config *load_empty(void)
{
	put(file, "");
	return load();
}

START_TEST(a_mistake_in_the_file_is_reported_with_its_line)
{
	struct config *c = load_empty();
	put(file, "logging:\n  level: loud # x\n");
	ck_assert_int_eq(set_in(c, "{'threads':1}"), LYRE_EINVAL);
	ck_assert_msg(strstr(err.text, "lyre.yaml:2:10: 'logging.level' must be one of") != NULL, "%s", err.text);
	config_free(c);
}
END_TEST

START_TEST(a_mistake_in_the_file_can_be_corrected)
{
	struct config *c = load_empty();
	put(file, "logging:\n  level: loud # x\n");
	ck_assert_int_eq(set_in(c, "{'logging_level':'info'}"), 0);
	ck_assert_str_eq(get(), "logging:\n  level: info # x\n");
	config_free(c);
}
END_TEST

START_TEST(a_file_that_is_not_yaml_stays_as_it_is)
{
	struct config *c = load_empty();
	put(file, "logging: [\n");
	ck_assert_int_eq(set_in(c, "{'threads':1}"), LYRE_EINVAL);
	ck_assert_msg(strstr(err.text, "lyre.yaml:") != NULL, "%s", err.text);
	ck_assert_str_eq(get(), "logging: [\n");
	config_free(c);
}
END_TEST

/* ---- which file ---- */

START_TEST(mode_and_link_stay)
{
	char target[200];
	struct stat st;
	snprintf(target, sizeof target, "%s/real.yaml", folder);
	put(target, "threads: 1\n");
	ck_assert_int_eq(chmod(target, 0604), 0);
	ck_assert_int_eq(symlink("real.yaml", file), 0);
	ck_assert_int_eq(set("{'threads':2}"), 0);
	ck_assert_int_eq(lstat(file, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0604);
	ck_assert_str_eq(get(), "threads: 2\n");
}
END_TEST

START_TEST(a_file_is_made_in_the_root)
{
	struct config_sources s = { .root = folder, .root_file = true };
	struct config *c = load_sources(&s);
	struct stat st;
	ck_assert_ptr_null(config_file(c));
	ck_assert_int_eq(set_in(c, "{'threads':2}"), 0);
	config_free(c);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 07, 0);
	c = load_sources(&s);
	ck_assert_str_eq(config_file(c), file);
	ck_assert_int_eq(config_int(c, "threads"), 2);
	config_free(c);
}
END_TEST

START_TEST(without_a_file_nothing_can_be_set)
{
	struct config_sources s = { .root = folder };
	struct config *c = load_sources(&s);
	ck_assert_int_eq(set_in(c, "{'threads':3}"), LYRE_ENOTSUP);
	config_free(c);
}
END_TEST

/** The system's file, for a server with this folder. \return its text */
static const char *put_system_file(void)
{
	static char text[200];
	snprintf(text, sizeof text, "rootPath: %s\n", folder);
	put(file, text);
	return text;
}

START_TEST(the_systems_file_is_not_changed_by_another_server)
{
	struct config_sources s = { .file = file, .root = "/elsewhere", .system_file = true };
	const char *text = put_system_file();
	struct config *c = load_sources(&s);
	ck_assert_int_eq(set_in(c, "{'threads':2}"), LYRE_EDENIED);
	ck_assert_ptr_nonnull(strstr(err.text, "start this server with its own file"));
	ck_assert_str_eq(get(), text);
	config_free(c);
}
END_TEST

/* A file that must remain root's would have another owner after a change. */
START_TEST(a_file_of_another_user_is_not_replaced)
{
	if (geteuid())
		return;
	put(file, "threads: 1\n");
	ck_assert_int_eq(chmod(folder, 0777), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	struct config *c = load();
	ck_assert_int_eq(set_in(c, "{'threads':2}"), LYRE_EDENIED);
	ck_assert_ptr_nonnull(strstr(err.text, "chown it to the server's user"));
	config_free(c);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_str_eq(get(), "threads: 1\n");
}
END_TEST

START_TEST(the_systems_file_is_changed_by_its_server)
{
	char slashed[80];
	struct config_sources s = { .file = file, .root = slashed, .system_file = true };
	snprintf(slashed, sizeof slashed, "%s//", folder);
	put_system_file();
	struct config *c = load_sources(&s);
	ck_assert_int_eq(set_in(c, "{'threads':2}"), 0);
	config_free(c);
}
END_TEST

START_TEST(a_file_that_was_named_is_changed_whatever_its_root)
{
	struct config_sources s = { .file = file, .root = "/elsewhere" };
	put_system_file();
	struct config *c = load_sources(&s);
	ck_assert_int_eq(set_in(c, "{'threads':3}"), 0);
	config_free(c);
}
END_TEST

/* ---- what takes effect ---- */

/** The settings that were told, in order: with a value. */
static char told[400];

static void tell(void *arg, const struct config *c, const char *key)
{
	size_t len = strlen(told);
	ck_assert_ptr_eq(arg, told);
	snprintf(told + len, sizeof told - len, "%s (word %s) ", key, config_string(c, "modules.mine.word"));
}

static struct config *load_watched(void)
{
	struct config *c = load_empty();
	told[0] = '\0';
	ck_assert_int_eq(config_watch(c, tell, told), 0);
	return c;
}

START_TEST(a_setting_that_needs_a_restart_is_unchanged_until_then)
{
	struct config *c = load_watched();
	ck_assert_int_eq(set_in(c, "{'threads':3,'http_port':4}"), 0);
	ck_assert_str_eq(told, "");
	ck_assert_int_ne(config_int(c, "http.port"), 4);
	config_free(c);
}
END_TEST

START_TEST(a_live_setting_takes_effect_at_once)
{
	struct config *c = load_watched();
	ck_assert_int_eq(set_in(c, "{'logging_level':'trace','modules_mine_word':'two'}"), 0);
	ck_assert_str_eq(told, "logging.level (word two) modules.mine.word (word two) ");
	ck_assert_str_eq(config_string(c, "logging.level"), "trace");
	ck_assert_str_eq(config_string(c, "modules.mine.word"), "two");
	config_free(c);
}
END_TEST

/* Of the built-in list, "plain" is missing on this host: named in the file, it would have to be there. */
START_TEST(a_module_that_is_not_installed_is_not_named)
{
	const struct config_module *modules;
	const struct config_sources s = { .file = file };
	struct config *c;
	size_t count;
	put(file, "threads: 2\n");
	ck_assert_int_eq(config_load(&c, &s, &err), 0);
	ck_assert_int_eq(config_modules(c, "plain mine", &modules, &count, &err), 0);
	ck_assert_int_eq(config_declare_module(c, "mine", module_list, &err), 0);
	ck_assert_msg(set_in(c, "{'modules_mine_word':'two'}") == 0, "%s", err.text);
	ck_assert_ptr_null(strstr(get(), "plain"));
	ck_assert_str_eq(config_string(c, "modules.mine.word"), "two");
	config_free(c);
}
END_TEST

START_TEST(an_earlier_text_can_still_be_read)
{
	struct config *c = load_watched();
	const char *first = config_string(c, "modules.mine.word");
	ck_assert_int_eq(set_in(c, "{'modules_mine_word':'two'}"), 0);
	const char *second = config_string(c, "modules.mine.word");
	ck_assert_int_eq(set_in(c, "{'modules_mine_word':'one'}"), 0);
	ck_assert_str_eq(first, "one");
	ck_assert_str_eq(second, "two");
	config_free(c);
}
END_TEST

START_TEST(a_reload_takes_live_settings_from_the_file)
{
	struct config *c = load_watched();
	struct buf waiting, warnings;
	buf_init(&waiting);
	buf_init(&warnings);
	ck_assert_int_eq(set_in(c, "{'modules_mine_word':'two'}"), 0);
	put(file, "logging:\n  level: error\n");
	told[0] = '\0';
	ck_assert_int_eq(config_reload_live(c, &waiting, &warnings, &err), 0);
	ck_assert_str_eq(told, "logging.level (word one) modules.mine.word (word one) ");
	ck_assert_str_eq(config_string(c, "logging.level"), "error");
	ck_assert_str_eq(config_string(c, "modules.mine.word"), "one");
	ck_assert_uint_eq(waiting.len, 0);
	buf_free(&waiting);
	buf_free(&warnings);
	config_free(c);
}
END_TEST

START_TEST(a_reload_names_what_waits_for_a_restart)
{
	struct config *c = load_watched();
	struct buf waiting, warnings;
	buf_init(&waiting);
	buf_init(&warnings);
	ck_assert_int_eq(set_in(c, "{'threads':3,'http_port':4,'logging_level':'trace'}"), 0);
	ck_assert_int_eq(config_reload_live(c, &waiting, &warnings, &err), 0);
	ck_assert_str_eq(buf_cstr(&waiting), "threads");
	ck_assert_str_eq(buf_cstr(&warnings), "these settings have no effect in this build: http.port");
	buf_free(&waiting);
	buf_free(&warnings);
	config_free(c);
}
END_TEST

START_TEST(a_pipe_is_not_read_again)
{
	struct buf waiting, warnings;
	buf_init(&waiting);
	buf_init(&warnings);
	ck_assert_int_eq(mkfifo(file, 0600), 0);
	pid_t pid = fork();
	if (!pid) {
		put(file, "threads: 3\n");
		_exit(0);
	}
	struct config *c = load();
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(config_int(c, "threads"), 3);
	ck_assert_int_eq(config_reload_live(c, &waiting, &warnings, &err), LYRE_ENOTSUP);
	ck_assert_ptr_nonnull(strstr(err.text, "is a pipe, which cannot be read again"));
	buf_free(&waiting);
	buf_free(&warnings);
	config_free(c);
}
END_TEST

START_TEST(a_reload_of_a_mistake_changes_nothing)
{
	struct config *c = load_watched();
	struct buf waiting, warnings;
	buf_init(&waiting);
	buf_init(&warnings);
	put(file, "logging:\n  level: error\n");
	ck_assert_int_eq(config_reload_live(c, &waiting, &warnings, &err), 0);
	put(file, "logging:\n  level: loud\n");
	ck_assert_int_eq(config_reload_live(c, &waiting, &warnings, &err), LYRE_EINVAL);
	buf_free(&waiting);
	buf_free(&warnings);
	ck_assert_str_eq(config_string(c, "logging.level"), "error");
	config_free(c);
}
END_TEST

START_TEST(a_setting_that_is_overridden_is_written_and_noted)
{
	put(file, "");
	struct config_sources s = { .file = file,
		.sets = (const char *const[]){ "logging.level=debug" },
		.set_count = 1,
		.environ = (char *[]){ (char[]){ "LYRE_THREADS=7" }, NULL } };
	struct config *c = load_sources(&s);
	ck_assert_int_eq(set_in(c, "{'logging_level':'info','threads':2,'http_port':1}"), 0);
	ck_assert_str_eq(noted, "logging.level:the command line threads:the environment http.port:file ");
	ck_assert_str_eq(config_string(c, "logging.level"), "debug");
	ck_assert_str_eq(get(), "logging:\n  level: info\nthreads: 2\n\nhttp:\n  port: 1\n");
	config_free(c);
}
END_TEST

/* ---- as shown by operations ---- */

static const struct {
	const char *name, *part;
} shown[] = {
	{ "beginning",
		"{'rootPath':'/r','threads':{'count':2,'stackSize':2097152,'debug':false},'operationsApi':{'network':{'port':9925," },
	{ "path of a socket", "'domainSocket':'/r/operations-server'" },
	{ "duration as a number", "'timeout':120000" },
	{ "list", "'corsAccessList':['a']" },
	{ "any value", "'mtls':{'x':[1,'y',null,true,1.5]}" },
	{ "duration in days", "'auditRetention':'3d'" },
	{ "size", "'maxSize':'64M'" },
	{ "duration of a token", "'operationTokenTimeout':'1d'" },
	{ "duration in milliseconds", "'cacheTTL':30000" },
	{ "number", "'compressionThreshold':1200" },
	{ "path", "'path':'/r/database'" },
	{ "modules", "'modules':{'mine':{'word':'one','deep':{'size':2048},'secret':null},'plain':true}}" },
};

START_TEST(the_configuration_is_shown_as_json)
{
	put(file,
		"threads: 2\nhttp: {timeout: 2m, corsAccessList: [a, ~], mtls: {x: [1, 'y', ~, true, 1.5]}}\nrootPath: /r\n"
		"modules:\n  mine: {secret: abc, deep: {size: 2K}}\n  plain: true\n");
	struct config *c = load();
	struct buf b;
	struct lyre_out o;
	struct arena a;
	lyre_value v;
	buf_init(&b);
	out_init(&o, &b);
	ck_assert_int_eq(config_write(c, &o, &err), 0);
	ck_assert_msg(strstr(buf_cstr(&b), json_of(shown[_i].part)) != NULL, "%s is not in %s", shown[_i].name, buf_cstr(&b));
	arena_init(&a);
	ck_assert_int_eq(json_decode_copy(&a, b.data, b.len, &v, &err), 0);
	arena_free(&a);
	buf_free(&b);
	config_free(c);
}
END_TEST

START_TEST(a_list_of_sections_is_shown_as_a_list)
{
	put(file, "tls:\n  - certificate: a.pem\n  - host: b\nrootPath: /r\n");
	struct config *c = load();
	struct buf b;
	struct lyre_out o;
	buf_init(&b);
	out_init(&o, &b);
	ck_assert_int_eq(config_write(c, &o, &err), 0);
	const char *text = buf_cstr(&b), *tls = strstr(text, "\"tls\":[{\"certificate\":\"/r/a.pem\",");
	ck_assert_msg(tls && strstr(tls, "},{\"certificate\":null,\"privateKey\":\"/r/keys/privateKey.pem\",\"host\":\"b\","), "%s",
		text);
	ck_assert_msg(strstr(text, "\"mtls\":{\"enabled\":null,\"required\":null,\"user\":\"*\","), "%s", text);
	buf_free(&b);
	config_free(c);
}
END_TEST

START_TEST(a_list_of_sections_stays_when_others_change)
{
	put(file, "tls:\n  - certificate: a.pem\n  - host: b\nrootPath: /r\n");
	struct config *c = load();
	ck_assert_int_eq(set_in(c, "{'tls_0_host':'x'}"), LYRE_EINVAL);
	char wanted[300];
	snprintf(wanted, sizeof wanted, "HarperDB config file validation error: 'tls.0.host' is in a list: change it in %s", file);
	ck_assert_str_eq(err.text, wanted);
	ck_assert_int_eq(set_in(c, "{'threads':2}"), 0);
	ck_assert_str_eq(get(), "tls:\n  - certificate: a.pem\n  - host: b\nrootPath: /r\nthreads: 2\n");
	config_free(c);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config_change");
	TCase *t = tcase_create("change");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, a_mistake_in_the_file_is_reported_with_its_line);
	tcase_add_test(t, a_mistake_in_the_file_can_be_corrected);
	tcase_add_test(t, a_file_that_is_not_yaml_stays_as_it_is);
	tcase_add_test(t, mode_and_link_stay);
	tcase_add_test(t, a_file_is_made_in_the_root);
	tcase_add_test(t, without_a_file_nothing_can_be_set);
	tcase_add_test(t, the_systems_file_is_not_changed_by_another_server);
	tcase_add_test(t, a_file_of_another_user_is_not_replaced);
	tcase_add_test(t, the_systems_file_is_changed_by_its_server);
	tcase_add_test(t, a_file_that_was_named_is_changed_whatever_its_root);
	tcase_add_test(t, a_setting_that_needs_a_restart_is_unchanged_until_then);
	tcase_add_test(t, a_live_setting_takes_effect_at_once);
	tcase_add_test(t, an_earlier_text_can_still_be_read);
	tcase_add_test(t, a_reload_takes_live_settings_from_the_file);
	tcase_add_test(t, a_reload_names_what_waits_for_a_restart);
	tcase_add_test(t, a_pipe_is_not_read_again);
	tcase_add_test(t, a_reload_of_a_mistake_changes_nothing);
	tcase_add_test(t, a_setting_that_is_overridden_is_written_and_noted);
	tcase_add_test(t, a_module_that_is_not_installed_is_not_named);
	tcase_add_test(t, a_list_of_sections_is_shown_as_a_list);
	tcase_add_test(t, a_list_of_sections_stays_when_others_change);
	tcase_add_loop_test(t, the_configuration_is_shown_as_json, 0, ROWS(shown));
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
