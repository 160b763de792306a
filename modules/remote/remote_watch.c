/* SPDX-License-Identifier: Apache-2.0 */
#include "remote_session.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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

/* libcurl calls it whenever something happened, and once a second; also after it was told to end: why it ends is decided then. */
static int on_progress(void *arg, curl_off_t to_receive, curl_off_t received, curl_off_t to_send, curl_off_t sent)
{
	struct remote_session *s = arg;
	(void)to_receive;
	(void)to_send;
	if (s->end != END_NONE)
		return 1;
	if (s->options.cancelled && s->options.cancelled(s->options.cancelled_arg))
		s->end = END_CANCELLED;
	else if (is_stalled(s, (uint64_t)received + (uint64_t)sent))
		s->end = END_STALLED;
	return s->end != END_NONE;
}

static bool is_same_host(const struct sockaddr_storage *a, const struct sockaddr *b)
{
	struct sockaddr_in in, in_b;
	struct sockaddr_in6 in6, in6_b;
	if (a->ss_family == AF_INET) {
		memcpy(&in, a, sizeof in);
		memcpy(&in_b, b, sizeof in_b);
		return in.sin_addr.s_addr == in_b.sin_addr.s_addr;
	}
	memcpy(&in6, a, sizeof in6);
	memcpy(&in6_b, b, sizeof in6_b);
	return !memcmp(&in6.sin6_addr, &in6_b.sin6_addr, sizeof in6.sin6_addr);
}

/*
 * Whether this host has the address: only then would packets to it also come from it. Nothing is sent. The list of interfaces would
 * need AF_NETLINK, which a service may not have.
 */
static bool is_own(const struct curl_sockaddr *address)
{
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof from;
	int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool own = !connect(fd, &address->addr, (socklen_t)address->addrlen) && !getsockname(fd, (struct sockaddr *)&from, &len) &&
		is_same_host(&from, &address->addr);
	close(fd);
	return own;
}

/* The one place where a connection is made, whatever led to it. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct remote_session *s = arg;
	(void)purpose;
	remote_address_text(&address->addr, s->address);
	if (!s->options.allow_local && (remote_address_is_local(&address->addr) || is_own(address))) {
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
