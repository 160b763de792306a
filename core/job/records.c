/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file job/records.c
 * \brief The table hdb_job.
 */
#include "job/records.h"

#include "base/arena.h"
#include "store/store.h"

#include <string.h>

#define TABLE "hdb_job"
#define OPERATION "job"

/** Records changed or removed in one transaction: few, so that other writes do not wait long. */
#define BATCH 200

static const char *const status_names[] = {
	[JOB_CREATED] = "CREATED",
	[JOB_IN_PROGRESS] = "IN_PROGRESS",
	[JOB_COMPLETE] = "COMPLETE",
	[JOB_ERROR] = "ERROR",
};

int records_open(struct store *s, struct err *e)
{
	static const struct {
		const char *name;
		uint32_t flags;
	} attributes[] = {
		{ "id", LYRE_A_PRIMARY_KEY | LYRE_A_INDEXED },
		{ "__createdtime__", LYRE_A_INDEXED },
		{ "__updatedtime__", LYRE_A_INDEXED },
		{ "type", 0 },
		{ "user", 0 },
		{ "status", LYRE_A_INDEXED },
		{ "created_datetime", 0 },
		{ "start_datetime", LYRE_A_INDEXED },
		{ "end_datetime", LYRE_A_INDEXED },
		{ "progress", 0 },
		{ "message", 0 },
		{ "result", 0 },
	};
	enum { COUNT = sizeof attributes / sizeof *attributes };
	struct lyre_attribute list[COUNT];

	for (unsigned i = 0; i < COUNT; i++)
		list[i] = (struct lyre_attribute){ .size = sizeof *list, .flags = attributes[i].flags, .name = attributes[i].name };
	const struct lyre_table_spec spec = {
		.size = sizeof spec,
		.attribute_count = COUNT,
		.database = SYSTEM_DATABASE,
		.name = TABLE,
		.primary_key = attributes[0].name,
		.attributes = list,
		.expiration = -1,
		.audit = 0, /* the job's own record is enough history */
	};
	return store_ensure_table(s, &spec, e);
}

/* ---- writing ---- */

struct members {
	struct value_member list[12];
	uint32_t count;
};

static void add(struct members *m, const char *name, lyre_value v)
{
	m->list[m->count++] = (struct value_member){ name, (uint32_t)strlen(name), v };
}

static void add_text(struct members *m, const char *name, const char *text)
{
	add(m, name, value_text(text, strlen(text)));
}

static lyre_value object_of(struct members *m)
{
	return (lyre_value){ .type = LYRE_OBJECT, .len = m->count, .members = m->list };
}

/** Writes \p count records, or deletes \p count keys. \p done may be NULL. */
static int write_all(struct store *s, int mode, lyre_value *items, uint32_t count, struct arena *a, size_t *done, struct err *e)
{
	const lyre_value records = { .type = LYRE_ARRAY, .len = count, .items = items };
	struct record_write w = { .mode = mode, .records = &records, .arena = a, .user = "", .operation = OPERATION };

	int rc = store_table(s, SYSTEM_DATABASE, TABLE, &w.table, e);
	if (rc)
		return rc;
	rc = store_write_wait(&w, e);
	table_unref(w.table);
	if (!rc && done)
		*done = w.result.done;
	return rc;
}

static int write_one(struct store *s, int mode, struct members *m, struct err *e)
{
	lyre_value record = object_of(m);
	struct arena a;

	arena_init(&a);
	int rc = write_all(s, mode, &record, 1, &a, NULL, e);
	arena_free(&a);
	return rc;
}

int records_put(struct store *s, const struct job *job, const struct job_outcome *o, struct err *e)
{
	struct members m = { .count = 0 };

	add_text(&m, "id", job->id);
	add_text(&m, "type", job->type);
	add_text(&m, "user", job->user);
	add_text(&m, "status", status_names[job->status]);
	add(&m, "created_datetime", value_double(job->created));
	if (job->started > 0)
		add(&m, "start_datetime", value_double(job->started));
	if (o) {
		add(&m, "end_datetime", value_double(job->ended));
		add(&m, "progress", value_null());
		if (o->err.code && o->denial)
			add(&m, "message", *o->denial);
		else
			add_text(&m, "message", o->err.code ? o->err.text : o->message);
		if (o->result)
			add(&m, "result", *o->result);
	}
	return write_one(s, LYRE_UPSERT, &m, e);
}

int records_put_progress(struct store *s, const struct job *job, struct err *e)
{
	struct members progress = { .count = 0 }, m = { .count = 0 };

	add(&progress, "done", value_double((double)job->done));
	add(&progress, "total", value_double((double)job->total));
	add_text(&m, "id", job->id);
	add(&m, "progress", object_of(&progress));
	return write_one(s, LYRE_UPDATE, &m, e);
}

/* ---- searching ---- */

/** A range of an index: from one value to another, both included. */
static int range_of(
	struct walk_range *r, const struct table *t, const char *attribute, lyre_value from, lyre_value to, struct err *e)
{
	*r = (struct walk_range){ .attribute = table_attribute(t, attribute, strlen(attribute)) };
	if (!r->attribute || !(r->attribute->flags & ATTRIBUTE_INDEXED))
		return err_set(e, LYRE_ECORRUPT, "Table '" SYSTEM_DATABASE "." TABLE "' has no index of '%s'", attribute);
	if (!key_index_value(&r->low, &from) || !key_index_value(&r->high, &to))
		return err_set(e, LYRE_EINTERNAL, "'%s' cannot be searched by such a value", attribute);
	return 0;
}

static int take_keys(struct snapshot *snapshot, const struct table *t, const struct walk_range *range, struct arena *a,
	lyre_value *keys, uint32_t max, uint32_t *count, struct err *e)
{
	struct record record;
	struct walk w;
	lyre_value key;

	int rc = walk_open(&w, snapshot, t, range, NULL, e);
	if (rc)
		return rc;
	while (*count < max && (rc = walk_next(&w, e)) == 0) {
		rc = walk_record(&w, &record, e);
		if (!rc)
			rc = record_key(t, w.key, w.key_len, record, a, &key);
		if (rc)
			break;
		if (!value_copy(a, &key, NULL, 0, &keys[*count])) {
			rc = err_nomem(e);
			break;
		}
		++*count;
	}
	walk_close(&w);
	return rc == LYRE_END ? 0 : rc;
}

/** The keys of up to \p max records whose attribute is between two values. */
static int find(struct store *s, const char *attribute, lyre_value from, lyre_value to, struct arena *a, lyre_value *keys,
	uint32_t max, uint32_t *count, struct err *e)
{
	const struct table *t;
	struct walk_range range;
	struct snapshot snapshot;

	*count = 0;
	int rc = store_table(s, SYSTEM_DATABASE, TABLE, &t, e);
	if (rc)
		return rc;
	rc = range_of(&range, t, attribute, from, to, e);
	if (!rc)
		rc = snapshot_begin(&snapshot, t->db, e);
	if (!rc) {
		rc = take_keys(&snapshot, t, &range, a, keys, max, count, e);
		snapshot_end(&snapshot);
	}
	table_unref(t);
	return rc;
}

/* ---- after the server's end ---- */

/** A batch of jobs with a given status. */
static int interrupt_some(struct store *s, enum job_status status, const char *message, double now, uint32_t *count, struct err *e)
{
	struct members members[BATCH];
	lyre_value keys[BATCH], records[BATCH];
	const char *name = status_names[status];
	struct arena a;

	arena_init(&a);
	lyre_value text = value_text(name, strlen(name));
	int rc = find(s, "status", text, text, &a, keys, BATCH, count, e);
	for (uint32_t i = 0; !rc && i < *count; i++) {
		members[i].count = 0;
		add(&members[i], "id", keys[i]);
		add_text(&members[i], "status", status_names[JOB_ERROR]);
		add_text(&members[i], "message", message);
		add(&members[i], "progress", value_null());
		add(&members[i], "end_datetime", value_double(now));
		records[i] = object_of(&members[i]);
	}
	if (!rc && *count)
		rc = write_all(s, LYRE_UPDATE, records, *count, &a, NULL, e);
	arena_free(&a);
	return rc;
}

int records_interrupt(struct store *s, const char *message, double now, size_t *count, struct err *e)
{
	static const enum job_status unfinished[] = { JOB_CREATED, JOB_IN_PROGRESS };

	*count = 0;
	for (unsigned i = 0; i < sizeof unfinished / sizeof *unfinished; i++) {
		uint32_t n;

		do {
			int rc = interrupt_some(s, unfinished[i], message, now, &n, e);
			if (rc)
				return rc;
			*count += n;
		} while (n);
	}
	return 0;
}

/* ---- retention ---- */

int records_any_before(struct store *s, double time, bool *ret, struct err *e)
{
	struct arena a;
	lyre_value key;
	uint32_t count;

	arena_init(&a);
	int rc = find(s, "end_datetime", value_int(0), value_double(time), &a, &key, 1, &count, e);
	arena_free(&a);
	*ret = !rc && count;
	return rc;
}

int records_remove_before(struct store *s, double time, size_t *count, struct err *e)
{
	lyre_value keys[BATCH];
	struct arena a;
	uint32_t n;

	*count = 0;
	arena_init(&a);
	int rc = find(s, "end_datetime", value_int(0), value_double(time), &a, keys, BATCH, &n, e);
	if (!rc && n)
		rc = write_all(s, LYRE_DELETE, keys, n, &a, count, e);
	arena_free(&a);
	return rc;
}
