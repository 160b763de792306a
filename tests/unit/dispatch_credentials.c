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
	{ "Basic asO8cmdlbjpww6Rzc3fDtnJk", 0, "j\xc3\xbcrgen", "p\xc3\xa4ssw\xc3\xb6rd" },
	{ "Basic 5ZCNOuKCrA==", 0, "\xe5\x90\x8d", "\xe2\x82\xac" },
	{ "Basic !!!!", LYRE_EUNAUTHENTICATED, NULL, NULL },
};

START_TEST(credentials_are_read)
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

/* ---- credentials verified by modules ---- */

static int verify_nothing(lyre_call *call, const char *text, size_t len, struct lyre_identity *ret)
{
	(void)call;
	(void)text;
	(void)len;
	(void)ret;
	return LYRE_EUNAUTHENTICATED;
}

static const struct {
	const char *authorization, *cookie;
	const char *by, *text; /* NULL: there are none */
} by_modules[] = {
	{ NULL, NULL, NULL, NULL },
	{ "", NULL, NULL, NULL },
	{ "Bearer", NULL, NULL, NULL },
	{ "Bearer ", NULL, NULL, NULL },
	{ "Bearer \t ", NULL, NULL, NULL },
	{ "Bearer x", NULL, "Bearer", "x" },
	{ "Bearer   x.y-z= ", NULL, "Bearer", "x.y-z=" },
	{ "Bearer x y", NULL, "Bearer", "x y" },
	{ "bearer x", NULL, NULL, NULL },
	{ "Bearerx y", NULL, NULL, NULL },
	{ "Bea x", NULL, NULL, NULL },
	{ "session x", NULL, NULL, NULL },
	{ NULL, "session=s1", "session", "s1" },
	{ NULL, "other=1; session=s1; more=2", "session", "s1" },
	{ NULL, "session=", NULL, NULL },
	{ NULL, "Session=s1", NULL, NULL },
	{ NULL, "Bearer=s1", NULL, NULL },
	{ NULL, "lone=1", "lone", "1" },
	/* If there is any Authorization header, cookies are ignored. */
	{ "Bearer x", "session=s1", "Bearer", "x" },
	{ "Bearer", "session=s1", NULL, NULL },
	{ "Digest x", "session=s1", NULL, NULL },
	{ "", "session=s1", NULL, NULL },
};

START_TEST(the_authenticator_is_found)
{
	static const struct lyre_authenticator all[] = {
		{ sizeof *all, LYRE_CREDENTIAL_SCHEME, "Bearer", verify_nothing },
		{ sizeof *all, LYRE_CREDENTIAL_COOKIE, "session", verify_nothing },
		{ sizeof *all, LYRE_CREDENTIAL_COOKIE, "lone", verify_nothing },
	};
	const struct exchange x = { .authorization = by_modules[_i].authorization, .cookie = by_modules[_i].cookie };
	struct dispatch d = { .authenticators = NULL };
	struct authentication f;
	struct err e;

	registry_init(&d.registry);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		ck_assert_int_eq(dispatch_add_authenticator(&d, "test", NULL, &all[i], &e), 0);
	authentication_find(&f, &d, &x);
	ck_assert_pstr_eq(f.by ? f.by->name : NULL, by_modules[_i].by);
	if (f.by) {
		ck_assert_uint_eq(f.len, strlen(by_modules[_i].text));
		ck_assert_mem_eq(f.text, by_modules[_i].text, f.len);
		ck_assert_uint_ge(f.by->kind, 1);
		ck_assert_uint_le(f.by->kind, 3);
	}
	registry_free(&d.registry);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("dispatch_credentials");
	TCase *t = tcase_create("credentials");

	tcase_add_loop_test(t, credentials_are_read, 0, sizeof cases / sizeof *cases);
	tcase_add_loop_test(t, the_authenticator_is_found, 0, sizeof by_modules / sizeof *by_modules);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
