/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the listener of what has changed in databases. */
#include "base/text.h"
#include "store/store_internal.h"

static void tell(const struct commit_listener *l, const struct store_change *change)
{
	void (*notice)(void *arg, const struct store_change *change) = atomic_load_explicit(&l->notice, memory_order_acquire);

	if (notice)
		notice(l->arg, change);
}

void tell_of_expired(const struct database *db, uint32_t table, uint64_t records, double time)
{
	const struct table *t = catalogue_by_id(db->catalogue, table);
	const struct store_change change = { .database = db->name, .table = t ? t->name : NULL, .expired = records, .time = time };

	if (t)
		tell(db->options.listener, &change);
}

void tell_of_reset(const struct store_options *o, const char *database, const char *table)
{
	const struct store_change change = { .database = database, .table = table, .time = now_ms() };

	tell(o->listener, &change);
}

void tell_of_requests(const struct database *db, const struct record_write *list, size_t count)
{
	const struct commit_listener *l = db->options.listener;

	if (!atomic_load_explicit(&l->notice, memory_order_acquire))
		return;
	for (const struct record_write *r = list; count; r = r->next, count--) {
		if (r->err.code)
			continue;
		if (r->kind == WRITE_DEFINITION) {
			const char *table = ((const struct definition_change *)r)->resets;
			if (table)
				tell_of_reset(&db->options, db->name, table);
		} else if (r->result.done) {
			const struct store_change change = {
				.database = db->name, .table = r->table->name, .write = r, .time = r->result.time
			};
			tell(l, &change);
		}
	}
}
