/* SPDX-License-Identifier: Apache-2.0 */
#include "remote/s3.h"
#include "remote/s3_xml.h"

#include "unit.h"

#include <stdio.h>

static const struct s3_given complete = {
	.access_key = "AKID", .secret_key = "SECRET/x", .bucket = "dogs", .key = "a/b.json", .region = "eu-west-1"
};

START_TEST(objects_are_where_s3_has_them)
{
	static const struct {
		const char *name, *bucket, *key, *region, *endpoint;
		enum s3_style style;
		const char *url;
	} rows[] = {
		{ "Amazon", "dogs", "a/b.json", "eu-west-1", NULL, S3_STYLE_DEFAULT,
			"https://dogs.s3.eu-west-1.amazonaws.com/a/b.json" },
		{ "in China", "dogs", "a", "cn-north-1", NULL, S3_STYLE_DEFAULT, "https://dogs.s3.cn-north-1.amazonaws.com.cn/a" },
		{ "path style", "dogs", "a", "eu-west-1", NULL, S3_STYLE_PATH, "https://s3.eu-west-1.amazonaws.com/dogs/a" },
		{ "a dot in the bucket", "my.dogs", "a", "eu-west-1", NULL, S3_STYLE_DEFAULT,
			"https://s3.eu-west-1.amazonaws.com/my.dogs/a" },
		{ "upper case", "Dogs", "a", "us-east-1", NULL, S3_STYLE_DEFAULT, "https://s3.us-east-1.amazonaws.com/Dogs/a" },
		{ "short bucket", "b", "o", "us-east-1", NULL, S3_STYLE_DEFAULT, "https://s3.us-east-1.amazonaws.com/b/o" },
		{ "encoded key", "dogs", "\xc3\xa4 +%?#/x", "eu-west-1", NULL, S3_STYLE_PATH,
			"https://s3.eu-west-1.amazonaws.com/dogs/%C3%A4%20%2B%25%3F%23/x" },
		{ "key with slashes", "dogs", "/a//b/", "eu-west-1", NULL, S3_STYLE_PATH,
			"https://s3.eu-west-1.amazonaws.com/dogs//a//b/" },
		{ "endpoint", "dogs", "a", "x", "http://127.0.0.1:9000", S3_STYLE_DEFAULT, "http://127.0.0.1:9000/dogs/a" },
		{ "endpoint with slash", "dogs", "a", "x", "http://127.0.0.1:9000/", S3_STYLE_DEFAULT,
			"http://127.0.0.1:9000/dogs/a" },
		{ "usual port", "dogs", "a", "x", "https://S.Example.com:443", S3_STYLE_DEFAULT, "https://s.example.com/dogs/a" },
		{ "port of the other", "dogs", "a", "x", "http://s.example.com:443", S3_STYLE_DEFAULT,
			"http://s.example.com:443/dogs/a" },
		{ "endpoint with path", "dogs", "a", "x", "https://s.example.com/storage/s3/", S3_STYLE_DEFAULT,
			"https://s.example.com/storage/s3/dogs/a" },
		{ "endpoint, bucket in host", "dogs", "a", "x", "https://s.example.com:9000", S3_STYLE_HOST,
			"https://dogs.s.example.com:9000/a" },
		{ "IPv6", "dogs", "a", "x", "http://[::1]:9000", S3_STYLE_DEFAULT, "http://[::1]:9000/dogs/a" },
	};
	for (int i = 0; i < ROWS(rows); i++) {
		struct s3_given given = complete;
		struct s3_target *t;
		struct remote_error e;
		given.bucket = rows[i].bucket;
		given.key = rows[i].key;
		given.region = rows[i].region;
		given.endpoint = rows[i].endpoint;
		given.style = rows[i].style;
		ck_assert_msg(s3_target_make(&t, &given, &e) == 0, "%s: %s", rows[i].name, e.text);
		ck_assert_row_str_eq(rows[i].name, s3_target_url(t), rows[i].url);
		s3_target_free(t);
	}
}
END_TEST

/* One member of struct s3_given that is wrong; NULL is missing. */
enum member { ACCESS, SECRET, TOKEN, BUCKET, KEY, REGION, ENDPOINT };

static void set(struct s3_given *g, enum member m, const char *value)
{
	const char **const members[] = { &g->access_key, &g->secret_key, &g->session_token, &g->bucket, &g->key, &g->region,
		&g->endpoint };
	*members[m] = value;
}

START_TEST(bad_members_are_refused_with_the_reason)
{
	static char long_key[1026], long_bucket[257];
	memset(long_key, 'k', sizeof long_key - 1);
	memset(long_bucket, 'b', sizeof long_bucket - 1);
	const struct {
		enum member member;
		const char *value;
		int code;
		const char *begins;
	} rows[] = {
		{ ACCESS, NULL, REMOTE_INVALID, "aws_access_key_id is missing." },
		{ ACCESS, "", REMOTE_INVALID, "aws_access_key_id is missing." },
		{ SECRET, NULL, REMOTE_INVALID, "aws_secret_access_key is missing." },
		{ BUCKET, NULL, REMOTE_INVALID, "bucket is missing." },
		{ KEY, NULL, REMOTE_INVALID, "key is missing." },
		{ REGION, NULL, REMOTE_INVALID, "region is missing." },
		{ ACCESS, "a\r\nb", REMOTE_INVALID, "aws_access_key_id is not valid" },
		{ ACCESS, "a/b", REMOTE_INVALID, "aws_access_key_id is not valid" },
		{ SECRET, "hush hush", REMOTE_INVALID, "aws_secret_access_key is not valid" },
		{ TOKEN, "hush\n", REMOTE_INVALID, "aws_session_token is not valid" },
		{ BUCKET, "a/b", REMOTE_INVALID, "bucket is not valid" },
		{ BUCKET, "..", REMOTE_INVALID, "bucket is not valid" },
		{ BUCKET, "b?x", REMOTE_INVALID, "bucket is not valid" },
		{ BUCKET, "host@b", REMOTE_INVALID, "bucket is not valid" },
		{ BUCKET, long_bucket, REMOTE_INVALID, "bucket is not valid" },
		{ KEY, long_key, REMOTE_INVALID, "key is not valid" },
		{ KEY, "a/../b", REMOTE_INVALID, "key is not valid" },
		{ KEY, "./b", REMOTE_INVALID, "key is not valid" },
		{ KEY, "a/..", REMOTE_INVALID, "key is not valid" },
		{ KEY, "a\nb", REMOTE_INVALID, "key is not valid" },
		{ KEY, "\xff", REMOTE_INVALID, "key is not valid" },
		{ REGION, "eu-west-1.evil.example/", REMOTE_INVALID, "region is not valid" },
		{ REGION, "a.b", REMOTE_INVALID, "region is not valid" },
		{ ENDPOINT, "storage.example.com", REMOTE_INVALID, "endpoint is not valid: " },
		{ ENDPOINT, "ftp://s.example.com", REMOTE_REFUSED, "endpoint is not valid: " },
		{ ENDPOINT, "http://hush:hush@s.example.com", REMOTE_REFUSED, "endpoint is not valid: " },
		{ ENDPOINT, "http://s.example.com/?a", REMOTE_INVALID, "endpoint is not valid: " },
		{ ENDPOINT, "http://s.example.com/#a", REMOTE_INVALID, "endpoint is not valid: " },
		{ ENDPOINT, "http://s.example.com/a/../b", REMOTE_INVALID, "endpoint is not valid: " },
		{ ENDPOINT, "http://s.example.com/a%2fb", REMOTE_INVALID, "endpoint is not valid: " },
	};
	for (int i = 0; i < ROWS(rows); i++) {
		struct s3_given given = complete;
		struct s3_target *t;
		struct remote_error e;
		set(&given, rows[i].member, rows[i].value);
		ck_assert_row_int_eq(rows[i].begins, s3_target_make(&t, &given, &e), rows[i].code);
		ck_assert_msg(
			!strncmp(e.text, rows[i].begins, strlen(rows[i].begins)), "\"%s\", not \"%s\"", e.text, rows[i].begins);
		ck_assert_msg(!strstr(e.text, "hush"), "%s", e.text);
		ck_assert_ptr_null(t);
	}
}
END_TEST

START_TEST(style_must_suit_the_bucket_and_the_endpoint)
{
	struct s3_given given = complete;
	struct s3_target *t;
	struct remote_error e;
	given.style = S3_STYLE_HOST;
	given.bucket = "my.dogs";
	ck_assert_int_eq(s3_target_make(&t, &given, &e), REMOTE_INVALID);
	ck_assert_str_eq(e.text, "bucket cannot be part of a host's name: path_style must be true");
	given.bucket = "dogs";
	given.endpoint = "http://[::1]:9000";
	ck_assert_int_eq(s3_target_make(&t, &given, &e), REMOTE_INVALID);
	ck_assert_str_eq(e.text, "endpoint is an address, so that path_style cannot be false");
}
END_TEST

START_TEST(texts_of_xml_are_found)
{
	static const struct {
		const char *name, *xml, *root, *element, *text; /* text NULL: there is none */
	} rows[] = {
		{ "an error", "<?xml version=\"1.0\"?>\n<Error><Code>SlowDown</Code><Message>Please &lt;wait&gt;</Message></Error>",
			"Error", "Message", "Please <wait>" },
		{ "a namespace", "<R xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><UploadId>a+b/c=</UploadId></R>", "R",
			"UploadId", "a+b/c=" },
		{ "a prefix", "<s3:R xmlns:s3='x'><s3:UploadId>1</s3:UploadId></s3:R>", "R", "UploadId", "1" },
		{ "entities", "<E><M>&amp;&quot;&apos;&#65;&#x20ac;&#x1F436;&nbsp;&</M></E>", "E", "M",
			"&\"'A\xe2\x82\xac\xf0\x9f\x90\xb6&nbsp;&" },
		{ "a section", "<E><M>a<![CDATA[<b>&amp;]]>c</M></E>", "E", "M", "a<b>&amp;c" },
		{ "a comment", "<!-- <M>no</M> --><E><!-- <M>no</M> --><M>y<!-- > -->es</M></E>", "E", "M", "yes" },
		{ "the first of several", "<E><M>1</M><M>2</M></E>", "E", "M", "1" },
		{ "an attribute with >", "<E a='>' b=\"<M>\"><M c='/>'>1</M></E>", "E", "M", "1" },
		{ "blanks in tags", "<E ><M\n>1</M ></E>", "E", "M", "1" },
		{ "a document type", "<!DOCTYPE E><E><M>1</M></E>", "E", "M", "1" },
		{ "a name in a name", "<E><MM>no</MM><M>1</M></E>", "E", "M", "1" },
		{ "no such element", "<E><N>1</N></E>", "E", "M", NULL },
		{ "an empty one", "<E><M/></E>", "E", "M", NULL },
		{ "one without a text", "<E><M></M></E>", "E", "M", NULL },
		{ "one with elements", "<E><M><N>1</N></M></E>", "E", "M", NULL },
		{ "cut off in the text", "<E><M>1", "E", "M", NULL },
		{ "cut off in the tag", "<E><M>1</M", "E", "M", NULL },
		{ "cut off in a comment", "<E><!-- <M>1</M>", "E", "M", NULL },
		{ "cut off in an attribute", "<E><M a='1>1</M></E>", "E", "M", NULL },
		{ "closed by another", "<E><M>1</N></E>", "E", "M", NULL },
		{ "bad references", "<E><M>&#0;&#xD800;&#x110000;&#;&#x;&#9999999999;</M></E>", "E", "M",
			"&#0;&#xD800;&#x110000;&#;&#x;&#9999999999;" },
		{ "not XML", "nothing here", NULL, "M", NULL },
		{ "nothing", "", NULL, "M", NULL },
		{ "only <", "<", NULL, "M", NULL },
	};
	for (int i = 0; i < ROWS(rows); i++) {
		char out[64];
		size_t len = strlen(rows[i].xml);
		char *exact = malloc(len + 1); /* so that a sanitizer sees a byte too far */
		memcpy(exact, rows[i].xml, len);
		ck_assert_row_int_eq(rows[i].name, s3_xml_is(exact, len, rows[i].root ? rows[i].root : "M"), rows[i].root != NULL);
		ck_assert_row_int_eq(rows[i].name, s3_xml_text(exact, len, rows[i].element, out, sizeof out), rows[i].text != NULL);
		ck_assert_row_str_eq(rows[i].name, out, rows[i].text ? rows[i].text : "");
		free(exact);
	}
}
END_TEST

START_TEST(text_that_does_not_fit_is_none)
{
	char out[4];
	ck_assert(s3_xml_text("<M>123</M>", 10, "M", out, sizeof out));
	ck_assert_str_eq(out, "123");
	ck_assert(!s3_xml_text("<M>1234</M>", 11, "M", out, sizeof out));
	ck_assert_str_eq(out, "");
}
END_TEST

/* As in the comment of struct s3_upload: parts of a share of what was sent must suffice for the largest object. */
START_TEST(parts_suffice_for_the_largest_object)
{
	uint64_t sent = 0;
	int parts = 0;
	for (; sent < S3_OBJECT_MAX; parts++) {
		uint64_t share = sent / S3_PART_SHARE;
		sent += share > S3_PART_MIN ? share : S3_PART_MIN;
	}
	ck_assert_int_le(parts, S3_PARTS_MAX);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("remote_s3");
	TCase *c = tcase_create("s3");
	tcase_add_test(c, objects_are_where_s3_has_them);
	tcase_add_test(c, bad_members_are_refused_with_the_reason);
	tcase_add_test(c, style_must_suit_the_bucket_and_the_endpoint);
	tcase_add_test(c, texts_of_xml_are_found);
	tcase_add_test(c, text_that_does_not_fit_is_none);
	tcase_add_test(c, parts_suffice_for_the_largest_object);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
