/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/s3.h
 * \brief Objects in Amazon S3 and compatible stores: upload and download as streams, requests signed with AWS Signature Version 4.
 *
 * Redirects are never followed, since requests carry credentials: a bucket in another region is an error that names it. Each function
 * blocks its caller's thread; objects of this header are used by one thread at a time. Errors: remote.h.
 */
#ifndef S3_H
#define S3_H

#include "remote.h"

/** Where an object is, and the credentials for it. All strings are the caller's; NULL or empty is "not given". */
struct s3_given {
	const char *access_key, *secret_key;
	const char *session_token; /**< of temporary credentials; may be missing */
	const char *bucket, *key, *region;
	const char
		*endpoint; /**< "https://storage.example.com:9000", http too, a path is allowed; missing: Amazon's of the region */
	/**
	 * Whether the bucket is the first part of the path ("path") or of the host ("host"). By default (S3_STYLE_DEFAULT) of the
	 * host at Amazon where the bucket's name allows it, else of the path.
	 */
	enum s3_style { S3_STYLE_DEFAULT = 0, S3_STYLE_PATH, S3_STYLE_HOST } style;
};

struct s3_target;

/**
 * Checks and copies. The texts of what is missing are those that clients know, in this order: "aws_access_key_id is missing.",
 * "aws_secret_access_key is missing.", "bucket is missing.", "key is missing.", "region is missing."
 * \param[out] ret  for s3_target_free(); NULL on failure
 * \return 0, REMOTE_INVALID, REMOTE_REFUSED (an endpoint with credentials in it) or REMOTE_MEMORY
 */
int s3_target_make(struct s3_target **ret, const struct s3_given *given, struct remote_error *error);
/** Erases the credentials and frees. NULL is allowed. */
void s3_target_free(struct s3_target *target);
/** Of the object, for people: "https://b.s3.eu-west-1.amazonaws.com/dogs.json". Nothing secret is in it. Lives as long as the target. */
const char *s3_target_url(const struct s3_target *target);

/* ---- upload ---- */

/** S3's limits: of an object, and of the number of its parts. */
#define S3_OBJECT_MAX ((uint64_t)5 << 40)
#define S3_PARTS_MAX 10000
/** Bytes of a part, until more than S3_PART_SHARE of them have been sent: see below. */
#define S3_PART_MIN ((size_t)8 << 20)
#define S3_PART_SHARE 1390

/**
 * An object that is being written. Nobody sees it before s3_upload_finish() has succeeded, and an object that was there before
 * stays until then.
 *
 * An object of less than S3_PART_MIN bytes is one PUT. A larger one is sent in parts from one buffer, which must hold a whole part
 * as any part may have to be repeated. A part has S3_PART_MIN bytes, or what has been sent divided by S3_PART_SHARE if that is
 * more: 8 MiB up to 11 GiB, 74 MiB at 100 GiB, and then 10,000 parts just suffice for 5 TiB. Memory grows with the object, by less than
 * a thousandth of its size.
 */
struct s3_upload;

/**
 * Sends nothing yet.
 * \param target        must live as long as the upload, and so must what \p options points to; the options themselves are copied
 * \param content_type  "application/json"
 * \param[out] ret      for s3_upload_free(); NULL on failure
 * \return 0 or REMOTE_MEMORY
 */
int s3_upload_begin(struct s3_upload **ret, const struct s3_target *target, const struct remote_options *options,
	const char *content_type, struct remote_error *error);
/**
 * Adds to the object; sends a part when one is full. After a failure the upload has been aborted and every later call fails the
 * same way.
 * \return 0 or a code of any kind but REMOTE_CALLER; REMOTE_TOO_LARGE: over S3_OBJECT_MAX
 */
int s3_upload_append(struct s3_upload *upload, const char *bytes, size_t len, struct remote_error *error);
/** Sends what is left; the object is there when this returns 0. After a failure the upload has been aborted. */
int s3_upload_finish(struct s3_upload *upload, struct remote_error *error);
/**
 * Gives up: the store forgets the parts that it has. Does not ask \ref remote_options.cancelled, and takes 30 seconds at most.
 * Nothing to do (0) after s3_upload_finish(), or if it was aborted before.
 * \return 0, or why parts may be left in the store; \p error may be NULL
 */
int s3_upload_abort(struct s3_upload *upload, struct remote_error *error);
/** Bytes that the store has confirmed, for a job's progress. */
uint64_t s3_upload_sent(const struct s3_upload *upload);
/** Aborts what is unfinished, and frees. NULL is allowed. */
void s3_upload_free(struct s3_upload *upload);

/* ---- download ---- */

/**
 * GET of an object. A connection that breaks is taken up again where it broke, if the object has not changed since (If-Match): \p take
 * gets every byte once, in order.
 * \param[out] size  bytes of the object, set before the first take(); UINT64_MAX if the store does not say; may be NULL
 * \return 0 once all of it has been taken; on failure a part of it may have been. REMOTE_STATUS with 412: it changed meanwhile
 */
int s3_download(const struct s3_target *target, const struct remote_options *options, uint64_t *size, remote_take *take, void *arg,
	struct remote_error *error);

#endif
