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
#define HTTP_TEXT_MAX ((size_t)64 << 10)
/** Room for the headers that we look at. */
#define HTTP_VALUE_MAX 256

struct http_answer {
	int status;
	char reason[REMOTE_REASON_MAX];
	char etag[HTTP_VALUE_MAX], range[HTTP_VALUE_MAX],
		region[HTTP_VALUE_MAX]; /**< ETag, Content-Range, x-amz-bucket-region; "" */
	uint64_t length;                /**< Content-Length; UINT64_MAX: not said */
	char *redirect;                 /**< where to, absolute; NULL */
	char *text;                     /**< of what nobody took, NUL-terminated, cut off at HTTP_TEXT_MAX; NULL: empty */
	size_t text_len;
	bool is_interrupted; /**< on failure: it may work at another time */
};

struct http_request {
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
	int (*begin)(void *arg, const struct http_answer *answer);
	uint64_t bytes_max; /**< for take(); 0: no limit */
	uint64_t until_ms;  /**< of http_now_ms(): when to give up; 0: total_seconds from now */
};

struct http_session;

/** \p options are copied. \return 0 or REMOTE_MEMORY */
int http_open(struct http_session **ret, const struct remote_options *options, struct remote_error *error);
/** \return 0 if there was an answer, whatever its status. http_answer_free() in any case */
int http_request(struct http_session *s, const struct http_request *request, struct http_answer *ret, struct remote_error *error);
void http_answer_free(struct http_answer *a);
/** NULL is allowed. */
void http_close(struct http_session *s);

/** Monotonic. */
uint64_t http_now_ms(void);

#endif
