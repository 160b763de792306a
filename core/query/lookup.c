/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/lookup.c
 * \brief Records by their keys, in the order of the keys.
 */
#include "query/plan.h"

int lookup_key(struct query *q, const lyre_value *key, struct row *ret, struct err *e)
{
	lyre_value kept;
	if (!key_number(key, &kept) || key_primary(&q->got, &kept))
		return LYRE_ENOTFOUND;
	ret->key = q->got.bytes;
	ret->key_len = q->got.len;
	if (q->got.cut)
		return snapshot_get(&q->snapshot, q->table, &kept, &ret->record, e);
	return snapshot_get_key(&q->snapshot, q->table, q->got.bytes, q->got.len, &ret->record, e);
}

int lookup_row(struct query *q, struct row *ret, struct err *e)
{
	while (q->next_key < q->keys->len) {
		if (q->pace.over)
			return QUERY_PAUSED;
		int rc = lookup_key(q, &q->keys->items[q->next_key], ret, e);
		if (!rc && pace_defers(&q->pace, ret->record.len))
			return QUERY_PAUSED;
		q->next_key++;
		pace_step(&q->pace, 1);
		if (rc != LYRE_ENOTFOUND)
			return rc;
	}
	return LYRE_END;
}
