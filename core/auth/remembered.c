/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/remembered.c
 * \brief A set-associative table of fingerprints. A few locks, each for a part of the sets, are held only briefly.
 */
#include "auth/remembered.h"

#include "base/metric.h"
#include "base/text.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/** Pages of the table without entries take no memory. */
#define SETS 4096
#define WAYS 4
#define LOCKS 64

struct entry {
	struct fingerprint print;
	const struct principal *who; /**< NULL: empty */
	int64_t until;
};

struct lock {
	alignas(METRIC_LINE) pthread_mutex_t mutex;
	uint64_t forgotten; /**< number of calls of memory_forget() */
};

struct memory {
	struct lock locks[LOCKS];
	uint8_t key[16];
	int64_t ttl;
	struct entry (*sets)[WAYS];
};

int memory_open(struct memory **ret, int64_t ttl_ms, struct err *e)
{
	struct memory *m = aligned_alloc(alignof(struct memory), sizeof *m);

	if (!m)
		return err_nomem(e);
	memset(m, 0, sizeof *m);
	m->sets = calloc(SETS, sizeof *m->sets);
	if (!m->sets) {
		free(m);
		return err_nomem(e);
	}
	random_bytes(m->key, sizeof m->key);
	m->ttl = ttl_ms;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&m->locks[i].mutex, NULL);
	*ret = m;
	return 0;
}

void memory_close(struct memory *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < SETS; i++)
		for (size_t j = 0; j < WAYS; j++)
			principal_unref(m->sets[i][j].who);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&m->locks[i].mutex);
	secure_clear(m->key, sizeof m->key);
	free(m->sets);
	free(m);
}

/* ---- fingerprints ---- */

/** The hashed bytes: numbers that distinguish kinds and boundaries, then the strings. */
struct frame {
	uint32_t kind, first_len;
	char text[AUTH_CREDENTIAL_MAX];
};

_Static_assert(AUTH_USER_MAX + AUTH_PASSWORD_MAX <= AUTH_CREDENTIAL_MAX, "a frame holds a name and a password");

static struct fingerprint print_of(
	const struct memory *m, uint32_t kind, const char *first, size_t first_len, const char *second, size_t second_len)
{
	struct frame frame;
	struct fingerprint f;
	size_t len = offsetof(struct frame, text) + first_len + second_len;

	frame.kind = kind;
	frame.first_len = (uint32_t)first_len;
	memcpy(frame.text, first, first_len);
	if (second_len)
		memcpy(frame.text + first_len, second, second_len);
	siphash128(m->key, &frame, len, (uint8_t *)f.half);
	secure_clear(&frame, len);
	return f;
}

struct fingerprint memory_password(
	const struct memory *m, const char *user, size_t user_len, const char *password, size_t password_len)
{
	return print_of(m, 0, user, user_len, password, password_len);
}

struct fingerprint memory_text(const struct memory *m, unsigned kind, const char *text, size_t len)
{
	return print_of(m, kind + 1, text, len, NULL, 0);
}

/* ---- entries ---- */

static struct lock *lock_of(struct memory *m, struct fingerprint f)
{
	struct lock *l = &m->locks[f.half[0] % SETS % LOCKS];

	pthread_mutex_lock(&l->mutex);
	return l;
}

/** With the lock held. NULL if there is none. */
static struct entry *entry_of(struct memory *m, struct fingerprint f)
{
	struct entry *set = m->sets[f.half[0] % SETS];

	for (int i = 0; i < WAYS; i++)
		if (set[i].who && set[i].print.half[0] == f.half[0] && set[i].print.half[1] == f.half[1])
			return &set[i];
	return NULL;
}

/** Puts a reference into an entry, NULL to empty it. \return the old one, to be released without the lock */
static const struct principal *entry_put(struct entry *t, const struct principal *who)
{
	const struct principal *old = t->who;

	t->who = who ? principal_ref(who) : NULL;
	return old;
}

const struct principal *memory_find(struct memory *m, struct fingerprint f, int64_t now, uint64_t *began)
{
	struct lock *l = lock_of(m, f);
	const struct entry *t = entry_of(m, f);
	const struct principal *who = t && t->until > now ? principal_ref(t->who) : NULL;

	if (began)
		*began = l->forgotten;
	pthread_mutex_unlock(&l->mutex);
	return who;
}

void memory_keep(
	struct memory *m, struct fingerprint f, int64_t now, int64_t until, const uint64_t *began, const struct principal *who)
{
	const struct principal *old = NULL;

	if (m->ttl <= 0)
		return;
	if (until > now + m->ttl)
		until = now + m->ttl;
	struct lock *l = lock_of(m, f);
	if (!began || *began == l->forgotten) {
		struct entry *set = m->sets[f.half[0] % SETS], *t = entry_of(m, f);

		for (int i = 0; !t && i < WAYS; i++)
			if (!set[i].who)
				t = &set[i];
		if (!t) {
			t = set;
			for (int i = 1; i < WAYS; i++)
				if (set[i].until < t->until)
					t = &set[i];
		}
		old = entry_put(t, who);
		t->print = f;
		t->until = until;
	}
	pthread_mutex_unlock(&l->mutex);
	principal_unref(old);
}

void memory_replace(struct memory *m, struct fingerprint f, const struct principal *old, const struct principal *who)
{
	const struct principal *gone = NULL;
	struct lock *l = lock_of(m, f);
	struct entry *t = entry_of(m, f);

	if (t && t->who == old)
		gone = entry_put(t, who);
	pthread_mutex_unlock(&l->mutex);
	principal_unref(gone);
}

void memory_forget(struct memory *m, struct fingerprint f)
{
	const struct principal *gone = NULL;
	struct lock *l = lock_of(m, f);
	struct entry *t = entry_of(m, f);

	l->forgotten++;
	if (t)
		gone = entry_put(t, NULL);
	pthread_mutex_unlock(&l->mutex);
	principal_unref(gone);
}
