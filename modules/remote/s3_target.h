/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/s3_target.h
 * \brief What struct s3_target consists of. Internal.
 */
#ifndef S3_TARGET_H
#define S3_TARGET_H

#include "s3.h"

struct s3_target {
	char *bucket, *region;
	char *access_key, *secret_key, *token; /* token: NULL if there is none */
	char *origin;                          /* "https://b.s3.eu-west-1.amazonaws.com" */
	char *host;                            /* the same without the protocol, as in the header Host */
	char *path;                            /* of the object, encoded: "/dogs.json", "/bucket/dogs.json" */
	char *url;                             /* both: s3_target_url() */
};

#endif
