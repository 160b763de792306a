/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_sign.h"

#include "s3_text.h"

#include <ctype.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SHA256_LEN 32
#define ALGORITHM "AWS4-HMAC-SHA256"

static void hexadecimal(const uint8_t digest[SHA256_LEN], char out[S3_HASH_MAX])
{
	for (int i = 0; i < SHA256_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

void s3_hash(const void *bytes, size_t len, char out[S3_HASH_MAX])
{
	uint8_t digest[SHA256_LEN];
	gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, len, digest);
	hexadecimal(digest, out);
}

void s3_time_text(int64_t time, char out[S3_TIME_MAX])
{
	struct tm tm;
	time_t t = (time_t)time;
	gmtime_r(&t, &tm);
	strftime(out, S3_TIME_MAX, "%Y%m%dT%H%M%SZ", &tm);
}

static int is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
		c == '~';
}

char *s3_encode(const char *text, int is_path)
{
	struct s3_text t = { 0 };
	for (; *text; text++) {
		char escape[4];
		unsigned char c = (unsigned char)*text;
		bool as_it_is = is_unreserved(c) || (is_path && c == '/');
		snprintf(escape, sizeof escape, "%%%02X", c);
		s3_text_add(&t, as_it_is ? text : escape, as_it_is ? 1 : 3);
	}
	return s3_text_take(&t);
}

/* ---- pairs, changed so that they can be sorted ---- */

struct owned {
	char *name, *value;
};

static void owned_free(struct owned *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(pairs[i].name);
		s3_text_erase(pairs[i].value);
	}
}

/* By name only: qsort() may exchange equal ones, so the value or the place decides. */
static int by_name_and_value(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	return order ? order : strcmp(x->value, y->value);
}

char *s3_query(const struct s3_pair *parameters, size_t count)
{
	struct owned pairs[S3_PAIRS_MAX];
	struct s3_text t = { 0 };
	bool failed = false;
	if (count > S3_PAIRS_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		pairs[i] = (struct owned){ s3_encode(parameters[i].name, 0), s3_encode(parameters[i].value, 0) };
		failed |= !pairs[i].name || !pairs[i].value;
	}
	if (!failed) {
		qsort(pairs, count, sizeof *pairs, by_name_and_value);
		for (size_t i = 0; i < count; i++)
			s3_text_adds(&t, i ? "&" : "", pairs[i].name, "=", pairs[i].value, NULL);
	}
	owned_free(pairs, count);
	return failed ? NULL : s3_text_take(&t);
}

/* ---- headers ---- */

static char *lower(const char *s)
{
	char *ret = strdup(s);
	for (char *c = ret; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return ret;
}

/* Without blanks at the ends, and with one instead of several. */
static char *trimmed(const char *s)
{
	char *ret = malloc(strlen(s) + 1), *out = ret;
	if (!ret)
		return NULL;
	for (s += strspn(s, " \t\r\n"); *s; s++) {
		bool is_blank = strchr(" \t\r\n", *s) != NULL;
		if (!is_blank)
			*out++ = *s;
		else if (s[1] && !strchr(" \t\r\n", s[1]))
			*out++ = ' ';
	}
	*out = '\0';
	return ret;
}

/* Sorted by name; those with the same name stay in their order. */
static void sort_headers(struct owned *pairs, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct owned one = pairs[i];
		size_t to = i;
		for (; to && strcmp(pairs[to - 1].name, one.name) > 0; to--)
			pairs[to] = pairs[to - 1];
		pairs[to] = one;
	}
}

/* Lines of the canonical request, and the list of names. */
static void write_headers(const struct owned *pairs, size_t count, struct s3_text *lines, struct s3_text *names)
{
	for (size_t i = 0; i < count; i++) {
		if (i && !strcmp(pairs[i].name, pairs[i - 1].name)) {
			s3_text_adds(lines, ",", pairs[i].value, NULL);
			continue;
		}
		s3_text_adds(lines, i ? "\n" : "", pairs[i].name, ":", pairs[i].value, NULL);
		s3_text_adds(names, i ? ";" : "", pairs[i].name, NULL);
	}
	s3_text_adds(lines, "\n", NULL);
}

static bool canonical_headers(const struct s3_signing *s, struct s3_text *lines, struct s3_text *names)
{
	struct owned pairs[S3_PAIRS_MAX];
	bool failed = s->header_count > S3_PAIRS_MAX;
	size_t count = failed ? 0 : s->header_count;
	for (size_t i = 0; i < count; i++) {
		pairs[i] = (struct owned){ lower(s->headers[i].name), trimmed(s->headers[i].value) };
		failed |= !pairs[i].name || !pairs[i].value;
	}
	if (!failed) {
		sort_headers(pairs, count);
		write_headers(pairs, count, lines, names);
	}
	owned_free(pairs, count);
	return !failed && !lines->failed && !names->failed;
}

/* ---- the signature ---- */

static void hmac(const uint8_t *key, size_t key_len, const char *text, uint8_t out[SHA256_LEN])
{
	gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, key_len, text, strlen(text), out);
}

/* \return whether there was memory */
static bool sign(const struct s3_signing *s, const char *date, const char *text, char out[S3_HASH_MAX])
{
	uint8_t key[SHA256_LEN], next[SHA256_LEN];
	struct s3_text seed = { 0 };
	const char *const steps[] = { s->region, s->service, "aws4_request", text };
	s3_text_adds(&seed, "AWS4", s->secret_key, NULL);
	bool failed = seed.failed;
	if (!failed) {
		hmac((const uint8_t *)seed.s, seed.len, date, key);
		for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
			hmac(key, sizeof key, steps[i], next);
			memcpy(key, next, sizeof key);
		}
		hexadecimal(key, out);
	}
	explicit_bzero(key, sizeof key);
	explicit_bzero(next, sizeof next);
	s3_text_erase(seed.s);
	return !failed;
}

/* The hash of the canonical request. \return whether there was memory */
static bool hash_request(const struct s3_signing *s, const char *header_lines, const char *names, char out[S3_HASH_MAX])
{
	struct s3_text request = { 0 };
	char *query = s3_query(s->parameters, s->parameter_count);
	if (query)
		s3_text_adds(&request, s->method, "\n", s->path, "\n", query, "\n", header_lines, "\n", names, "\n",
			s->payload_hash, NULL);
	bool done = query && !request.failed;
	if (done)
		s3_hash(request.s, request.len, out);
	s3_text_erase(request.s); /* a session token is one of its headers */
	free(query);
	return done;
}

char *s3_authorization(const struct s3_signing *s)
{
	char time[S3_TIME_MAX], date[9], hash[S3_HASH_MAX], signature[S3_HASH_MAX];
	struct s3_text lines = { 0 }, names = { 0 }, scope = { 0 }, text = { 0 }, ret = { 0 };
	s3_time_text(s->time, time);
	snprintf(date, sizeof date, "%.8s", time);
	bool done = canonical_headers(s, &lines, &names) && hash_request(s, lines.s, names.s, hash);
	if (done) {
		s3_text_adds(&scope, date, "/", s->region, "/", s->service, "/aws4_request", NULL);
		s3_text_adds(&text, ALGORITHM "\n", time, "\n", scope.s, "\n", hash, NULL);
		done = !scope.failed && !text.failed && sign(s, date, text.s, signature);
	}
	if (done)
		s3_text_adds(&ret, ALGORITHM " Credential=", s->access_key, "/", scope.s, ", SignedHeaders=", names.s,
			", Signature=", signature, NULL);
	s3_text_erase(lines.s);
	free(names.s);
	free(scope.s);
	free(text.s);
	return done ? s3_text_take(&ret) : NULL;
}
