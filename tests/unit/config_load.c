/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "config/config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETS(...) (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)

static char file[64];
static struct config *config;
static struct err err;

static void begin(void)
{
	snprintf(file, sizeof file, "/tmp/lyre-config-XXXXXX");
	int fd = mkstemp(file);
	ck_assert_int_ge(fd, 0);
	close(fd);
	err = (struct err){ 0 };
	config = NULL;
}

static void end(void)
{
	config_free(config);
	unlink(file);
}

static int load(const char *text, const char *const *sets, size_t set_count, char **environment)
{
	FILE *f = fopen(file, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	struct config_sources s = { .file = file, .sets = sets, .set_count = set_count, .environ = environment };
	return config_load(&config, &s, &err);
}

static void load_well(const char *text)
{
	int rc = load(text, NULL, 0, NULL);
	ck_assert_msg(!rc, "%s", err.text);
}

START_TEST(defaults_apply_to_unset_settings)
{
	struct config_sources s = { 0 };
	ck_assert_int_eq(config_load(&config, &s, &err), 0);
	ck_assert_ptr_null(config_file(config));
	ck_assert_int_eq(config_int(config, "operationsApi.network.port"), 9925);
	ck_assert_int_eq(config_int(config, "operationsApi.network.timeout"), 120000);
	ck_assert_int_eq(config_int(config, "operationsApi.network.maxBodySize"), 128 << 20);
	ck_assert(config_is_null(config, "operationsApi.network.host"));
	ck_assert_ptr_null(config_string(config, "operationsApi.network.host"));
	ck_assert_str_eq(config_string(config, "logging.level"), "warn");
	ck_assert_int_eq(config_int(config, "logging.auditRetention"), 3 * 86400000);
	ck_assert_str_eq(config_path(config, "storage.path"), ROOTDIR "/database");
	ck_assert_str_eq(config_path(config, "operationsApi.network.domainSocket"), ROOTDIR "/operations-server");
	ck_assert_str_eq(config_path(config, "logging.rotation.path"), ROOTDIR "/log");
	ck_assert_int_ge(config_int(config, "threads"), 1);
	size_t count;
	const char *const *origins = config_list(config, "operationsApi.network.corsAccessList", &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(origins[0], "*");
	config_warnings(config, &count);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(a_file_overrides_the_defaults)
{
	load_well("rootPath: /srv/lyre/\n"
		  "threads:\n  count: 3\n"
		  "operationsApi:\n  network:\n    port: null\n    keepAliveTimeout: 1500\n"
		  "    corsAccessList:\n      - https://a.example\n      - null\n      - https://b.example\n"
		  "storage: {mapSize: 1.5M, path: /data}\n"
		  "logging.rotation.interval: 12H\n"
		  "logging:\n");
	ck_assert_str_eq(config_file(config), file);
	ck_assert_int_eq(config_int(config, "threads"), 3);
	ck_assert_int_eq(config_int(config, "threads.count"), 3);
	ck_assert(config_is_null(config, "operationsApi.network.port"));
	ck_assert_int_eq(config_int(config, "operationsApi.network.keepAliveTimeout"), 1500);
	ck_assert_int_eq(config_int(config, "storage.mapSize"), 3 << 19);
	ck_assert_str_eq(config_path(config, "storage.path"), "/data");
	ck_assert_str_eq(config_path(config, "logging.root"), "/srv/lyre/log");
	ck_assert_int_eq(config_int(config, "logging.rotation.interval"), 12 * 3600000);
	size_t count;
	const char *const *origins = config_list(config, "operationsApi.network.corsAccessList", &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(origins[1], "https://b.example");
}
END_TEST

START_TEST(set_overrides_environment_overrides_file)
{
	char *environment[] = { "PATH=/bin", "LYRE_OPERATIONSAPI_NETWORK_PORT=2", "LYRE_logging_level=info",
		"LYRE_OPERATIONSAPI_NETWORK_CORSACCESSLIST=*", "LYRE_ADMIN_PASSWORD=[x", "LYRE_STORAGE_PATH=/env",
		"LYRE_SOMETHING_ELSE=*x", NULL };
	int rc = load("operationsApi: {network: {port: 1}}\nlogging: {level: debug}\nstorage: {maxTrees: 20}\n",
		SETS("operationsApi.network.port=3", "operationsApi.network.corsAccessList=[a, 'b c']", "threads.count=7",
			"operationsApi.network.host=::1"),
		environment);
	ck_assert_msg(!rc, "%s", err.text);
	ck_assert_int_eq(config_int(config, "operationsApi.network.port"), 3);
	ck_assert_int_eq(config_int(config, "threads"), 7);
	ck_assert_str_eq(config_string(config, "logging.level"), "info");
	ck_assert_int_eq(config_int(config, "storage.maxTrees"), 20);
	ck_assert_str_eq(config_path(config, "storage.path"), "/env");
	ck_assert_str_eq(config_string(config, "operationsApi.network.host"), "::1");
	size_t count;
	const char *const *origins = config_list(config, "operationsApi.network.corsAccessList", &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(origins[1], "b c");
	config_warnings(config, &count);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(a_relative_root_is_below_the_working_directory)
{
	char here[1000], expected[1100];
	struct config_sources s = { .root = "some/where" };
	ck_assert_int_eq(config_load(&config, &s, &err), 0);
	snprintf(expected, sizeof expected, "%s/some/where/database", getcwd(here, sizeof here));
	ck_assert_str_eq(config_path(config, "storage.path"), expected);
}
END_TEST

START_TEST(settings_without_effect_are_warned_of)
{
	char *environment[] = { "LYRE_OPERATIONAPI_NETWORK_PORT=2", NULL };
	ck_assert_int_eq(load("mqtt:\n  network: {port: 1883, securePort: 8883, mtls: {required: true}}\n"
			      "http: {port: 9926}\n",
				 NULL, 0, environment),
		0);
	size_t count;
	const char *const *lines = config_warnings(config, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(lines[0],
		"environment LYRE_OPERATIONAPI_NETWORK_PORT is not a known setting and is ignored; did you "
		"mean LYRE_OPERATIONSAPI_NETWORK_PORT?");
	ck_assert_str_eq(lines[1],
		"these settings have no effect in this build: http.port, mqtt.network.port, "
		"mqtt.network.securePort, mqtt.network.mtls");
}
END_TEST

/* The configuration that an installed reference server writes. */
START_TEST(a_file_of_the_reference_server_loads)
{
	load_well("http:\n  compressionThreshold: 1200\n  cors: false\n  corsAccessList:\n    - null\n"
		  "  keepAliveTimeout: 30000\n  port: 9926\n  securePort: null\n  mtls: false\n  http2: false\n  timeout: 120000\n"
		  "threads:\n  count: 1\n  debug: false\n"
		  "authentication:\n  authorizeLocal: false\n  cacheTTL: 30000\n  enableSessions: true\n"
		  "  operationTokenTimeout: 1d\n  refreshTokenTimeout: 30d\n"
		  "analytics:\n  aggregatePeriod: 60\n  replicate: false\n"
		  "componentsRoot: /srv/components\nlocalStudio:\n  enabled: true\n"
		  "logging:\n  auditAuthEvents:\n    logFailed: false\n    logSuccessful: false\n  auditLog: true\n"
		  "  auditRetention: 3d\n  file: true\n  level: warn\n  root: /srv/log\n  rotation:\n    enabled: true\n"
		  "    compress: false\n    interval: null\n    maxSize: 64M\n    path: /srv/log\n  stdStreams: false\n"
		  "mqtt:\n  network:\n    port: 1883\n    securePort: 8883\n    mtls: false\n  webSocket: true\n"
		  "  requireAuthentication: true\n"
		  "operationsApi:\n  network:\n    cors: true\n    corsAccessList:\n      - '*'\n"
		  "    domainSocket: /srv/operations-server\n    port: 9925\n    securePort: null\n"
		  "rootPath: /srv\n"
		  "storage:\n  writeAsync: false\n  caching: true\n  compression: {threshold: 100}\n  noReadAhead: false\n"
		  "  path: /srv/database\n  prefetchWrites: true\n"
		  "tls:\n  privateKey: /srv/keys/privateKey.pem\nnode:\n  hostname: localhost\nreplication:\n"
		  "  hostname: localhost\n  databases: [a]\n  routes:\n    - hostname: b\n      port: 1\n  url: 'wss://'\n");
}
END_TEST

/* A section of certificates, single and as a list; and a setting that is also a section. */
START_TEST(sections_of_certificates_may_be_lists)
{
	load_well("rootPath: /srv\ntls: {certificate: c.pem}\noperationsApi: {network: {mtls: {required: true, user: null}}}\n");
	ck_assert_uint_eq(config_count(config, "tls"), 0);
	ck_assert_str_eq(config_path(config, "tls.certificate"), "/srv/c.pem");
	ck_assert_str_eq(config_path(config, "tls.privateKey"), "/srv/keys/privateKey.pem");
	ck_assert(config_is_null(config, "operationsApi.network.mtls"));
	ck_assert(config_bool(config, "operationsApi.network.mtls.required"));
	ck_assert(config_is_null(config, "operationsApi.network.mtls.user"));
	config_free(config);
	load_well(
		"rootPath: /srv\ntls:\n  - certificate: a.pem\n    host: a.example\n  - {certificate: /b.pem, privateKey: b.key}\n"
		"operationsApi: {network: {mtls: true}, tls: []}\n");
	ck_assert_uint_eq(config_count(config, "tls"), 2);
	ck_assert_uint_eq(config_count(config, "operationsApi.tls"), 0);
	ck_assert_uint_eq(config_count(config, "logging"), 0);
	ck_assert(config_is_null(config, "tls.certificate"));
	ck_assert_str_eq(config_path(config, "tls.0.certificate"), "/srv/a.pem");
	ck_assert_str_eq(config_string(config, "tls.0.host"), "a.example");
	ck_assert_str_eq(config_path(config, "tls.0.privateKey"), "/srv/keys/privateKey.pem");
	ck_assert_str_eq(config_path(config, "tls.1.privateKey"), "/srv/b.key");
	ck_assert(config_is_null(config, "tls.1.host"));
	ck_assert(config_bool(config, "operationsApi.network.mtls"));
	ck_assert_str_eq(config_string(config, "operationsApi.network.mtls.user"), "*");
}
END_TEST

static const struct {
	const char *text, *sentence;
} refused[] = {
	{ "tls:\n  - certificate: a.pem\n    privatekey: b\n",
		":3:5: unknown setting 'tls.0.privatekey'; did you mean 'tls.0.privateKey'?" },
	{ "tls: [{certificate: 5}]\n", ":1:21: 'tls.0.certificate' must be a path, or null; found 5" },
	{ "tls: [a.pem]\n", ":1:7: 'tls.0' must be a mapping of settings; found a string" },
	{ "operationsApi: {tls: [[]]}\n", ":1:23: 'operationsApi.tls.0' must be a mapping of settings; found a list" },
	{ "operationsApi:\n  network:\n    prot: 1\n",
		":3:5: unknown setting 'operationsApi.network.prot'; did you mean 'operationsApi.network.port'?" },
	{ "operationApi:\n  network: {port: 1}\n", ":1:1: unknown setting 'operationApi'; did you mean 'operationsApi'?" },
	{ "loggin: {level: warn}\n", ":1:1: unknown setting 'loggin'; did you mean 'logging'?" },
	{ "logging: {stdstreams: true}\n", ":1:11: unknown setting 'logging.stdstreams'; did you mean 'logging.stdStreams'?" },
	{ "corsAccessList: []\n", ":1:1: unknown setting 'corsAccessList'; did you mean 'operationsApi.network.corsAccessList'?" },
	{ "quite_different: 1\n", ":1:1: unknown setting 'quite_different'" },
	{ "operationsApi:\n  network:\n    port: abc\n",
		":3:11: 'operationsApi.network.port' must be a whole number from 0 to 65535, or null; found abc" },
	{ "operationsApi: {network: {port: 70000}}\n",
		":1:33: 'operationsApi.network.port' must be a whole number from 0 to 65535, or null; found 70000" },
	{ "operationsApi: {network: {port: '1'}}\n",
		":1:33: 'operationsApi.network.port' must be a whole number from 0 to 65535, or null; found the string \"1\"" },
	{ "threads: 1.5\n", ":1:10: 'threads' must be a whole number from 1 to 1024, or null; found 1.5" },
	{ "logging: {level: loud}\n",
		":1:18: 'logging.level' must be one of notify fatal error warn info debug trace; found loud" },
	{ "logging: {level: null}\n",
		":1:18: 'logging.level' must be one of notify fatal error warn info debug trace; found null" },
	{ "logging: {file: yes}\n", ":1:17: 'logging.file' must be true or false; found yes" },
	{ "logging: {root: 5}\n", ":1:17: 'logging.root' must be a path; found 5" },
	{ "logging: {root: [a]}\n", ":1:17: 'logging.root' must be a path; found a list" },
	{ "logging: {rotation: {maxSize: 10X}}\n",
		":1:31: 'logging.rotation.maxSize' must be a size such as 64M or 1G, from 4K to 1T, or null; found 10X" },
	{ "logging: {rotation: {interval: 10X}}\n",
		":1:32: 'logging.rotation.interval' must be a duration such as 30s or 10m, from 1s to 3650d, or null; found 10X" },
	{ "authentication: {operationTokenTimeout: 3600}\n",
		":1:41: 'authentication.operationTokenTimeout' must be a duration such as 30s or 10m, from 1s to 36500d; found 3600" },
	{ "authentication: {refreshTokenTimeout: '3600'}\n",
		":1:39: 'authentication.refreshTokenTimeout' must be a duration such as 30s or 10m, from 1s to 36500d; found the string \"3600\"" },
	{ "storage: {maxSize: -1}\n", ":1:20: 'storage.maxSize' must be a size such as 4096, 512K, 64M or 1G; found -1" },
	{ "operationsApi: {network: {corsAccessList: [a, [b]]}}\n",
		":1:47: 'operationsApi.network.corsAccessList' must be a list of strings, or null; found a list" },
	{ "logging: warn\n", ":1:10: 'logging' is a section: it must be a mapping of settings" },
	{ "logging: {level: warn}\nlogging.level: info\n", ":2:1: 'logging.level' is set twice (first on line 1)" },
	{ "- a\n", ":1:1: the configuration must be a mapping of settings; found a list" },
	{ "text\n", ":1:1: the configuration must be a mapping of settings; found a string" },
};

START_TEST(a_file_is_refused_with_its_line)
{
	ck_assert_int_eq(load(refused[_i].text, NULL, 0, NULL), LYRE_EINVAL);
	ck_assert_int_eq(strncmp(err.text, file, strlen(file)), 0);
	ck_assert_str_eq(err.text + strlen(file), refused[_i].sentence);
	ck_assert_ptr_null(config);
}
END_TEST

static const struct {
	const char *set, *sentence;
} bad_sets[] = {
	{ "logging.level=loud",
		"--set logging.level: 'logging.level' must be one of notify fatal error warn info debug trace; found loud" },
	{ "logging.levle=warn", "--set logging.levle: unknown setting 'logging.levle'; did you mean 'logging.level'?" },
	{ "logging=warn", "--set logging: 'logging' is a section: set one of the settings below it" },
	{ "logging.level", "--set logging.level: must be key.path=value" },
	{ "=1", "--set =1: must be key.path=value" },
};

START_TEST(a_bad_set_is_refused)
{
	ck_assert_int_eq(load("", SETS(bad_sets[_i].set), NULL), LYRE_EINVAL);
	ck_assert_str_eq(err.text, bad_sets[_i].sentence);
}
END_TEST

START_TEST(a_bad_variable_is_refused)
{
	char *environment[] = { "LYRE_OPERATIONSAPI_NETWORK_PORT=http", NULL };
	ck_assert_int_eq(load("", NULL, 0, environment), LYRE_EINVAL);
	ck_assert_str_eq(err.text,
		"environment LYRE_OPERATIONSAPI_NETWORK_PORT: 'operationsApi.network.port' must be a "
		"whole number from 0 to 65535, or null; found http");
}
END_TEST

START_TEST(a_missing_file_is_refused)
{
	struct config_sources s = { .file = "/nonexistent/lyre.yaml" };
	ck_assert_int_eq(config_load(&config, &s, &err), LYRE_EIO);
	ck_assert_str_eq(err.text, "cannot open '/nonexistent/lyre.yaml': No such file or directory");
}
END_TEST

START_TEST(undeclared_key_ends_the_process)
{
	load_well("");
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		config_int(config, "no.such.key");
		_exit(0);
	}
	int status;
	waitpid(child, &status, 0);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("config_load");
	TCase *t = tcase_create("load");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, defaults_apply_to_unset_settings);
	tcase_add_test(t, a_file_overrides_the_defaults);
	tcase_add_test(t, set_overrides_environment_overrides_file);
	tcase_add_test(t, a_relative_root_is_below_the_working_directory);
	tcase_add_test(t, settings_without_effect_are_warned_of);
	tcase_add_test(t, a_file_of_the_reference_server_loads);
	tcase_add_test(t, sections_of_certificates_may_be_lists);
	tcase_add_loop_test(t, a_file_is_refused_with_its_line, 0, sizeof refused / sizeof *refused);
	tcase_add_loop_test(t, a_bad_set_is_refused, 0, sizeof bad_sets / sizeof *bad_sets);
	tcase_add_test(t, a_bad_variable_is_refused);
	tcase_add_test(t, a_missing_file_is_refused);
	tcase_add_test(t, undeclared_key_ends_the_process);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
