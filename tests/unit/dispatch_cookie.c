/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "dispatch/dispatch_internal.h"

#include <string.h>

static const struct {
	const char *header, *name;
	const char *value; /* NULL: absent */
} cookies[] = {
	{ NULL, "a", NULL },
	{ "", "a", NULL },
	{ "a", "a", NULL },
	{ "a=", "a", "" },
	{ "a=b", "a", "b" },
	{ " a=b ", "a", "b" },
	{ "a=b;c=d", "c", "d" },
	{ "a=b; c=d", "c", "d" },
	{ "a=b;\tc=d\t ;e=f", "c", "d" },
	{ "a=b; c=d; c=e", "c", "d" },
	{ ";;; ; a=b", "a", "b" },
	{ "aa=b", "a", NULL },
	{ "A=b", "a", NULL },
	{ "b=a=c", "a", NULL },
	{ "b=a=c", "b", "a=c" },
	{ "a =b", "a", NULL },
	{ "a=\"b\"", "a", "\"b\"" },
	{ "a-long-name=b", "a-long-name", "b" },
	{ "a-long-nam", "a-long-name", NULL },
	{ "a=b; a-long-nam", "a-long-name", NULL },
};

START_TEST(a_cookie_is_found)
{
	size_t len = 99;
	const char *value = cookie_find(cookies[_i].header, cookies[_i].name, &len);

	if (!cookies[_i].value) {
		ck_assert_ptr_null(value);
		return;
	}
	ck_assert_ptr_nonnull(value);
	ck_assert_uint_eq(len, strlen(cookies[_i].value));
	ck_assert_mem_eq(value, cookies[_i].value, len);
}
END_TEST

static const struct {
	const char *origin, *host;
	bool own;
} origins[] = {
	{ NULL, "db.example", false },
	{ "http://db.example", NULL, false },
	{ "", "", false },
	{ "null", "null", false },
	{ "db.example", "db.example", false },
	{ "ftp://db.example", "db.example", false },
	{ "http://", "", false },
	{ "http://db.example", "", false },
	{ "http://:80", ":80", false },
	{ "http://db.example", "db.example", true },
	{ "HTTP://DB.example", "db.EXAMPLE", true },
	{ "http://db.example:9925", "db.example:9925", true },
	{ "http://db.example:9925", "db.example", false },
	{ "http://db.example:9925", "db.example:9926", false },
	{ "http://db.example", "db.example:9925", false },
	{ "http://db.example", "db.example:80", true },
	{ "http://db.example:80", "db.example", true },
	{ "https://db.example", "db.example:443", true },
	{ "https://db.example", "db.example:80", false },
	{ "https://db.example:8443", "db.example:8443", true },
	{ "http://other.example", "db.example", false },
	{ "http://db.example.org", "db.example", false },
	{ "http://db.example", "db.example.org", false },
	{ "http://evil@db.example", "db.example", false },
	{ "http://db.example/", "db.example", false },
	{ "http://db.example:", "db.example", false },
	{ "http://db.example:80x", "db.example", false },
	{ "http://db.example:0", "db.example:0", false },
	{ "http://db.example:65616", "db.example:80", false },
	{ "http://db.example:4294967376", "db.example:80", false },
	{ "http://[::1]:9925", "[::1]:9925", true },
	{ "http://[::1]", "[::1]:80", true },
	{ "http://[::1]:9925", "[::2]:9925", false },
	{ "http://[::1", "[::1", false },
	{ "http://[::1]x", "[::1]x", false },
	{ "http://127.0.0.1:9925", "127.0.0.1:9925", true },
};

START_TEST(our_own_origin_is_recognised)
{
	const struct exchange x = { .origin = origins[_i].origin, .host = origins[_i].host };

	ck_assert_int_eq(origin_is_own(&x), origins[_i].own);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("dispatch_cookie");
	TCase *t = tcase_create("cookie");

	tcase_add_loop_test(t, a_cookie_is_found, 0, sizeof cookies / sizeof *cookies);
	tcase_add_loop_test(t, our_own_origin_is_recognised, 0, sizeof origins / sizeof *origins);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
