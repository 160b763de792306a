/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applies waiting requests in one transaction or, if that fails, one by one. LMDB keeps the pages of its largest transaction
 * as long as the database is open, so that a transaction that is large enough leaves requests to the next. The map grows as
 * needed, and requests that free space may use the reserve.
 */
#include "log/log.h"
#include "store/ballast.h"
#include "store/clock.h"
#include "store/store_internal.h"

#include <inttypes.h>

/** While the reserve is in use, other requests need this fraction of it free inside the file. */
#define FREE_OF_DISK 8
#define FREE_OF_MAP 32
/** Bytes of the reserve that the database "system" takes at a time. */
#define SYSTEM_STEP (64 << 10)

static int apply_one(struct database *db, struct record_write *w)
{
	db->writer.dirty = false;
	db->writer.rc = 0;
	w->err = (struct err){ 0 };
	if (w->kind == WRITE_DEFINITION) {
		struct definition_change *c = (struct definition_change *)w;
		return c->apply(db, c, &w->err);
	}
	table_touched(db, w->table->id);
	double time;
	int rc = clock_stamp(db, &time);
	return rc ? rc : write_apply(db, w, time);
}

/* Whether the transaction may have taken the memory that requests share. */
static bool is_large(const struct database *db)
{
	return db->writer.touched >= db->options.commit_memory / db->page_size;
}

/*
 * Applies \p count requests from \p list on, or fewer, and commits. 0: \p done have their results. Otherwise nothing was done,
 * and writer.rc has the reason; the last request tried has the message.
 */
static int apply_all(struct database *db, struct record_write *list, size_t count, size_t *done, struct err *e)
{
	struct writer *w = &db->writer;
	int rc = transaction_begin(db, e);
	if (rc)
		return rc;
	size_t n = 0;
	for (struct record_write *r = list; n < count && !(n && is_large(db)); r = r->next, n++) {
		rc = apply_one(db, r);
		if (!rc)
			continue;
		if (!w->rc && !w->dirty) {
			if (!r->err.code)
				err_set(&r->err, rc, "cannot write database '%s'", db->name);
			continue;
		}
		int code = w->rc;
		transaction_abort(db);
		w->rc = code;
		if (code)
			store_error(e, code, "write", db);
		else if (r->err.code)
			*e = r->err;
		else
			err_nomem(e);
		return e->code;
	}
	rc = transaction_commit(db, e);
	if (!rc) {
		metrics_batch(&w->metrics, list, n);
		tell_of_requests(db, list, n);
	}
	*done = n;
	return rc;
}

static bool is_system(const struct database *db)
{
	return !strcmp(db->name, SYSTEM_DATABASE);
}

/*
 * Whether the requests free space, or are the server's own records of sign-ins and jobs: these may use the reserve, as
 * otherwise there would be no way out of a full disk.
 */
static bool may_use_reserve(const struct database *db, const struct record_write *list, size_t count)
{
	if (is_system(db))
		return true;
	for (const struct record_write *r = list; count; r = r->next, count--)
		if (r->mode != LYRE_DELETE && !(r->kind == WRITE_DEFINITION && ((const struct definition_change *)r)->frees))
			return false;
	return true;
}

/*
 * Takes room on a full disk. "system" needs little, and must not release what a large delete of another database would take.
 * \return false if there is none
 */
static bool take_from_reserve(const struct database *db)
{
	struct ballast *ballast = db->options.ballast;
	return is_system(db) ? ballast_spend(ballast, SYSTEM_STEP) : ballast_release(ballast);
}

/* Whether more is free inside the file than must be left for deleting. */
static bool has_free_pages(struct database *db, uint64_t more)
{
	struct lyre_storage storage = { .size = sizeof storage };
	struct err ignored;
	return !storage_look(db, &storage, &ignored) && storage.reclaimable_size > more;
}

/*
 * 0, or while a reserve is in use (of the disk, or of the map beyond its limit): the bytes that must be free inside the file
 * for requests that may not use it. These then stay within the file.
 */
static uint64_t free_needed(struct database *db)
{
	struct ballast *ballast = db->options.ballast;
	uint64_t needed = database_excess(db) / FREE_OF_MAP;
	if (!ballast_is_out(ballast) || ballast_regain(ballast))
		return needed;
	uint64_t of_disk = ballast_size(ballast) / FREE_OF_DISK;
	return needed > of_disk ? needed : of_disk;
}

static int refuse(struct database *db, struct err *e)
{
	if (database_excess(db))
		return err_set(e, LYRE_ENOSPACE, "database '%s' is full: it may not grow beyond storage.maxSize, %" PRIu64 " bytes",
			db->name, db->options.max_size);
	return err_set(e, LYRE_ENOSPACE,
		"cannot write database '%s' (%s): No space left on device; records can be deleted, but "
		"not added until there is space",
		db->name, db->file);
}

/*
 * Repeats until the map is large enough. Requests that may use the reserve go slightly beyond the limit of the map, and on a
 * full disk into the reserved space; others stay within their file while it is in use.
 */
static int apply_growing(struct database *db, struct record_write *list, size_t count, size_t *done, struct err *e)
{
	bool reserve = may_use_reserve(db, list, count), grown = false, confined = false;
	int rc;
	uint64_t needed = reserve ? 0 : free_needed(db);
	if (needed) {
		if (count > 1 || !has_free_pages(db, needed) || !database_confine(db))
			return refuse(db, e);
		confined = true;
	}
	while ((rc = apply_all(db, list, count, done, e))) {
		int code = db->writer.rc;
		if (reserve && ballast_is_full(code) && take_from_reserve(db))
			continue;
		if (code != MDB_MAP_FULL)
			break;
		rc = confined ? refuse(db, e) : database_grow(db, 0, reserve, e);
		if (rc)
			break;
		grown = true;
	}
	if (reserve && grown)
		database_settle(db);
	return rc;
}

size_t writer_apply(struct database *db, struct record_write *list, size_t count)
{
	struct err e;
	size_t done;
	db->writer.applying = list;
	if (!apply_growing(db, list, count, &done, &e))
		return done;
	if (count > 1) {
		struct record_write *r = list;
		for (size_t i = 0; i < count; i++, r = r->next) {
			db->writer.applying = r;
			if (apply_growing(db, r, 1, &done, &e))
				r->err = e;
		}
	} else {
		list->err = e;
	}
	if (!db->broken && (e.code == LYRE_EIO || e.code == LYRE_ENOSPACE || e.code == LYRE_ECORRUPT))
		log_error("store", "%s", e.text);
	return count;
}
