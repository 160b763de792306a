/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/s3_error.h
 * \brief What an answer of S3 that is not a success means. Internal.
 */
#ifndef S3_ERROR_H
#define S3_ERROR_H

#include "s3_request.h"

/** Fills in the request's code, and whether it may be repeated. \return REMOTE_STATUS */
int s3_refused(
	const struct s3_target *t, struct s3_request *request, const struct remote_answer *answer, struct remote_error *error);

#endif
