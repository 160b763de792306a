/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file export/export_module.c
 * \brief Exports: the rows of a search as a file on the server, or as an object in S3. The operations and their settings.
 */
#include "export_module.h"

#include "folder_rules.h"
#ifdef HAVE_REMOTE
#include "remote.h"
#endif

/* All arguments are checked by the handlers: clients expect the errors in the job, not in the answer that starts it. */
#define FORMAT                                                                            \
	{                                                                                 \
		.name = "format", .types = LYRE_T_STRING,                                 \
		.flags = LYRE_P_REQUIRED | LYRE_P_NULL_IS_ABSENT | LYRE_P_HANDLER_CHECKS, \
		.help = "Format of the rows: json or csv."                                \
	}
#define SEARCH_OPERATION                                                                                           \
	{                                                                                                          \
		.name = "search_operation", .types = LYRE_T_OBJECT,                                                \
		.flags = LYRE_P_REQUIRED | LYRE_P_REQUEST | LYRE_P_NULL_IS_ABSENT | LYRE_P_HANDLER_CHECKS,         \
		.help = "Request that finds the rows: search_by_id, search_by_value, search_by_conditions or sql." \
	}

static const struct lyre_param export_local_params[] = {
	FORMAT,
	{ .name = "path",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_REQUIRED | LYRE_P_NULL_IS_ABSENT | LYRE_P_HANDLER_CHECKS,
		.help = "Absolute path of the folder on the server, which must exist." },
	{ .name = "filename",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_HANDLER_CHECKS,
		.help = "Name of the file without its extension; an existing file is replaced; default: the time in milliseconds." },
	SEARCH_OPERATION,
};

#ifdef HAVE_REMOTE
static const struct lyre_param export_to_s3_params[] = {
	FORMAT,
	{ .name = "s3",
		.types = LYRE_T_OBJECT,
		.flags = LYRE_P_REQUIRED | LYRE_P_NULL_IS_ABSENT | LYRE_P_HANDLER_CHECKS,
		.help = "Where the object goes: aws_access_key_id, aws_secret_access_key, bucket, key, region; optional: "
			"aws_session_token, endpoint, path_style." },
	SEARCH_OPERATION,
};
#endif

static const struct lyre_operation operations[] = {
	{ .name = "export_local",
		.handler = export_local,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_USER, /* export_local_check() decides */
		.params = LYRE_LIST(export_local_params),
		.check = export_local_check,
		.help = "Export the result of a search to a file on the server." },
#ifdef HAVE_REMOTE
	{ .name = "export_to_s3",
		.handler = export_to_s3,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(export_to_s3_params),
		.check = export_check_search,
		.refused_as = "export_to_s3",
		.help = "Export the result of a search to S3 or a compatible store." },
#endif
};

static const struct lyre_setting settings[] = {
	{ .key = "paths",
		.type = LYRE_S_LIST,
		.flags = LYRE_SF_NULL,
		.help = "Folders that export_local may write to, for every user; null: any folder, for super users." },
#ifdef HAVE_REMOTE
	{ .key = "remote.localAddresses",
		.type = LYRE_S_BOOL,
		.fallback = "false",
		.help = "Whether to connect to addresses of this host and its link, such as 127.0.0.1 and 169.254.169.254." },
	{ .key = "remote.certificateAuthority",
		.type = LYRE_S_PATH,
		.flags = LYRE_SF_NULL,
		.help = "Authorities that sign the certificates of other hosts (PEM file); null: the system's." },
	{ .key = "remote.connectTimeout",
		.type = LYRE_S_DURATION,
		.fallback = "30s",
		.min = 1000,
		.max = 3600e3,
		.help = "Time limit for connecting to S3." },
	{ .key = "remote.stallTimeout",
		.type = LYRE_S_DURATION,
		.fallback = "60s",
		.min = 1000,
		.max = 3600e3,
		.help = "Time without progress after which a request to S3 fails." },
	{ .key = "remote.retryTimeout",
		.type = LYRE_S_DURATION,
		.fallback = "120s",
		.min = 1000,
		.max = 3600e3,
		.help = "Time during which a failed request to S3 is repeated." },
#endif
};

static int check_settings(lyre_instance *self)
{
	return folder_rules_check(self, EXPORT_PATHS);
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

LYRE_MODULE(export, "1.0.0", "Exports to files and to S3", .settings = LYRE_LIST(settings), .operations = LYRE_LIST(operations),
	.start = start, .stop = stop, .check = check_settings);
