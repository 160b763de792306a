/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/recent.c
 * \brief A set-associative table of pairs of user and source, each with a password's fingerprint, under one lock.
 */
#include "auth/recent.h"

#include "auth/auth.h"
#include "base/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SETS 1024
#define WAYS 4

/** A pair; until is 0 if the entry is empty. */
struct entry {
	uint64_t pair[2], password[2];
	int64_t until;
	unsigned wrong;
};

struct recent {
	uint8_t key[16];
	pthread_mutex_t lock;
	struct entry entries[SETS][WAYS];
};

int recent_open(struct recent **ret, struct err *e)
{
	struct recent *r = calloc(1, sizeof *r);

	if (!r)
		return err_nomem(e);
	random_bytes(r->key, sizeof r->key);
	pthread_mutex_init(&r->lock, NULL);
	*ret = r;
	return 0;
}

void recent_close(struct recent *r)
{
	if (!r)
		return;
	pthread_mutex_destroy(&r->lock);
	secure_clear(r, sizeof *r);
	free(r);
}

/** The fingerprints of the pair and, with the pair before it, of the password. \return false: too long to be correct */
static bool prints_of(const struct recent *r, const struct attempt *a, struct entry *ret)
{
	uint8_t text[sizeof ret->pair + AUTH_PASSWORD_MAX];

	if (a->password_len > AUTH_PASSWORD_MAX)
		return false;
	attempt_print(r->key, a, ret->pair);
	memcpy(text, ret->pair, sizeof ret->pair);
	memcpy(text + sizeof ret->pair, a->password, a->password_len);
	siphash128(r->key, text, sizeof ret->pair + a->password_len, (uint8_t *)ret->password);
	secure_clear(text, sizeof text);
	return true;
}

static bool is_same(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] == b[0] && a[1] == b[1];
}

/** With the lock held. NULL if nothing is remembered for the pair */
static struct entry *find(struct recent *r, const uint64_t pair[2], int64_t now)
{
	struct entry *set = r->entries[pair[0] % SETS];

	for (int i = 0; i < WAYS; i++)
		if (set[i].until > now && is_same(set[i].pair, pair))
			return &set[i];
	return NULL;
}

/** With the lock held. The entry for a new pair: that of the pair that expires first. */
static struct entry *place(struct recent *r, const uint64_t pair[2])
{
	struct entry *set = r->entries[pair[0] % SETS], *best = set;

	for (int i = 1; i < WAYS; i++)
		if (set[i].until < best->until)
			best = &set[i];
	return best;
}

bool recent_is(struct recent *r, const struct attempt *a, int64_t now)
{
	struct entry asked;

	if (!prints_of(r, a, &asked))
		return false;
	pthread_mutex_lock(&r->lock);
	struct entry *known = find(r, asked.pair, now);
	bool same = known && is_same(known->password, asked.password);
	if (known && !same && ++known->wrong >= RECENT_WRONG_MAX)
		*known = (struct entry){ .until = 0 };
	pthread_mutex_unlock(&r->lock);
	return same;
}

bool recent_note(struct recent *r, const struct attempt *a, bool right, int64_t now)
{
	struct entry noted;

	if (!prints_of(r, a, &noted))
		return false;
	noted.until = now + RECENT_TIME;
	noted.wrong = 0;
	pthread_mutex_lock(&r->lock);
	struct entry *known = find(r, noted.pair, now);
	bool same = known && is_same(known->password, noted.password);
	if (right)
		*(known ? known : place(r, noted.pair)) = noted;
	else if (same)
		*known = (struct entry){ .until = 0 };
	pthread_mutex_unlock(&r->lock);
	return same;
}
