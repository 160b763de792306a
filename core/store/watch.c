/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts of the commits that touched a table, for callers that cache data. They belong to the database and the table's id,
 * as definitions and files may be replaced.
 */
#include "store/store_internal.h"

#include <stdlib.h>

struct watch {
	struct watch *next;
	uint32_t table; /**< id */
	bool touched;   /**< by the current transaction; only for the writer */
	atomic_uint_least64_t commits;
};

int table_watch(const struct table *t, const atomic_uint_least64_t **ret, struct err *e)
{
	struct database *db = t->db;
	struct watch *w = calloc(1, sizeof *w);
	if (!w)
		return err_nomem(e);
	w->table = t->id;
	w->touched = true; /* the current transaction may have touched it before this watch existed */
	pthread_mutex_lock(&db->lock);
	w->next = atomic_load(&db->watches);
	atomic_store(&db->watches, w);
	pthread_mutex_unlock(&db->lock);
	*ret = &w->commits;
	return 0;
}

void watches_touched(struct database *db, uint32_t id)
{
	for (struct watch *w = atomic_load(&db->watches); w; w = w->next)
		if (w->table == id)
			w->touched = true;
}

/*
 * A failed commit is counted, too, as it is unknown what of it is visible. After an aborted transaction a mark may be left:
 * then one commit too many is counted, which is harmless.
 */
void watches_count(struct database *db)
{
	for (struct watch *w = atomic_load(&db->watches); w; w = w->next) {
		if (w->touched)
			atomic_fetch_add(&w->commits, 1);
		w->touched = false;
	}
}

void watches_free(struct database *db)
{
	for (struct watch *w = atomic_load(&db->watches), *next; w; w = next) {
		next = w->next;
		free(w);
	}
}
