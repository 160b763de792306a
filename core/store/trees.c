/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of a database as LMDB sees them: lyre_pages(). */
#include "store/store_internal.h"

#define FREE_TREE 0             /* LMDB's number of the list of free pages */
#define MAIN_TREE ((MDB_dbi)-1) /* the tree of mdb_env_stat(): its number is internal to LMDB */
#define NO_TREE ((MDB_dbi)-2)   /* not created yet: empty */

static int take_pages(struct snapshot *s, MDB_dbi tree, struct lyre_pages *ret, struct err *e)
{
	MDB_stat st = { .ms_psize = (unsigned)s->db->page_size };
	MDB_envinfo info;
	int rc = guard_info(s->db, &info); /* first, as it reads the page that mdb_env_stat() reads */
	if (!rc && tree == MAIN_TREE)
		rc = mdb_env_stat(s->db->env, &st);
	else if (!rc && tree != NO_TREE)
		rc = guard_stat(s, tree, &st);
	if (rc)
		return store_error(e, rc, "read", s->db);
	*ret = (struct lyre_pages){
		.size = ret->size,
		.page_size = st.ms_psize,
		.depth = st.ms_depth,
		.tree = ret->tree,
		.branch_pages = st.ms_branch_pages,
		.leaf_pages = st.ms_leaf_pages,
		.overflow_pages = st.ms_overflow_pages,
		.entries = st.ms_entries,
		.map_size = info.me_mapsize,
		.last_page = info.me_last_pgno,
		.last_transaction = info.me_last_txnid,
		.readers = info.me_numreaders,
		.max_readers = info.me_maxreaders,
	};
	return 0;
}

int store_pages(struct store *s, const char *database, struct lyre_pages *ret, struct err *e)
{
	struct database *db;
	struct snapshot snapshot;
	int rc = store_database(s, database, &db, e);
	if (rc)
		return rc;
	rc = snapshot_begin(&snapshot, db, e);
	if (!rc) {
		MDB_dbi tree = MAIN_TREE;
		if (ret->tree == LYRE_TREE_FREE)
			tree = FREE_TREE;
		else if (ret->tree == LYRE_TREE_LOG)
			tree = db->log ? db->log : NO_TREE;
		else if (ret->tree != LYRE_TREE_MAIN)
			rc = err_set(e, LYRE_EINTERNAL, "Unknown kind of tree: %u", (unsigned)ret->tree);
		if (!rc)
			rc = take_pages(&snapshot, tree, ret, e);
		snapshot_end(&snapshot);
	}
	database_unref(db);
	return rc;
}

int table_pages(const struct table *t, struct lyre_pages *ret, struct err *e)
{
	struct snapshot s;
	int rc = snapshot_begin(&s, t->db, e);
	if (rc)
		return rc;
	const struct table *now = snapshot_table(&s, t);
	if (!now)
		rc = no_table(t, e);
	else
		rc = take_pages(&s, now->records, ret, e);
	snapshot_end(&s);
	return rc;
}
