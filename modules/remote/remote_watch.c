/* SPDX-License-Identifier: Apache-2.0 */
#include "remote_session.h"

#include <sys/socket.h>
#include <time.h>

/* Bytes that must get through in stall_seconds; less is a connection that is kept open to keep us busy. */
#define STALL_BYTES 1024

uint64_t remote_now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void remote_watch_excuse(struct remote_session *s, uint64_t ms)
{
	s->window_ms += ms;
}

static bool is_stalled(struct remote_session *s, uint64_t bytes)
{
	uint64_t now = remote_now_ms();
	if (bytes >= s->seen + STALL_BYTES) {
		s->seen = bytes;
		s->window_ms = now;
	}
	return now > s->window_ms && now - s->window_ms > (uint64_t)s->options.stall_seconds * 1000;
}

/* libcurl calls it whenever something happened, and once a second. */
static int on_progress(void *arg, curl_off_t to_receive, curl_off_t received, curl_off_t to_send, curl_off_t sent)
{
	struct remote_session *s = arg;
	(void)to_receive;
	(void)to_send;
	if (s->options.cancelled && s->options.cancelled(s->options.cancelled_arg))
		s->end = END_CANCELLED;
	else if (is_stalled(s, (uint64_t)received + (uint64_t)sent))
		s->end = END_STALLED;
	return s->end == END_CANCELLED || s->end == END_STALLED;
}

/* The one place where a connection is made, whatever led to it. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct remote_session *s = arg;
	(void)purpose;
	remote_address_text(&address->addr, s->address);
	if (!s->options.allow_local && remote_address_is_local(&address->addr)) {
		s->was_refused = true;
		return CURL_SOCKET_BAD;
	}
	s->was_refused = false;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void remote_watch_setup(struct remote_session *s)
{
	s->seen = 0;
	s->window_ms = remote_now_ms();
	curl_easy_setopt(s->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(s->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(s->curl, CURLOPT_XFERINFODATA, s);
	curl_easy_setopt(s->curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(s->curl, CURLOPT_OPENSOCKETDATA, s);
}
