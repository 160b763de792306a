/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_changes.c
 * \brief The audit log as modules see it: lyre/maintenance.h.
 */
#include "host/host_store.h"
#include "query/query.h"
#include "store/changes.h"

#include <string.h>

struct reading {
	lyre_call *call;
	int (*visit)(void *arg, const struct lyre_change *change);
	void *arg;
	struct arena columns_arena;
	struct columns *columns;
	const struct table *table; /**< the table they were made for */
	struct arena arena;        /**< for one change */
};

static int columns_of(struct reading *r, const struct table *t)
{
	if (r->table == t)
		return 0;
	arena_reset(&r->columns_arena);
	r->table = t;
	return record_columns(&r->columns, &r->columns_arena, t, &r->call->err);
}

static int value_of(struct reading *r, struct record record, struct field key, lyre_value *value, const lyre_value **ret)
{
	*ret = record.data ? value : NULL;
	return record.data ? record_value(r->columns, record, key, &r->arena, value, &r->call->err) : 0;
}

static int show(void *arg, const struct table_change *from)
{
	struct reading *r = arg;
	struct err *e = &r->call->err;
	const struct commit_change *c = &from->change;
	lyre_value key, before, after;
	struct lyre_change to = {
		.size = sizeof to, .mode = (uint32_t)from->mode, .sequence = from->sequence, .time = from->time, .key = &key
	};

	arena_reset(&r->arena);
	int rc = columns_of(r, from->table);
	if (rc)
		return rc;
	to.user = arena_strndup(&r->arena, (const char *)from->user.data, from->user.len);
	to.operation = arena_strndup(&r->arena, (const char *)from->operation.data, from->operation.len);
	if (!to.user || !to.operation)
		return err_nomem(e);
	rc = record_key_value(from->table, c->after.data ? c->after : c->before, c->key, &r->arena, &key);
	if (rc)
		return err_set(e, rc, rc == LYRE_ENOMEM ? "out of memory" : "the audit log of database '%s' is damaged",
			from->table->database);
	rc = value_of(r, c->before, c->key, &before, &to.before);
	if (!rc)
		rc = value_of(r, c->after, c->key, &after, &to.after);
	return rc ? rc : r->visit(r->arg, &to);
}

/** Changes to the server's own records, which include passwords, are only for the server. */
static int may_read_log(lyre_call *call, const lyre_table *table)
{
	if (!call->server_rights && !strcmp(table->def->database, SYSTEM_DATABASE))
		return err_set(&call->err, LYRE_EDENIED, "The log of the 'system' database cannot be read.");
	return host_may_manage(call);
}

int host_changes(lyre_call *call, lyre_table *table, const struct lyre_change_query *query,
	int (*visit)(void *arg, const struct lyre_change *change), void *arg)
{
	struct lyre_change_query full;
	int rc = may_read_log(call, table);
	if (rc < 0)
		return rc;
	rc = host_take(call, &full, sizeof full, query, SIZE_UP_TO(struct lyre_change_query, limit), "lyre_change_query");
	if (rc < 0)
		return rc;
	struct reading r = { .call = call, .visit = visit, .arg = arg };
	arena_init_charged(&r.columns_arena, call->arena->charge);
	arena_init_charged(&r.arena, call->arena->charge);
	rc = table_changes(table->def, &full, show, &r, &call->err);
	arena_free(&r.columns_arena);
	arena_free(&r.arena);
	return rc;
}

int host_changes_remove(lyre_call *call, lyre_table *table, double before, int (*progress)(void *arg, uint64_t removed), void *arg,
	uint64_t *removed)
{
	int rc = may_read_log(call, table);
	return rc < 0 ? rc : table_changes_remove(table->def, before, progress, arg, removed, &call->err);
}
