/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/remote_http.h
 * \brief One request of HTTP, with everything that remote.h promises but redirects. Internal.
 *
 * A session keeps its connections open from one request to the next. It is used by one thread at a time.
 */
#ifndef REMOTE_HTTP_H
#define REMOTE_HTTP_H

#include "remote.h"

/** What is kept of an answer that nobody takes: enough for any answer of S3. */
#define REMOTE_KEPT_MAX ((size_t)64 << 10)
/** Room for the headers that we look at. */
#define REMOTE_VALUE_MAX 256

struct remote_answer {
	int status;
	char reason[REMOTE_REASON_MAX];
	char etag[REMOTE_VALUE_MAX], range[REMOTE_VALUE_MAX],
		region[REMOTE_VALUE_MAX]; /**< ETag, Content-Range, x-amz-bucket-region; "" */
	uint64_t length;                  /**< Content-Length; UINT64_MAX: not said */
	char *redirect;                   /**< where to, absolute; NULL */
	char *text;                       /**< of what nobody took, NUL-terminated, cut off at REMOTE_KEPT_MAX; NULL: empty */
	size_t text_len;
	bool is_interrupted; /**< on failure: it may work at another time */
};

struct remote_request {
	const char *method;         /**< GET, HEAD, PUT, POST, DELETE */
	const char *url;            /**< allowed by remote_url_read() */
	const char *const *headers; /**< "Name: value"; no "Host": libcurl adds it */
	size_t header_count;
	const char *body; /**< of PUT and POST; must stay as it is meanwhile */
	size_t body_len;
	remote_take *take; /**< gets the body of 200; NULL: it is kept in the answer, as that of every other status is */
	void *arg;
	bool takes_part; /**< and of 206 */
	/** Called before the first take(), or without one at the end. \return 0 to go on, as remote_take */
	int (*begin)(void *arg, const struct remote_answer *answer);
	uint64_t bytes_max; /**< for take(); 0: no limit */
	uint64_t until_ms;  /**< of remote_now_ms(): when to give up; 0: total_seconds from now */
};

struct remote_session;

/** \p options are copied. \return 0 or REMOTE_MEMORY */
int remote_open(struct remote_session **ret, const struct remote_options *options, struct remote_error *error);
/** \return 0 if there was an answer, whatever its status. remote_answer_free() in any case */
int remote_request(
	struct remote_session *s, const struct remote_request *request, struct remote_answer *ret, struct remote_error *error);
void remote_answer_free(struct remote_answer *a);
/** NULL is allowed. */
void remote_close(struct remote_session *s);

/** Monotonic. */
uint64_t remote_now_ms(void);

#endif
