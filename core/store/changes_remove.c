/* SPDX-License-Identifier: Apache-2.0 */
#include "store/changes.h"

#include "base/round.h"
#include "base/text.h"
#include "store/codec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Limits of one transaction, in entries and in bytes; it ends after the write that reaches one of them. */
#define REMOVE_BATCH 256
#define REMOVE_BYTES ((size_t)4 << 20)
/** An entry's head: format, flags, time, table, mode; then its strings, each with its length, and the number of changes. */
#define FLAGS_AT 1
#define TABLE_AT 10
#define HEAD_LEN 15
#define EMPTY_LEN (HEAD_LEN + 5 * 4 + 4)

struct removal {
	struct definition_change change;
	uint32_t table;
	double before;      /**< older entries are removed */
	uint64_t next, end; /**< where the search continues, and where it ends */
	size_t batch;       /**< entries per transaction: reduced when the disk is too full for more */
	struct buf found;   /**< sequence numbers, of complete writes: a check of the log must not find part of a write */
	size_t writes;
	size_t trimmed; /**< entries removed from the front */
};

/** Finds entries to remove. \return 0, LYRE_END if there are no more after them */
static int find_old(const struct table *t, struct removal *r, struct err *e)
{
	struct snapshot s;
	struct commit_log l = { 0 };
	size_t bytes = 0;
	bool continued = false;
	buf_clear(&r->found);
	r->writes = 0;
	int rc = snapshot_begin(&s, t->db, e);
	if (rc)
		return rc;
	rc = commit_log_open(&l, &s, 0, e);
	if (!rc && !l.cursor)
		rc = LYRE_END;
	if (!rc && !r->end)
		rc = commit_log_span(&l, NAN, round_below(r->before), &r->next, &r->end, e);
	int64_t end = monotonic_ns() + CHANGES_SLICE_NS;
	while (!rc && (continued || (r->found.len < r->batch * sizeof r->next && bytes < REMOVE_BYTES && monotonic_ns() < end))) {
		struct commit_entry entry;
		MDB_val value;
		rc = commit_entry_from(&l, r->next, &entry, &value, e);
		if (!rc && entry.sequence >= r->end)
			rc = LYRE_END;
		if (rc)
			break;
		r->next = entry.sequence + 1;
		continued = entry.continued;
		if (entry.table_id != t->id || !entry.count || entry.time >= r->before)
			continue;
		buf_add(&r->found, &entry.sequence, sizeof entry.sequence);
		r->writes += !entry.continued;
		bytes += value.mv_size;
	}
	commit_log_close(&l);
	snapshot_end(&s);
	return rc >= 0 && r->found.failed ? err_nomem(e) : rc;
}

static int make_empty(struct database *db, uint64_t sequence, uint32_t table)
{
	unsigned char key[8], empty[EMPTY_LEN] = { 0 };
	struct commit_entry entry;
	MDB_val value;
	be_put(key, sequence, 8);
	int rc = writer_get(db, db->writer.now.log, val(key, sizeof key), &value);
	if (rc)
		return rc == LYRE_ENOTFOUND ? 0 : rc; /* removed by the retention meanwhile */
	if (!commit_entry_decode(val(key, sizeof key), value, &entry))
		return writer_failed(db, MDB_CORRUPTED);
	if (entry.table_id != table)
		return 0;
	memcpy(empty, value.mv_data, HEAD_LEN);
	empty[FLAGS_AT] = 0;
	memset(empty + TABLE_AT, 0, 4); /* of no table: ids start at 1 */
	return writer_put(db, db->writer.now.log, val(key, sizeof key), val(empty, sizeof empty));
}

/** Removes empty entries from the front; the newest entry is kept, as it determines the next sequence number. */
static int trim_front(struct database *db, size_t most, size_t *trimmed)
{
	MDB_stat st;
	MDB_cursor *cursor;
	MDB_val key, value;
	*trimmed = 0;
	int rc = mdb_stat(db->writer.txn, db->writer.now.log, &st);
	if (!rc)
		rc = mdb_cursor_open(db->writer.txn, db->writer.now.log, &cursor);
	if (rc)
		return writer_failed(db, rc);
	size_t left = st.ms_entries;
	while (*trimmed < most && left > 1 && !(rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST))) {
		struct commit_entry entry;
		if (!commit_entry_decode(key, value, &entry)) {
			rc = MDB_CORRUPTED;
			break;
		}
		if (entry.count)
			break;
		db->writer.dirty = true;
		rc = mdb_cursor_del(cursor, 0);
		if (rc)
			break;
		++*trimmed;
		left--;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : writer_failed(db, rc);
}

static int remove_some(struct database *db, struct definition_change *c, struct err *e)
{
	struct removal *r = (struct removal *)c;
	(void)e;
	if (!db->writer.now.log)
		return 0;
	int rc = 0;
	for (size_t at = 0; !rc && at < r->found.len; at += sizeof r->next) {
		uint64_t sequence;
		memcpy(&sequence, r->found.data + at, sizeof sequence);
		rc = make_empty(db, sequence, r->table);
	}
	return rc ? rc : trim_front(db, r->batch, &r->trimmed);
}

int table_changes_remove(const struct table *t, double before, int (*progress)(void *arg, uint64_t removed), void *arg,
	uint64_t *removed, struct err *e)
{
	*removed = 0;
	int rc = table_check_audit(t, e);
	struct removal *r = rc ? NULL : calloc(1, sizeof *r);
	if (!r)
		return rc ? rc : err_nomem(e);
	*r = (struct removal){
		.change = { .apply = remove_some, .frees = true }, .table = t->id, .before = before, .batch = REMOVE_BATCH
	};
	buf_init(&r->found);
	bool more = true, changed = false;
	while (!rc && (more || r->trimmed)) {
		uint64_t begin = r->next;
		if (more) {
			rc = find_old(t, r, e);
		} else {
			buf_clear(&r->found);
			r->writes = 0;
		}
		if (rc < 0)
			break;
		bool last = !more || rc == LYRE_END;
		changed = changed || r->found.len;
		r->trimmed = 0;
		rc = changed && (r->found.len || last) ? writer_change(t->db, &r->change, e) : 0;
		if (rc == LYRE_ENOSPACE && r->batch > 1) {
			r->batch /= 2;
			r->trimmed = 1; /* one more attempt */
			r->next = begin;
			rc = 0;
			continue;
		}
		more = !last;
		if (!rc)
			*removed += r->writes;
		if (!rc && progress)
			rc = progress(arg, *removed);
	}
	buf_free(&r->found);
	free(r);
	return rc;
}
