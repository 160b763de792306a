/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/call.h
 * \brief What a call is inside the core: the services behind lyre/call.h and lyre/store.h work on this.
 */
#ifndef DISPATCH_CALL_H
#define DISPATCH_CALL_H

#include "auth/auth.h"
#include "base/json.h"
#include "dispatch/dispatch.h"
#include "store/store.h"

/** A table opened by a call: a link in the call's list, so that all are given back at its end. */
struct lyre_table {
	struct lyre_table *next;
	const struct table *def;
};

struct lyre_cursor {
	struct lyre_cursor *next;
	struct query *query;
	struct arena rows; /**< of the present row */
	lyre_value row;
};

struct lyre_call {
	struct exchange *x;
	struct dispatch *dispatch;
	struct store *store;
	struct arena *arena;
	const struct operation *operation;
	struct identity identity;
	lyre_value body;
	lyre_value *args;         /**< a value a declared parameter; type LYRE_NULL and given false: absent */
	bool *given;              /**< sent by the client */
	bool *present;            /**< given, or has a default */
	struct err err;
	lyre_out out;             /**< into x->out */
	lyre_table *tables;
	lyre_cursor *cursors;
	lyre_cursor *rows;        /**< set by reply_rows */
	int fd;                   /**< set by reply_file; -1 for none */
	const char *filename;
	/* after LYRE_PENDING: set by who answers later, run on the connection's thread */
	int (*again)(lyre_call *call);
	struct record_write write;
	int (*then)(lyre_call *call, const struct lyre_write_result *result, void *arg);
	void *then_arg;
};

/** Wakes a call that is LYRE_PENDING: its again() runs next. Any thread, once. */
void call_resume(lyre_call *call);

#endif
