/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/http_session.h
 * \brief What a request's parts share: remote_http.c (options), http_receive.c (what arrives), http_watch.c (time, addresses) and
 * http_failure.c (why it failed). Internal.
 */
#ifndef HTTP_SESSION_H
#define HTTP_SESSION_H

#include "remote_address.h"
#include "remote_http.h"
#include "remote_url.h"

#include <curl/curl.h>

struct http_session {
	CURL *curl;
	struct remote_options options;
	bool was_answered; /* by any request of this session */

	/* of the current request */
	const struct http_request *request;
	struct http_answer *answer;
	struct remote_url url;
	uint64_t until_ms;
	bool has_begun;
	uint64_t taken; /* bytes */

	uint64_t seen, window_ms; /* bytes at, and the beginning of the time in which there must be more: http_watch.c */

	char address[REMOTE_ADDRESS_MAX]; /* the last that was tried; "" */
	/* why we ended it, if we did */
	enum { END_NONE, END_CANCELLED, END_STALLED, END_TOO_LARGE, END_CALLER, END_MEMORY, END_ENOUGH } end;
	bool was_refused; /* an address, by the guard */
};

/** Sets the functions that receive. */
void http_receive_setup(struct http_session *s);
/** For an answer without a body: begin(). */
void http_receive_finish(struct http_session *s);
/** Sets those that watch. */
void http_watch_setup(struct http_session *s);
/** To be called after the caller's own work, which took \p ms. */
void http_watch_excuse(struct http_session *s, uint64_t ms);
/** Why a request failed. \return a code */
int http_failure(struct http_session *s, CURLcode code, struct remote_error *error);

#endif
