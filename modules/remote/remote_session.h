/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/remote_session.h
 * \brief What a request's parts share: remote_http.c (options), remote_receive.c (what arrives), remote_watch.c (time, addresses) and
 * remote_failure.c (why it failed). Internal.
 */
#ifndef REMOTE_SESSION_H
#define REMOTE_SESSION_H

#include "remote_address.h"
#include "remote_http.h"
#include "remote_url.h"

#include <curl/curl.h>

struct remote_session {
	CURL *curl;
	struct remote_options options;
	bool was_answered; /* by any request of this session */

	/* of the current request */
	const struct remote_request *request;
	struct remote_answer *answer;
	struct remote_url url;
	uint64_t until_ms;
	bool has_begun;
	uint64_t taken; /* bytes */

	uint64_t seen, window_ms; /* bytes at, and the beginning of the time in which there must be more: remote_watch.c */

	char address[REMOTE_ADDRESS_MAX]; /* the last that was tried; "" */
	/* why we ended it, if we did */
	enum { END_NONE, END_CANCELLED, END_STALLED, END_TOO_LARGE, END_CALLER, END_MEMORY, END_ENOUGH } end;
	bool was_refused; /* an address, by the guard */
};

/** Sets the functions that receive. */
void remote_receive_setup(struct remote_session *s);
/** For an answer without a body: begin(). */
void remote_receive_finish(struct remote_session *s);
/** Sets those that watch. */
void remote_watch_setup(struct remote_session *s);
/** To be called after the caller's own work, which took \p ms. */
void remote_watch_excuse(struct remote_session *s, uint64_t ms);
/** Why a request failed. \return a code */
int remote_failure(struct remote_session *s, CURLcode code, struct remote_error *error);

#endif
