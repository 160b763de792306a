/* SPDX-License-Identifier: Apache-2.0 */
/* config_set(): the resulting file, byte for byte; what is refused, and that nothing is written then. */
#include "config_fixture.h"

static const struct {
	const char *name, *before, *json, *after;
} shapes[] = {
	{ "empty", "", "{'logging_level':'info'}", "logging:\n  level: info\n" },
	{ "comment alone", "# x", "{'threads':2}", "# x\nthreads: 2\n" },
	{ "scalar", "logging: # l\n  level: warn   # why\n  file: true\n", "{'logging_level':'info'}",
		"logging: # l\n  level: info   # why\n  file: true\n" },
	{ "the same value stays as it is", "http:\n  timeout: '2m' # x\n", "{'http_timeout':120000}",
		"http:\n  timeout: '2m' # x\n" },
	{ "quoted", "logging:\n  level: \"warn\"\n", "{'LOGGING.LEVEL':'info'}", "logging:\n  level: info\n" },
	{ "quoted key", "\"logging\":\n  'level' : 'warn' # x\n", "{'logging_level':'info'}",
		"\"logging\":\n  'level' : info # x\n" },
	{ "needs quotes", "replication:\n  hostname: a\n", "{'replication_hostname':'x: # \\'y\\\\'}",
		"replication:\n  hostname: \"x: # \\\"y\\\\\"\n" },
	{ "a word of YAML", "replication:\n  hostname: a\n", "{'replication_hostname':'yes'}",
		"replication:\n  hostname: \"yes\"\n" },
	{ "commented default", "logging:\n  # The level.\n  #level: warn\n  #file: true\n", "{'logging_level':'info'}",
		"logging:\n  # The level.\n  #level: warn\n  level: info\n  #file: true\n" },
	{ "default of another section", "logging:\n  rotation:\n    #path: null\n  #root: log\nstorage:\n  #path: database\n",
		"{'storage_path':'/d','logging_rotation_path':'/r'}",
		"logging:\n  rotation:\n    #path: null\n    path: /r\n  #root: log\nstorage:\n  #path: database\n  path: /d\n" },
	{ "section without a value", "logging:\nhttp: ~ # h\nstorage: null\n",
		"{'logging_level':'info','http_port':1,'storage_path':'x'}",
		"logging:\n  level: info\nhttp: # h\n  port: 1\nstorage:\n  path: x\n" },
	{ "new key of a section", "logging:\n    level: info\n    # end\n\n# next\nthreads: 1\n", "{'logging_file':false}",
		"logging:\n    level: info\n    file: false\n    # end\n\n# next\nthreads: 1\n" },
	{ "new section", "threads: 1", "{'logging_rotation_enabled':false}",
		"threads: 1\n\nlogging:\n  rotation:\n    enabled: false\n" },
	{ "new section of a section", "logging:\n  level: info\n# end\n", "{'logging_rotation_enabled':false}",
		"logging:\n  level: info\n  rotation:\n    enabled: false\n# end\n" },
	{ "flow", "logging: {level: warn, file: true} # x\n", "{'logging_level':'info','logging_root':'/l'}",
		"logging: {level: info, file: true, root: /l} # x\n" },
	{ "flow, empty", "logging: {}\n", "{'logging_rotation_enabled':false}", "logging: {rotation: {enabled: false}}\n" },
	{ "flow, no value", "logging: {level: warn, rotation: }\n", "{'logging_rotation_enabled':false}",
		"logging: {level: warn, rotation: {enabled: false} }\n" },
	{ "flow, key alone", "operationsApi: {network: {port, cors: true}, sysInfo}\n",
		"{'operationsApi_network_port':7,'operationsApi_sysInfo_disk':true}",
		"operationsApi: {network: {port: 7, cors: true}, sysInfo: {disk: true}}\n" },
	{ "JSON", "{\"logging\": {\n  \"level\": \"warn\"\n}}\n", "{'logging_level':'info','threads':3}",
		"{\"logging\": {\n  \"level\": info\n}, threads: 3}\n" },
	{ "null", "operationsApi:\n  network:\n    port: 5\n", "{'operationsApi_network_port':null}",
		"operationsApi:\n  network:\n    port: null\n" },
	{ "from nothing", "operationsApi:\n  network:\n    port: # p\n    cors: true\n", "{'operationsApi_network_port':'77'}",
		"operationsApi:\n  network:\n    port: 77 # p\n    cors: true\n" },
	{ "block list", "http:\n  corsAccessList: # l\n    - a # a\n    - 'b' # b\n  port: 1\n",
		"{'http_corsAccessList':['c','d','http://e']}",
		"http:\n  corsAccessList: # l\n    - c\n    - d\n    - \"http://e\" # b\n  port: 1\n" },
	{ "block list that is emptied", "http:\n  corsAccessList: # l\n  - a\n  - b\n  port: 1\n", "{'http_corsAccessList':[]}",
		"http:\n  corsAccessList: [] # l\n  port: 1\n" },
	{ "flow list", "http:\n  corsAccessList: [a,\n    b] # x\n", "{'http_corsAccessList':['*']}",
		"http:\n  corsAccessList: [\"*\"] # x\n" },
	{ "block scalar", "replication:\n  hostname: |-\n    a\n    b\n\n# c\nthreads: 1\n", "{'replication_hostname':'h'}",
		"replication:\n  hostname: h\n\n# c\nthreads: 1\n" },
	{ "many lines", "replication:\n  hostname: a\n    b\n  url: 'c\n\n    d'\n",
		"{'replication_hostname':'h','replication_url':'u'}", "replication:\n  hostname: h\n  url: u\n" },
	{ "any mapping", "storage:\n  compression:\n    a: 1\n    b: 2\n  path: x\n", "{'storage_compression':true}",
		"storage:\n  compression: true\n  path: x\n" },
	{ "any value", "storage:\n  path: x\n", "{'storage_compression':{'a b':[1,2.5,'x',null,{}],'c':'1'}}",
		"storage:\n  path: x\n  compression: {a b: [1, 2.5, x, null, {}], c: \"1\"}\n" },
	{ "CRLF", "# x\r\nlogging:\r\n  level: warn\r\nstorage:\r\n  path: x\r\n", "{'logging_file':false,'logging_level':'info'}",
		"# x\r\nlogging:\r\n  level: info\r\n  file: false\r\nstorage:\r\n  path: x\r\n" },
	{ "byte order mark", "\xef\xbb\xbflogging:\n  level: warn\n", "{'logging_level':'info','threads':1}",
		"\xef\xbb\xbflogging:\n  level: info\nthreads: 1\n" },
	{ "other letters", "# \xc3\xa9\xe2\x82\xac\nreplication:\n  url: \xc3\xa9 # \xc3\xa9\n  hostname: x\n",
		"{'replication_hostname':'\\u00e9','replication_url':'\\u20ac\\u0085'}",
		"# \xc3\xa9\xe2\x82\xac\nreplication:\n  url: \"\xe2\x82\xac\\u0085\" # \xc3\xa9\n  hostname: \"\xc3\xa9\"\n" },
	{ "end mark", "---\nthreads: 1\n...\n# rest\n", "{'logging_level':'info'}",
		"---\nthreads: 1\n\nlogging:\n  level: info\n...\n# rest\n" },
	{ "keys with dots", "logging.level: warn\noperationsApi:\n  network.port: 4\n",
		"{'logging_level':'info','operationsApi_network_port':5}",
		"logging.level: info\noperationsApi:\n  network.port: 5\n" },
	{ "threads", "threads: 4\n", "{'threads_debug':true,'threads_count':5}", "threads: 5\nthreads.debug: true\n" },
	{ "threads in a section", "threads:\n  debug: true\n", "{'threads':5}", "threads:\n  debug: true\n  count: 5\n" },
	{ "objects", "threads: 4\n", "{'threads':{'count':2,'debug':false},'logging':{'level':'info'}}",
		"threads: 2\nthreads.debug: false\n\nlogging:\n  level: info\n" },
	{ "module without its name", "threads: 4\n", "{'modules_mine_word':'two'}",
		"threads: 4\nmodules: {plain: true, mine: {word: two}}\n" },
	{ "module that is on", "modules:\n  mine: true # m\n  plain:\n",
		"{'modules_mine_word':'two','modules.mine.deep.size':'1K'}",
		"modules:\n  mine: # m\n    word: two\n    deep:\n      size: 1K\n  plain:\n" },
	{ "module with settings", "modules:\n  mine:\n    #word: one\n    secret: s\n",
		"{'modules':{'mine':{'word':'two','enabled':true}}}",
		"modules:\n  mine:\n    #word: one\n    word: two\n    secret: s\n" },
	{ "indented", "  threads: 1\n  logging:\n    level: warn\n", "{'logging_file':false,'componentsRoot':'c'}",
		"  threads: 1\n  logging:\n    level: warn\n    file: false\n  componentsRoot: c\n" },
	{ "unknown settings are passed over", "threads: 1\n", "{'nope_key':1,'logging_nope':{'a':[1]}}", "threads: 1\n" },
};

static void check_shape(int which)
{
	int rc = set(shapes[which].json);
	ck_assert_msg(!rc, "%s: %s", shapes[which].name, err.text);
	ck_assert_row_str_eq(shapes[which].name, get(), shapes[which].after);
}

START_TEST(a_setting_is_written_where_it_belongs)
{
	put(file, shapes[_i].before);
	check_shape(_i);
}
END_TEST

START_TEST(a_setting_written_again_changes_nothing)
{
	put(file, shapes[_i].after);
	check_shape(_i);
}
END_TEST

#define WORDS "must be one of [notify, fatal, error, warn, info, debug, trace]"

static const struct {
	const char *name, *before, *json, *says;
} refusals[] = {
	{ "number for a word", "", "{'logging_level':5}", "'logging.level' " WORDS },
	{ "null for a word", "", "{'logging_level':null}", "'logging.level' " WORDS },
	{ "unknown word beside a good setting", "", "{'logging_auditLog':true,'logging_level':'loud'}", "'logging.level' " WORDS },
	{ "number below its range", "", "{'http_port':-1}", "'http.port' must be greater than or equal to 0" },
	{ "number above its range", "", "{'http_port':70000}", "'http.port' must be less than or equal to 65535" },
	{ "text for a number", "", "{'http_port':'abc'}", "'http.port' must be a number" },
	{ "fraction for an integer", "", "{'http_port':1.5}", "'http.port' must be an integer" },
	{ "text for a number of threads", "", "{'threads_count':'many'}", "'threads.count' must be a number" },
	{ "unit of a size", "", "{'logging_rotation_maxSize':'10X'}",
		"Invalid logging.rotation.maxSize unit. Available units are G, M or K" },
	{ "size below its range", "", "{'logging_rotation_maxSize':'1K'}",
		"'logging.rotation.maxSize' must be greater than or equal to 4096" },
	{ "unit of an interval", "", "{'logging_rotation_interval':'10X'}",
		"Invalid logging.rotation.interval unit. Available units are D, H or M (minutes)" },
	{ "text for a duration", "", "{'http_timeout':'x'}",
		"'http.timeout' must be a duration such as 500ms, 30s, 10m, 12h or 3d" },
	{ "number for a duration with units", "", "{'authentication_operationTokenTimeout':3600}",
		"'authentication.operationTokenTimeout' must be a duration such as 500ms, 30s, 10m, 12h or 3d" },
	{ "small number for a duration with units", "", "{'authentication_operationTokenTimeout':60}",
		"'authentication.operationTokenTimeout' must be a duration such as 500ms, 30s, 10m, 12h or 3d" },
	{ "text of a number for a duration with units", "", "{'authentication_refreshTokenTimeout':'3600'}",
		"'authentication.refreshTokenTimeout' must be a duration such as 500ms, 30s, 10m, 12h or 3d" },
	{ "text for a boolean", "", "{'logging_file':'maybe'}", "'logging.file' must be a boolean" },
	{ "number for a path", "", "{'logging_root':5}", "'logging.root' must be a string" },
	{ "empty path", "", "{'logging_root':''}", "'logging.root' must not be empty" },
	{ "number in a list of texts", "", "{'http_corsAccessList':[5]}", "'http.corsAccessList' must be an array of strings" },
	{ "unknown setting", "", "{'logging_levl':'info'}", "unknown setting 'logging_levl'; did you mean 'logging.level'?" },
	{ "setting without its dots", "", "{'logginglevel':'info'}",
		"unknown setting 'logginglevel'; did you mean 'logging.level'?" },
	{ "unknown setting of a module", "", "{'modules_mine_nope':1}", "unknown setting 'modules_mine_nope'" },
	{ "module switched off", "", "{'modules_plain':false}", "'modules.plain' can be changed only in the file" },
	{ "path of a module", "", "{'modules_mine_path':'/x.so'}", "'modules.mine.path' can be changed only in the file" },
	{ "number for a section", "", "{'logging':5}", "'logging' must be an object" },
	{ "setting given twice", "", "{'logging_level':'info','LOGGING.level':'warn'}", "'logging.level' is given twice" },
	{ "modules in a list", "modules: [mine, plain]\n", "{'modules_mine_word':'two'}", "make it a mapping" },
	{ "anchor in the file", "&a threads: 1\n", "{'threads':2}", "" },
};

START_TEST(a_refused_setting_changes_nothing)
{
	const char *before = refusals[_i].before;
	put(file, *before == 'm' ? before : "");
	struct config *c = load();
	put(file, before); /* edited by hand meanwhile */
	ck_assert_row_int_eq(refusals[_i].name, set_in(c, refusals[_i].json), LYRE_EINVAL);
	ck_assert_msg(strstr(err.text, refusals[_i].says) != NULL, "%s: %s", refusals[_i].name, err.text);
	ck_assert_row_str_eq(refusals[_i].name, get(), before);
	ck_assert_row_str_eq(refusals[_i].name, noted, "");
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
		snprintf(out, 64, "'%.0fms'", s->min + 1);
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
		snprintf(out, 64, "'%.*s'", (int)strcspn(s->values, " "), s->values);
		break;
	case LYRE_S_LIST:
		snprintf(out, 64, "['x y','#z']");
		break;
	case LYRE_S_PATH:
		snprintf(out, 64, "'/tmp/a: b'");
		break;
	default:
		snprintf(out, 64, "'some #text'");
	}
}

static const char *base_text;

/* The lines of the old text are in the new text, except at most one; and only a few lines are new. */
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
	snprintf(json, sizeof json, "{'%s':%s}", item->key, value);
	put(file, base_text);
	int rc = set(json);
	ck_assert_msg(!rc, "%s: %s", json, err.text);
	same_but_for_one(item->key, base_text, get());
	struct config *c = load();
	ck_assert_msg(!config_is_null(c, item->key), "%s", item->key);
	config_free(c);
	return 0;
}

static const struct {
	const char *name, *text; /**< text NULL: the file of this name in etc/ */
} files[] = {
	{ "lyre.yaml", NULL },
	{ "minimal.yaml", NULL },
	{ "empty", "" },
	{ "comment alone", "# nothing\n" },
	{ "empty flow", "{}\n" },
	{ "beginning of a document", "--- # start\n" },
	{ "flow", "{rootPath: /x, logging: {level: warn}, modules: {plain: true, mine: true}}\n" },
	{ "CRLF, sections without values",
		"rootPath: /x\r\nlogging: {}\r\nhttp:\r\n  corsAccessList:\r\n  - a\r\n  port:\r\nmodules:\r\n  mine:\r\n  plain:\r\n" },
	{ "block with comments",
		"threads:\n    debug: true\noperationsApi:\n    network:\n        corsAccessList:\n            - \"*\"   # all\n        host: a b\n"
		"    sysInfo: ~\nstorage: # s\n\n\n\nlogging.rotation.maxSize: 5M\nmodules:\n  mine: {secret: x}\n  plain: true\n" },
};

START_TEST(every_setting_can_be_written_into_any_file)
{
	base_text = files[_i].text ? files[_i].text : read_etc(files[_i].name);
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
	tcase_add_loop_test(t, a_setting_is_written_where_it_belongs, 0, ROWS(shapes));
	tcase_add_loop_test(t, a_setting_written_again_changes_nothing, 0, ROWS(shapes));
	tcase_add_loop_test(t, a_refused_setting_changes_nothing, 0, ROWS(refusals));
	tcase_add_loop_test(t, every_setting_can_be_written_into_any_file, 0, ROWS(files));
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
