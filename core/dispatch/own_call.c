/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/own_call.c
 * \brief Calls without a request: a module's work on a thread of its own, or in its start().
 */
#include "dispatch/dispatch_internal.h"

int dispatch_run(struct dispatch *d, const char *owner, lyre_instance *instance, int (*work)(lyre_call *call, void *arg), void *arg,
	struct task *task, struct err *e)
{
	static const struct lyre_operation decl = { .name = "", .access = LYRE_ACCESS_SUPER_USER };
	const struct operation operation = { .name = decl.name, .decl = &decl, .owner = owner, .instance = instance };
	struct charge charge;
	struct arena arena;
	struct buf out;

	charge_init(&charge, &d->budget, 0);
	charge.known = true;
	arena_init_charged(&arena, &charge);
	buf_init_charged(&out, &charge);
	lyre_call *call = ARENA_NEW(&arena, lyre_call);
	int rc = call ? 0 : err_nomem(e);
	if (call) {
		*call = (struct lyre_call){
			.dispatch = d,
			.store = d->services.store,
			.arena = &arena,
			.operation = &operation,
			.server_rights = 1,
			.task = task,
			.fd = -1,
		};
		out_init(&call->out, &out);
		rc = work(call, arg);
		if (rc == LYRE_PENDING)
			rc = err_set(&call->err, LYRE_EINTERNAL,
				"work outside a request cannot wait for an answer: use lyre_write_wait()");
		if (rc < 0 && rc == call->err.code)
			rc = charge_explain(&charge, &call->err);
		if (rc < 0)
			err_set(e, rc, "%s",
				call->err.code && *call->err.text ? call->err.text : "the work failed without giving a reason");
		call_end(call);
	}
	buf_free(&out);
	arena_free(&arena);
	return rc;
}
