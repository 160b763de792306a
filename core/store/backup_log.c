/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks that the audit log and the records match. Each change of a record removes one state and adds another: so the
 * states that the log has added and not removed are the existing records. Both sides are added up, which needs no list of
 * keys.
 */
#include "base/text.h"
#include "base/round.h"
#include "store/backup_verify.h"
#include "store/clock.h"
#include "store/codec.h"
#include "store/commit_log.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SHOWN_MAX 60 /* bytes of a key in a message */

struct log_check {
	struct verify *verify;
	double first_time; /* of the oldest entry present */
	bool trimmed;      /* older ones were removed, or some were emptied */
	uint64_t sequence; /* of the last entry; 0 before the first */
	uint32_t table_id; /* of the last entry's write */
	double time;
	bool continued;
	struct err stale; /* a record older than a change of it, unless the clock was set back since */
	double stale_time;
};

/* ---- the tables to compare ---- */

static int collect_table(void *arg, struct lmdb_bytes key, struct lmdb_bytes data, bool is_tree, struct err *e)
{
	struct verify *v = arg;
	if (is_tree || key.len != TABLE_KEY_LEN)
		return 0;
	struct definition *d;
	int rc = definition_decode(&d, val(data.data, data.len), "");
	if (rc) /* damage is reported when definitions are checked */
		return rc == LYRE_ENOMEM ? err_nomem(e) : 0;
	uint32_t id = (uint32_t)be_get(key.data, 4);
	bool audit = d->table.audit;
	double expiration = d->table.expiration;
	char name[TREE_NAME_MAX];
	records_tree(name, id);
	const struct verify_tree *records = verify_find(v, name);
	struct verify_audit *grown = v->audits;
	if (audit && records && !(v->audit_count & (v->audit_count - 1)))
		grown = realloc(v->audits, (v->audit_count ? 2 * v->audit_count : 1) * sizeof *grown);
	char *shown = audit && records ? strdup(d->table.name) : NULL;
	definition_free(d);
	if (!audit || !records)
		return 0;
	if (grown)
		v->audits = grown;
	if (!grown || !shown) {
		free(shown);
		return err_nomem(e);
	}
	v->audits[v->audit_count++] = (struct verify_audit){
		.table_id = id, .table = shown, .expiration = expiration, .records = records, .floor = INFINITY
	};
	return 0;
}

static int compare_id(const void *id, const void *audit)
{
	uint32_t a = *(const uint32_t *)id, b = ((const struct verify_audit *)audit)->table_id;
	return (a > b) - (a < b);
}

struct verify_audit *audit_find(const struct verify *v, uint32_t table_id)
{
	return v->audit_count ? bsearch(&table_id, v->audits, v->audit_count, sizeof *v->audits, compare_id) : NULL;
}

void audits_free(struct verify *v)
{
	for (size_t i = 0; i < v->audit_count; i++)
		free(v->audits[i].table);
	free(v->audits);
}

/* ---- the sums ---- */

static uint64_t state_hash(struct lmdb_bytes primary, struct record r)
{
	static const uint8_t none[16];
	uint8_t key[16], out[16];
	siphash128(none, primary.data, primary.len, key);
	siphash128(key, r.data, r.len, out);
	return be_get(out, 8);
}

void audit_record(struct verify_audit *a, struct lmdb_bytes primary, struct record r)
{
	if (record_updated(r) > a->floor) {
		a->states--;
		a->sum -= state_hash(primary, r);
	}
}

/* If the clock was set back before the first entry present, removed entries may have later times. */
static double latest_before(const struct log_check *c)
{
	const struct clock_record *clock = &c->verify->clock;
	double latest = clock->unknown_time;
	for (unsigned i = 0; i < clock->count; i++)
		if (clock->steps[i].sequence <= c->sequence && clock->steps[i].before > latest)
			latest = clock->steps[i].before;
	return latest;
}

/*
 * Older states are not compared: they may date from before the log existed or the table was logged, or come from removed
 * entries, such as the first half of the oldest write present; or they may have expired, which is not logged.
 */
static void set_floor(const struct log_check *c, struct verify_audit *a, double time)
{
	double now = c->verify->clock.expired > c->verify->now ? c->verify->clock.expired : c->verify->now;
	a->floor = round_below(time);
	if (c->trimmed && a->floor < c->first_time)
		a->floor = c->first_time;
	if (c->trimmed && a->floor < latest_before(c))
		a->floor = latest_before(c);
	if (a->expiration >= 0 && a->floor < now - a->expiration)
		a->floor = now - a->expiration;
}

int audit_compare(const struct verify_audit *a, struct err *e)
{
	if (a->states > 0)
		return err_set(e, LYRE_ECORRUPT,
			"the file is damaged: table '%s' lacks records that are in the audit log: %" PRId64, a->table, a->states);
	if (a->states < 0)
		return err_set(e, LYRE_ECORRUPT,
			"the file is damaged: the audit log lacks the newest change of records of table '%s': %" PRId64, a->table,
			-a->states);
	if (a->sum)
		return err_set(e, LYRE_ECORRUPT, "the file is damaged: records of table '%s' differ from the audit log", a->table);
	return 0;
}

/* ---- the log ---- */

static int bad_entry(uint64_t sequence, const char *what, struct err *e)
{
	return err_set(e, LYRE_ECORRUPT, "the file is damaged: entry %" PRIu64 " of the audit log %s", sequence, what);
}

static int note_stale(struct log_check *c, const struct verify_audit *a, struct field key, double time, struct err *e)
{
	struct arena arena;
	struct buf text;
	lyre_value v;
	arena_init(&arena);
	buf_init(&text);
	if (key_primary_value(key.data, key.len, &arena, &v))
		json_add_value(&text, &v);
	else
		buf_add_str(&text, "with a long key");
	const char *shown = buf_cstr(&text);
	int rc = shown && !arena_failed(&arena) ? 0 : err_nomem(e);
	if (rc)
		goto out;
	err_set(&c->stale, LYRE_ECORRUPT,
		"the file is damaged: record %.*s of table '%s' is older than entry %" PRIu64 " of the audit log",
		(int)utf8_cut(shown, strlen(shown), KEY_SHOWN_MAX), shown, a->table, c->sequence);
	c->stale_time = time;
out:
	buf_free(&text);
	arena_free(&arena);
	return rc;
}

/* A record is never older than a change of it; it may no longer exist. */
static int look_up(struct log_check *c, const struct verify_audit *a, struct field key, double time, struct err *e)
{
	struct lmdb_bytes data;
	if (c->stale.code || !lmdb_file_get(&c->verify->file, &a->records->tree, (struct lmdb_bytes){ key.data, key.len }, &data))
		return 0;
	struct record r = { .data = data.data, .len = data.len };
	return record_check(r) && record_updated(r) < time ? note_stale(c, a, key, time, e) : 0;
}

static int check_changes(struct log_check *c, const struct commit_entry *entry, struct err *e)
{
	struct verify_audit *a = audit_find(c->verify, entry->table_id);
	struct field rest = entry->changes;
	struct commit_change change;
	uint32_t count = 0;
	int rc;
	if (a && isinf(a->floor))
		set_floor(c, a, entry->time);
	while (!(rc = commit_change_next(&rest, &change))) {
		struct lmdb_bytes primary = { change.key.data, change.key.len };
		bool before = change.before.data, after = change.after.data;
		count++;
		if (!primary.len || primary.len > KEY_PRIMARY_MAX || (!before && !after) ||
			(before && !record_check(change.before)) || (after && !record_check(change.after)))
			return bad_entry(entry->sequence, "is invalid", e);
		if (!a)
			continue;
		if (before && record_updated(change.before) > a->floor) {
			a->states--;
			a->sum -= state_hash(primary, change.before);
		}
		if (after && record_updated(change.after) > a->floor) {
			a->states++;
			a->sum += state_hash(primary, change.after);
		}
		int code = look_up(c, a, change.key, after ? record_updated(change.after) : entry->time, e);
		if (code)
			return code;
	}
	return rc != LYRE_END || count != entry->count ? bad_entry(entry->sequence, "is invalid", e) : 0;
}

static int visit_entry(void *arg, struct lmdb_bytes key, struct lmdb_bytes data, bool is_tree, struct err *e)
{
	struct log_check *c = arg;
	struct commit_entry entry;
	if (is_tree || !commit_entry_decode(val(key.data, key.len), val(data.data, data.len), &entry) || !isfinite(entry.time) ||
		!entry.sequence || entry.table_id >= c->verify->next_table)
		return err_set(e, LYRE_ECORRUPT, "the file is damaged: the entry after %" PRIu64 " of the audit log is invalid",
			c->sequence);
	if (!c->sequence) {
		c->first_time = entry.time;
		c->trimmed = entry.sequence > 1;
	} else if (entry.sequence != c->sequence + 1) {
		return err_set(e, LYRE_ECORRUPT, "the file is damaged: the audit log lacks entries %" PRIu64 " to %" PRIu64,
			c->sequence + 1, entry.sequence - 1);
	}
	if (c->continued && (entry.time < c->time || entry.time > c->time || entry.table_id != c->table_id))
		return bad_entry(c->sequence, "is not the end of its write, and nothing follows", e);
	if (c->stale.code && entry.time < c->stale_time)
		c->stale.code = 0;
	c->sequence = entry.sequence;
	c->table_id = entry.table_id;
	c->time = entry.time;
	c->continued = entry.continued;
	c->trimmed = c->trimmed || !entry.count;
	return check_changes(c, &entry, e);
}

int verify_log(struct verify *v, struct err *e)
{
	const struct verify_tree *log = verify_find(v, "log"), *tables = verify_find(v, "tables");
	struct log_check c = { .verify = v };
	if (!log || !tables)
		return 0;
	int rc = lmdb_file_each(&v->file, &tables->tree, collect_table, v, e);
	if (!rc)
		rc = lmdb_file_each(&v->file, &log->tree, visit_entry, &c, e);
	if (rc)
		return rc;
	if (c.continued)
		return bad_entry(c.sequence, "is not the end of its write, and nothing follows", e);
	if (c.stale.code)
		*e = c.stale;
	return c.stale.code;
}
