/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/call.c
 * \brief What a handler returned; releases what a call holds, at its end or at the end of a scope.
 */
#include "dispatch/dispatch_internal.h"

#include "query/query.h"

#include <unistd.h>

static int not_awaited(lyre_call *call)
{
	return err_set(
		&call->err, LYRE_EINTERNAL, "the operation began a write with lyre_write(), but did not return what that returned");
}

static int has_failed(lyre_call *call)
{
	return call->err.code;
}

int call_returned(lyre_call *call, int rc)
{
	if (rc != LYRE_PENDING && call->again) { /* the write still uses the call's memory */
		call->again = rc < 0 && rc == call->err.code ? has_failed : not_awaited;
		return LYRE_PENDING;
	}
	if (rc == LYRE_PENDING && !call->again)
		return err_set(
			&call->err, LYRE_EINTERNAL, "the operation returned LYRE_PENDING without starting anything to wait for");
	if (rc > 0 && rc != LYRE_PENDING)
		return err_set(&call->err, LYRE_EINTERNAL,
			"the operation returned %d, which is not 0, LYRE_PENDING or a negative LYRE_E…", rc);
	return rc;
}

/** Closes what was opened since. */
static void close_until(lyre_call *call, lyre_table *tables, lyre_cursor *cursors)
{
	for (; call->cursors != cursors; call->cursors = call->cursors->next) {
		if (call->rows == call->cursors)
			call->rows = NULL;
		query_close(call->cursors->query);
		arena_free(&call->cursors->rows);
	}
	for (; call->tables != tables; call->tables = call->tables->next)
		table_unref(call->tables->def);
}

void call_moment_end(lyre_call *call)
{
	for (struct lyre_reader *r = call->readers; r; r = r->next) {
		if (r->reader)
			reader_close(r->reader);
	}
	call->readers = NULL;
	for (; call->moments; call->moments = call->moments->next)
		snapshot_end(&call->moments->snapshot);
}

struct permission_view call_view(const lyre_call *call, const char *database, const char *table)
{
	return permission_view(call->who, call->server_rights > 0, database, table);
}

int call_scope_begin(lyre_call *call)
{
	struct call_scope *scope = call->spare;

	if (scope) {
		call->spare = scope->outer;
	} else {
		scope = ARENA_NEW(call->arena, struct call_scope);
		if (!scope)
			return err_nomem(&call->err);
		arena_init_charged(&scope->arena, call->arena->charge);
	}
	scope->outer = call->scope;
	scope->outer_arena = call->arena;
	scope->tables = call->tables;
	scope->cursors = call->cursors;
	call->scope = scope;
	call->arena = &scope->arena;
	return 0;
}

/** \return the scope, which the call no longer has */
static struct call_scope *leave(lyre_call *call)
{
	struct call_scope *scope = call->scope;

	call_moment_end(call);
	close_until(call, scope->tables, scope->cursors);
	call->scope = scope->outer;
	call->arena = scope->outer_arena;
	return scope;
}

void call_scope_end(lyre_call *call)
{
	if (!call->scope)
		return;
	struct call_scope *scope = leave(call);
	if (scope->outer) {
		arena_free(&scope->arena); /* it is in the outer scope's memory and is freed with it */
		return;
	}
	arena_reset(&scope->arena);
	scope->outer = call->spare;
	call->spare = scope;
}

void call_end(lyre_call *call)
{
	while (call->scope)
		arena_free(&leave(call)->arena);
	for (; call->spare; call->spare = call->spare->outer)
		arena_free(&call->spare->arena);
	call_moment_end(call);
	close_until(call, NULL, NULL);
	out_drop(&call->out);
	if (call->fd >= 0)
		close(call->fd);
	call->fd = -1;
	file_discard(call);
}
