/* SPDX-License-Identifier: Apache-2.0 */
/* Drop-ins: order, merging, lists, places in messages, who can write them, and changes of settings beside them. */
#include "config_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define STRANGER 54321

static struct config *config;
static char drop_ins[140];

static void begin_drop_ins(void)
{
	begin();
	snprintf(drop_ins, sizeof drop_ins, "%s.d", file);
	ck_assert_int_eq(mkdir(drop_ins, 0755), 0);
	config = NULL;
}

static void end_drop_ins(void)
{
	config_free(config);
	DIR *d = opendir(drop_ins);
	for (const struct dirent *f; (f = readdir(d));)
		if (unlinkat(dirfd(d), f->d_name, 0))
			unlinkat(dirfd(d), f->d_name, AT_REMOVEDIR);
	closedir(d);
	rmdir(drop_ins);
	end();
}

static const char *path_of(const char *name)
{
	static char path[300];
	snprintf(path, sizeof path, "%s/%s", drop_ins, name);
	return path;
}

static void drop(const char *name, const char *text)
{
	put(path_of(name), text);
}

/* Like load() of the fixture, for what may be refused; modules other than mine have no settings. */
static int try_load(const char *text, const char *set, char *variable)
{
	const struct config_module *modules;
	size_t count;
	char *environment[] = { variable, NULL };
	struct config_sources s = { .file = file, .sets = &set, .set_count = set ? 1 : 0, .environ = environment };
	put(file, text);
	int rc = config_load(&config, &s, &err);
	if (!rc)
		rc = config_modules(config, "plain mine", &modules, &count, &err);
	for (size_t i = 0; !rc && i < count; i++)
		rc = config_declare_module(
			config, modules[i].name, !strcmp(modules[i].name, "mine") ? module_list : (struct lyre_list){ 0 }, &err);
	return rc ? rc : config_check_unknown(config, &err);
}

static void load_well(const char *text)
{
	int rc = try_load(text, NULL, NULL);
	ck_assert_msg(!rc, "%s", err.text);
}

/* The message without the folder. */
static const char *told(void)
{
	ck_assert_msg(!strncmp(err.text, folder, strlen(folder)), "%s", err.text);
	return err.text + strlen(folder) + 1;
}

static void check_refused(const char *text, const char *sentence)
{
	ck_assert_int_lt(try_load(text, NULL, NULL), 0);
	ck_assert_str_eq(told(), sentence);
}

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

/* ---- what can be read, and who can write it ---- */

static void come_and_go(void)
{
	char name[20];
	alarm(60);
	for (int i = 0;; i++) {
		snprintf(name, sizeof name, "%d.yaml", i);
		mkdir(drop_ins, 0755);
		drop(name, "threads: 2\n");
		unlink(path_of(name));
		rmdir(drop_ins);
	}
}

/* As while packages are removed. */
START_TEST(a_drop_in_or_folder_may_vanish_while_it_is_read)
{
	pid_t pid = fork();
	if (!pid)
		come_and_go();
	for (int i = 0; i < 300; i++) {
		load_well("threads: 1\n");
		config_free(config);
		config = NULL;
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	mkdir(drop_ins, 0755);
}
END_TEST

static void check_unreadable(const char *sentence)
{
	struct config_sources s = { .file = file };
	ck_assert_int_lt(config_load(&config, &s, &err), 0);
	ck_assert_msg(strstr(err.text, sentence) != NULL, "%s", err.text);
}

START_TEST(only_regular_files_are_read)
{
	put(file, "");
	ck_assert_int_eq(mkdir(path_of("a.yaml"), 0755), 0);
	check_unreadable("/lyre.yaml.d/a.yaml' is not a regular file");
	ck_assert_int_eq(rmdir(path_of("a.yaml")), 0);
	ck_assert_int_eq(mkfifo(path_of("a.yaml"), 0644), 0);
	check_unreadable("/lyre.yaml.d/a.yaml' is not a regular file");
	ck_assert_int_eq(unlink(path_of("a.yaml")), 0);
	ck_assert_int_eq(symlink("/nonexistent/x", path_of("a.yaml")), 0);
	check_unreadable("/lyre.yaml.d/a.yaml': No such file or directory");
}
END_TEST

START_TEST(the_folder_must_be_one)
{
	put(file, "");
	ck_assert_int_eq(rmdir(drop_ins), 0);
	ck_assert_int_eq(symlink("/nonexistent/x", drop_ins), 0);
	check_unreadable("lyre.yaml.d': No such file or directory");
	ck_assert_int_eq(unlink(drop_ins), 0);
	ck_assert_int_eq(mkfifo(drop_ins, 0644), 0);
	check_unreadable("lyre.yaml.d': Not a directory");
	ck_assert_int_eq(unlink(drop_ins), 0);
	load_well("threads: 1\n");
	ck_assert_int_eq(mkdir(drop_ins, 0755), 0);
}
END_TEST

START_TEST(an_unreadable_drop_in_or_folder_is_a_fault)
{
	bool root = !geteuid();
	drop("a.yaml", "threads: 1\n");
	put(file, "");
	ck_assert_int_eq(chmod(path_of("a.yaml"), 0), 0);
	ck_assert(!root || (!chmod(folder, 0755) && !seteuid(STRANGER)));
	check_unreadable("/lyre.yaml.d/a.yaml': Permission denied");
	ck_assert(!root || !seteuid(0));
	ck_assert_int_eq(chmod(drop_ins, 0), 0);
	ck_assert(!root || !seteuid(STRANGER));
	check_unreadable("/lyre.yaml.d': Permission denied");
	ck_assert(!root || !seteuid(0));
	ck_assert_int_eq(chmod(drop_ins, 0755), 0);
}
END_TEST

START_TEST(nobody_else_may_write_a_drop_in_or_add_one)
{
	drop("a.yaml", "threads: 1\n");
	ck_assert_int_eq(chmod(path_of("a.yaml"), 0646), 0);
	check_refused("", "lyre.yaml.d/a.yaml: anyone may write to this file (mode 0646): check its content, then chmod o-w it");
	ck_assert_int_eq(chmod(path_of("a.yaml"), 0644), 0);
	ck_assert_int_eq(chmod(drop_ins, 01777), 0);
	check_refused("", "lyre.yaml.d: anyone may write to this folder (mode 1777): check its content, then chmod o-w it");
}
END_TEST

/* Each can be changed by someone who is not trusted: settings are used, with a warning, but no code is loaded. */
static void check_exposed(const char *warning)
{
	size_t count;
	load_well("threads: 1\n");
	const char *const *lines = config_warnings(config, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_msg(strstr(lines[0], warning) != NULL, "%s", lines[0]);
	config_free(config);
	ck_assert_int_eq(try_load("modules: {mine: {path: /m.so}}\n", NULL, NULL), LYRE_EINVAL);
	ck_assert_msg(strstr(err.text, "a module cannot be named by its path here, because") != NULL, "%s", err.text);
	config_free(config);
	config = NULL;
}

START_TEST(a_drop_in_of_untrusted_users_names_no_paths)
{
	if (geteuid())
		return;
	drop("a.yaml", "threads: 1\n");
	ck_assert_int_eq(chown(path_of("a.yaml"), STRANGER, 0), 0);
	check_exposed("lyre.yaml.d/a.yaml: chown it");
	ck_assert_int_eq(chown(path_of("a.yaml"), 0, STRANGER), 0);
	ck_assert_int_eq(chmod(path_of("a.yaml"), 0664), 0);
	check_exposed("lyre.yaml.d/a.yaml (mode 0664): chmod g-w it");
	ck_assert_int_eq(chmod(path_of("a.yaml"), 0644), 0);
	ck_assert_int_eq(chown(drop_ins, 0, STRANGER), 0);
	ck_assert_int_eq(chmod(drop_ins, 0775), 0);
	check_exposed("lyre.yaml.d (mode 0775): chmod g-w it");
}
END_TEST

/* In /tmp, anyone can make a folder of that name. */
START_TEST(a_folder_of_a_stranger_is_refused)
{
	if (geteuid())
		return;
	ck_assert_int_eq(chown(drop_ins, STRANGER, 0), 0);
	ck_assert_int_eq(try_load("", NULL, NULL), LYRE_EINVAL);
	ck_assert_ptr_nonnull(strstr(told(), "lyre.yaml.d: user 54321, who is neither root"));
	ck_assert_int_eq(chown(file, STRANGER, 0), 0);
	load_well("");
}
END_TEST

START_TEST(a_link_of_a_stranger_to_a_folder_is_refused)
{
	char moved[160];
	if (geteuid())
		return;
	snprintf(moved, sizeof moved, "%s.moved", file);
	ck_assert_int_eq(rename(drop_ins, moved), 0);
	ck_assert_int_eq(symlink(moved, drop_ins), 0);
	load_well("");
	ck_assert_int_eq(lchown(drop_ins, STRANGER, 0), 0);
	config_free(config);
	ck_assert_int_eq(try_load("", NULL, NULL), LYRE_EINVAL);
	ck_assert_ptr_nonnull(strstr(told(), "lyre.yaml.d: user 54321, who is neither root"));
	ck_assert_int_eq(unlink(drop_ins), 0);
	ck_assert_int_eq(rename(moved, drop_ins), 0);
}
END_TEST

/* ---- while the server runs ---- */

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

static Suite *suite(void)
{
	Suite *s = suite_create("config_drop_ins");
	TCase *t = tcase_create("drop_ins");
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
	tcase_add_test(t, a_change_of_a_section_that_is_a_list_now_is_refused);
	tcase_add_test(t, a_change_of_a_section_that_a_new_list_replaces_is_noted);
	tcase_add_loop_test(t, a_fault_is_reported_with_its_drop_in_and_line, 0, sizeof faults / sizeof *faults);
	tcase_add_test(t, all_faults_of_all_files_are_reported);
	tcase_add_test(t, a_setting_has_its_place);
	tcase_add_test(t, a_drop_in_or_folder_may_vanish_while_it_is_read);
	tcase_add_test(t, only_regular_files_are_read);
	tcase_add_test(t, the_folder_must_be_one);
	tcase_add_test(t, an_unreadable_drop_in_or_folder_is_a_fault);
	tcase_add_test(t, nobody_else_may_write_a_drop_in_or_add_one);
	tcase_add_test(t, a_drop_in_of_untrusted_users_names_no_paths);
	tcase_add_test(t, a_folder_of_a_stranger_is_refused);
	tcase_add_test(t, a_link_of_a_stranger_to_a_folder_is_refused);
	tcase_add_test(t, a_change_is_written_to_the_file_and_the_drop_in_noted);
	tcase_add_test(t, a_change_that_a_list_of_modules_overrides_is_noted);
	tcase_add_test(t, a_setting_of_a_module_of_a_drop_in_can_be_set);
	tcase_add_test(t, a_module_that_is_optional_in_a_drop_in_stays_so);
	tcase_add_test(t, a_fault_in_a_drop_in_refuses_changes);
	tcase_add_test(t, a_reload_reads_drop_ins_again);
	tcase_add_loop_test(t, a_reload_names_what_waits_for_a_restart, 0, sizeof waits / sizeof *waits);
	tcase_add_test(t, a_reload_names_a_module_that_was_not_installed);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
