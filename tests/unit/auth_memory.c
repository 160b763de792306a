/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "auth/remembered.h"
#include "auth/principal.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct memory *memory;

static void setup(void)
{
	struct err e;

	ck_assert_int_eq(memory_open(&memory, 1000, &e), 0);
}

static void teardown(void)
{
	memory_close(memory);
}

static const struct principal *make_principal(const char *name, const char *only, const char *stamp)
{
	const struct principal *ret;
	struct principal p = { .name = name, .only = only, .role = &role_of_server };
	struct err e;

	snprintf(p.stamp, sizeof p.stamp, "%s", stamp);
	ck_assert_int_eq(principal_make(&ret, &p, strlen(name), &e), 0);
	return ret;
}

static struct fingerprint print_of(const char *user, const char *password)
{
	return memory_password(memory, user, strlen(user), password, strlen(password));
}

static struct fingerprint text_print(unsigned kind, const char *text)
{
	return memory_text(memory, kind, text, strlen(text));
}

/** Remembers a principal of that name, with no expiry of its own. */
static void keep(struct fingerprint f, const char *name, int64_t now)
{
	const struct principal *p = make_principal(name, NULL, "");

	memory_keep(memory, f, now, INT64_MAX, NULL, p);
	principal_unref(p);
}

/** Whether credentials are known, and belong to the right user. */
static bool found(struct fingerprint f, const char *name, int64_t now)
{
	const struct principal *p = memory_find(memory, f, now, NULL);
	bool right = p && !strcmp(p->name, name);

	ck_assert(!p || right);
	principal_unref(p);
	return right;
}

START_TEST(kept_credentials_are_remembered)
{
	struct fingerprint f = print_of("admin", "pw");

	ck_assert(!found(f, "admin", 0));
	keep(f, "admin", 0);
	ck_assert(found(f, "admin", 1));
	ck_assert(!found(print_of("admin", "pwx"), "", 1));
	ck_assert(!found(print_of("admin", ""), "", 1));
	ck_assert(!found(print_of("adminp", "w"), "", 1));
	ck_assert(!found(print_of("Admin", "pw"), "", 1));
	keep(f, "other", 1);
	ck_assert(found(f, "other", 2));
}
END_TEST

START_TEST(kinds_are_distinguished)
{
	keep(text_print(0, "adminpw"), "zero", 0);
	keep(text_print(1, "adminpw"), "one", 0);
	ck_assert(!found(print_of("admin", "pw"), "", 0));
	ck_assert(!found(print_of("adminpw", ""), "", 0));
	ck_assert(!found(text_print(2, "adminpw"), "", 0));
	ck_assert(found(text_print(0, "adminpw"), "zero", 0));
	ck_assert(found(text_print(1, "adminpw"), "one", 0));
}
END_TEST

START_TEST(it_forgets_in_time)
{
	struct fingerprint f = print_of("admin", "pw");
	const struct principal *p = make_principal("admin", NULL, "");

	keep(f, "admin", 5000);
	ck_assert(found(f, "admin", 5999));
	ck_assert(!found(f, "admin", 6000));
	keep(f, "admin", 6000);
	ck_assert(found(f, "admin", 6500));

	memory_keep(memory, f, 7000, 7300, NULL, p);
	ck_assert(found(f, "admin", 7299));
	ck_assert(!found(f, "admin", 7300));
	memory_keep(memory, f, 7300, 9000, NULL, p);
	ck_assert(!found(f, "admin", 8300));
	principal_unref(p);
}
END_TEST

START_TEST(without_a_lifetime_nothing_is_remembered)
{
	struct err e;

	memory_close(memory);
	ck_assert_int_eq(memory_open(&memory, 0, &e), 0);
	keep(print_of("admin", "pw"), "admin", 0);
	ck_assert(!found(print_of("admin", "pw"), "admin", 0));
}
END_TEST

START_TEST(forgotten_credentials_are_gone)
{
	struct fingerprint f = text_print(0, "token");
	const struct principal *p = make_principal("ann", NULL, "");
	uint64_t before, after;

	ck_assert_ptr_null(memory_find(memory, f, 0, &before));
	memory_keep(memory, f, 0, INT64_MAX, &before, p);
	ck_assert(found(f, "ann", 0));
	memory_forget(memory, f);
	ck_assert(!found(f, "ann", 0));

	memory_keep(memory, f, 0, INT64_MAX, &before, p); /* it was looked up before it was forgotten */
	ck_assert_ptr_null(memory_find(memory, f, 0, &after));
	memory_keep(memory, f, 0, INT64_MAX, &after, p);
	ck_assert(found(f, "ann", 0));
	principal_unref(p);
}
END_TEST

START_TEST(a_new_entry_replaces_the_old)
{
	struct fingerprint f = text_print(0, "token");
	const struct principal *old = make_principal("old", NULL, ""), *new = make_principal("new", NULL, "");

	memory_keep(memory, f, 0, 500, NULL, old);
	memory_replace(memory, f, new, NULL);
	ck_assert(found(f, "old", 0));
	memory_replace(memory, f, old, new);
	ck_assert(found(f, "new", 499));
	ck_assert(!found(f, "new", 500));
	memory_replace(memory, f, old, old);
	ck_assert(found(f, "new", 0));
	memory_replace(memory, f, new, NULL);
	ck_assert(!found(f, "new", 0));
	memory_replace(memory, f, new, new);
	ck_assert(!found(f, "new", 0));
	principal_unref(old);
	principal_unref(new);
}
END_TEST

START_TEST(it_is_bounded_and_prefers_the_new)
{
	enum { COUNT = 100000, PLACES = 4096 * 4 };
	char name[16];
	int kept = 0;

	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "user%d", i);
		keep(print_of(name, "pw"), name, i / 1000);
		ck_assert(found(print_of(name, "pw"), name, i / 1000));
	}
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof name, "user%d", i);
		kept += found(print_of(name, "pw"), name, 100);
	}
	ck_assert_int_le(kept, PLACES);
	ck_assert_int_gt(kept, PLACES * 9 / 10);
}
END_TEST

START_TEST(the_longest_credentials_are_kept)
{
	char user[AUTH_USER_MAX], password[AUTH_PASSWORD_MAX], text[AUTH_CREDENTIAL_MAX];

	memset(user, 'u', sizeof user);
	memset(password, 'p', sizeof password);
	memset(text, 't', sizeof text);
	keep(memory_password(memory, user, sizeof user, password, sizeof password), "ann", 0);
	keep(memory_text(memory, 3, text, sizeof text), "bob", 0);
	ck_assert(found(memory_password(memory, user, sizeof user, password, sizeof password), "ann", 0));
	ck_assert(found(memory_text(memory, 3, text, sizeof text), "bob", 0));
	ck_assert(!found(memory_text(memory, 3, text, sizeof text - 1), "", 0));
}
END_TEST

/* ---- threads ---- */

#define NAMES 64

/** Remembers, finds, replaces and forgets a few principals: each must stay intact as long as anyone holds it. */
static void *use(void *arg)
{
	unsigned chance = *(unsigned *)arg;
	char name[16], stamp[AUTH_STAMP_MAX];

	for (int i = 0; i < 20000; i++) {
		chance = chance * 1103515245 + 12345;
		snprintf(name, sizeof name, "user%u", chance / 65536 % NAMES);
		snprintf(stamp, sizeof stamp, "of %s", name);
		struct fingerprint f = print_of(name, "pw");
		uint64_t began;
		const struct principal *p = memory_find(memory, f, 0, &began);

		if (p && (strcmp(p->name, name) != 0 || strcmp(p->stamp, stamp) != 0))
			ck_abort_msg("another principal was found");
		switch (chance / 16 % 4) {
		case 0:
			memory_forget(memory, f);
			break;
		case 1:
			if (p) {
				const struct principal *fresh = make_principal(name, "one", stamp);

				memory_replace(memory, f, p, fresh);
				principal_unref(fresh);
			}
			break;
		default:
			if (!p) {
				p = make_principal(name, NULL, stamp);
				memory_keep(memory, f, 0, INT64_MAX, &began, p);
			}
		}
		principal_unref(p);
	}
	return NULL;
}

START_TEST(threads_use_it_concurrently)
{
	pthread_t threads[4];
	unsigned seeds[4] = { 1, 2, 3, 4 };

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, use, &seeds[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_memory");
	TCase *t = tcase_create("memory");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, kept_credentials_are_remembered);
	tcase_add_test(t, kinds_are_distinguished);
	tcase_add_test(t, it_forgets_in_time);
	tcase_add_test(t, without_a_lifetime_nothing_is_remembered);
	tcase_add_test(t, forgotten_credentials_are_gone);
	tcase_add_test(t, a_new_entry_replaces_the_old);
	tcase_add_test(t, it_is_bounded_and_prefers_the_new);
	tcase_add_test(t, the_longest_credentials_are_kept);
	tcase_add_test(t, threads_use_it_concurrently);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
