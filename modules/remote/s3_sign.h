/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/s3_sign.h
 * \brief AWS Signature Version 4: what goes into the header Authorization. Pure functions, any thread.
 */
#ifndef S3_SIGN_H
#define S3_SIGN_H

#include <stddef.h>
#include <stdint.h>

/** Room for 64 hexadecimal digits. */
#define S3_HASH_MAX 65
/** Room for "20130524T000000Z". */
#define S3_TIME_MAX 17
/** Headers and parameters of a request that can be signed. */
#define S3_PAIRS_MAX 24

/** A header, or a parameter of a query; neither is encoded. */
struct s3_pair {
	const char *name, *value;
};

struct s3_signing {
	const char *method;
	const char *path; /**< as in the request line: encoded */
	const struct s3_pair *parameters;
	size_t parameter_count;
	const struct s3_pair *headers; /**< all that are to be signed, in any order; a name may be repeated */
	size_t header_count;
	const char *payload_hash; /**< of s3_hash() */
	const char *access_key, *secret_key, *region, *service;
	int64_t time; /**< seconds since the epoch; the header x-amz-date must say the same */
};

/** SHA-256 in hexadecimal digits. */
void s3_hash(const void *bytes, size_t len, char out[S3_HASH_MAX]);
/** As in x-amz-date. */
void s3_time_text(int64_t time, char out[S3_TIME_MAX]);

/** \return the value of Authorization, for free(); NULL: out of memory, or more than S3_PAIRS_MAX headers or parameters */
char *s3_authorization(const struct s3_signing *s);
/** The query as it must be sent: encoded, sorted, without "?". \return for free(); NULL as above */
char *s3_query(const struct s3_pair *parameters, size_t count);
/** Encodes for a path, where "/" stays, or a query. \return for free(); NULL when out of memory */
char *s3_encode(const char *text, int is_path);

#endif
