/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signature Version 4 against what AWS has published: the requests of its test suite "aws-sig-v4-test-suite" (Apache License 2.0)
 * that S3 could get, as their paths need no normalising; and the examples of "Authenticating Requests: Using the Authorization
 * Header" in the S3 API reference.
 */
#include "remote/s3_sign.h"

#include "unit.h"

#include <stdio.h>

#define UNRESERVED "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define SUITE_TOKEN                                                                                                                 \
	"AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/" \
	"qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38" \
	"xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

struct example {
	const char *name, *method, *path;
	struct s3_pair parameters[3], headers[4]; /* besides Host and X-Amz-Date */
	const char *body, *names, *signature;
};

static size_t count_pairs(const struct s3_pair *pairs, size_t most)
{
	size_t n = 0;
	while (n < most && pairs[n].name)
		n++;
	return n;
}

/* What all examples of a kind share. */
struct scope {
	const char *access_key, *secret_key, *service, *host, *date;
	int64_t time;
	int has_hash; /* x-amz-content-sha256 is a header */
};

static void check_example(const struct example *e, const struct scope *scope)
{
	char hash[S3_HASH_MAX], expected[512], day[9];
	struct s3_pair headers[8] = { { "Host", scope->host }, { "X-Amz-Date", scope->date } };
	size_t count = 2, own = count_pairs(e->headers, 4);
	s3_hash(e->body, strlen(e->body), hash);
	if (scope->has_hash)
		headers[count++] = (struct s3_pair){ "x-amz-content-sha256", hash };
	for (size_t i = 0; i < own; i++)
		headers[count++] = e->headers[i];
	const struct s3_signing s = { .method = e->method,
		.path = e->path,
		.parameters = e->parameters,
		.parameter_count = count_pairs(e->parameters, 3),
		.headers = headers,
		.header_count = count,
		.payload_hash = hash,
		.access_key = scope->access_key,
		.secret_key = scope->secret_key,
		.region = "us-east-1",
		.service = scope->service,
		.time = scope->time };
	char *got = s3_authorization(&s);
	snprintf(day, sizeof day, "%.8s", scope->date);
	snprintf(expected, sizeof expected,
		"AWS4-HMAC-SHA256 Credential=%s/%s/us-east-1/%s/aws4_request, SignedHeaders=%s, Signature=%s", scope->access_key,
		day, scope->service, e->names, e->signature);
	ck_assert_row_str_eq(e->name, got, expected);
	free(got);
}

/* clang-format off */
static const struct example suite_examples[] = {
	{ "get-header-key-duplicate", "GET", "/", { { 0 } }, { { "My-Header1", "value2" }, { "My-Header1", "value2" }, { "My-Header1", "value1" } }, "",
	  "host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea" },
	{ "get-header-value-order", "GET", "/", { { 0 } },
	  { { "My-Header1", "value4" }, { "My-Header1", "value1" }, { "My-Header1", "value3" }, { "My-Header1", "value2" } }, "",
	  "host;my-header1;x-amz-date", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01" },
	{ "get-header-value-trim", "GET", "/", { { 0 } }, { { "My-Header1", " value1" }, { "My-Header2", " \"a   b   c\"" } }, "",
	  "host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },
	{ "get-unreserved", "GET", "/" UNRESERVED, { { 0 } }, { { 0 } }, "",
	  "host;x-amz-date", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
	{ "get-vanilla", "GET", "/", { { 0 } }, { { 0 } }, "",
	  "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
	{ "get-vanilla-empty-query-key", "GET", "/", { { "Param1", "value1" } }, { { 0 } }, "",
	  "host;x-amz-date", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb" },
	{ "get-vanilla-query-order-key", "GET", "/", { { "Param1", "value2" }, { "Param1", "Value1" } }, { { 0 } }, "",
	  "host;x-amz-date", "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1" },
	{ "get-vanilla-query-order-key-case", "GET", "/", { { "Param2", "value2" }, { "Param1", "value1" } }, { { 0 } }, "",
	  "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
	{ "get-vanilla-query-order-value", "GET", "/", { { "Param1", "value2" }, { "Param1", "value1" } }, { { 0 } }, "",
	  "host;x-amz-date", "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694" },
	{ "get-vanilla-query-unreserved", "GET", "/", { { UNRESERVED, UNRESERVED } }, { { 0 } }, "",
	  "host;x-amz-date", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197" },
	{ "get-vanilla-utf8-query", "GET", "/", { { "\xe1\x88\xb4", "bar" } }, { { 0 } }, "",
	  "host;x-amz-date", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04" },
	{ "post-header-key-sort", "POST", "/", { { 0 } }, { { "My-Header1", "value1" } }, "",
	  "host;my-header1;x-amz-date", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c" },
	{ "post-header-value-case", "POST", "/", { { 0 } }, { { "My-Header1", "VALUE1" } }, "",
	  "host;my-header1;x-amz-date", "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d" },
	{ "post-sts-header-before", "POST", "/", { { 0 } }, { { "X-Amz-Security-Token", SUITE_TOKEN } }, "",
	  "host;x-amz-date;x-amz-security-token", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead" },
	{ "post-vanilla", "POST", "/", { { 0 } }, { { 0 } }, "",
	  "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
	{ "post-vanilla-query", "POST", "/", { { "Param1", "value1" } }, { { 0 } }, "",
	  "host;x-amz-date", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11" },
	{ "post-x-www-form-urlencoded", "POST", "/", { { 0 } }, { { "Content-Type", "application/x-www-form-urlencoded" } }, "Param1=value1",
	  "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" },
	{ "post-x-www-form-urlencoded-parameters", "POST", "/", { { 0 } }, { { "Content-Type", "application/x-www-form-urlencoded; charset=utf8" } }, "Param1=value1",
	  "content-type;host;x-amz-date", "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe" },
};
static const struct example s3_examples[] = {
	{ "GET Object", "GET", "/test.txt", { { 0 } }, { { "Range", "bytes=0-9" } }, "",
	  "host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
	{ "PUT Object", "PUT", "/test%24file.text", { { 0 } },
	  { { "Date", "Fri, 24 May 2013 00:00:00 GMT" }, { "x-amz-storage-class", "REDUCED_REDUNDANCY" } }, "Welcome to Amazon S3.",
	  "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
	{ "GET Bucket Lifecycle", "GET", "/", { { "lifecycle", "" } }, { { 0 } }, "",
	  "host;x-amz-content-sha256;x-amz-date", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
	{ "GET Bucket (List Objects)", "GET", "/", { { "prefix", "J" }, { "max-keys", "2" } }, { { 0 } }, "",
	  "host;x-amz-content-sha256;x-amz-date", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
};
/* clang-format on */

START_TEST(signs_as_the_suite_does)
{
	const struct scope scope = { "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "service", "example.amazonaws.com",
		"20150830T123600Z", 1440938160, 0 };
	check_example(&suite_examples[_i], &scope);
}
END_TEST

START_TEST(signs_as_the_reference_of_s3_does)
{
	const struct scope scope = { "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "s3",
		"examplebucket.s3.amazonaws.com", "20130524T000000Z", 1369353600, 1 };
	check_example(&s3_examples[_i], &scope);
}
END_TEST

START_TEST(encodes_by_the_rules_of_s3)
{
	static const struct {
		const char *name, *text, *in_path, *in_query;
	} rows[] = {
		{ "unreserved", UNRESERVED, UNRESERVED, UNRESERVED },
		{ "slash", "a/b", "a/b", "a%2Fb" },
		{ "blank", "a b", "a%20b", "a%20b" },
		{ "plus and percent", "1+1=100%", "1%2B1%3D100%25", "1%2B1%3D100%25" },
		{ "marks", "!*'();:@&$,?#[]", "%21%2A%27%28%29%3B%3A%40%26%24%2C%3F%23%5B%5D",
			"%21%2A%27%28%29%3B%3A%40%26%24%2C%3F%23%5B%5D" },
		{ "bytes of UTF-8", "\xc3\xa4\xe2\x82\xac", "%C3%A4%E2%82%AC", "%C3%A4%E2%82%AC" },
		{ "nothing", "", "", "" },
	};
	for (int i = 0; i < ROWS(rows); i++) {
		char *path = s3_encode(rows[i].text, 1), *query = s3_encode(rows[i].text, 0);
		ck_assert_row_str_eq(rows[i].name, path, rows[i].in_path);
		ck_assert_row_str_eq(rows[i].name, query, rows[i].in_query);
		free(path);
		free(query);
	}
}
END_TEST

START_TEST(sorts_parameters_by_what_is_sent)
{
	static const struct s3_pair pairs[] = { { "uploadId", "a/b=" }, { "a~", "" }, { "a b", "2" }, { "a b", "1" } };
	char *query = s3_query(pairs, 4);
	ck_assert_str_eq(query, "a%20b=1&a%20b=2&a~=&uploadId=a%2Fb%3D");
	free(query);
}
END_TEST

START_TEST(refuses_more_than_it_has_room_for)
{
	struct s3_pair pairs[S3_PAIRS_MAX + 1];
	for (int i = 0; i < S3_PAIRS_MAX + 1; i++)
		pairs[i] = (struct s3_pair){ "x-amz-meta-a", "b" };
	struct s3_signing s = { .method = "GET",
		.path = "/",
		.headers = pairs,
		.header_count = S3_PAIRS_MAX + 1,
		.payload_hash = "",
		.access_key = "k",
		.secret_key = "s",
		.region = "r",
		.service = "s3" };
	ck_assert_ptr_null(s3_authorization(&s));
	ck_assert_ptr_null(s3_query(pairs, S3_PAIRS_MAX + 1));
	s.header_count = S3_PAIRS_MAX;
	char *fits = s3_authorization(&s);
	ck_assert_ptr_nonnull(fits);
	free(fits);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("remote_sign");
	TCase *c = tcase_create("sign");
	tcase_add_loop_test(c, signs_as_the_suite_does, 0, ROWS(suite_examples));
	tcase_add_loop_test(c, signs_as_the_reference_of_s3_does, 0, ROWS(s3_examples));
	tcase_add_test(c, encodes_by_the_rules_of_s3);
	tcase_add_test(c, sorts_parameters_by_what_is_sent);
	tcase_add_test(c, refuses_more_than_it_has_room_for);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
