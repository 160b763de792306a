/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "auth/permission.h"

static const struct identity nobody = { .user = "" };
static const struct identity admin = { .user = "admin", .super_user = true };

static const struct {
	const struct identity *who;
	struct permission_question question;
	int result;
} cases[] = {
	{ &admin, { .permissions = LYRE_PERMIT_INSERT, .database = "dev" }, 0 },
	{ &admin, { .permissions = LYRE_PERMIT_INSERT }, 0 },
	{ &admin, { .permissions = LYRE_PERMIT_READ, .database = "system" }, 0 },
	{ &admin, { .access = LYRE_ACCESS_SUPER_USER, .database = "system" }, 0 },
	{ &admin, { .permissions = LYRE_PERMIT_INSERT, .database = "system" }, LYRE_EDENIED },
	{ &admin, { .permissions = LYRE_PERMIT_INSERT | LYRE_PERMIT_UPDATE, .database = "system" }, LYRE_EDENIED },
	{ &admin, { .permissions = LYRE_PERMIT_DELETE, .database = "system", .table = "hdb_job" }, LYRE_EDENIED },
	{ &admin, { .permissions = LYRE_PERMIT_DELETE, .database = "System" }, 0 },
	{ &nobody, { .permissions = LYRE_PERMIT_READ, .database = "dev" }, LYRE_EDENIED },
	{ &nobody, { .access = LYRE_ACCESS_USER }, LYRE_EDENIED },
};

START_TEST(test_decisions)
{
	struct err e = { .code = 0 };

	ck_assert_int_eq(permission_check(cases[_i].who, &cases[_i].question, &e), cases[_i].result);
	ck_assert_int_eq(e.code, cases[_i].result);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_permission");
	TCase *t = tcase_create("permission");

	tcase_add_loop_test(t, test_decisions, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
