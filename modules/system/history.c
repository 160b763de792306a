/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/history.c
 * \brief read_audit_log by primary key: the log is read once for all keys, because there may be many.
 */
#include "audit_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kept_change {
	struct kept_change *next;
	uint32_t mode;
	double time;
	const char *user;
	const lyre_value *record; /**< NULL: deleted */
};

struct history {
	struct history *same_hash;
	const lyre_value *key;
	struct kept_change *first, **last;
};

struct search {
	lyre_call *call;
	struct history *items, **table;
	size_t count, mask, bytes;
};

static int is_same(const lyre_value *x, const lyre_value *y)
{
	size_t x_len, y_len;
	const char *s, *t;

	if (value_is_number(x) && value_is_number(y)) {
		if (lyre_value_type(x) == LYRE_INT && lyre_value_type(y) == LYRE_INT)
			return lyre_value_int(x) == lyre_value_int(y);
		double a = lyre_value_double(x), b = lyre_value_double(y);
		return a <= b && a >= b;
	}
	if (lyre_value_type(x) != LYRE_STRING || lyre_value_type(y) != LYRE_STRING)
		return 0;
	s = lyre_value_string(x, &x_len);
	t = lyre_value_string(y, &y_len);
	return x_len == y_len && !memcmp(s, t, x_len);
}

static size_t hash_of(const lyre_value *v)
{
	double number = lyre_value_double(v);
	size_t len = sizeof number, hash = 2166136261u;
	const char *bytes = lyre_value_type(v) == LYRE_STRING ? lyre_value_string(v, &len) : (const char *)&number;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static struct history *find_history(const struct search *s, const lyre_value *key)
{
	struct history *h = s->table[hash_of(key) & s->mask];

	while (h && !is_same(h->key, key))
		h = h->same_hash;
	return h;
}

static int prepare_search(struct search *s, const lyre_value *values)
{
	size_t count = lyre_value_count(values);

	for (s->mask = 15; s->mask < count; s->mask = s->mask * 2 + 1)
		;
	s->items = lyre_alloc(s->call, (count + 1) * sizeof *s->items);
	s->table = lyre_alloc(s->call, (s->mask + 1) * sizeof *s->table);
	if (!s->items || !s->table)
		return lyre_fail_no_memory(s->call);
	for (size_t i = 0; i < count; i++) {
		const lyre_value *key = lyre_value_at(values, i);
		struct history *h = &s->items[s->count];

		if (!value_is_number(key) && lyre_value_type(key) != LYRE_STRING)
			return lyre_fail(s->call, LYRE_EINVAL, "'search_values' must be strings or numbers");
		if (find_history(s, key))
			continue;
		*h = (struct history){ .key = key, .last = &h->first, .same_hash = s->table[hash_of(key) & s->mask] };
		s->table[hash_of(key) & s->mask] = h;
		s->count++;
	}
	return 0;
}

static int keep_change(void *arg, const struct lyre_change *c)
{
	struct search *s = arg;
	struct history *h = find_history(s, c->key);
	int rc = changes_add_size(s->call, &s->bytes, c);

	if (rc || !h)
		return rc;
	struct kept_change *k = lyre_alloc(s->call, sizeof *k + strlen(c->user) + 1);
	if (k) {
		k->mode = c->mode;
		k->time = c->time;
		k->user = strcpy((char *)(k + 1), c->user);
		k->record = c->after ? lyre_make_copy(s->call, c->after) : NULL;
	}
	if (!k || (c->after && !k->record))
		return lyre_fail_no_memory(s->call);
	*h->last = k;
	h->last = &k->next;
	return 0;
}

static void answer_history(lyre_out *o, const struct history *h)
{
	lyre_out_array_begin(o);
	for (const struct kept_change *k = h->first; k; k = k->next) {
		const struct lyre_change c = { .mode = k->mode, .time = k->time, .user = k->user, .operation = "" };

		lyre_out_object_begin(o);
		changes_write_head(o, &c);
		lyre_out_value(o, h->key);
		lyre_out_array_end(o);
		lyre_out_key(o, "records");
		lyre_out_array_begin(o);
		lyre_out_value(o, k->record);
		lyre_out_array_end(o);
		lyre_out_object_end(o);
	}
	lyre_out_array_end(o);
}

/** Formats a key as the name of a member. */
static const char *name_of(const lyre_value *key, char number[32])
{
	if (lyre_value_type(key) == LYRE_STRING || lyre_value_type(key) == LYRE_BIGINT)
		return lyre_value_string(key, NULL);
	if (lyre_value_type(key) == LYRE_INT) {
		snprintf(number, 32, "%lld", (long long)lyre_value_int(key));
		return number;
	}
	double d = lyre_value_double(key), back;
	int digits = 15;
	do {
		snprintf(number, 32, "%.*g", digits, d);
		back = strtod(number, NULL);
	} while ((back < d || back > d) && ++digits <= 17);
	return number;
}

int changes_by_key(lyre_call *call, lyre_table *table, const lyre_value *values)
{
	struct search s = { .call = call };
	struct lyre_change_query q = changes_of_all(call);
	lyre_out *o = lyre_reply(call);

	q.keys = values;
	int rc = prepare_search(&s, values);
	if (!rc)
		rc = lyre_changes(call, table, &q, keep_change, &s);
	if (rc)
		return rc;
	lyre_out_object_begin(o);
	for (size_t i = 0; i < s.count; i++) {
		char number[32];

		lyre_out_key(o, name_of(s.items[i].key, number));
		answer_history(o, &s.items[i]);
	}
	lyre_out_object_end(o);
	return 0;
}
