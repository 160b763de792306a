/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/s3_multipart.h
 * \brief The requests that make up a multipart upload. Internal.
 */
#ifndef S3_MULTIPART_H
#define S3_MULTIPART_H

#include "s3_request.h"

struct s3_parts {
	char *id;    /**< of the upload, UploadId; NULL: none has been begun */
	char **etag; /**< of each part, as the store gave it */
	unsigned count;
	uint64_t bytes; /**< of them together */
};

int s3_parts_begin(struct s3_session *s, struct s3_parts *p, const char *content_type, struct remote_error *error);
int s3_parts_add(struct s3_session *s, struct s3_parts *p, const char *bytes, size_t len, struct remote_error *error);
/** Makes the object. */
int s3_parts_complete(struct s3_session *s, struct s3_parts *p, struct remote_error *error);
/** \return 0 too if the store does not know the upload (any more) */
int s3_parts_abort(struct s3_session *s, struct s3_parts *p, struct remote_error *error);
void s3_parts_free(struct s3_parts *p);

#endif
