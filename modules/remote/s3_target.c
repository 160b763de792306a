/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_target.h"

#include "remote_error.h"
#include "remote_url.h"
#include "s3_sign.h"
#include "s3_text.h"

#include <stdlib.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool consists_of(const char *s, const char *characters)
{
	return !s[strspn(s, characters)];
}

static bool is_given(const char *s)
{
	return s && *s;
}

static int check_given(const struct s3_given *g, struct remote_error *error)
{
	const struct {
		const char *value, *name;
	} needed[] = { { g->access_key, "aws_access_key_id" }, { g->secret_key, "aws_secret_access_key" }, { g->bucket, "bucket" },
		{ g->key, "key" }, { g->region, "region" } };
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!is_given(needed[i].value))
			return remote_fail(error, REMOTE_INVALID, "%s is missing.", needed[i].name);
	return 0;
}

/* They end up in headers. \return whether all bytes are visible ASCII, and not too many */
static bool is_token(const char *s, size_t max)
{
	size_t len = strnlen(s, max + 1);
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return len && len <= max;
}

static bool is_bucket(const char *s)
{
	return strnlen(s, 256) < 256 && consists_of(s, LOWER UPPER DIGITS "._-") && strcmp(s, ".") && strcmp(s, "..");
}

/* A key is any text, but proxies and libraries disagree about "." and "..". */
static bool is_key(const char *s)
{
	char copy[1025];
	size_t len = strnlen(s, sizeof copy);
	if (len >= sizeof copy)
		return false;
	remote_text_copy(copy, sizeof copy, s, len);
	if (memcmp(copy, s, len + 1)) /* not UTF-8, or with control characters */
		return false;
	for (const char *part = s; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
		size_t n = strcspn(part, "/");
		if ((n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
			return false;
	}
	return true;
}

static int check_form(const struct s3_given *g, struct remote_error *error)
{
	if (!is_token(g->access_key, 256) || strpbrk(g->access_key, "/,"))
		return remote_fail(error, REMOTE_INVALID, "aws_access_key_id is not valid");
	if (!is_token(g->secret_key, 256))
		return remote_fail(error, REMOTE_INVALID, "aws_secret_access_key is not valid");
	if (is_given(g->session_token) && !is_token(g->session_token, 8192))
		return remote_fail(error, REMOTE_INVALID, "aws_session_token is not valid");
	if (!is_bucket(g->bucket))
		return remote_fail(error, REMOTE_INVALID,
			"bucket is not valid: it may have letters, digits, dots, hyphens and underscores, 255 at most");
	if (!is_key(g->key))
		return remote_fail(error, REMOTE_INVALID,
			"key is not valid: at most 1,024 bytes of UTF-8 without control characters, and without parts that are . or ..");
	if (strnlen(g->region, 65) > 64 || !consists_of(g->region, LOWER UPPER DIGITS "-_"))
		return remote_fail(error, REMOTE_INVALID, "region is not valid");
	return 0;
}

/* Whether the bucket can be a part of a host's name; with a dot no certificate would be for it. */
static bool fits_host(const char *bucket)
{
	size_t len = strlen(bucket);
	return len >= 3 && len <= 63 && consists_of(bucket, LOWER DIGITS "-") && bucket[0] != '-' && bucket[len - 1] != '-';
}

/* ---- the place ---- */

struct place {
	bool is_https, in_host;
	char host[REMOTE_HOST_MAX]; /* with the port, without the bucket */
	char *base;                 /* path before the bucket, "" or "/storage" */
};

static int find_amazon(struct place *p, const struct s3_given *g, struct remote_error *error)
{
	bool is_china = !strncmp(g->region, "cn-", 3);
	struct s3_text host = { 0 };
	s3_text_adds(&host, "s3.", g->region, ".amazonaws.com", is_china ? ".cn" : "", NULL);
	char *s = s3_text_take(&host);
	p->is_https = true;
	p->base = strdup("");
	if (s)
		memcpy(p->host, s, strlen(s) + 1); /* a region is short */
	bool done = s && p->base;
	free(s);
	return done ? 0 : remote_fail_memory(error);
}

static int find_endpoint(struct place *p, const struct s3_given *g, struct remote_error *error)
{
	struct remote_url u;
	struct remote_error why;
	int rc = remote_url_read(&u, g->endpoint, &why);
	if (rc == REMOTE_MEMORY) {
		*error = why;
	} else if (rc) {
		remote_fail(error, rc, "endpoint is not valid: %s", why.text);
	} else if (u.has_query || !consists_of(u.path, LOWER UPPER DIGITS "/-._~") || strstr(u.path, "/.") ||
		strstr(u.path, "//")) {
		rc = remote_fail(error, REMOTE_INVALID,
			"endpoint is not valid: it must be the protocol, the host, if need be the port, and a plain path");
	} else if (u.is_number && g->style == S3_STYLE_HOST) {
		rc = remote_fail(error, REMOTE_INVALID, "endpoint is an address, so that path_style cannot be false");
	} else {
		p->is_https = u.is_https;
		memcpy(p->host, u.host, sizeof p->host);
		size_t len = strlen(u.path);
		p->base = strndup(u.path, len && u.path[len - 1] == '/' ? len - 1 : len);
		rc = p->base ? 0 : remote_fail_memory(error);
	}
	remote_url_free(&u);
	return rc;
}

static int find_place(struct place *p, const struct s3_given *g, struct remote_error *error)
{
	bool is_amazon = !is_given(g->endpoint);
	int rc = is_amazon ? find_amazon(p, g, error) : find_endpoint(p, g, error);
	if (rc)
		return rc;
	p->in_host = g->style == S3_STYLE_HOST || (g->style == S3_STYLE_DEFAULT && is_amazon && fits_host(g->bucket));
	if (p->in_host && !fits_host(g->bucket))
		return remote_fail(error, REMOTE_INVALID, "bucket cannot be part of a host's name: path_style must be true");
	return 0;
}

static bool write_place(struct s3_target *t, const struct place *p, const struct s3_given *g)
{
	struct s3_text host = { 0 }, origin = { 0 }, path = { 0 }, url = { 0 };
	char *key = s3_encode(g->key, 1), *bucket = s3_encode(g->bucket, 1);
	if (key && bucket) {
		s3_text_adds(&host, p->in_host ? g->bucket : "", p->in_host ? "." : "", p->host, NULL);
		s3_text_adds(&path, p->base, p->in_host ? "" : "/", p->in_host ? "" : bucket, "/", key, NULL);
		t->host = s3_text_take(&host);
		t->path = s3_text_take(&path);
	}
	if (t->host && t->path) {
		s3_text_adds(&origin, p->is_https ? "https://" : "http://", t->host, NULL);
		t->origin = s3_text_take(&origin);
	}
	if (t->origin) {
		s3_text_adds(&url, t->origin, t->path, NULL);
		t->url = s3_text_take(&url);
	}
	free(key);
	free(bucket);
	return t->url;
}

static bool copy_given(struct s3_target *t, const struct s3_given *g)
{
	t->bucket = strdup(g->bucket);
	t->region = strdup(g->region);
	t->access_key = strdup(g->access_key);
	t->secret_key = strdup(g->secret_key);
	t->token = is_given(g->session_token) ? strdup(g->session_token) : NULL;
	return t->bucket && t->region && t->access_key && t->secret_key && (t->token || !is_given(g->session_token));
}

int s3_target_make(struct s3_target **ret, const struct s3_given *given, struct remote_error *error)
{
	struct place place = { .base = NULL };
	struct s3_target *t = NULL;
	memset(error, 0, sizeof *error);
	int rc = check_given(given, error);
	if (!rc)
		rc = check_form(given, error);
	if (!rc)
		rc = find_place(&place, given, error);
	if (!rc) {
		t = calloc(1, sizeof *t);
		if (!t || !copy_given(t, given) || !write_place(t, &place, given))
			rc = remote_fail_memory(error);
	}
	if (rc) {
		s3_target_free(t);
		t = NULL;
	}
	free(place.base);
	*ret = t;
	return rc;
}

static void erase(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void s3_target_free(struct s3_target *t)
{
	if (!t)
		return;
	erase(t->access_key);
	erase(t->secret_key);
	erase(t->token);
	free(t->bucket);
	free(t->region);
	free(t->origin);
	free(t->host);
	free(t->path);
	free(t->url);
	free(t);
}

const char *s3_target_url(const struct s3_target *t)
{
	return t->url;
}
