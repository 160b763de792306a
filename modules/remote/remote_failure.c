/* SPDX-License-Identifier: Apache-2.0 */
#include "remote_session.h"

#include "remote_error.h"

#include <string.h>

/* What we ended ourselves. */
static int own_failure(struct remote_session *s, struct remote_error *error)
{
	switch (s->end) {
	case END_CANCELLED:
		return remote_fail(error, REMOTE_CANCELLED, "cancelled");
	case END_STALLED:
		s->answer->is_interrupted = true;
		return remote_fail(error, REMOTE_TIMEOUT, "%s: almost nothing got through for %u seconds", s->url.host,
			(unsigned)s->options.stall_seconds);
	case END_TOO_LARGE:
		return remote_fail(error, REMOTE_TOO_LARGE, "%s sends more than the %llu bytes that are allowed", s->url.host,
			(unsigned long long)s->request->bytes_max);
	case END_CALLER:
		remote_fail(error, REMOTE_CALLER, "%s", "");
		return REMOTE_CALLER;
	default:
		return remote_fail_memory(error);
	}
}

static int connect_failure(struct remote_session *s, struct remote_error *error)
{
	char room[32];
	long os = 0;
	if (s->was_refused)
		return remote_fail(error, REMOTE_REFUSED,
			"connecting to %s is not allowed: this is an address of the server itself or of its link", s->address);
	s->answer->is_interrupted = s->was_answered;
	curl_easy_getinfo(s->curl, CURLINFO_OS_ERRNO, &os);
	if (!os || !s->address[0])
		return remote_fail(error, REMOTE_UNREACHABLE, "%s: no connection", s->url.host);
	return remote_fail(error, REMOTE_UNREACHABLE, "connect %s %s", remote_errno_name((int)os, room), s->address);
}

static int timeout_failure(struct remote_session *s, struct remote_error *error)
{
	double connected = 0;
	curl_easy_getinfo(s->curl, CURLINFO_PRETRANSFER_TIME, &connected);
	/* The timers of libcurl may end a few milliseconds early. */
	if (connected > 0 || remote_now_ms() + 100 >= s->until_ms) {
		s->answer->is_interrupted = !s->request->until_ms;
		return remote_fail(error, REMOTE_TIMEOUT, "%s: the request took longer than %u seconds", s->url.host,
			(unsigned)s->options.total_seconds);
	}
	s->answer->is_interrupted = s->was_answered;
	return remote_fail(
		error, REMOTE_TIMEOUT, "%s: no connection within %u seconds", s->url.host, (unsigned)s->options.connect_seconds);
}

static int broken(struct remote_session *s, const char *what, struct remote_error *error)
{
	s->answer->is_interrupted = true;
	return remote_fail(error, REMOTE_UNREACHABLE, "%s: %s", s->url.host, what);
}

int remote_failure(struct remote_session *s, CURLcode code, struct remote_error *error)
{
	if (s->end != END_NONE)
		return own_failure(s, error);
	switch (code) {
	case CURLE_OUT_OF_MEMORY:
		return remote_fail_memory(error);
	case CURLE_COULDNT_RESOLVE_HOST:
		s->answer->is_interrupted = s->was_answered;
		return remote_fail(
			error, REMOTE_UNREACHABLE, "getaddrinfo ENOTFOUND %.*s", (int)strcspn(s->url.host, ":"), s->url.host);
	case CURLE_COULDNT_CONNECT:
		return connect_failure(s, error);
	case CURLE_OPERATION_TIMEDOUT:
		return timeout_failure(s, error);
	case CURLE_PEER_FAILED_VERIFICATION:
		return remote_fail(error, REMOTE_UNREACHABLE,
			"%s: its certificate is not valid, or of an authority that is not trusted", s->url.host);
	case CURLE_SSL_CACERT_BADFILE:
		return remote_fail(error, REMOTE_UNREACHABLE, "the file of trusted authorities cannot be read");
	case CURLE_SSL_CONNECT_ERROR:
		return broken(s, "TLS could not be agreed on", error);
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return broken(s, "the connection broke off", error);
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return remote_fail(error, REMOTE_UNREACHABLE, "%s does not answer in HTTP", s->url.host);
	default:
		return remote_fail(error, REMOTE_UNREACHABLE, "%s: %s", s->url.host, curl_easy_strerror(code));
	}
}
