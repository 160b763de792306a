/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/import_module.c
 * \brief Loading data: CSV and JSON, from requests, files, URLs and S3. load.h tells how it fits together.
 */
#include "import.h"

#include "folder_rules.h"
#ifdef HAVE_REMOTE
#include "remote.h"
#endif

/* Everything is checked by the handlers: clients know their messages. */

#define CHECKED .flags = LYRE_P_HANDLER_CHECKS

/* clang-format off */
#define TABLE_PARAMS                                                                                                             \
	{ .name = "database", .types = LYRE_T_STRING, CHECKED, .fallback = "\"data\"", .help = "Name of the database." },        \
	{ .name = "table", .types = LYRE_T_STRING, .flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED,                             \
	  .help = "Name of the table; it must exist." },                                                                         \
	{ .name = "action", .types = LYRE_T_STRING, CHECKED, .fallback = "\"insert\"",                                           \
	  .help = "insert (skips existing keys), update (skips missing ones) or upsert." }

#define TEXT_PARAMS                                                                                                              \
	{ .name = "delimiter", .types = LYRE_T_STRING, CHECKED, .help = "Separates the values of CSV; default: guessed." },      \
	{ .name = "encoding", .types = LYRE_T_STRING, CHECKED, .fallback = "\"utf-8\"",                                          \
	  .help = "Encoding of the text: utf-8, latin1 or windows-1252." }

#define FILE_PARAM                                                                                                               \
	{ .name = "file_path", .types = LYRE_T_STRING,                                                                           \
	  .flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED | LYRE_P_FILE,                                                        \
	  .help = "Absolute path of the file on the server; the file can also be sent as the body." }
/* clang-format on */

static const struct lyre_param data_params[] = {
	TABLE_PARAMS,
	{ .name = "data",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED,
		.help = "The CSV; its first line names the attributes." },
	TEXT_PARAMS,
};
static const struct lyre_param csv_file_params[] = { TABLE_PARAMS, FILE_PARAM, TEXT_PARAMS };
static const struct lyre_param file_params[] = {
	TABLE_PARAMS,
	FILE_PARAM,
	{ .name = "format", .types = LYRE_T_STRING, CHECKED, .help = "csv, json or jsonl; default: guessed." },
	TEXT_PARAMS,
};
#ifdef HAVE_REMOTE
static const struct lyre_param url_params[] = {
	TABLE_PARAMS,
	{ .name = "csv_url",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED,
		.help = "URL of the CSV, http or https." },
	TEXT_PARAMS,
};
static const struct lyre_param s3_params[] = {
	TABLE_PARAMS,
	{ .name = "s3",
		.types = LYRE_T_OBJECT,
		.flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED,
		.help = "Where the object is: aws_access_key_id, aws_secret_access_key, bucket, key, region; optional: "
			"aws_session_token, endpoint, path_style." },
	TEXT_PARAMS,
};
#endif

static const struct lyre_operation operations[] = {
	{ .name = "csv_data_load",
		.handler = import_data,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(data_params),
		.check = import_data_check,
		.help = "Load CSV in the request into a table." },
	{ .name = "csv_file_load",
		.handler = import_csv_file,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(csv_file_params),
		.check = import_csv_file_check,
		.help = "Load a CSV file into a table." },
	{ .name = "import_file",
		.handler = import_file,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(file_params),
		.check = import_file_check,
		.help = "Load a file of CSV, JSON or JSON lines into a table." },
#ifdef HAVE_REMOTE
	{ .name = "csv_url_load",
		.handler = import_url,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(url_params),
		.check = import_url_check,
		.help = "Load CSV from a URL into a table." },
	{ .name = "import_from_s3",
		.handler = import_s3,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(s3_params),
		.check = import_s3_check,
		.help = "Load an object of CSV, JSON or JSON lines in S3 or a compatible store into a table." },
#endif
};

static const struct lyre_setting settings[] = {
	{ .key = "paths",
		.type = LYRE_S_LIST,
		.flags = LYRE_SF_NULL,
		.help = "Folders whose files may be loaded, by every user; null: any folder, by super users." },
	{ .key = "maxRecord",
		.type = LYRE_S_SIZE,
		.fallback = "16M",
		.min = 1 << 10,
		.max = 1 << 30,
		.help = "Maximum size of a record in a file." },
#ifdef HAVE_REMOTE
	{ .key = "remote.maxSize",
		.type = LYRE_S_SIZE,
		.flags = LYRE_SF_NULL,
		.fallback = "16G",
		.min = 1,
		.max = 1ll << 50,
		.help = "Maximum size of what is loaded from a URL or S3; null: no limit." },
	{ .key = "remote.timeout",
		.type = LYRE_S_DURATION,
		.fallback = "6h",
		.min = 1000,
		.max = 86400000,
		.help = "Time limit for a load from a URL or S3." },
	{ .key = "remote.redirects",
		.type = LYRE_S_INT,
		.fallback = "5",
		.min = 0,
		.max = 50,
		.help = "Maximum number of redirects of a URL." },
	{ .key = "remote.localAddresses",
		.type = LYRE_S_BOOL,
		.fallback = "false",
		.help = "Whether to connect to addresses of this host and its link, such as 127.0.0.1 and 169.254.169.254." },
	{ .key = "remote.certificateAuthority",
		.type = LYRE_S_PATH,
		.flags = LYRE_SF_NULL,
		.help = "Authorities that sign the certificates of other hosts (PEM file); null: the system's." },
#endif
};

static int check_settings(lyre_instance *self)
{
	return folder_rules_check(self, IMPORT_PATHS);
}

static int start(lyre_instance *self)
{
	int rc = check_settings(self);

#ifdef HAVE_REMOTE
	if (!rc && remote_start())
		rc = lyre_start_fail(self, LYRE_ENOMEM, "out of memory");
#endif
	return rc;
}

static void stop(lyre_instance *self)
{
	(void)self;
#ifdef HAVE_REMOTE
	remote_stop();
#endif
}

LYRE_MODULE(import, "1.0.0", "Loading data: CSV and JSON, from files, URLs and S3", .settings = LYRE_LIST(settings),
	.operations = LYRE_LIST(operations), .start = start, .stop = stop, .check = check_settings);
