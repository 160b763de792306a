/* SPDX-License-Identifier: Apache-2.0 */
#include "remote_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set(struct remote_error *error, int code, const char *fmt, va_list ap)
{
	char text[2 * REMOTE_TEXT_MAX];
	memset(error, 0, sizeof *error);
	error->code = code;
	int len = vsnprintf(text, sizeof text, fmt, ap);
	if (len > 0)
		remote_text_copy(error->text, sizeof error->text, text, strlen(text));
}

int remote_fail(struct remote_error *error, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	set(error, code, fmt, ap);
	va_end(ap);
	return code;
}

int remote_fail_memory(struct remote_error *error)
{
	return remote_fail(error, REMOTE_MEMORY, "out of memory");
}

int remote_fail_status(struct remote_error *error, int status, const char *reason, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	set(error, REMOTE_STATUS, fmt, ap);
	va_end(ap);
	error->status = status;
	remote_text_copy(error->reason, sizeof error->reason, reason, strlen(reason));
	return REMOTE_STATUS;
}

/* \return bytes of the character at \p s, 0 if it is none that may be shown */
static size_t character(const unsigned char *s, size_t len)
{
	static const unsigned least[] = { 0, 0, 0xa0, 0x800, 0x10000 };
	size_t n = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 : *s >= 0xe0 && *s < 0xf0 ? 3 : *s >= 0xf0 && *s < 0xf5 ? 4 : 0;
	if (!n || n > len)
		return 0;
	if (n == 1)
		return *s >= 0x20 && *s < 0x7f;
	unsigned c = *s & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	bool is_control = c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || is_control ? 0 : n;
}

void remote_text_copy(char *out, size_t size, const char *s, size_t len)
{
	size_t n = 0;
	while (len) {
		size_t whole = character((const unsigned char *)s, len);
		size_t used = whole ? whole : 1;
		if (n + used >= size)
			break;
		if (whole)
			memcpy(out + n, s, whole);
		else
			out[n] = '?';
		n += used;
		s += used;
		len -= used;
	}
	out[n] = '\0';
}

const char *remote_errno_name(int error, char room[32])
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{ ECONNREFUSED, "ECONNREFUSED" },
		{ ECONNRESET, "ECONNRESET" },
		{ ECONNABORTED, "ECONNABORTED" },
		{ ETIMEDOUT, "ETIMEDOUT" },
		{ EHOSTUNREACH, "EHOSTUNREACH" },
		{ EHOSTDOWN, "EHOSTDOWN" },
		{ ENETUNREACH, "ENETUNREACH" },
		{ ENETDOWN, "ENETDOWN" },
		{ EADDRNOTAVAIL, "EADDRNOTAVAIL" },
		{ EACCES, "EACCES" },
		{ EPERM, "EPERM" },
		{ EINVAL, "EINVAL" },
		{ EMFILE, "EMFILE" },
		{ ENFILE, "ENFILE" },
		{ ENOBUFS, "ENOBUFS" },
		{ EAFNOSUPPORT, "EAFNOSUPPORT" },
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].error == error)
			return names[i].name;
	snprintf(room, 32, "error %d", error);
	return room;
}

const char *remote_status_words(int status)
{
	static const struct {
		int status;
		const char *words;
	} rows[] = {
		{ 200, "OK" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 412, "Precondition Failed" },
		{ 413, "Payload Too Large" },
		{ 416, "Range Not Satisfiable" },
		{ 429, "Too Many Requests" },
		{ 451, "Unavailable For Legal Reasons" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].status == status)
			return rows[i].words;
	return "";
}
