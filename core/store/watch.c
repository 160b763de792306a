/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts of the commits that touched a table, for who keeps what it has read. They belong to the database and to the
 * table's id: definitions and files come and go below them.
 */
#include "store/store_internal.h"

#include <stdlib.h>

struct watch {
	struct watch *next;
	uint32_t table;                /**< id */
	bool touched;                  /**< by the transaction under way; the writer's own */
	atomic_uint_least64_t commits;
};

int table_watch(const struct table *t, const atomic_uint_least64_t **ret, struct err *e)
{
	struct database *db = t->db;
	struct watch *w = calloc(1, sizeof *w);
	if (!w)
		return err_nomem(e);
	w->table = t->id;
	w->touched = true; /* the transaction under way may have touched it before anybody was to be told */
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
 * A commit that failed is counted too, as nobody knows what of it can be seen. After an aborted transaction a mark may be
 * left: one commit is counted too many then, which does no harm.
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
