/* SPDX-License-Identifier: Apache-2.0 */
#include "value_set.h"

#include "sql_value.h"

#include <stdbool.h>
#include <string.h>

#define ROOM_FIRST 32
/** In addition to SQLite's own types. */
#define TYPE_BOOLEAN 100
/** From here on, doubles do not represent every integer exactly. */
#define EXACT_MAX 0x1p53

/* What makes a value the same as another: its type and its bytes. */
struct key {
	int type;
	const void *bytes;
	size_t len;
	int64_t integer; /* the bytes of an integer */
	double real;
};

/* 1 and 1.0 are the same; true is not. */
static void key_of(sqlite3_value *v, struct key *k)
{
	k->type = sqlite3_value_type(v);
	if (k->type == SQLITE_FLOAT) {
		k->real = sqlite3_value_double(v);
		k->bytes = &k->real;
		k->len = sizeof k->real;
		bool small = k->real > -EXACT_MAX && k->real < EXACT_MAX;
		k->type = small && k->real == (double)(int64_t)k->real ? SQLITE_INTEGER : SQLITE_FLOAT;
	}
	if (k->type == SQLITE_INTEGER) {
		k->integer = sqlite3_value_int64(v);
		k->bytes = &k->integer;
		k->len = sizeof k->integer;
		if (sqlite3_value_subtype(v) == SQL_SUBTYPE_BOOLEAN)
			k->type = TYPE_BOOLEAN;
	} else if (k->type != SQLITE_FLOAT) {
		k->bytes = k->type == SQLITE_TEXT ? (const void *)sqlite3_value_text(v) : sqlite3_value_blob(v);
		k->len = k->bytes ? (size_t)sqlite3_value_bytes(v) : 0;
	}
}

static bool is_same(const struct key *a, sqlite3_value *v)
{
	struct key b;
	key_of(v, &b);
	return a->type == b.type && a->len == b.len && (a->len == 0 || memcmp(a->bytes, b.bytes, a->len) == 0);
}

/* FNV-1a. */
static uint64_t hash_of(const struct key *k)
{
	const unsigned char *p = k->bytes;
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (unsigned)k->type;
	for (size_t i = 0; i < k->len; i++)
		hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
	return hash ^ (hash >> 29);
}

/* The slot of a value, or the free one where it would be. */
static uint32_t *slot_of(struct value_set *s, const struct key *k, uint64_t hash)
{
	size_t mask = 2 * s->room - 1;
	for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
		uint32_t *slot = &s->slots[i];
		if (*slot == 0)
			return slot;
		const struct value_entry *e = &s->entries[*slot - 1];
		if (e->hash == hash && is_same(k, e->value))
			return slot;
	}
}

static bool grow(struct value_set *s)
{
	size_t room = s->room ? 2 * s->room : ROOM_FIRST, mask = 2 * room - 1;
	struct value_entry *entries = sqlite3_realloc64(s->entries, room * sizeof *entries);
	if (entries)
		s->entries = entries;
	uint32_t *slots = entries && room < UINT32_MAX ? sqlite3_malloc64(2 * room * sizeof *slots) : NULL;
	if (!slots)
		return false;
	memset(slots, 0, 2 * room * sizeof *slots);
	for (size_t i = 0; i < s->count; i++) {
		size_t at = (size_t)s->entries[i].hash & mask;
		while (slots[at] != 0)
			at = (at + 1) & mask;
		slots[at] = (uint32_t)i + 1;
	}
	sqlite3_free(s->slots);
	s->slots = slots;
	s->room = room;
	return true;
}

/* \return an SQLite result code */
static int add(struct value_set *s, sqlite3_value *v, uint64_t max)
{
	struct key k;
	key_of(v, &k);
	uint64_t hash = hash_of(&k);
	uint32_t *slot = s->room ? slot_of(s, &k, hash) : NULL;
	if (slot && *slot != 0) {
		s->entries[*slot - 1].count++;
		return SQLITE_OK;
	}
	s->bytes += k.len + sizeof *s->entries;
	if (s->bytes > max)
		return SQLITE_TOOBIG;
	if (s->count == s->room && !grow(s))
		return SQLITE_NOMEM;
	sqlite3_value *own = sqlite3_value_dup(v);
	if (!own)
		return SQLITE_NOMEM;
	*slot_of(s, &k, hash) = (uint32_t)s->count + 1;
	s->entries[s->count++] = (struct value_entry){ own, hash, 1 };
	return SQLITE_OK;
}

void value_set_step(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	struct value_set *s = sqlite3_aggregate_context(ctx, sizeof *s);
	int max = sqlite3_limit(sqlite3_context_db_handle(ctx), SQLITE_LIMIT_LENGTH, -1);
	int rc = s ? add(s, args[0], (uint64_t)max) : SQLITE_NOMEM;
	if (rc == SQLITE_TOOBIG)
		sqlite3_result_error_toobig(ctx);
	else if (rc != SQLITE_OK)
		sqlite3_result_error_nomem(ctx);
}

void value_set_free(struct value_set *s)
{
	for (size_t i = 0; i < s->count; i++)
		sqlite3_value_free(s->entries[i].value);
	sqlite3_free(s->entries);
	sqlite3_free(s->slots);
}
