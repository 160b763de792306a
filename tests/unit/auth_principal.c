/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "auth/principal.h"

#include <string.h>

START_TEST(a_principal_keeps_its_content)
{
	char name[] = "ann and more", only[] = "refresh";
	struct principal p = { .name = name, .only = only, .role = &role_of_server, .stamp = "s", .epoch = 7 };
	const struct principal *ret;
	struct err e;

	ck_assert_int_eq(principal_make(&ret, &p, 3, &e), 0);
	memset(name, 'x', sizeof name - 1);
	memset(only, 'x', sizeof only - 1);
	ck_assert_str_eq(ret->name, "ann");
	ck_assert_str_eq(ret->only, "refresh");
	ck_assert_str_eq(ret->stamp, "s");
	ck_assert_uint_eq(ret->epoch, 7);
	ck_assert_ptr_eq(ret->role, &role_of_server);
	ck_assert_ptr_eq(principal_ref(ret), ret);
	principal_unref(ret);
	principal_unref(ret);
}
END_TEST

START_TEST(the_server_is_a_super_user_who_is_never_freed)
{
	const struct principal *server = principal_server();

	principal_unref(principal_ref(server));
	principal_unref(server);
	ck_assert_str_eq(server->name, PRINCIPAL_SERVER);
	ck_assert(server->role->super_user);
	principal_unref(NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_principal");
	TCase *t = tcase_create("principal");

	tcase_add_test(t, a_principal_keeps_its_content);
	tcase_add_test(t, the_server_is_a_super_user_who_is_never_freed);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
