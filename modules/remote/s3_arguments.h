/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/s3_arguments.h
 * \brief The argument "s3" of a request, and failures as those of a call. The only part of this library that uses the SDK.
 */
#ifndef S3_ARGUMENTS_H
#define S3_ARGUMENTS_H

#include <lyre/lyre.h>

#include "s3.h"

/**
 * Reads {"aws_access_key_id", "aws_secret_access_key", "bucket", "key", "region"} and, if given, "aws_session_token", "endpoint" (a
 * URL) and "path_style" (true or false).
 * \param s3        NULL, or no object, or an empty one: "S3 object is missing."
 * \param[out] ret  for s3_target_free(); NULL on failure
 * \return 0, REMOTE_INVALID, REMOTE_REFUSED or REMOTE_MEMORY
 */
int s3_arguments(struct s3_target **ret, const lyre_value *s3, struct remote_error *error);

/** Fails a call with an error's text. If the request was cancelled, the failure is the one that the call has. \return its code */
int remote_fail_call(lyre_call *call, const struct remote_error *error);

#endif
