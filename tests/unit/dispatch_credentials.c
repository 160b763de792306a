/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "dispatch/dispatch_internal.h"

#include <string.h>

static const struct {
	const char *header;
	int result;
	const char *user, *password; /* NULL: none */
} cases[] = {
	{ NULL, 0, NULL, NULL },
	{ "", 0, NULL, NULL },
	{ "Basic", 0, NULL, NULL },
	{ "Basic   ", 0, NULL, NULL },
	{ "Basic Og==", 0, NULL, NULL },
	{ "basic YWRtaW46QWJjMTIzNCE=", 0, NULL, NULL },
	{ "Basically YWRtaW46QWJjMTIzNCE=", 0, NULL, NULL },
	{ "Digest username=\"admin\"", 0, NULL, NULL },
	{ "Basic YWRtaW46QWJjMTIzNCE=", 0, "admin", "Abc1234!" },
	{ "Basic   YWRtaW46QWJjMTIzNCE= ", 0, "admin", "Abc1234!" },
	{ "Basic YWRtaW4=", 0, "admin", "" },
	{ "Basic YWRtaW46", 0, "admin", "" },
	{ "Basic OnB3", 0, "", "pw" },
	{ "Basic YTpiOmM=", 0, "a", "b:c" },
	{ "Basic avxyZ2VuOnDkc3N39nJk", 0, "j\xc3\xbcrgen", "p\xc3\xa4ssw\xc3\xb6rd" },
	{ "Basic !!!!", LYRE_EUNAUTHENTICATED, NULL, NULL },
};

START_TEST(test_read)
{
	struct credentials c;
	struct arena a;
	struct err e = { .code = 0 };

	arena_init(&a);
	ck_assert_int_eq(credentials_read(&c, cases[_i].header, &a, &e), cases[_i].result);
	if (cases[_i].result)
		ck_assert_str_eq(e.text, "Invalid character");
	ck_assert_pstr_eq(c.user, cases[_i].user);
	ck_assert_pstr_eq(c.password, cases[_i].password);
	if (c.user) {
		ck_assert_uint_eq(c.user_len, strlen(c.user));
		ck_assert_uint_eq(c.password_len, strlen(c.password));
		char *password = c.password;
		credentials_clear(&c);
		ck_assert_str_eq(password, "");
		ck_assert_ptr_null(c.user);
	}
	arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("dispatch_credentials");
	TCase *t = tcase_create("credentials");

	tcase_add_loop_test(t, test_read, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
