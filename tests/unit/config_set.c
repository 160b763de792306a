/* SPDX-License-Identifier: Apache-2.0 */
/* config_set(): the file afterwards, byte for byte; what is refused, and that nothing is written then. */
#include "unit.h"

#include "base/json.h"
#include "config/config.h"
#include "config/settings.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], file[128];
static struct err err;
static char noted[1000];
static int told;

static const struct lyre_setting module_settings[] = {
	{ "word", LYRE_S_ENUM, LYRE_SF_LIVE, "one", "one two", .help = "A word." },
	{ "deep.size", LYRE_S_SIZE, LYRE_SF_NULL, NULL, .help = "A size." },
	{ "secret", LYRE_S_STRING, LYRE_SF_SECRET | LYRE_SF_NULL, NULL, .help = "A secret." },
};
static const struct lyre_list module_list = { module_settings, 3, sizeof *module_settings };

static void begin(void)
{
	snprintf(folder, sizeof folder, "/tmp/lyre-config-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/lyre.yaml", folder);
	err = (struct err){ 0 };
	noted[0] = '\0';
	told = 0;
}

static void end(void)
{
	char left[200];
	unlink(file);
	snprintf(left, sizeof left, "%s/real.yaml", folder);
	unlink(left);
	/* Nothing else may have been left behind. */
	ck_assert_msg(rmdir(folder) == 0, "%s holds more than its file", folder);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fwrite(text, 1, strlen(text), f);
	fclose(f);
}

static const char *get(void)
{
	static char text[100000];
	FILE *f = fopen(file, "r");
	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

/* As the server does it: two modules, one of them with settings. */
static struct config *load_sources(const struct config_sources *s)
{
	struct config *c;
	const struct config_module *modules;
	size_t count;
	int rc = config_load(&c, s, &err);
	ck_assert_msg(!rc, "%s", err.text);
	rc = config_modules(c, "plain mine", &modules, &count, &err);
	for (size_t i = 0; i < count && !rc; i++)
		rc = config_declare_module(c, modules[i].name,
					   !strcmp(modules[i].name, "mine") ? module_list : (struct lyre_list){ 0 }, &err);
	ck_assert_msg(!rc, "%s", err.text);
	return c;
}

static struct config *load(void)
{
	struct config_sources s = { .file = file };
	return load_sources(&s);
}

static void note(void *ctx, const char *key, enum config_source over)
{
	(void)ctx;
	size_t len = strlen(noted);
	snprintf(noted + len, sizeof noted - len, "%s:%d ", key, (int)over);
}

static int set_in(struct config *c, const char *json)
{
	struct arena a;
	lyre_value v;
	arena_init(&a);
	err = (struct err){ 0 };
	ck_assert_int_eq(json_decode_copy(&a, json, strlen(json), &v, &err), 0);
	int rc = config_set(c, &v, false, note, NULL, &err);
	arena_free(&a);
	return rc;
}

static int set(const char *json)
{
	struct config *c = load();
	int rc = set_in(c, json);
	config_free(c);
	return rc;
}

static const struct {
	const char *name, *before, *json, *after;
} shapes[] = {
	{ "empty", "", "{\"logging_level\":\"info\"}", "logging:\n  level: info\n" },
	{ "comment alone", "# x", "{\"threads\":2}", "# x\nthreads: 2\n" },
	{ "scalar", "logging: # l\n  level: warn   # why\n  file: true\n", "{\"logging_level\":\"info\"}",
	  "logging: # l\n  level: info   # why\n  file: true\n" },
	{ "the same value stays as it is", "http:\n  timeout: '2m' # x\n", "{\"http_timeout\":120000}",
	  "http:\n  timeout: '2m' # x\n" },
	{ "quoted", "logging:\n  level: \"warn\"\n", "{\"LOGGING.LEVEL\":\"info\"}", "logging:\n  level: info\n" },
	{ "quoted key", "\"logging\":\n  'level' : 'warn' # x\n", "{\"logging_level\":\"info\"}",
	  "\"logging\":\n  'level' : info # x\n" },
	{ "needs quotes", "replication:\n  hostname: a\n", "{\"replication_hostname\":\"x: # \\\"y\\\\\"}",
	  "replication:\n  hostname: \"x: # \\\"y\\\\\"\n" },
	{ "a word of YAML", "replication:\n  hostname: a\n", "{\"replication_hostname\":\"yes\"}",
	  "replication:\n  hostname: \"yes\"\n" },
	{ "commented default", "logging:\n  # The level.\n  #level: warn\n  #file: true\n", "{\"logging_level\":\"info\"}",
	  "logging:\n  # The level.\n  #level: warn\n  level: info\n  #file: true\n" },
	{ "default of another section", "logging:\n  rotation:\n    #path: null\n  #root: log\nstorage:\n  #path: database\n",
	  "{\"storage_path\":\"/d\",\"logging_rotation_path\":\"/r\"}",
	  "logging:\n  rotation:\n    #path: null\n    path: /r\n  #root: log\nstorage:\n  #path: database\n  path: /d\n" },
	{ "section without a value", "logging:\nhttp: ~ # h\nstorage: null\n", "{\"logging_level\":\"info\",\"http_port\":1,\"storage_path\":\"x\"}",
	  "logging:\n  level: info\nhttp: # h\n  port: 1\nstorage:\n  path: x\n" },
	{ "new key of a section", "logging:\n    level: info\n    # end\n\n# next\nthreads: 1\n", "{\"logging_file\":false}",
	  "logging:\n    level: info\n    file: false\n    # end\n\n# next\nthreads: 1\n" },
	{ "new section", "threads: 1", "{\"logging_rotation_enabled\":false}",
	  "threads: 1\n\nlogging:\n  rotation:\n    enabled: false\n" },
	{ "new section of a section", "logging:\n  level: info\n# end\n", "{\"logging_rotation_enabled\":false}",
	  "logging:\n  level: info\n  rotation:\n    enabled: false\n# end\n" },
	{ "flow", "logging: {level: warn, file: true} # x\n", "{\"logging_level\":\"info\",\"logging_root\":\"/l\"}",
	  "logging: {level: info, file: true, root: /l} # x\n" },
	{ "flow, empty", "logging: {}\n", "{\"logging_rotation_enabled\":false}", "logging: {rotation: {enabled: false}}\n" },
	{ "flow, no value", "logging: {level: warn, rotation: }\n", "{\"logging_rotation_enabled\":false}",
	  "logging: {level: warn, rotation: {enabled: false} }\n" },
	{ "flow, key alone", "operationsApi: {network: {port, cors: true}, sysInfo}\n",
	  "{\"operationsApi_network_port\":7,\"operationsApi_sysInfo_disk\":true}",
	  "operationsApi: {network: {port: 7, cors: true}, sysInfo: {disk: true}}\n" },
	{ "JSON", "{\"logging\": {\n  \"level\": \"warn\"\n}}\n", "{\"logging_level\":\"info\",\"threads\":3}",
	  "{\"logging\": {\n  \"level\": info\n}, threads: 3}\n" },
	{ "null", "operationsApi:\n  network:\n    port: 5\n", "{\"operationsApi_network_port\":null}",
	  "operationsApi:\n  network:\n    port: null\n" },
	{ "from nothing", "operationsApi:\n  network:\n    port: # p\n    cors: true\n", "{\"operationsApi_network_port\":\"77\"}",
	  "operationsApi:\n  network:\n    port: 77 # p\n    cors: true\n" },
	{ "block list", "http:\n  corsAccessList: # l\n    - a # a\n    - 'b' # b\n  port: 1\n",
	  "{\"http_corsAccessList\":[\"c\",\"d\",\"http://e\"]}",
	  "http:\n  corsAccessList: # l\n    - c\n    - d\n    - \"http://e\" # b\n  port: 1\n" },
	{ "block list that is emptied", "http:\n  corsAccessList: # l\n  - a\n  - b\n  port: 1\n", "{\"http_corsAccessList\":[]}",
	  "http:\n  corsAccessList: [] # l\n  port: 1\n" },
	{ "flow list", "http:\n  corsAccessList: [a,\n    b] # x\n", "{\"http_corsAccessList\":[\"*\"]}",
	  "http:\n  corsAccessList: [\"*\"] # x\n" },
	{ "block scalar", "replication:\n  hostname: |-\n    a\n    b\n\n# c\nthreads: 1\n", "{\"replication_hostname\":\"h\"}",
	  "replication:\n  hostname: h\n\n# c\nthreads: 1\n" },
	{ "many lines", "replication:\n  hostname: a\n    b\n  url: 'c\n\n    d'\n",
	  "{\"replication_hostname\":\"h\",\"replication_url\":\"u\"}", "replication:\n  hostname: h\n  url: u\n" },
	{ "any mapping", "storage:\n  compression:\n    a: 1\n    b: 2\n  path: x\n", "{\"storage_compression\":true}",
	  "storage:\n  compression: true\n  path: x\n" },
	{ "any value", "storage:\n  path: x\n", "{\"storage_compression\":{\"a b\":[1,2.5,\"x\",null,{}],\"c\":\"1\"}}",
	  "storage:\n  path: x\n  compression: {a b: [1, 2.5, x, null, {}], c: \"1\"}\n" },
	{ "CRLF", "# x\r\nlogging:\r\n  level: warn\r\nstorage:\r\n  path: x\r\n", "{\"logging_file\":false,\"logging_level\":\"info\"}",
	  "# x\r\nlogging:\r\n  level: info\r\n  file: false\r\nstorage:\r\n  path: x\r\n" },
	{ "byte order mark", "\xef\xbb\xbflogging:\n  level: warn\n", "{\"logging_level\":\"info\",\"threads\":1}",
	  "\xef\xbb\xbflogging:\n  level: info\nthreads: 1\n" },
	{ "other letters", "# \xc3\xa9\xe2\x82\xac\nreplication:\n  url: \xc3\xa9 # \xc3\xa9\n  hostname: x\n",
	  "{\"replication_hostname\":\"\\u00e9\",\"replication_url\":\"\\u20ac\\u0085\"}",
	  "# \xc3\xa9\xe2\x82\xac\nreplication:\n  url: \"\xe2\x82\xac\\u0085\" # \xc3\xa9\n  hostname: \"\xc3\xa9\"\n" },
	{ "end mark", "---\nthreads: 1\n...\n# rest\n", "{\"logging_level\":\"info\"}",
	  "---\nthreads: 1\n\nlogging:\n  level: info\n...\n# rest\n" },
	{ "keys with dots", "logging.level: warn\noperationsApi:\n  network.port: 4\n",
	  "{\"logging_level\":\"info\",\"operationsApi_network_port\":5}",
	  "logging.level: info\noperationsApi:\n  network.port: 5\n" },
	{ "threads", "threads: 4\n", "{\"threads_debug\":true,\"threads_count\":5}", "threads: 5\nthreads.debug: true\n" },
	{ "threads in a section", "threads:\n  debug: true\n", "{\"threads\":5}", "threads:\n  debug: true\n  count: 5\n" },
	{ "objects", "threads: 4\n", "{\"threads\":{\"count\":2,\"debug\":false},\"logging\":{\"level\":\"info\"}}",
	  "threads: 2\nthreads.debug: false\n\nlogging:\n  level: info\n" },
	{ "module without its name", "threads: 4\n", "{\"modules_mine_word\":\"two\"}",
	  "threads: 4\nmodules: {plain: true, mine: {word: two}}\n" },
	{ "module that is on", "modules:\n  mine: true # m\n  plain:\n", "{\"modules_mine_word\":\"two\",\"modules.mine.deep.size\":\"1K\"}",
	  "modules:\n  mine: # m\n    word: two\n    deep:\n      size: 1K\n  plain:\n" },
	{ "module with settings", "modules:\n  mine:\n    #word: one\n    secret: s\n", "{\"modules\":{\"mine\":{\"word\":\"two\",\"enabled\":true}}}",
	  "modules:\n  mine:\n    #word: one\n    word: two\n    secret: s\n" },
	{ "indented", "  threads: 1\n  logging:\n    level: warn\n", "{\"logging_file\":false,\"componentsRoot\":\"c\"}",
	  "  threads: 1\n  logging:\n    level: warn\n    file: false\n  componentsRoot: c\n" },
	{ "unknown settings are passed over", "threads: 1\n", "{\"nope_key\":1,\"logging_nope\":{\"a\":[1]}}", "threads: 1\n" },
};

START_TEST(shape)
{
	put(file, shapes[_i].before);
	int rc = set(shapes[_i].json);
	ck_assert_msg(!rc, "%s: %s", shapes[_i].name, err.text);
	ck_assert_msg(!strcmp(get(), shapes[_i].after), "%s:\n%s", shapes[_i].name, get());
	/* Once more changes nothing. */
	rc = set(shapes[_i].json);
	ck_assert_msg(!rc, "%s: %s", shapes[_i].name, err.text);
	ck_assert_msg(!strcmp(get(), shapes[_i].after), "%s, twice:\n%s", shapes[_i].name, get());
}
END_TEST

#define WORDS "must be one of [notify, fatal, error, warn, info, debug, trace]"

static const struct {
	const char *before, *json, *says;
} refusals[] = {
	{ "", "{\"logging_level\":5}", "'logging.level' " WORDS },
	{ "", "{\"logging_level\":null}", "'logging.level' " WORDS },
	{ "", "{\"logging_auditLog\":true,\"logging_level\":\"loud\"}", "'logging.level' " WORDS },
	{ "", "{\"http_port\":-1}", "'http.port' must be greater than or equal to 0" },
	{ "", "{\"http_port\":70000}", "'http.port' must be less than or equal to 65535" },
	{ "", "{\"http_port\":\"abc\"}", "'http.port' must be a number" },
	{ "", "{\"http_port\":1.5}", "'http.port' must be an integer" },
	{ "", "{\"threads_count\":\"many\"}", "'threads.count' must be a number" },
	{ "", "{\"logging_rotation_maxSize\":\"10X\"}", "Invalid logging.rotation.maxSize unit. Available units are G, M or K" },
	{ "", "{\"logging_rotation_maxSize\":\"1K\"}", "'logging.rotation.maxSize' must be greater than or equal to 4096" },
	{ "", "{\"logging_rotation_interval\":\"10X\"}",
	  "Invalid logging.rotation.interval unit. Available units are D, H or M (minutes)" },
	{ "", "{\"http_timeout\":\"x\"}", "'http.timeout' must be a duration such as 500ms, 30s, 10m, 12h or 3d" },
	{ "", "{\"authentication_operationTokenTimeout\":3600}",
	  "'authentication.operationTokenTimeout' must be a duration such as 500ms, 30s, 10m, 12h or 3d" },
	{ "", "{\"authentication_operationTokenTimeout\":60}",
	  "'authentication.operationTokenTimeout' must be a duration such as 500ms, 30s, 10m, 12h or 3d" },
	{ "", "{\"authentication_refreshTokenTimeout\":\"3600\"}",
	  "'authentication.refreshTokenTimeout' must be a duration such as 500ms, 30s, 10m, 12h or 3d" },
	{ "", "{\"logging_file\":\"maybe\"}", "'logging.file' must be a boolean" },
	{ "", "{\"logging_root\":5}", "'logging.root' must be a string" },
	{ "", "{\"logging_root\":\"\"}", "'logging.root' must not be empty" },
	{ "", "{\"http_corsAccessList\":[5]}", "'http.corsAccessList' must be an array of strings" },
	{ "", "{\"logging_levl\":\"info\"}", "unknown setting 'logging_levl'; did you mean 'logging.level'?" },
	{ "", "{\"logginglevel\":\"info\"}", "unknown setting 'logginglevel'; did you mean 'logging.level'?" },
	{ "", "{\"modules_mine_nope\":1}", "unknown setting 'modules_mine_nope'" },
	{ "", "{\"modules_plain\":false}", "'modules.plain' can be changed in the file only" },
	{ "", "{\"modules_mine_path\":\"/x.so\"}", "'modules.mine.path' can be changed in the file only" },
	{ "", "{\"logging\":5}", "'logging' must be an object" },
	{ "", "{\"logging_level\":\"info\",\"LOGGING.level\":\"warn\"}", "'logging.level' is given twice" },
	{ "modules: [mine, plain]\n", "{\"modules_mine_word\":\"two\"}", "make it a mapping" },
	{ "&a threads: 1\n", "{\"threads\":2}", "" },
};

START_TEST(refused)
{
	put(file, "");
	if (*refusals[_i].before == 'm')
		put(file, refusals[_i].before);
	struct config *c = load();
	put(file, refusals[_i].before); /* written by hand meanwhile */
	ck_assert_int_eq(set_in(c, refusals[_i].json), LYRE_EINVAL);
	ck_assert_msg(strstr(err.text, refusals[_i].says) != NULL, "%s", err.text);
	ck_assert_str_eq(get(), refusals[_i].before);
	ck_assert_str_eq(noted, "");
	config_free(c);
}
END_TEST

/* A mistake that was made by hand can be set right; one that stays is said with its line. */
START_TEST(mistake_in_the_file)
{
	put(file, "");
	struct config *c = load();
	put(file, "logging:\n  level: loud # x\n");
	ck_assert_int_eq(set_in(c, "{\"threads\":1}"), LYRE_EINVAL);
	ck_assert_msg(strstr(err.text, "lyre.yaml:2:10: 'logging.level' must be one of") != NULL, "%s", err.text);
	ck_assert_int_eq(set_in(c, "{\"logging_level\":\"info\"}"), 0);
	ck_assert_str_eq(get(), "logging:\n  level: info # x\n");
	put(file, "logging: [\n");
	ck_assert_int_eq(set_in(c, "{\"threads\":1}"), LYRE_EINVAL);
	ck_assert_msg(strstr(err.text, "lyre.yaml:") != NULL, "%s", err.text);
	ck_assert_str_eq(get(), "logging: [\n");
	config_free(c);
}
END_TEST

START_TEST(mode_and_link)
{
	char target[200];
	struct stat st;
	snprintf(target, sizeof target, "%s/real.yaml", folder);
	put(target, "threads: 1\n");
	ck_assert_int_eq(chmod(target, 0604), 0);
	ck_assert_int_eq(symlink("real.yaml", file), 0);
	ck_assert_int_eq(set("{\"threads\":2}"), 0);
	ck_assert_int_eq(lstat(file, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0604);
	ck_assert_str_eq(get(), "threads: 2\n");
}
END_TEST

START_TEST(root_file)
{
	struct config_sources s = { .root = folder, .root_file = true };
	struct config *c = load_sources(&s);
	struct stat st;
	ck_assert_ptr_null(config_file(c));
	ck_assert_int_eq(set_in(c, "{\"threads\":2}"), 0);
	config_free(c);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 07, 0);
	c = load_sources(&s);
	ck_assert_str_eq(config_file(c), file);
	ck_assert_int_eq(config_int(c, "threads"), 2);
	config_free(c);
	s.root_file = false;
	c = load_sources(&s);
	ck_assert_int_eq(set_in(c, "{\"threads\":3}"), LYRE_ENOTSUP);
	config_free(c);
}
END_TEST

/** The system's file is changed by the server that it is for, not by another that was started without a file of its own. */
START_TEST(file_of_another_server)
{
	char text[200], slashed[80];
	struct config_sources s = { .file = file, .root = "/elsewhere", .system_file = true };
	snprintf(text, sizeof text, "rootPath: %s\n", folder);
	snprintf(slashed, sizeof slashed, "%s//", folder);
	put(file, text);
	struct config *c = load_sources(&s);
	ck_assert_int_eq(set_in(c, "{\"threads\":2}"), LYRE_EDENIED);
	ck_assert_ptr_nonnull(strstr(err.text, "start this one with a file of its own"));
	ck_assert_str_eq(get(), text);
	config_free(c);
	s.root = slashed;
	c = load_sources(&s);
	ck_assert_int_eq(set_in(c, "{\"threads\":2}"), 0);
	config_free(c);
	s = (struct config_sources){ .file = file, .root = "/elsewhere" };
	c = load_sources(&s);
	ck_assert_int_eq(set_in(c, "{\"threads\":3}"), 0);
	config_free(c);
}
END_TEST

/** A file that stays root's would be another's after a change. */
START_TEST(file_of_another_user)
{
	if (geteuid())
		return;
	put(file, "threads: 1\n");
	ck_assert_int_eq(chmod(folder, 0777), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	struct config *c = load();
	ck_assert_int_eq(set_in(c, "{\"threads\":2}"), LYRE_EDENIED);
	ck_assert_ptr_nonnull(strstr(err.text, "chown it to the server's user"));
	config_free(c);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_str_eq(get(), "threads: 1\n");
}
END_TEST

static void tell(const struct config *c)
{
	(void)c;
	told++;
}

START_TEST(live)
{
	put(file, "");
	struct config *c = load();
	ck_assert_int_eq(config_watch(c, tell), 0);
	ck_assert_int_eq(set_in(c, "{\"threads\":3,\"http_port\":4}"), 0);
	ck_assert_int_eq(told, 0);
	ck_assert_int_ne(config_int(c, "http.port"), 4);
	ck_assert_int_eq(set_in(c, "{\"logging_level\":\"trace\",\"modules_mine_word\":\"two\"}"), 0);
	ck_assert_int_eq(told, 1);
	ck_assert_str_eq(config_string(c, "logging.level"), "trace");
	ck_assert_str_eq(config_string(c, "modules.mine.word"), "two");
	struct buf waiting;
	buf_init(&waiting);
	ck_assert_int_eq(config_reload_live(c, &waiting, &err), 0);
	ck_assert_str_eq(buf_cstr(&waiting), "threads");
	waiting.len = 0;
	put(file, "logging:\n  level: error\n");
	ck_assert_int_eq(config_reload_live(c, &waiting, &err), 0);
	ck_assert_uint_eq(waiting.len, 0);
	ck_assert_int_eq(told, 2);
	ck_assert_str_eq(config_string(c, "logging.level"), "error");
	ck_assert_str_eq(config_string(c, "modules.mine.word"), "one");
	put(file, "logging:\n  level: loud\n");
	ck_assert_int_eq(config_reload_live(c, &waiting, &err), LYRE_EINVAL);
	buf_free(&waiting);
	ck_assert_str_eq(config_string(c, "logging.level"), "error");
	config_free(c);
}
END_TEST

START_TEST(stronger_sources)
{
	put(file, "");
	struct config_sources s = { .file = file, .sets = (const char *const[]){ "logging.level=debug" }, .set_count = 1,
				    .environ = (char *[]){ (char[]){ "LYRE_THREADS=7" }, NULL } };
	struct config *c = load_sources(&s);
	ck_assert_int_eq(set_in(c, "{\"logging_level\":\"info\",\"threads\":2,\"http_port\":1}"), 0);
	ck_assert_str_eq(noted, "logging.level:3 threads:2 http.port:1 ");
	ck_assert_str_eq(config_string(c, "logging.level"), "debug");
	ck_assert_str_eq(get(), "logging:\n  level: info\nthreads: 2\n\nhttp:\n  port: 1\n");
	config_free(c);
}
END_TEST

START_TEST(written)
{
	put(file, "threads: 2\nhttp: {timeout: 2m, corsAccessList: [a, ~], mtls: {x: [1, 'y', ~, true, 1.5]}}\nrootPath: /r\n"
		  "modules:\n  mine: {secret: abc, deep: {size: 2K}}\n  plain: true\n");
	struct config *c = load();
	struct buf b;
	struct lyre_out o;
	buf_init(&b);
	out_init(&o, &b);
	ck_assert_int_eq(config_write(c, &o, &err), 0);
	const char *text = buf_cstr(&b);
	static const char *const parts[] = {
		"{\"rootPath\":\"/r\",\"threads\":{\"count\":2,\"debug\":false},\"operationsApi\":{\"network\":{\"port\":9925,",
		"\"domainSocket\":\"/r/operations-server\"", "\"timeout\":120000", "\"corsAccessList\":[\"a\"]",
		"\"mtls\":{\"x\":[1,\"y\",null,true,1.5]}", "\"auditRetention\":\"3d\"", "\"maxSize\":\"64M\"",
		"\"operationTokenTimeout\":\"1d\"", "\"cacheTTL\":30000", "\"compressionThreshold\":1200",
		"\"path\":\"/r/database\"",
		"\"modules\":{\"mine\":{\"word\":\"one\",\"deep\":{\"size\":2048},\"secret\":null},\"plain\":true}}",
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		ck_assert_msg(strstr(text, parts[i]) != NULL, "%s is not in %s", parts[i], text);
	lyre_value v;
	struct arena a;
	arena_init(&a);
	ck_assert_int_eq(json_decode_copy(&a, b.data, b.len, &v, &err), 0);
	arena_free(&a);
	buf_free(&b);
	config_free(c);
}
END_TEST

/* ---- every setting, in every kind of file ---- */

static const char *read_etc(const char *name)
{
	static char text[60000];
	char path[4096];
	const char *top = getenv("TOP_SRCDIR");
	snprintf(path, sizeof path, "%s/etc/%s", top ? top : ".", name);
	FILE *f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

static void value_for(char out[64], const struct lyre_setting *s)
{
	if (s->flags & SETTING_UNIT) {
		snprintf(out, 64, "\"%.0fms\"", s->min + 1);
		return;
	}
	switch (s->type) {
	case LYRE_S_INT:
	case LYRE_S_SIZE:
	case LYRE_S_DURATION:
		snprintf(out, 64, "%.0f", s->min < s->max ? (s->min + 1 <= s->max ? s->min + 1 : s->max) : 123457);
		break;
	case LYRE_S_NUMBER:
		snprintf(out, 64, "%.15g", s->min < s->max ? (s->min + s->max) / 2 : 0.25);
		break;
	case LYRE_S_BOOL:
		snprintf(out, 64, "%s", s->fallback && !strcmp(s->fallback, "true") ? "false" : "true");
		break;
	case LYRE_S_ENUM:
		snprintf(out, 64, "\"%.*s\"", (int)strcspn(s->values, " "), s->values);
		break;
	case LYRE_S_LIST:
		snprintf(out, 64, "[\"x y\",\"#z\"]");
		break;
	case LYRE_S_PATH:
		snprintf(out, 64, "\"/tmp/a: b\"");
		break;
	default:
		snprintf(out, 64, "\"some #text\"");
	}
}

static const char *base_text;

/* The lines of the text before stand in the text afterwards, but for one at the most; and nothing but a few lines is new. */
static void same_but_for_one(const char *key, const char *before, const char *after)
{
	size_t head = 0, m = strlen(before), n = strlen(after);
	while (head < m && head < n && before[head] == after[head])
		head++;
	while (m > head && n > head && before[m - 1] == after[n - 1]) {
		m--;
		n--;
	}
	size_t lost = 0;
	for (size_t i = head; i < m; i++)
		lost += before[i] == '\n' || before[i] == '#';
	ck_assert_msg(lost == 0, "%s: of the text before is lost: %.*s", key, (int)(m - head), before + head);
	ck_assert_msg(n - head < 160, "%s: new: %.*s", key, (int)(n - head), after + head);
}

static int set_one(void *ctx, const struct config_item *item)
{
	char json[300], value[64];
	(void)ctx;
	value_for(value, item->setting);
	snprintf(json, sizeof json, "{\"%s\":%s}", item->key, value);
	put(file, base_text);
	int rc = set(json);
	ck_assert_msg(!rc, "%s: %s", json, err.text);
	same_but_for_one(item->key, base_text, get());
	struct config *c = load();
	ck_assert_msg(!config_is_null(c, item->key), "%s", item->key);
	config_free(c);
	return 0;
}

static const char *const odd[] = {
	"", "# nothing\n", "{}\n", "--- # start\n", "{rootPath: /x, logging: {level: warn}, modules: {plain: true, mine: true}}\n",
	"rootPath: /x\r\nlogging: {}\r\nhttp:\r\n  corsAccessList:\r\n  - a\r\n  port:\r\nmodules:\r\n  mine:\r\n  plain:\r\n",
	("threads:\n    debug: true\noperationsApi:\n    network:\n        corsAccessList:\n            - \"*\"   # all\n        host: a b\n"
	"    sysInfo: ~\nstorage: # s\n\n\n\nlogging.rotation.maxSize: 5M\nmodules:\n  mine: {secret: x}\n  plain: true\n"),
};

START_TEST(every_setting)
{
	static const char *const etc[] = { "lyre.yaml", "minimal.yaml" };
	base_text = _i < 2 ? read_etc(etc[_i]) : odd[_i - 2];
	put(file, base_text);
	struct config *c = load();
	config_each(c, set_one, NULL);
	config_free(c);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config_set");
	TCase *t = tcase_create("set");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_loop_test(t, shape, 0, sizeof shapes / sizeof *shapes);
	tcase_add_loop_test(t, refused, 0, sizeof refusals / sizeof *refusals);
	tcase_add_test(t, mistake_in_the_file);
	tcase_add_test(t, mode_and_link);
	tcase_add_test(t, root_file);
	tcase_add_test(t, file_of_another_server);
	tcase_add_test(t, file_of_another_user);
	tcase_add_test(t, live);
	tcase_add_test(t, stronger_sources);
	tcase_add_test(t, written);
	tcase_add_loop_test(t, every_setting, 0, 2 + sizeof odd / sizeof *odd);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
