/* SPDX-License-Identifier: Apache-2.0 */
#include "remote_error.h"
#include "remote_http.h"
#include "remote_url.h"

#include <stdlib.h>
#include <string.h>

static int refuse_status(const char *host, const struct remote_answer *a, struct remote_error *error)
{
	return remote_fail_status(
		error, a->status, a->reason, "%s answered with status %d%s%s", host, a->status, a->reason[0] ? " " : "", a->reason);
}

/* Whether an answer leads on to another URL. \return 1 if so, with \p next to be freed; 0 if it is a success; or a failure */
static int judge(const char *url, const struct remote_answer *a, bool may_go_on, char **next, struct remote_error *error)
{
	struct remote_url from, to = { 0 };
	int rc = remote_url_read(&from, url, error);
	if (rc)
		goto out;
	bool leads_on = a->redirect && a->status >= 301 && a->status <= 308;
	if (a->status == 200)
		goto out;
	if (!leads_on || !may_go_on) {
		rc = refuse_status(from.host, a, error);
		goto out;
	}
	rc = remote_url_read(&to, a->redirect, error);
	if (rc)
		goto out;
	if (from.is_https && !to.is_https)
		rc = remote_fail(error, REMOTE_REFUSED, "%s redirects from https to http, which is not allowed", from.host);
	else
		rc = (*next = strdup(a->redirect)) ? 1 : remote_fail_memory(error);
out:
	remote_url_free(&from);
	remote_url_free(&to);
	return rc;
}

static int follow(struct remote_session *s, char *url, const struct remote_options *options, struct remote_request *request,
	struct remote_error *error)
{
	int rc = 1;
	for (uint32_t redirects = 0; rc == 1; redirects++) {
		struct remote_answer answer;
		char *next = NULL;
		request->url = url;
		rc = remote_request(s, request, &answer, error);
		if (!rc)
			rc = judge(url, &answer, redirects < options->redirects_max, &next, error);
		remote_answer_free(&answer);
		if (rc == 1) {
			free(url);
			url = next;
		}
	}
	free(url);
	return rc;
}

int remote_get(const char *url, const struct remote_options *options, remote_take *take, void *arg, struct remote_error *error)
{
	struct remote_session *s = NULL;
	char *copy = NULL;
	memset(error, 0, sizeof *error);
	int rc = remote_url_check(url, error);
	if (!rc)
		rc = remote_open(&s, options, error);
	if (!rc && !(copy = strdup(url)))
		rc = remote_fail_memory(error);
	if (!rc) {
		uint64_t seconds = options->total_seconds ? options->total_seconds : 86400;
		struct remote_request request = { .method = "GET",
			.take = take,
			.arg = arg,
			.bytes_max = options->bytes_max,
			.until_ms = remote_now_ms() + seconds * 1000 };
		rc = follow(s, copy, options, &request, error);
	}
	remote_close(s);
	return rc;
}
