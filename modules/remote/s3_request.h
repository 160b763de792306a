/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/s3_request.h
 * \brief One request to S3: signed, repeated where that helps, its errors told in a sentence. Internal.
 */
#ifndef S3_REQUEST_H
#define S3_REQUEST_H

#include "remote_http.h"
#include "s3_sign.h"
#include "s3_target.h"

/** Headers that a request may have of its own. */
#define S3_HEADERS_MAX 4

struct s3_session {
	const struct s3_target *target;
	struct remote_options options;
	struct remote_session *http;
};

struct s3_request {
	const char *what;   /**< for errors: "uploading a part" */
	const char *method; /**< as in remote_request */
	const struct s3_pair *parameters;
	size_t parameter_count;
	struct s3_pair headers[S3_HEADERS_MAX]; /**< up to one without a name */
	const char *body;
	size_t body_len;
	const char *root; /**< of the document that a success has; NULL: none is needed */
	remote_take *take;
	void *arg;
	int (*begin)(void *arg, const struct remote_answer *answer);
	bool once; /**< the caller repeats it by itself */

	/* filled in */
	char code[64];      /**< of S3's error: "NoSuchUpload"; "" */
	bool is_repeatable; /**< it may work at another time */
};

/** \p options are copied. \return 0 or REMOTE_MEMORY */
int s3_open(
	struct s3_session *ret, const struct s3_target *target, const struct remote_options *options, struct remote_error *error);
void s3_close(struct s3_session *s);

/** \return 0 after a success (2xx, with the root that was asked for); remote_answer_free() in any case */
int s3_request(struct s3_session *s, struct s3_request *request, struct remote_answer *ret, struct remote_error *error);

/** How often and how long a request has been tried: 0 at first. */
struct s3_patience {
	uint32_t attempts;
	uint64_t until_ms;
};

/** Waits before the next attempt. \return 0; 1 if there should be none; REMOTE_CANCELLED */
int s3_wait(const struct s3_session *s, struct s3_patience *p, struct remote_error *error);

#endif
