/* SPDX-License-Identifier: Apache-2.0 */
#include "remote_session.h"

#include "remote_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void end(struct remote_session *s, int why)
{
	if (s->end == END_NONE)
		s->end = why;
}

/* "HTTP/1.1 404 Not Found": of the answer, or of one before it (100 Continue). */
static void read_status(struct remote_answer *a, const char *line, size_t len)
{
	int status = 0, at = 0;
	char text[128];
	snprintf(text, sizeof text, "%.*s", (int)(len < sizeof text ? len : sizeof text - 1), line);
	if (sscanf(text, "HTTP/%*s %3d%n", &status, &at) != 1)
		return;
	const char *words = text + at + strspn(text + at, " ");
	a->status = status;
	if (!*words)
		words = remote_status_words(status);
	remote_text_copy(a->reason, sizeof a->reason, words, strlen(words));
	a->etag[0] = a->range[0] = a->region[0] = '\0';
	a->length = UINT64_MAX;
}

static void read_length(struct remote_answer *a, const char *value)
{
	char *after;
	uint64_t n = strtoull(value, &after, 10);
	if (after != value && *value >= '0' && *value <= '9')
		a->length = n;
}

static void read_header(struct remote_answer *a, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	if (!colon)
		return;
	char value[REMOTE_VALUE_MAX];
	size_t name_len = (size_t)(colon - line), skip = name_len + 1;
	while (skip < len && (line[skip] == ' ' || line[skip] == '\t'))
		skip++;
	remote_text_copy(value, sizeof value, line + skip, len - skip);
	struct {
		const char *name;
		char *out;
	} wanted[] = { { "ETag", a->etag }, { "Content-Range", a->range }, { "x-amz-bucket-region", a->region } };
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (name_len == strlen(wanted[i].name) && !strncasecmp(line, wanted[i].name, name_len))
			memcpy(wanted[i].out, value, sizeof value);
	if (name_len == strlen("Content-Length") && !strncasecmp(line, "Content-Length", name_len))
		read_length(a, value);
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct remote_session *s = arg;
	size_t len = size * count;
	while (len && (line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	if (len > 5 && !memcmp(line, "HTTP/", 5))
		read_status(s->answer, line, len);
	else
		read_header(s->answer, line, len);
	return size * count;
}

/* \return whether to go on */
static bool begin(struct remote_session *s)
{
	if (s->has_begun)
		return true;
	s->has_begun = true;
	if (s->request->begin && s->request->begin(s->request->arg, s->answer)) {
		end(s, END_CALLER);
		return false;
	}
	if (s->request->bytes_max && s->answer->length != UINT64_MAX && s->answer->length > s->request->bytes_max) {
		end(s, END_TOO_LARGE);
		return false;
	}
	return true;
}

static bool pass_on(struct remote_session *s, const char *bytes, size_t len)
{
	if (!begin(s))
		return false;
	s->taken += len;
	if (s->request->bytes_max && s->taken > s->request->bytes_max) {
		end(s, END_TOO_LARGE);
		return false;
	}
	uint64_t from = remote_now_ms();
	if (s->request->take(s->request->arg, bytes, len)) {
		end(s, END_CALLER);
		return false;
	}
	remote_watch_excuse(s, remote_now_ms() - from);
	return true;
}

/* What comes after REMOTE_KEPT_MAX is of no use to us. */
static bool keep(struct remote_session *s, const char *bytes, size_t len)
{
	struct remote_answer *a = s->answer;
	size_t room = REMOTE_KEPT_MAX - a->text_len, n = len < room ? len : room;
	char *text = realloc(a->text, a->text_len + n + 1);
	if (!text) {
		end(s, END_MEMORY);
		return false;
	}
	memcpy(text + a->text_len, bytes, n);
	a->text = text;
	a->text_len += n;
	text[a->text_len] = '\0';
	if (n < len)
		end(s, END_ENOUGH);
	return n == len;
}

static bool is_taken(const struct remote_session *s)
{
	int status = s->answer->status;
	return s->request->take && (status == 200 || (status == 206 && s->request->takes_part));
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct remote_session *s = arg;
	size_t len = size * count;
	bool goes_on = is_taken(s) ? pass_on(s, bytes, len) : keep(s, bytes, len);
	return goes_on ? len : 0;
}

void remote_receive_finish(struct remote_session *s)
{
	if (is_taken(s))
		begin(s);
}

void remote_receive_setup(struct remote_session *s)
{
	curl_easy_setopt(s->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(s->curl, CURLOPT_HEADERDATA, s);
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
}
