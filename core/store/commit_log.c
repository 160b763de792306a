/* SPDX-License-Identifier: Apache-2.0 */
#include "store/commit_log.h"

#include "store/clock.h"
#include "store/codec.h"

#include <errno.h>
#include <math.h>

#define FORMAT 1
#define CONTINUED 1
#define TIME_AT 2 /* position of an entry's time */

/* ---- writing ---- */

static void add_record(struct buf *b, const struct record *r)
{
	put_int(b, r != NULL, 1);
	if (r)
		put_bytes(b, r->data, r->len);
}

void commit_change_add(struct buf *changes, MDB_val key, const struct record *before, const struct record *after)
{
	put_bytes(changes, key.mv_data, key.mv_size);
	add_record(changes, before);
	add_record(changes, after);
}

static int open_log(struct database *db)
{
	struct writer *w = &db->writer;
	if (w->now.log)
		return 0;
	w->dirty = true;
	int rc = mdb_dbi_open(w->txn, "log", MDB_CREATE, &w->now.log);
	if (rc)
		w->now.log = 0;
	return writer_failed(db, rc);
}

int commit_log_sequence(struct database *db, uint64_t *ret)
{
	struct writer *w = &db->writer;
	*ret = w->now.sequence;
	if (*ret || !w->now.log)
		return 0;
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(w->txn, w->now.log, &cursor);
	if (rc)
		return writer_failed(db, rc);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
	if (!rc && key.mv_size != 8)
		rc = MDB_CORRUPTED;
	if (!rc)
		w->now.sequence = be_get(key.mv_data, 8) + 1;
	else if (rc == MDB_NOTFOUND)
		w->now.sequence = 1;
	mdb_cursor_close(cursor);
	*ret = w->now.sequence;
	return rc == MDB_NOTFOUND ? 0 : writer_failed(db, rc);
}

int commit_log_append(
	struct database *db, const struct record_write *w, const struct table *t, double time, uint32_t count, bool continued)
{
	uint64_t sequence;
	int rc = open_log(db);
	if (!rc)
		rc = commit_log_sequence(db, &sequence);
	if (rc)
		return rc;
	struct buf b;
	buf_init(&b);
	put_int(&b, FORMAT, 1);
	put_int(&b, continued ? CONTINUED : 0, 1);
	put_double(&b, time);
	put_int(&b, t->id, 4);
	put_int(&b, (uint64_t)w->mode, 1);
	put_text(&b, db->options.node);
	put_text(&b, w->user ? w->user : "");
	put_text(&b, w->operation ? w->operation : "");
	put_text(&b, t->database);
	put_text(&b, t->name);
	put_int(&b, count, 4);
	struct buf *changes = &db->writer.changes;
	buf_add(&b, changes->data, changes->len);
	if (b.failed || changes->failed) {
		rc = writer_failed(db, ENOMEM);
	} else {
		unsigned char key[8];
		be_put(key, sequence, 8);
		db->writer.now.sequence = sequence + 1;
		rc = writer_add(db, db->writer.now.log, val(key, sizeof key), val(b.data, b.len));
	}
	buf_free(&b);
	buf_clear(changes);
	return rc;
}

/* ---- reading ---- */

static struct field get_field(struct reader *r)
{
	struct field f;
	f.data = get_bytes(r, &f.len);
	return f;
}

bool commit_entry_decode(MDB_val key, MDB_val value, struct commit_entry *ret)
{
	struct reader r = reader_of(value);
	uint64_t format = get_int(&r, 1), flags = get_int(&r, 1);
	*ret = (struct commit_entry){ .continued = flags & CONTINUED };
	ret->time = get_double(&r);
	ret->table_id = (uint32_t)get_int(&r, 4);
	ret->mode = (int)get_int(&r, 1);
	ret->node = get_field(&r);
	ret->user = get_field(&r);
	ret->operation = get_field(&r);
	ret->database = get_field(&r);
	ret->table = get_field(&r);
	ret->count = (uint32_t)get_int(&r, 4);
	ret->changes = (struct field){ .data = r.at, .len = (size_t)(r.end - r.at) };
	if (r.failed || format != FORMAT || key.mv_size != 8)
		return false;
	ret->sequence = be_get(key.mv_data, 8);
	return true;
}

int commit_log_open(struct commit_log *l, struct snapshot *s, uint64_t after, struct err *e)
{
	*l = (struct commit_log){ .snapshot = s, .next = after + 1 };
	MDB_dbi log = s->db->log;
	if (!log)
		return 0;
	int rc = guard_cursor_open(s, log, &l->cursor);
	if (!rc)
		return 0;
	l->cursor = NULL;
	/* created after this snapshot */
	return rc == MDB_NOTFOUND || rc == MDB_BAD_DBI || rc == EINVAL ? 0 : store_error(e, rc, "read", s->db);
}

int commit_log_next(struct commit_log *l, struct commit_entry *ret, struct err *e)
{
	if (!l->cursor)
		return LYRE_END;
	unsigned char bytes[8];
	be_put(bytes, l->next, 8);
	MDB_val key = val(bytes, sizeof bytes), value;
	int rc = guard_cursor_get(l->snapshot, l->cursor, &key, &value, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND)
		return LYRE_END;
	if (rc)
		return store_error(e, rc, "read", l->snapshot->db);
	if (!commit_entry_decode(key, value, ret))
		return err_set(e, LYRE_ECORRUPT, "the audit log of database '%s' is damaged", l->snapshot->db->name);
	if (ret->sequence != l->next) {
		uint64_t wanted = l->next;
		l->next = ret->sequence;
		return err_set(e, LYRE_ENOTFOUND, "entries %llu to %llu of the audit log of '%s' have been removed",
			(unsigned long long)wanted, (unsigned long long)ret->sequence - 1, l->snapshot->db->name);
	}
	l->next++;
	return 0;
}

void commit_log_close(struct commit_log *l)
{
	if (l->cursor)
		mdb_cursor_close(l->cursor);
	l->cursor = NULL;
}

static struct record get_record(struct reader *r)
{
	struct record record = { 0 };
	if (get_int(r, 1))
		record.data = get_bytes(r, &record.len);
	return record;
}

int commit_change_next(struct field *rest, struct commit_change *ret)
{
	if (!rest->len)
		return LYRE_END;
	struct reader r = { .at = rest->data, .end = rest->data + rest->len };
	ret->key = get_field(&r);
	ret->before = get_record(&r);
	ret->after = get_record(&r);
	if (r.failed)
		return LYRE_ECORRUPT;
	*rest = (struct field){ .data = r.at, .len = (size_t)(r.end - r.at) };
	return 0;
}

/* ---- retention ---- */

int commit_log_trim(struct database *db, double now, unsigned most, unsigned *removed, double *next)
{
	*removed = 0;
	*next = INFINITY;
	MDB_stat st;
	MDB_cursor *cursor;
	int rc = mdb_stat(db->writer.txn, db->writer.now.log, &st);
	if (!rc)
		rc = mdb_cursor_open(db->writer.txn, db->writer.now.log, &cursor);
	if (rc)
		return writer_failed(db, rc);
	MDB_val key, value;
	size_t left = st.ms_entries;
	while (!(rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) && left > 1) {
		if (key.mv_size != 8 || value.mv_size < TIME_AT + 8) {
			rc = MDB_CORRUPTED;
			break;
		}
		struct reader r = reader_of(val((unsigned char *)value.mv_data + TIME_AT, 8));
		*next = clock_bound(db, be_get(key.mv_data, 8), get_double(&r)) + db->options.audit_retention;
		if (*next > now || *removed == most || (rc = mdb_cursor_del(cursor, 0)))
			break;
		++*removed;
		left--;
		*next = INFINITY;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : writer_failed(db, rc);
}
