/* SPDX-License-Identifier: Apache-2.0 */
#include "remote_session.h"

#include "remote_error.h"

#include <stdlib.h>
#include <string.h>

#define OR_DEFAULT(value, otherwise)           \
	do {                                   \
		if (!(value))                  \
			(value) = (otherwise); \
	} while (0)

int remote_start(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) ? REMOTE_MEMORY : 0;
}

void remote_stop(void)
{
	curl_global_cleanup();
}

int remote_open(struct remote_session **ret, const struct remote_options *options, struct remote_error *error)
{
	struct remote_session *s = calloc(1, sizeof *s);
	*ret = s;
	if (!s || !(s->curl = curl_easy_init())) {
		free(s);
		*ret = NULL;
		return remote_fail_memory(error);
	}
	s->options = *options;
	OR_DEFAULT(s->options.connect_seconds, 30);
	OR_DEFAULT(s->options.stall_seconds, 60);
	OR_DEFAULT(s->options.total_seconds, 86400);
	return 0;
}

void remote_close(struct remote_session *s)
{
	if (!s)
		return;
	curl_easy_cleanup(s->curl);
	free(s);
}

void remote_answer_free(struct remote_answer *a)
{
	free(a->redirect);
	free(a->text);
	a->redirect = a->text = NULL;
}

static void set_protocols(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* What no request may depart from. Cookies, .netrc and redirects are off unless they are switched on. */
static void set_rules(struct remote_session *s)
{
	set_protocols(s->curl);
	curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->curl, CURLOPT_PROXY, ""); /* nor that of the environment */
	curl_easy_setopt(s->curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(s->curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(s->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(s->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(s->curl, CURLOPT_PATH_AS_IS, 1L); /* it is signed as it is */
	curl_easy_setopt(s->curl, CURLOPT_USERAGENT, "lyre");
	if (s->options.ca_file) {
		curl_easy_setopt(s->curl, CURLOPT_CAINFO, s->options.ca_file);
		curl_easy_setopt(s->curl, CURLOPT_CAPATH, NULL);
	}
}

static void set_times(struct remote_session *s, const struct remote_request *request)
{
	uint64_t now = remote_now_ms();
	s->until_ms = request->until_ms ? request->until_ms : now + (uint64_t)s->options.total_seconds * 1000;
	uint64_t left = s->until_ms > now ? s->until_ms - now : 1;
	curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS, (long)(left < INT32_MAX ? left : INT32_MAX));
	curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT, (long)s->options.connect_seconds);
}

static void set_method(struct remote_session *s, const struct remote_request *request)
{
	bool has_body = !strcmp(request->method, "PUT") || !strcmp(request->method, "POST");
	if (!strcmp(request->method, "HEAD"))
		curl_easy_setopt(s->curl, CURLOPT_NOBODY, 1L);
	if (has_body) {
		/* libcurl sends it from where it is, and again if a connection that was kept turns out to be closed. */
		curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, request->body ? request->body : "");
	}
	if (strcmp(request->method, "GET") && strcmp(request->method, "HEAD"))
		curl_easy_setopt(s->curl, CURLOPT_CUSTOMREQUEST, request->method);
}

/* \return NULL when out of memory */
static struct curl_slist *make_headers(const struct remote_request *request)
{
	/* Nobody is asked before a body is sent: a refusal is rare, and an unasked server would cost a second. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	bool failed = !list;
	for (size_t i = 0; i < request->header_count && !failed; i++) {
		struct curl_slist *longer = curl_slist_append(list, request->headers[i]);
		failed = !longer;
		list = longer ? longer : list;
	}
	if (failed) {
		curl_slist_free_all(list);
		list = NULL;
	}
	return list;
}

static void set_up(struct remote_session *s, const struct remote_request *request, struct curl_slist *headers)
{
	curl_easy_reset(s->curl);
	set_rules(s);
	set_times(s, request);
	set_method(s, request);
	curl_easy_setopt(s->curl, CURLOPT_URL, request->url);
	curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, headers);
	remote_receive_setup(s);
	remote_watch_setup(s);
}

static int perform(struct remote_session *s, struct remote_error *error)
{
	CURLcode code = curl_easy_perform(s->curl);
	if (code == CURLE_OK)
		remote_receive_finish(s);
	if ((code != CURLE_OK && s->end != END_ENOUGH) || s->end == END_CALLER || s->end == END_TOO_LARGE)
		return remote_failure(s, code, error);
	s->was_answered = true;
	char *redirect = NULL;
	curl_easy_getinfo(s->curl, CURLINFO_REDIRECT_URL, &redirect);
	if (redirect && !(s->answer->redirect = strdup(redirect)))
		return remote_fail_memory(error);
	return 0;
}

int remote_request(
	struct remote_session *s, const struct remote_request *request, struct remote_answer *ret, struct remote_error *error)
{
	*ret = (struct remote_answer){ .length = UINT64_MAX };
	s->request = request;
	s->answer = ret;
	s->has_begun = s->was_refused = false;
	s->taken = 0;
	s->end = END_NONE;
	s->address[0] = '\0';
	int rc = remote_url_read(&s->url, request->url, error);
	struct curl_slist *headers = rc ? NULL : make_headers(request);
	if (!rc && !headers)
		rc = remote_fail_memory(error);
	if (!rc) {
		set_up(s, request, headers);
		rc = perform(s, error);
		curl_easy_reset(s->curl); /* it must not keep what the headers have */
	}
	for (struct curl_slist *h = headers; h; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(headers);
	remote_url_free(&s->url);
	return rc;
}
