/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "auth/auth.h"
#include "auth/principal.h"
#include "auth/users.h"
#include "config/config.h"

#include <math.h>
#include <pthread.h>

static struct config *config;
static struct auth *auth;
static const struct principal *who; /**< of the last that was let in */

static int open_auth(const char *set)
{
	const char *sets[] = { "authentication.argon2.memory=8K", "authentication.argon2.iterations=1", set };
	struct config_sources s = { .root = folder, .sets = sets, .set_count = set ? 3 : 2 };

	ck_assert_msg(!config_load(&config, &s, &err), "%s", err.text);
	setenv("LYRE_ADMIN_USERNAME", "admin", 1);
	setenv("LYRE_ADMIN_PASSWORD", "Abc1234!", 1);
	return auth_open(&auth, store, config, &err);
}

static void close_auth(void)
{
	principal_unref(who);
	who = NULL;
	auth_close(auth);
	auth = NULL;
	config_free(config);
}

static void begin(void)
{
	setup();
	ck_assert_msg(!open_auth(NULL), "%s", err.text);
}

static void end(void)
{
	close_auth();
	teardown();
}

/* ---- short words ---- */

static int took(int rc, const struct principal *p)
{
	principal_unref(who);
	who = rc ? NULL : p;
	return rc;
}

static int remembered(const char *name, const char *password)
{
	const struct principal *p = NULL;

	err = (struct err){ 0 };
	int rc = auth_remembered(auth, name, strlen(name), password, strlen(password), &p, &err);
	return took(rc, p);
}

static int verify(const char *name, const char *password)
{
	const struct principal *p = NULL;

	err = (struct err){ 0 };
	int rc = auth_verify(auth, name, strlen(name), password, strlen(password), &p, &err);
	return took(rc, p);
}

static uint64_t began;

static int remembered_text(unsigned kind, const char *text)
{
	const struct principal *p = NULL;

	err = (struct err){ 0 };
	int rc = auth_remembered_text(auth, kind, text, strlen(text), &began, &p, &err);
	return took(rc, p);
}

static int claim(unsigned kind, const char *text, struct identity c)
{
	const struct principal *p = NULL;

	err = (struct err){ 0 };
	int rc = auth_accept(auth, kind, text, strlen(text), began, &c, &p, &err);
	return took(rc, p);
}

static void add(const char *name, const char *role)
{
	const struct lyre_user_change user = {
		.size = sizeof user, .fields = LYRE_USER_PASSWORD | LYRE_USER_ROLE | LYRE_USER_ACTIVE, .name = name,
		.password = "secret", .role = role, .active = 1,
	};

	ck_assert_msg(!users_add(auth_users(auth), &user, &err), "%s", err.text);
}

static void change(struct lyre_user_change c)
{
	c.size = sizeof c;
	ck_assert_msg(!users_change(auth_users(auth), &c, &err), "%s", err.text);
}

static void set_active(const char *name, bool active)
{
	change((struct lyre_user_change){ .name = name, .fields = LYRE_USER_ACTIVE, .active = active });
}

static void set_password(const char *name, const char *password)
{
	change((struct lyre_user_change){ .name = name, .fields = LYRE_USER_PASSWORD, .password = password });
}

static void add_role(const char *id, bool structure)
{
	struct value_member member = { "structure_user", sizeof "structure_user" - 1, value_bool(structure) };
	lyre_value permission = { .type = LYRE_OBJECT, .len = 1, .members = &member };
	const struct lyre_role role = { .size = sizeof role, .id = id, .name = id, .permission = &permission };
	struct arena a;

	arena_init(&a);
	int rc = users_change_role(auth_users(auth), &role, &a, NULL, &err);
	if (rc == LYRE_ENOTFOUND)
		rc = users_add_role(auth_users(auth), &role, &a, NULL, &err);
	ck_assert_msg(!rc, "%s", err.text);
	arena_free(&a);
}

static const char *stamp_of(const char *name)
{
	static struct user user;
	struct arena a;

	arena_init(&a);
	ck_assert_int_eq(users_find(auth_users(auth), name, strlen(name), &a, &user, &err), 0);
	arena_free(&a);
	return user.stamp;
}

/* ---- passwords ---- */

START_TEST(test_first_user)
{
	ck_assert_ptr_null(getenv("LYRE_ADMIN_PASSWORD"));
	ck_assert_int_eq(remembered("admin", "Abc1234!"), LYRE_PENDING);
	ck_assert_int_eq(verify("admin", "Abc1234!"), 0);
	ck_assert_str_eq(who->name, "admin");
	ck_assert(who->role->super_user);
	ck_assert_ptr_null(who->only);
	const struct principal *first = principal_ref(who);
	ck_assert_int_eq(remembered("admin", "Abc1234!"), 0);
	ck_assert_ptr_eq(who, first);
	ck_assert_int_eq(verify("admin", "Abc1234!"), 0);
	ck_assert_ptr_eq(who, first);
	principal_unref(first);

	close_auth();
	ck_assert_int_eq(open_auth(NULL), 0);
	ck_assert_int_eq(remembered("admin", "Abc1234!"), LYRE_PENDING);
	ck_assert_int_eq(verify("admin", "Abc1234!"), 0);
}
END_TEST

START_TEST(test_wrong)
{
	char name[AUTH_USER_MAX + 1], password[AUTH_PASSWORD_MAX + 1];
	static const char *const wrong[][2] = { { "admin", "abc1234!" }, { "admin", "" }, { "Admin", "Abc1234!" }, { "x", "y" } };
	const struct principal *p;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_int_eq(remembered(wrong[i][0], wrong[i][1]), LYRE_PENDING);
		ck_assert_int_eq(verify(wrong[i][0], wrong[i][1]), LYRE_EUNAUTHENTICATED);
		ck_assert_str_eq(err.text, "Login failed");
		ck_assert_int_eq(remembered(wrong[i][0], wrong[i][1]), LYRE_PENDING);
	}
	/* what cannot be right */
	memset(name, 'n', sizeof name);
	memset(password, 'p', sizeof password);
	ck_assert_int_eq(auth_remembered(auth, name, sizeof name, "p", 1, &p, &err), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(auth_remembered(auth, "admin", 5, password, sizeof password, &p, &err), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(auth_remembered(auth, "", 0, "p", 1, &p, &err), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(auth_verify(auth, "admin\0x", 7, "Abc1234!", 8, &p, &err), LYRE_EUNAUTHENTICATED);
	ck_assert_str_eq(err.text, "Login failed");
	ck_assert_int_eq(auth_verify(auth, name, sizeof name - 1, password, sizeof password - 1, &p, &err), LYRE_EUNAUTHENTICATED);
}
END_TEST

START_TEST(test_inactive)
{
	add("ann", "super_user");
	ck_assert_int_eq(verify("ann", "secret"), 0);
	set_active("ann", false);
	ck_assert_int_eq(remembered("ann", "secret"), LYRE_PENDING);
	ck_assert_int_eq(verify("ann", "secret"), LYRE_EDENIED);
	ck_assert_str_eq(err.text, "Cannot complete request: User is inactive");
	ck_assert_int_eq(verify("ann", "wrong"), LYRE_EUNAUTHENTICATED);
	ck_assert_str_eq(err.text, "Login failed");
	set_active("ann", true);
	ck_assert_int_eq(remembered("ann", "secret"), LYRE_PENDING);
	ck_assert_int_eq(verify("ann", "secret"), 0);
}
END_TEST

START_TEST(test_changes_act_at_once)
{
	add_role("r1", false);
	add_role("r2", true);
	add("ann", "r1");
	add("bob", "r1");
	ck_assert_int_eq(verify("bob", "secret"), 0);
	const struct role *role = role_ref(who->role);
	ck_assert_int_eq(verify("ann", "secret"), 0);
	ck_assert_ptr_eq(who->role, role);
	uint64_t epoch = who->epoch;

	/* somebody else's */
	set_password("bob", "other");
	ck_assert_int_eq(remembered("ann", "secret"), 0);
	ck_assert_uint_gt(who->epoch, epoch);
	ck_assert_ptr_eq(who->role, role);
	ck_assert_int_eq(remembered("bob", "secret"), LYRE_PENDING);
	ck_assert_int_eq(verify("bob", "secret"), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(verify("bob", "other"), 0);

	/* the role, and which */
	ck_assert(!role->structure_all);
	add_role("r1", true);
	ck_assert_int_eq(remembered("ann", "secret"), 0);
	ck_assert(who->role->structure_all);
	role_unref(role);
	change((struct lyre_user_change){ .name = "ann", .fields = LYRE_USER_ROLE, .role = "r2" });
	ck_assert_int_eq(remembered("ann", "secret"), 0);
	ck_assert_str_eq(who->role->id, "r2");
	ck_assert_int_eq(users_drop_role(auth_users(auth), "r2", &err), LYRE_ECONFLICT);

	/* no such role: for the permission decision to say */
	ck_assert_str_eq(upsert("system", "hdb_user", "[{\"username\":\"ann\",\"role\":\"gone\"}]"), "\"ann\"");
	ck_assert_int_eq(remembered("ann", "secret"), 0);
	ck_assert_ptr_null(who->role);

	ck_assert_int_eq(users_drop(auth_users(auth), "ann", &err), 0);
	ck_assert_int_eq(remembered("ann", "secret"), LYRE_PENDING);
	ck_assert_int_eq(verify("ann", "secret"), LYRE_EUNAUTHENTICATED);
	ck_assert_str_eq(err.text, "Login failed");
	add("ann", "r1");
	ck_assert_int_eq(remembered("ann", "secret"), LYRE_PENDING);
}
END_TEST

START_TEST(test_hashed_anew)
{
	ck_assert_int_eq(verify("admin", "Abc1234!"), 0);
	char stamp[AUTH_STAMP_MAX];
	strcpy(stamp, stamp_of("admin"));
	close_auth();
	ck_assert_int_eq(open_auth("authentication.argon2.memory=64K"), 0);
	const struct password_costs now = { 64, 1, 1 };

	ck_assert_int_eq(verify("admin", "wrong"), LYRE_EUNAUTHENTICATED);
	struct arena a;
	struct user user;
	arena_init(&a);
	ck_assert_int_eq(users_find(auth_users(auth), "admin", 5, &a, &user, &err), 0);
	ck_assert(password_outdated(user.hash, &now));
	ck_assert_int_eq(verify("admin", "Abc1234!"), 0);
	ck_assert_int_eq(users_find(auth_users(auth), "admin", 5, &a, &user, &err), 0);
	ck_assert(!password_outdated(user.hash, &now));
	ck_assert_str_eq(user.stamp, stamp);
	ck_assert_int_eq(remembered("admin", "Abc1234!"), 0);
	arena_free(&a);
}
END_TEST

START_TEST(test_costs_that_cannot_be)
{
	close_auth();
	ck_assert_int_eq(open_auth("authentication.argon2.lanes=2"), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "authentication.argon2.memory must be at least 16K for 2 lanes");
}
END_TEST

/* ---- credentials of other kinds ---- */

START_TEST(test_claim)
{
	add("ann", "super_user");
	struct identity c = { .user = "ann", .stamp = stamp_of("ann") };

	ck_assert_int_eq(remembered_text(0, "token"), LYRE_PENDING);
	ck_assert_int_eq(claim(0, "token", c), 0);
	ck_assert_str_eq(who->name, "ann");
	ck_assert_ptr_null(who->only);
	ck_assert_int_eq(remembered_text(0, "token"), 0);
	ck_assert_str_eq(who->name, "ann");
	ck_assert_int_eq(remembered_text(1, "token"), LYRE_PENDING);
	ck_assert_int_eq(remembered("token", ""), LYRE_PENDING);

	add("bob", "super_user"); /* read again */
	ck_assert_int_eq(remembered_text(0, "token"), 0);
	set_password("ann", "other");
	ck_assert_int_eq(remembered_text(0, "token"), LYRE_PENDING);
	c.stamp = stamp_of("bob");
	ck_assert_int_eq(claim(0, "token", c), LYRE_EUNAUTHENTICATED);
	c.stamp = stamp_of("ann");
	ck_assert_int_eq(claim(0, "token", c), 0);

	const struct identity wrong[] = {
		{ .user = "ann", .stamp = "" },
		{ .user = "ann", .stamp = NULL },
		{ .user = "nobody", .stamp = "" },
		{ .user = "", .stamp = "" },
		{ .user = NULL, .stamp = "" },
		{ .user = "ann", .stamp = c.stamp, .until = 1 },
		{ .user = "ann", .stamp = c.stamp, .until = -1 },
		{ .user = "ann", .stamp = c.stamp, .until = NAN },
		{ .user = "ann", .stamp = c.stamp, .until = now_ms() - 1 },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_int_eq(claim(0, "another", wrong[i]), LYRE_EUNAUTHENTICATED);
	c.until = now_ms() + 60000;
	ck_assert_int_eq(claim(0, "another", c), 0);
	ck_assert_int_eq(remembered_text(0, "another"), 0);
	c.until = 1e300;
	ck_assert_int_eq(claim(0, "for ever", c), 0);
	ck_assert_int_eq(remembered_text(0, "for ever"), 0);

	set_active("ann", false);
	ck_assert_int_eq(remembered_text(0, "another"), LYRE_PENDING);
	c.stamp = stamp_of("ann");
	ck_assert_int_eq(claim(0, "another", c), LYRE_EUNAUTHENTICATED);
}
END_TEST

/** What is good for one operation may be good once: it is asked for each time. */
START_TEST(test_claim_for_one_operation)
{
	const struct principal *p;
	char only[] = "refresh";

	ck_assert_int_eq(remembered_text(0, "token"), LYRE_PENDING);
	ck_assert_int_eq(claim(0, "token", (struct identity){ .user = "admin", .stamp = stamp_of("admin"), .only = only }), 0);
	strcpy(only, "else");
	ck_assert_str_eq(who->only, "refresh");
	ck_assert_int_eq(remembered_text(0, "token"), LYRE_PENDING);
	ck_assert_int_eq(claim(0, "token", (struct identity){ .user = "admin", .stamp = stamp_of("admin"), .only = "refresh" }), 0);
	add("ann", "super_user");
	ck_assert_int_eq(auth_refresh(auth, who, &p, &err), 0);
	ck_assert_str_eq(p->only, "refresh");
	principal_unref(p);
}
END_TEST

START_TEST(test_forget)
{
	struct identity c = { .user = "admin", .stamp = stamp_of("admin") };
	char long_text[AUTH_CREDENTIAL_MAX + 2];

	ck_assert_int_eq(remembered_text(3, "session"), LYRE_PENDING);
	ck_assert_int_eq(claim(3, "session", c), 0);
	ck_assert_int_eq(remembered_text(3, "session"), 0);
	auth_forget(auth, 3, "session", 7);
	ck_assert_int_eq(remembered_text(3, "session"), LYRE_PENDING);

	/* the session ended while the authenticator looked at it */
	auth_forget(auth, 3, "session", 7);
	ck_assert_int_eq(claim(3, "session", c), 0);
	ck_assert_int_eq(remembered_text(3, "session"), LYRE_PENDING);

	memset(long_text, 't', sizeof long_text);
	long_text[AUTH_CREDENTIAL_MAX + 1] = '\0';
	ck_assert_int_eq(remembered_text(3, long_text), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(claim(3, long_text, c), LYRE_EUNAUTHENTICATED);
	auth_forget(auth, 3, long_text, sizeof long_text - 1);
}
END_TEST

/* ---- what goes on for longer ---- */

START_TEST(test_refresh)
{
	const struct principal *p, *kept;

	add("ann", "super_user");
	ck_assert_int_eq(verify("ann", "secret"), 0);
	kept = principal_ref(who);
	ck_assert_int_eq(auth_refresh(auth, kept, &p, &err), 0);
	ck_assert_ptr_eq(p, kept);
	principal_unref(p);
	add("bob", "super_user");
	ck_assert_int_eq(auth_refresh(auth, kept, &p, &err), 0);
	ck_assert_uint_gt(p->epoch, kept->epoch);
	ck_assert_str_eq(p->name, "ann");
	principal_unref(p);

	set_password("ann", "other");
	ck_assert_int_eq(auth_refresh(auth, kept, &p, &err), LYRE_EUNAUTHENTICATED);
	ck_assert_str_eq(err.text, "User ann has new credentials: sign in again");
	set_active("ann", false);
	ck_assert_int_eq(auth_refresh(auth, kept, &p, &err), LYRE_EUNAUTHENTICATED);
	ck_assert_str_eq(err.text, "Cannot complete request: User is inactive");
	ck_assert_int_eq(users_drop(auth_users(auth), "ann", &err), 0);
	ck_assert_int_eq(auth_refresh(auth, kept, &p, &err), LYRE_EUNAUTHENTICATED);
	ck_assert_str_eq(err.text, "User ann does not exist");
	principal_unref(kept);

	ck_assert_int_eq(auth_refresh(auth, principal_server(), &p, &err), 0);
	ck_assert_ptr_eq(p, principal_server());
}
END_TEST

/* ---- threads ---- */

#define TURNS 100
/** Odd: ann is inactive, and that was answered. */
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
			ck_abort_msg("somebody else was let in");
		principal_unref(p);
		if (rc != 0 && rc != LYRE_PENDING)
			ck_abort_msg("%d: %s", rc, e.text);
		if (!rc && before % 2 && before == atomic_load(&turn))
			ck_abort_msg("an inactive user was let in");
	}
	return NULL;
}

START_TEST(test_threads)
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
				ck_assert_int_eq(claim(0, "token", (struct identity){ .user = "ann", .stamp = stamp_of("ann") }), 0);
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
	Suite *s = suite_create("auth_sign_in");
	TCase *t = tcase_create("sign in");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, test_first_user);
	tcase_add_test(t, test_wrong);
	tcase_add_test(t, test_inactive);
	tcase_add_test(t, test_changes_act_at_once);
	tcase_add_test(t, test_hashed_anew);
	tcase_add_test(t, test_costs_that_cannot_be);
	tcase_add_test(t, test_claim);
	tcase_add_test(t, test_claim_for_one_operation);
	tcase_add_test(t, test_forget);
	tcase_add_test(t, test_refresh);
	tcase_add_test(t, test_threads);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
