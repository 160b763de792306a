/* SPDX-License-Identifier: Apache-2.0 */
#include "remote_url.h"

#include "remote_error.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_plain(const char *url)
{
	size_t len = strnlen(url, REMOTE_URL_MAX + 1);
	if (!len || len > REMOTE_URL_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)url[i] <= 0x20 || url[i] == 0x7f)
			return false;
	return true;
}

/* \return the part, for curl_free(); NULL if the URL has none */
static char *part(CURLU *u, CURLUPart what, unsigned flags)
{
	char *text = NULL;
	return curl_url_get(u, what, &text, flags) == CURLUE_OK ? text : NULL;
}

static bool has(CURLU *u, CURLUPart what)
{
	char *text = part(u, what, 0);
	curl_free(text);
	return text != NULL;
}

/* "example.com" and "443" to the form of struct remote_url. */
static bool take_host(struct remote_url *ret, const char *host, const char *port)
{
	unsigned char address[16];
	char bare[REMOTE_HOST_MAX];
	size_t len = strlen(host);
	if (!len || len > 255)
		return false;
	bool in_brackets = host[0] == '[';
	snprintf(bare, sizeof bare, "%.*s", in_brackets ? (int)strcspn(host + 1, "]%") : (int)len, host + in_brackets);
	ret->is_number = inet_pton(in_brackets ? AF_INET6 : AF_INET, bare, address) == 1;
	bool is_usual = !port || !strcmp(port, ret->is_https ? "443" : "80");
	snprintf(ret->host, sizeof ret->host, "%s%s%s", host, is_usual ? "" : ":", is_usual ? "" : port);
	for (char *s = ret->host; *s; s++)
		*s = (char)(*s >= 'A' && *s <= 'Z' ? *s | 0x20 : *s);
	return true;
}

static int take_parts(struct remote_url *ret, CURLU *u, struct remote_error *error)
{
	int rc = 0;
	char *scheme = part(u, CURLUPART_SCHEME, 0);
	char *host = part(u, CURLUPART_HOST, 0);
	char *port = part(u, CURLUPART_PORT, 0);
	char *path = part(u, CURLUPART_PATH, 0);
	ret->is_https = scheme && !strcasecmp(scheme, "https");
	ret->has_query = has(u, CURLUPART_QUERY) || has(u, CURLUPART_FRAGMENT);
	if (!scheme || (!ret->is_https && strcasecmp(scheme, "http")))
		rc = remote_fail(error, REMOTE_REFUSED, "the URL must begin with http:// or https://");
	else if (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD))
		rc = remote_fail(error, REMOTE_REFUSED, "the URL must not have a user or a password in it");
	else if (!host || !path || !take_host(ret, host, port))
		rc = remote_fail(error, REMOTE_INVALID, "the URL is not valid");
	else if (!(ret->path = strdup(path)))
		rc = remote_fail_memory(error);
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(path);
	return rc;
}

int remote_url_read(struct remote_url *ret, const char *url, struct remote_error *error)
{
	*ret = (struct remote_url){ 0 };
	if (!is_plain(url))
		return remote_fail(error, REMOTE_INVALID, "the URL is not valid");
	CURLU *u = curl_url();
	CURLUcode code =
		u ? curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS) : CURLUE_OUT_OF_MEMORY;
	int rc = code == CURLUE_OUT_OF_MEMORY ? remote_fail_memory(error) :
		code != CURLUE_OK             ? remote_fail(error, REMOTE_INVALID, "the URL is not valid") :
						take_parts(ret, u, error);
	curl_url_cleanup(u);
	return rc;
}

void remote_url_free(struct remote_url *u)
{
	free(u->path);
	*u = (struct remote_url){ 0 };
}

int remote_url_check(const char *url, struct remote_error *error)
{
	struct remote_url u;
	int rc = remote_url_read(&u, url, error);
	remote_url_free(&u);
	return rc;
}
