/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_request.h"

#include "remote_error.h"
#include "s3_error.h"
#include "s3_text.h"
#include "s3_xml.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Host, x-amz-date, x-amz-content-sha256 and the token come on top of a request's own. */
#define PAIRS_MAX (S3_HEADERS_MAX + 4)

int s3_open(
	struct s3_session *ret, const struct s3_target *target, const struct remote_options *options, struct remote_error *error)
{
	*ret = (struct s3_session){ .target = target, .options = *options };
	return remote_open(&ret->http, options, error);
}

void s3_close(struct s3_session *s)
{
	remote_close(s->http);
	s->http = NULL;
}

/* "Name: value" lines of all but the host, which libcurl writes. */
struct lines {
	char *line[PAIRS_MAX + 1];
	size_t count;
};

static bool add_line(struct lines *l, const char *name, const char *value)
{
	struct s3_text t = { 0 };
	s3_text_adds(&t, name, ": ", value, NULL);
	char *line = s3_text_take(&t);
	if (line)
		l->line[l->count++] = line;
	return line;
}

static void lines_free(struct lines *l)
{
	for (size_t i = 0; i < l->count; i++) {
		explicit_bzero(l->line[i], strlen(l->line[i]));
		free(l->line[i]);
	}
}

/* Signs the request as of now. */
static bool make_headers(const struct s3_session *s, const struct s3_request *r, const char *hash, struct lines *ret)
{
	const struct s3_target *t = s->target;
	struct s3_pair pairs[PAIRS_MAX];
	size_t count = 0;
	char date[S3_TIME_MAX];
	int64_t now = (int64_t)time(NULL);
	s3_time_text(now, date);
	pairs[count++] = (struct s3_pair){ "Host", t->host };
	pairs[count++] = (struct s3_pair){ "x-amz-content-sha256", hash };
	pairs[count++] = (struct s3_pair){ "x-amz-date", date };
	if (t->token)
		pairs[count++] = (struct s3_pair){ "x-amz-security-token", t->token };
	for (size_t i = 0; i < S3_HEADERS_MAX && r->headers[i].name; i++)
		pairs[count++] = r->headers[i];
	const struct s3_signing signing = { .method = r->method,
		.path = t->path,
		.parameters = r->parameters,
		.parameter_count = r->parameter_count,
		.headers = pairs,
		.header_count = count,
		.payload_hash = hash,
		.access_key = t->access_key,
		.secret_key = t->secret_key,
		.region = t->region,
		.service = "s3",
		.time = now };
	char *authorization = s3_authorization(&signing);
	bool done = authorization && add_line(ret, "Authorization", authorization);
	for (size_t i = 1; i < count && done; i++)
		done = add_line(ret, pairs[i].name, pairs[i].value);
	free(authorization);
	return done;
}

/* For people, the connection's failures say what was being done too. */
static int tell(const struct s3_request *r, int rc, struct remote_error *error)
{
	if (rc != REMOTE_UNREACHABLE && rc != REMOTE_TIMEOUT && rc != REMOTE_TOO_LARGE && rc != REMOTE_REFUSED)
		return rc;
	struct remote_error cause = *error;
	return remote_fail(error, rc, "%s: %s", r->what, cause.text);
}

static bool is_success(const struct s3_request *r, const struct remote_answer *a)
{
	const char *xml = a->text ? a->text : "";
	if (a->status < 200 || a->status > 299)
		return false;
	if (r->root)
		return s3_xml_is(xml, a->text_len, r->root);
	return r->take ? a->status == 200 || a->status == 206 : !s3_xml_is(xml, a->text_len, "Error");
}

static int attempt(struct s3_session *s, struct s3_request *r, const char *url, const char *hash, struct remote_answer *ret,
	struct remote_error *error)
{
	struct lines lines = { .count = 0 };
	*ret = (struct remote_answer){ .length = UINT64_MAX };
	r->is_repeatable = false;
	r->code[0] = '\0';
	if (!make_headers(s, r, hash, &lines)) {
		lines_free(&lines);
		return remote_fail_memory(error);
	}
	const struct remote_request request = { .method = r->method,
		.url = url,
		.headers = (const char *const *)lines.line,
		.header_count = lines.count,
		.body = r->body,
		.body_len = r->body_len,
		.take = r->take,
		.arg = r->arg,
		.takes_part = true,
		.begin = r->begin };
	int rc = remote_request(s->http, &request, ret, error);
	lines_free(&lines);
	if (rc) {
		r->is_repeatable = ret->is_interrupted;
		return tell(r, rc, error);
	}
	return is_success(r, ret) ? 0 : s3_refused(s->target, r, ret, error);
}

static int repeat(
	struct s3_session *s, struct s3_request *r, const char *url, struct remote_answer *ret, struct remote_error *error)
{
	char hash[S3_HASH_MAX];
	struct s3_patience patience = { 0 };
	s3_hash(r->body ? r->body : "", r->body_len, hash);
	for (;;) {
		int rc = attempt(s, r, url, hash, ret, error);
		if (!rc || r->once || !r->is_repeatable)
			return rc;
		int wait = s3_wait(s, &patience, error);
		if (wait)
			return wait < 0 ? wait : rc;
		remote_answer_free(ret);
	}
}

int s3_request(struct s3_session *s, struct s3_request *r, struct remote_answer *ret, struct remote_error *error)
{
	struct s3_text url = { 0 };
	*ret = (struct remote_answer){ .length = UINT64_MAX };
	char *query = s3_query(r->parameters, r->parameter_count);
	if (query)
		s3_text_adds(&url, s->target->url, *query ? "?" : "", query, NULL);
	free(query);
	char *whole = query ? s3_text_take(&url) : NULL;
	int rc = whole ? repeat(s, r, whole, ret, error) : remote_fail_memory(error);
	free(whole);
	if (!rc)
		memset(error, 0, sizeof *error); /* of an attempt before */
	return rc;
}
