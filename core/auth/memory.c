/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/memory.c
 * \brief A set-associative table of fingerprints. Readers check a sequence number; writers take a lock.
 */
#include "auth/memory.h"

#include "base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SETS 256
#define WAYS 4

/** All fields are atomic: a reader who comes while one is written sees old or new words, and that they do not fit. */
struct entry {
	atomic_uint sequence; /**< odd while a writer is at it */
	atomic_bool super_user;
	atomic_uint_least64_t half[2];
	atomic_int_least64_t until; /**< 0: empty */
};

struct memory {
	uint8_t key[16];
	int64_t ttl;
	pthread_mutex_t lock; /**< writers */
	struct entry entries[SETS][WAYS];
};

int memory_open(struct memory **ret, int64_t ttl_ms, struct err *e)
{
	struct memory *m = calloc(1, sizeof *m);

	if (!m)
		return err_nomem(e);
	random_bytes(m->key, sizeof m->key);
	m->ttl = ttl_ms;
	pthread_mutex_init(&m->lock, NULL);
	*ret = m;
	return 0;
}

void memory_close(struct memory *m)
{
	if (!m)
		return;
	pthread_mutex_destroy(&m->lock);
	secure_clear(m, sizeof *m);
	free(m);
}

struct fingerprint memory_fingerprint(const struct memory *m, const char *user, size_t user_len, const char *password,
	size_t password_len)
{
	char text[AUTH_USER_MAX + 1 + AUTH_PASSWORD_MAX];
	struct fingerprint f;

	memcpy(text, user, user_len);
	text[user_len] = '\0';
	memcpy(text + user_len + 1, password, password_len);
	siphash128(m->key, text, user_len + 1 + password_len, (uint8_t *)f.half);
	secure_clear(text, user_len + 1 + password_len);
	return f;
}

static struct entry *set_of(struct memory *m, struct fingerprint f)
{
	return m->entries[f.half[0] % SETS];
}

static bool entry_is(struct entry *t, struct fingerprint f)
{
	return atomic_load_explicit(&t->half[0], memory_order_acquire) == f.half[0] &&
		atomic_load_explicit(&t->half[1], memory_order_acquire) == f.half[1];
}

bool memory_find(struct memory *m, struct fingerprint f, int64_t now, bool *super_user)
{
	struct entry *set = set_of(m, f);

	for (int i = 0; i < WAYS; i++) {
		struct entry *t = &set[i];
		unsigned before = atomic_load_explicit(&t->sequence, memory_order_acquire);

		if (before % 2 || !entry_is(t, f))
			continue;
		int64_t until = atomic_load_explicit(&t->until, memory_order_acquire);
		bool super = atomic_load_explicit(&t->super_user, memory_order_acquire);
		if (atomic_load_explicit(&t->sequence, memory_order_acquire) != before || until <= now)
			continue;
		*super_user = super;
		return true;
	}
	return false;
}

void memory_keep(struct memory *m, struct fingerprint f, int64_t now, bool super_user)
{
	struct entry *set = set_of(m, f), *oldest = set;

	if (m->ttl <= 0)
		return;
	pthread_mutex_lock(&m->lock);
	for (int i = 0; i < WAYS; i++) {
		if (entry_is(&set[i], f)) {
			oldest = &set[i];
			break;
		}
		if (atomic_load(&set[i].until) < atomic_load(&oldest->until))
			oldest = &set[i];
	}
	atomic_fetch_add(&oldest->sequence, 1);
	atomic_store_explicit(&oldest->half[0], f.half[0], memory_order_release);
	atomic_store_explicit(&oldest->half[1], f.half[1], memory_order_release);
	atomic_store_explicit(&oldest->until, now + m->ttl, memory_order_release);
	atomic_store_explicit(&oldest->super_user, super_user, memory_order_release);
	atomic_fetch_add(&oldest->sequence, 1);
	pthread_mutex_unlock(&m->lock);
}
