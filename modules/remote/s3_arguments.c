/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_arguments.h"

#include "remote_error.h"

#include <string.h>

/* A member that is null counts as missing, as in all arguments. */
static int read_text(const lyre_value *s3, const char *name, const char **ret, struct remote_error *error)
{
	const lyre_value *v = lyre_value_get(s3, name);
	size_t len = 0;
	*ret = NULL;
	if (lyre_value_type(v) == LYRE_NULL)
		return 0;
	if (lyre_value_type(v) == LYRE_STRING)
		*ret = lyre_value_string(v, &len);
	if (!*ret || strlen(*ret) != len)
		return remote_fail(error, REMOTE_INVALID, "%s must be a string", name);
	return 0;
}

static int read_style(const lyre_value *s3, enum s3_style *ret, struct remote_error *error)
{
	const lyre_value *v = lyre_value_get(s3, "path_style");
	*ret = S3_STYLE_DEFAULT;
	if (lyre_value_type(v) == LYRE_NULL)
		return 0;
	if (lyre_value_type(v) != LYRE_BOOL)
		return remote_fail(error, REMOTE_INVALID, "path_style must be true or false");
	*ret = lyre_value_bool(v) ? S3_STYLE_PATH : S3_STYLE_HOST;
	return 0;
}

int s3_arguments(struct s3_target **ret, const lyre_value *s3, struct remote_error *error)
{
	struct s3_given given = { .style = S3_STYLE_DEFAULT };
	const struct {
		const char *name;
		const char **value;
	} texts[] = { { "aws_access_key_id", &given.access_key }, { "aws_secret_access_key", &given.secret_key },
		{ "bucket", &given.bucket }, { "key", &given.key }, { "region", &given.region },
		{ "aws_session_token", &given.session_token }, { "endpoint", &given.endpoint } };
	*ret = NULL;
	if (lyre_value_type(s3) != LYRE_OBJECT || !lyre_value_count(s3))
		return remote_fail(error, REMOTE_INVALID, "S3 object is missing.");
	int rc = 0;
	for (size_t i = 0; i < sizeof texts / sizeof *texts && !rc; i++)
		rc = read_text(s3, texts[i].name, texts[i].value, error);
	if (!rc)
		rc = read_style(s3, &given.style, error);
	return rc ? rc : s3_target_make(ret, &given, error);
}

int remote_fail_call(lyre_call *call, const struct remote_error *error)
{
	switch (error->code) {
	case REMOTE_CANCELLED:
		return lyre_failure(call);
	case REMOTE_MEMORY:
		return lyre_fail_no_memory(call);
	case REMOTE_INVALID:
		return lyre_fail(call, LYRE_EINVAL, "%s", error->text);
	case REMOTE_REFUSED:
		return lyre_fail(call, LYRE_EDENIED, "%s", error->text);
	case REMOTE_TOO_LARGE:
		return lyre_fail(call, LYRE_ETOOBIG, "%s", error->text);
	default:
		return lyre_fail(call, LYRE_EIO, "%s", error->text);
	}
}
