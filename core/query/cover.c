/* SPDX-License-Identifier: Apache-2.0 */
#include "query/cover.h"

#include "store/key.h"

bool cover_is_possible(const struct walk *w, const struct column *columns, size_t count)
{
	const struct attribute *at = walk_attribute(w);
	if (!at || at->flags & ATTRIBUTE_MULTI || w->table->expiration >= 0) /* only the record tells whether it has expired */
		return false;
	if (at->type == ATTRIBUTE_DATE || at->type == ATTRIBUTE_BYTES) /* these are indexed in another form than they are shown */
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct column *c = &columns[i];
		bool in_entry = c->kind == COLUMN_NONE || c->kind == COLUMN_KEY || (c->kind == COLUMN_FIELD && c->id == at->id);
		if (!in_entry)
			return false;
	}
	return true;
}

bool cover_read(const struct walk *w, lyre_value *ret)
{
	lyre_value key; /* of some only the record knows the value: strings that were cut, and numbers beyond 64 bits with a sign */
	return key_primary_value(w->key, w->key_len, NULL, &key) && key_index_read(w->entry.mv_data, w->entry.mv_size, NULL, ret);
}
