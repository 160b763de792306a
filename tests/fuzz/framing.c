/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file framing.c
 * \brief Passes a request's bytes through libmicrohttpd to the framing guard: what this accepts is strict HTTP, byte for byte.
 */
#include "fuzz.h"

#include "http/framing.h"

#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define RUNS 8

static struct MHD_Daemon *daemon_;
static size_t target_len;
static bool target_blank;
static bool accepted;
static struct framing seen;

static void *keep_target(void *cls, const char *uri, struct MHD_Connection *c)
{
	(void)cls;
	(void)c;
	target_len = strlen(uri);
	target_blank = strchr(uri, ' ') != NULL;
	return NULL;
}

static size_t leave_escaped(void *cls, struct MHD_Connection *c, char *s)
{
	(void)cls;
	(void)c;
	return strlen(s);
}

static void swallow(void *cls, const char *fmt, va_list ap)
{
	(void)cls;
	(void)fmt;
	(void)ap;
}

/** The first call for a request: its headers are checked, and it goes no further. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *c, const char *url, const char *method, const char *version,
	const char *body, size_t *body_len, void **state)
{
	(void)cls;
	(void)body;
	(void)body_len;
	(void)state;
	struct request_line line = {
		.method = method, .target = url, .version = version, .target_len = target_len, .target_blank = target_blank
	};
	framing_read(&seen, c, &line);
	must(!seen.refuse == !seen.why);
	accepted = !seen.refuse;
	return MHD_NO;
}

/* ---- a strict reader of the same bytes ---- */

static bool is_name(const char *s, size_t len, const char *name)
{
	return len == strlen(name) && !strncasecmp(s, name, len);
}

struct headers {
	unsigned lengths, encodings, hosts;
};

static void check_header(const char *s, size_t len, struct headers *h)
{
	const char *colon = memchr(s, ':', len);
	must(colon && colon > s);
	for (const char *p = s; p < colon; p++)
		must(*p > ' ' && *p < 0x7f);
	for (const char *p = colon + 1; p < s + len; p++)
		must((unsigned char)*p >= ' ' || *p == '\t');
	size_t name = (size_t)(colon - s);
	h->lengths += is_name(s, name, "content-length");
	h->encodings += is_name(s, name, "transfer-encoding");
	h->hosts += is_name(s, name, "host");
}

/*
 * What libmicrohttpd 0.9.75 hides. It overwrites line ends, and the colon after a name, with NULs before it calls any
 * callback, so that a NUL sent in their place leaves the same bytes behind; a colon alone on a line becomes a NUL too.
 * The bytes are not available earlier: it reads the socket itself, and none of the callbacks before the handler is called
 * for every read or reports how much was read. So these pass, and only these may:
 *
 *   - lines that start with a NUL before the request line, taken for empty ones;
 *   - NUL LF for a line end;
 *   - colon LF for the empty line;
 *   - four bytes for the last line end plus the empty line: LF, NUL or colon, any, LF; or NUL, any, any, LF.
 *
 * To be misread, each needs a proxy in front that passes on NULs in headers, or headers without names, with bare line feeds.
 */
static bool is_hidden_end(const char *p, const char *end)
{
	return end - p >= 4 && (*p == '\0' || (*p == '\n' && (p[1] == '\0' || p[1] == ':'))) && p[3] == '\n';
}

/* The first CR, LF or NUL. */
static const char *line_end(const char *s, const char *end)
{
	while (s < end && *s != '\r' && *s != '\n' && *s != '\0')
		s++;
	return s;
}

static void check_strict(const char *s, size_t size)
{
	const char *end = s + size;
	struct headers h = { 0 };
	/* Empty lines before a request are skipped, as RFC 9112 section 2.2 allows. */
	for (bool skip = false; s < end && (skip || *s == '\r' || *s == '\n' || *s == '\0'); s++)
		skip = *s == '\0' || (skip && *s != '\n');
	must(s<end && * s> ' ' && *s < 0x7f);
	for (unsigned n = 0;; n++) {
		if (n && end - s >= 2 && s[0] == ':' && s[1] == '\n')
			break;
		const char *stop = line_end(s, end);
		bool whole = end - stop >= 2 && *stop != '\n' && stop[1] == '\n';
		must(whole || is_hidden_end(stop, end));
		if (n && stop == s)
			break;
		if (n)
			check_header(s, (size_t)(stop - s), &h);
		if (!whole)
			break;
		s = stop + 2;
	}
	must(h.lengths <= 1 && h.encodings <= 1 && h.hosts <= 1 && h.lengths + h.encodings <= 1);
	must(seen.has_content_length == (h.lengths == 1) && seen.chunked == (h.encodings == 1));
}

static void start(void)
{
	daemon_ = MHD_start_daemon(MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle, NULL,
		MHD_OPTION_EXTERNAL_LOGGER, swallow, NULL, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, keep_target, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)32 << 10, MHD_OPTION_END);
	must(daemon_);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fds[2];
	struct sockaddr address = { .sa_family = AF_UNIX };
	if (size > (16 << 10))
		return 0;
	if (!daemon_)
		start();
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	must(send(fds[0], data, size, MSG_NOSIGNAL) == (ssize_t)size);
	shutdown(fds[0], SHUT_WR);
	accepted = false;
	must(MHD_add_connection(daemon_, fds[1], &address, sizeof address) == MHD_YES);
	for (int i = 0; i < RUNS; i++)
		MHD_run(daemon_);
	close(fds[0]);
	MHD_run(daemon_);
	if (accepted)
		check_strict((const char *)data, size);
	return 0;
}
