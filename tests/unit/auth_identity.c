/* SPDX-License-Identifier: Apache-2.0 */
/* Identities found by authenticators: accepted, remembered, forgotten, refreshed. */
#include "sign_in_fixture.h"

#include <math.h>
#include <pthread.h>

/* ---- an identity found by an authenticator ---- */

/** Ann, as the user of a token. */
static struct identity make_ann(void)
{
	add("ann", "super_user");
	return (struct identity){ .user = "ann", .stamp = stamp_of("ann") };
}

START_TEST(an_identity_is_remembered_by_its_text_and_kind)
{
	struct identity c = make_ann();

	ck_assert_int_eq(remembered_text(0, "token"), LYRE_PENDING);
	ck_assert_int_eq(claim(0, "token", c), 0);
	ck_assert_str_eq(who->name, "ann");
	ck_assert_ptr_null(who->only);
	ck_assert_int_eq(remembered_text(0, "token"), 0);
	ck_assert_str_eq(who->name, "ann");
	ck_assert_int_eq(remembered_text(1, "token"), LYRE_PENDING);
	ck_assert_int_eq(remembered("token", ""), LYRE_PENDING);
}
END_TEST

START_TEST(an_identity_outlives_changes_of_others)
{
	struct identity c = make_ann();

	ck_assert_int_eq(claim(0, "token", c), 0);
	add("bob", "super_user");
	ck_assert_int_eq(remembered_text(0, "token"), 0);
}
END_TEST

START_TEST(an_identity_ends_with_the_password)
{
	struct identity c = make_ann();

	ck_assert_int_eq(claim(0, "token", c), 0);
	set_password("ann", "other");
	ck_assert_int_eq(remembered_text(0, "token"), LYRE_PENDING);
	c.stamp = stamp_of("admin");
	ck_assert_int_eq(claim(0, "token", c), LYRE_EUNAUTHENTICATED);
	c.stamp = stamp_of("ann");
	ck_assert_int_eq(claim(0, "token", c), 0);
}
END_TEST

START_TEST(an_identity_ends_with_its_user_active)
{
	struct identity c = make_ann();

	ck_assert_int_eq(claim(0, "token", c), 0);
	set_active("ann", false);
	ck_assert_int_eq(remembered_text(0, "token"), LYRE_PENDING);
	c.stamp = stamp_of("ann");
	ck_assert_int_eq(claim(0, "token", c), LYRE_EUNAUTHENTICATED);
}
END_TEST

#define HERS "the stamp she has"

static const struct {
	const char *name;
	struct identity identity;
} wrong_identities[] = {
	{ "empty stamp", { .user = "ann", .stamp = "" } },
	{ "no stamp", { .user = "ann", .stamp = NULL } },
	{ "unknown user", { .user = "nobody", .stamp = "" } },
	{ "empty user", { .user = "", .stamp = "" } },
	{ "no user", { .user = NULL, .stamp = "" } },
	{ "long ago", { .user = "ann", .stamp = HERS, .until = 1 } },
	{ "before all times", { .user = "ann", .stamp = HERS, .until = -1 } },
	{ "at no time", { .user = "ann", .stamp = HERS, .until = NAN } },
};

START_TEST(a_wrong_identity_is_refused)
{
	struct identity c = make_ann(), wrong = wrong_identities[_i].identity;

	if (wrong.until != 0)
		wrong.stamp = c.stamp;
	ck_assert_row_int_eq(wrong_identities[_i].name, claim(0, "token", wrong), LYRE_EUNAUTHENTICATED);
}
END_TEST

START_TEST(an_identity_has_an_end)
{
	struct identity c = make_ann();

	c.until = now_ms() - 1;
	ck_assert_int_eq(claim(0, "token", c), LYRE_EUNAUTHENTICATED);
	c.until = now_ms() + 60000;
	ck_assert_int_eq(claim(0, "token", c), 0);
	ck_assert_int_eq(remembered_text(0, "token"), 0);
	c.until = 1e300;
	ck_assert_int_eq(claim(0, "forever", c), 0);
	ck_assert_int_eq(remembered_text(0, "forever"), 0);
}
END_TEST

START_TEST(an_identity_for_one_operation_is_not_remembered)
{
	char only[] = "refresh";

	ck_assert_int_eq(remembered_text(0, "token"), LYRE_PENDING);
	ck_assert_int_eq(claim(0, "token", (struct identity){ .user = "admin", .stamp = stamp_of("admin"), .only = only }), 0);
	strcpy(only, "else");
	ck_assert_str_eq(who->only, "refresh");
	ck_assert_int_eq(remembered_text(0, "token"), LYRE_PENDING);
}
END_TEST

START_TEST(a_refreshed_identity_is_still_for_one_operation)
{
	const struct principal *p;

	ck_assert_int_eq(remembered_text(0, "token"), LYRE_PENDING);
	ck_assert_int_eq(claim(0, "token", (struct identity){ .user = "admin", .stamp = stamp_of("admin"), .only = "refresh" }), 0);
	add("ann", "super_user");
	ck_assert_int_eq(auth_refresh(auth, who, &p, &err), 0);
	ck_assert_str_eq(p->only, "refresh");
	principal_unref(p);
}
END_TEST

/* ---- forgetting ---- */

static struct identity admins(void)
{
	return (struct identity){ .user = "admin", .stamp = stamp_of("admin") };
}

START_TEST(forgotten_credentials_are_checked_again)
{
	ck_assert_int_eq(remembered_text(3, "session"), LYRE_PENDING);
	ck_assert_int_eq(claim(3, "session", admins()), 0);
	ck_assert_int_eq(remembered_text(3, "session"), 0);
	auth_forget(auth, 3, "session", 7);
	ck_assert_int_eq(remembered_text(3, "session"), LYRE_PENDING);
}
END_TEST

START_TEST(credentials_forgotten_during_their_check_are_not_remembered)
{
	ck_assert_int_eq(remembered_text(3, "session"), LYRE_PENDING);
	auth_forget(auth, 3, "session", 7);
	ck_assert_int_eq(claim(3, "session", admins()), 0);
	ck_assert_int_eq(remembered_text(3, "session"), LYRE_PENDING);
}
END_TEST

START_TEST(a_text_that_is_too_long_is_refused)
{
	char long_text[AUTH_CREDENTIAL_MAX + 2];

	memset(long_text, 't', sizeof long_text);
	long_text[AUTH_CREDENTIAL_MAX + 1] = '\0';
	ck_assert_int_eq(remembered_text(3, long_text), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(claim(3, long_text, admins()), LYRE_EUNAUTHENTICATED);
	auth_forget(auth, 3, long_text, sizeof long_text - 1);
}
END_TEST

/* ---- refreshing a signed-in user ---- */

/** \return ann, signed in; for principal_unref() */
static const struct principal *let_ann_in(void)
{
	add("ann", "super_user");
	ck_assert_int_eq(verify("ann", "secret"), 0);
	return principal_ref(who);
}

START_TEST(unchanged_users_stay_the_same)
{
	const struct principal *p, *kept = let_ann_in();

	ck_assert_int_eq(auth_refresh(auth, kept, &p, &err), 0);
	ck_assert_ptr_eq(p, kept);
	principal_unref(p);
	principal_unref(kept);
}
END_TEST

START_TEST(changes_by_others_change_the_epoch)
{
	const struct principal *p, *kept = let_ann_in();

	add("bob", "super_user");
	ck_assert_int_eq(auth_refresh(auth, kept, &p, &err), 0);
	ck_assert_uint_gt(p->epoch, kept->epoch);
	ck_assert_str_eq(p->name, "ann");
	principal_unref(p);
	principal_unref(kept);
}
END_TEST

static void change_password(void)
{
	set_password("ann", "other");
}

static void deactivate(void)
{
	set_active("ann", false);
}

static void drop(void)
{
	ck_assert_int_eq(users_drop(auth_users(auth), "ann", &err), 0);
}

static const struct {
	const char *name;
	void (*change)(void);
	const char *sentence;
} ends[] = {
	{ "another password", change_password, "User ann has new credentials: sign in again" },
	{ "inactive", deactivate, "Cannot complete request: User is inactive" },
	{ "dropped", drop, "User ann does not exist" },
};

START_TEST(users_with_new_credentials_are_refused)
{
	const struct principal *p, *kept = let_ann_in();

	ends[_i].change();
	ck_assert_row_int_eq(ends[_i].name, auth_refresh(auth, kept, &p, &err), LYRE_EUNAUTHENTICATED);
	ck_assert_row_str_eq(ends[_i].name, err.text, ends[_i].sentence);
	principal_unref(kept);
}
END_TEST

START_TEST(the_server_never_changes)
{
	const struct principal *p;

	ck_assert_int_eq(auth_refresh(auth, principal_server(), &p, &err), 0);
	ck_assert_ptr_eq(p, principal_server());
}
END_TEST

/* ---- threads ---- */

#define TURNS 100
/** Odd: ann is inactive, and the change was answered. */
static atomic_int turn;

static void *sign_in(void *arg)
{
	struct err e;

	(void)arg;
	for (int before = 0; before < TURNS;) {
		const struct principal *p = NULL;

		before = atomic_load(&turn);
		int rc = auth_remembered_text(auth, 0, "token", 5, NULL, &p, &e);
		if (!rc && (strcmp(p->name, "ann") || !p->role->super_user))
			ck_abort_msg("somebody else was signed in");
		principal_unref(p);
		if (rc != 0 && rc != LYRE_PENDING)
			ck_abort_msg("%d: %s", rc, e.text);
		if (!rc && before % 2 && before == atomic_load(&turn))
			ck_abort_msg("an inactive user was let in");
	}
	return NULL;
}

START_TEST(changes_are_seen_by_every_thread)
{
	pthread_t threads[3];

	add("ann", "super_user");
	atomic_store(&turn, 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, sign_in, NULL), 0);
	for (int i = 0; i < TURNS; i++) {
		if (i % 2) {
			atomic_fetch_add(&turn, 1);
			set_active("ann", true);
		} else {
			if (remembered_text(0, "token"))
				ck_assert_int_eq(
					claim(0, "token", (struct identity){ .user = "ann", .stamp = stamp_of("ann") }), 0);
			set_active("ann", false);
			atomic_fetch_add(&turn, 1);
		}
	}
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_identity");
	TCase *t = tcase_create("identity");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, an_identity_is_remembered_by_its_text_and_kind);
	tcase_add_test(t, an_identity_outlives_changes_of_others);
	tcase_add_test(t, an_identity_ends_with_the_password);
	tcase_add_test(t, an_identity_ends_with_its_user_active);
	tcase_add_loop_test(t, a_wrong_identity_is_refused, 0, ROWS(wrong_identities));
	tcase_add_test(t, an_identity_has_an_end);
	tcase_add_test(t, an_identity_for_one_operation_is_not_remembered);
	tcase_add_test(t, a_refreshed_identity_is_still_for_one_operation);
	tcase_add_test(t, forgotten_credentials_are_checked_again);
	tcase_add_test(t, credentials_forgotten_during_their_check_are_not_remembered);
	tcase_add_test(t, a_text_that_is_too_long_is_refused);
	tcase_add_test(t, unchanged_users_stay_the_same);
	tcase_add_test(t, changes_by_others_change_the_epoch);
	tcase_add_loop_test(t, users_with_new_credentials_are_refused, 0, ROWS(ends));
	tcase_add_test(t, the_server_never_changes);
	tcase_add_test(t, changes_are_seen_by_every_thread);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
